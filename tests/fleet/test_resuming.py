"""What a stopped fleet left is read back as that, or not at all: a file that somebody else made says nothing passed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatproof.fleet import resuming
from chatproof.fleet.local import Result
from chatproof.usage_error import UsageError

HEAD = {"schema": resuming.SCHEMA, "started_at": "2026-11-29T00:00:00.000Z"}
A, B = Result("a", "GO", "", "", "run-1", "", ""), Result("b", "", "auth.key_missing", "you", "", "none", "set it")
BAD: dict[str, list[Any]] = {
    "a result twice": [HEAD, A, A],
    "a target that is not asked": [HEAD, A, A._replace(name="other")],
    "no name": [HEAD, A._replace(name=None)],
    "a list for a name": [HEAD, A._replace(name=[])],
    "another verdict": [HEAD, A._replace(verdict="PASS")],
    "a number for a text": [HEAD, A._replace(summary=1)],
    "a text for a number": [HEAD, A._replace(requests="1")],
    "a negative number": [HEAD, A._replace(tokens=-1)],
    "true for a number": [HEAD, A._replace(tokens=True)],
    "too few": [HEAD, A[:3]],
    "too many": [HEAD, (*A, 1)],
    "no list": [HEAD, 1],
    "no time": [{**HEAD, "started_at": {}}, A],
    "no head": [A],
    "another schema": [{**HEAD, "schema": "x"}, A],
}


def _read(folder: Path, data: bytes) -> tuple[str, list[Result]]:
    place = folder / "state.jsonl"
    place.write_bytes(data)
    place.chmod(0o600)
    return resuming.read(str(place), {"a", "b"})


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    state = resuming.State(str(tmp_path / "fleets" / "state.jsonl"), HEAD["started_at"], [A])
    state.add(B)
    kept = (tmp_path / "fleets" / "state.jsonl").read_bytes()
    assert _read(tmp_path, kept) == (HEAD["started_at"], [A, B])
    assert _read(tmp_path, kept[:-9]) == (HEAD["started_at"], [A]), "the last line was cut by a kill"


@pytest.mark.parametrize("what", [*BAD, "brackets"])
def test_what_nobody_of_ours_wrote_is_refused(tmp_path: Path, what: str) -> None:
    lines = [json.dumps(row).encode() for row in BAD[what]] if what in BAD else [b"[" * 100_000]
    with pytest.raises(UsageError, match="damaged"):
        _read(tmp_path, b"\n".join([*lines, b""]))
