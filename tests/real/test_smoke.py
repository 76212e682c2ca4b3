"""`chatproof smoke` as a user runs it, against every row of the table."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import rows_debian, servers
from .rows import ROWS, VERDICTS, Row, parameters
from .validations import Whole

# Installing and starting happen in fixtures, which have bounds of their own.
pytestmark = [pytest.mark.real, pytest.mark.timeout(60, func_only=True)]

KEY_VARIABLE = "CHATPROOF_TEST_KEY"
KEYS = {"good": servers.GOOD_KEY, "wrong": servers.WRONG_KEY}


def spend(server: servers.Server, row: Row) -> None:
    """One request ahead of the run, for a location that serves so many and no more."""
    connection = http.client.HTTPConnection("127.0.0.1", server.ports["port"], timeout=5)
    connection.request("GET", f"{row.path}/models")
    connection.getresponse().read()
    connection.close()


def smoke(server: servers.Server, row: Row, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty home, with nothing of ours in its environment but the key."""
    argv = [sys.executable, "-m", "chatproof", "smoke", server.origin + row.path, "--model", row.model]
    argv += ["--format", "json", "--timeout", "5s"]
    env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    env |= {"HOME": str(home), "LANG": "C.UTF-8"}
    if row.key:
        argv += ["--key-env", KEY_VARIABLE]
        env[KEY_VARIABLE] = KEYS[row.key]
    argv += row.args
    return subprocess.run(argv, cwd=home, env=env, capture_output=True, text=True, timeout=50, check=False)


def assert_key_is_nowhere(row: Row | Whole, done: subprocess.CompletedProcess[str], home: Path) -> None:
    """The key is on no stream and in no file that the run wrote."""
    if row.key is None:
        return
    key = KEYS[row.key]
    assert key not in done.stdout, "the key is on stdout"
    assert key not in done.stderr, "the key is on stderr"
    for path in home.rglob("*"):
        assert not path.is_file() or key.encode() not in path.read_bytes(), f"the key is in {path.name}"


def report(done: subprocess.CompletedProcess[str], run: dict[str, Any]) -> str:
    """What a person wants to see of a run that went another way."""
    lines = [f"exit {done.returncode}, verdict {run.get('verdict')}"]
    lines += [f"  {item['code']}: {item['summary']}" for item in run.get("diagnoses", [])]
    for item in run.get("findings", []):
        if item["outcome"] in ("broken", "undecided"):
            lines.append(f"  {item['outcome']} {item['clause']}: {item['expected']}; saw {item['observed']}")
    return "\n".join([*lines, done.stderr[-1500:]])


@pytest.mark.parametrize("row", parameters([*ROWS, *rows_debian.ROWS]))
def test_smoke(row: Row, serve: Callable[[str], servers.Server], tmp_path: Path) -> None:
    server = serve(row.server)
    if row.spend:
        spend(server, row)
    done = smoke(server, row, tmp_path)
    assert_key_is_nowhere(row, done, tmp_path)
    assert done.stdout, f"nothing on stdout, exit {done.returncode}: {done.stderr[-1500:]}"
    run = json.loads(done.stdout)
    told = report(done, run)
    assert run["schema"] == "chatproof.run/1"
    assert (done.returncode, run["verdict"]) == (row.exit, VERDICTS[row.exit]), told
    codes = [diagnosis["code"] for diagnosis in run["diagnoses"]]
    if row.code is not None:
        principal = codes[0] if codes else ""
        assert principal in row.code.split("|"), told
    first = next(iter(run["diagnoses"]), {})
    assert row.owner in ("", first.get("owner")), (first, told)
    assert row.confidence in ("", first.get("confidence")), (first, told)
    assert not set(row.never) & set(codes), told
    broken = {finding["clause"] for finding in run["findings"] if finding["outcome"] == "broken"}
    assert set(row.broken) <= broken, told
