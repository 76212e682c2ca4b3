"""validate against a server that answers every request with as much as it can: bounds on memory and CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.rogue.large import GOOD, MODEL, SHAPES, serving
from tests.rogue.play import HERE

KEY = "sk-Rogue0123456789abcdefghij"
MEMORY = 200 * 1024  # KiB above a good run
CPU = 30.0  # seconds


def validate(shape: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what it took, the run document)."""
    result = folder / f"{shape}.json"
    with serving(shape, KEY) as url:
        command = ["-m", "chatproof", "validate", url, "--model", MODEL, "--journal", "none", "--format", "json"]
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(HERE / "launch.py"), str(result), sys.executable, *command],
            stdout=subprocess.PIPE,
            env={**os.environ, "CHATPROOF_API_KEY": KEY},
            cwd=folder,
            timeout=300,
            check=True,
        )
    return json.loads(result.read_text()), json.loads(done.stdout)


@pytest.mark.nightly
@pytest.mark.timeout(400)
@pytest.mark.parametrize("shape", SHAPES)
def test_validate_stays_small(shape: str, tmp_path: Path) -> None:
    good, plain = validate(GOOD, tmp_path)
    took, document = validate(shape, tmp_path)
    codes = {exchange["fault"]["code"] for exchange in document["exchanges"] if exchange["fault"]}
    assert took["rss_kib"] - good["rss_kib"] < MEMORY and took["cpu"] < CPU, (took, good)
    assert codes <= {"limit.size"} and document["verdict"] in ("NO-GO", "UNDECIDED")
    assert not any(exchange["fault"] for exchange in plain["exchanges"])
    # The run went its whole way: what a large reply did not keep from being asked was asked.
    assert len(document["exchanges"]) > len(plain["exchanges"]) - 4
