"""Texts kept to the letter below tests/golden and tests/story, and in the README: one way to compare with them, and one to renew them.

`make goldens` writes all of them anew; read the difference (`git diff`) before it is committed.
"""

import os
from pathlib import Path

import pytest

from chatproof.contract.clause import Clause

REWRITE = bool(os.environ.get("CHATPROOF_GOLDENS"))
RENEW = "if the change is meant, run `make goldens` and read `git diff`"


def same(path: Path, text: str) -> None:
    """Fail unless `text` is what stands at `path`; write it there instead when goldens are renewed."""
    if REWRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    if not path.exists():
        pytest.fail(f"{path} does not exist: run `make goldens`")
    assert text == path.read_bytes().decode(), RENEW


def registered(clause: Clause) -> str:
    """Say what is registered beside the words of a clause, which the reference shows."""
    needs = ", ".join(clause.needs) or "nothing"
    said = f"{clause.level}, {clause.layer}, {clause.area}, {clause.probe}, code {clause.code}, needs {needs}"
    more = {
        "capability": clause.capability,
        "danger": clause.danger,
        "check": clause.check if clause.check > 1 else "",
        "on a fault": "judged" if clause.on_fault else "",
    }
    return ", ".join([said, *(f"{name} {value}" for name, value in more.items() if value)])
