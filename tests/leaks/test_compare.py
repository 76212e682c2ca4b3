"""A comparison: two keys, two servers that send them back, every format of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatproof.reporters import formats
from tests.leaks.rogue import Rogue
from tests.leaks.runs import run
from tests.leaks.scanner import DECOY, KEY, ODD_KEY, controls

CASES = ("echo-plain", "echo-base64-1", "refuse-bearer", "names-body", "control-bytes")


@pytest.mark.parametrize("case", [pytest.param(CASES[0], marks=pytest.mark.each_commit), *CASES[1:]])
def test_no_key_in_a_comparison(case: str, rogue: Rogue, tmp_path: Path) -> None:
    reports = [word for name in formats("comparison") for word in ("--report", f"{name}=compared.{name}")]
    ran = run(
        tmp_path,
        [
            *("compare", rogue.url("good"), rogue.url(case), "--smoke", "--model", "m", "--timeout", "5s"),
            *("--key-env", "KEY_A", "--key-env", "KEY_B", "--environment", DECOY.value, "-v", *reports),
        ],
        env={"KEY_A": KEY.value, "KEY_B": ODD_KEY.value, "XDG_STATE_HOME": str(tmp_path / "state")},
    )
    assert ran.leaks() == []
    assert b"Traceback" not in ran.artefacts["stderr"] and b"internal error" not in ran.artefacts["stderr"]
    for place in ("stdout", "stderr", *(f"file compared.{name}" for name in formats("comparison"))):
        assert controls(ran.artefacts[place]) == [], place
    made = json.loads(ran.artefacts["file compared.json"])
    assert [target["key"]["source"] for target in made["targets"]] == ["env:KEY_A", "env:KEY_B"]
    assert ran.shows_decoy("file compared.json")
