"""`chatproof compare` on servers of different make: every difference it reports was checked by hand (compared.py)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import install, servers
from .compared import ALONE, PAIRS, Alone, Pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(900, func_only=True)]


@pytest.fixture(scope="module")
def needed(request: pytest.FixtureRequest) -> dict[str, str | None]:
    """What the selected tests need, and no more: llama.cpp takes an hour to build."""
    params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    names = {row.server for one in params if isinstance(row := one.get("row"), Alone)}
    names |= {name for one in params if isinstance(pair := one.get("pair"), Pair) for name in (pair.a, pair.b)}
    return install.install_many(sorted({package for name in names for package in servers.packages(name)}))


@pytest.fixture
def compare(
    needed: dict[str, str | None], serve_any: Callable[[str, dict[str, str | None]], servers.Server], tmp_path: Path
) -> Callable[..., dict[str, Any]]:
    def between(a: str, b: str, path: str = "/v1", model: str = "gpt-4o") -> dict[str, Any]:
        bases = [f"{serve_any(name, needed).origin}{path}" for name in (a, b)]
        command = [sys.executable, "-m", "chatproof", "compare", *bases, "--model", model, "--timeout", "25s"]
        env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        env |= {"HOME": str(tmp_path), "LANG": "C.UTF-8", "KEY": servers.GOOD_KEY}
        command += ["--key-env", "KEY", "--format", "json"]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=100, check=False)
        assert done.stdout, done.stderr
        assert servers.GOOD_KEY not in done.stdout + done.stderr
        made: dict[str, Any] = json.loads(done.stdout)
        return made

    return between


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.a}-{pair.b}")
def test_every_difference_was_looked_at(pair: Pair, compare: Callable[..., dict[str, Any]]) -> None:
    made = compare(pair.a, pair.b)
    told = [row for row in made["differences"] if row["effect"] != "note"]
    found = [(row["effect"], _what(row), row["probes"][0]) for row in told]
    assert found == [(seen.effect, seen.what, seen.probe) for seen in pair.seen]
    assert made["decision"] == pair.decision, made["candidates"]


def _what(row: dict[str, Any]) -> str:
    return " ".join(part for part in (row["kind"], row["subject"], row["at"]) if part)


def _id(row: Alone) -> str:
    return f"{row.server}{row.path}"


@pytest.mark.parametrize("row", [row for row in ALONE if not row.nightly], ids=_id)
def test_a_server_against_itself(row: Alone, compare: Callable[..., dict[str, Any]]) -> None:
    _against_itself(row, 2, compare)


@pytest.mark.nightly
@pytest.mark.parametrize("row", ALONE, ids=_id)
def test_a_server_against_itself_by_night(row: Alone, compare: Callable[..., dict[str, Any]]) -> None:
    _against_itself(row, 20, compare)


def _against_itself(row: Alone, times: int, compare: Callable[..., dict[str, Any]]) -> None:
    for _ in range(times):
        made = compare(row.server, row.server, row.path, row.model)
        assert made["differences"] == []
        # ferrogw limits the rate: what it answered with 429 was not compared.
        assert made["decision"] == "GO" or _was_limited(made), made["candidates"]


def _was_limited(made: dict[str, Any]) -> bool:
    return any("429" in row["reason"] for row in made["candidates"][0]["not_compared"])
