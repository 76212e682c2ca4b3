"""A server that sends the key in a form made of two others: no sink shows what a reader's libraries turn into the key."""

from __future__ import annotations

import gzip
import itertools
import random
from pathlib import Path

import pytest

from chatproof import reporters
from chatproof.cli import main as cli
from tests.leaks.composed import BETWEEN, LETTERS, SPELT, letters_of, read_by_others
from tests.leaks.rogue import Rogue
from tests.leaks.runs import reports
from tests.leaks.scanner import KEY, _rows

CORE = letters_of(KEY.value)
WINDOW = 12
ALL = ["-".join(map(str, at)) for at in itertools.product(*map(range, map(len, (LETTERS, BETWEEN, SPELT, SPELT))))]
DRAWN = random.Random(15).sample(ALL, 240)
AT_EACH_COMMIT = 4


def shown(data: bytes) -> bool:
    """Whether any of what is there reads as a piece of the key."""
    texts = _rows(data) or [gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data]
    pieces = {CORE[at : at + WINDOW] for at in range(len(CORE) - WINDOW + 1)}
    return any(
        piece in read
        for read in (read_by_others(text.decode("utf-8", "replace")) for text in texts)
        for piece in pieces
    )


def test_what_is_looked_for_would_be_seen(rogue: Rogue) -> None:
    """The positive control: the same forms, where nothing takes them out."""
    from tests.leaks.rogue import Asked, answer_of

    asked = Asked(b"POST /v1/chat/completions", b"", f"Bearer {KEY.value}")
    assert [way for way in DRAWN if not shown(answer_of(f"composed-{way}")(asked))] == []


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=[pytest.mark.each_commit] * (n < AT_EACH_COMMIT)) for n, way in enumerate(DRAWN)]
)
def test_no_sink_shows_a_composed_form(
    way: str, rogue: Rogue, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = everything_left(way, rogue, tmp_path, capfdbinary, monkeypatch)
    assert [name for name, data in left.items() if shown(data)] == []
    assert b"secret.not_reflected" in left["report.json"]


def test_without_the_look_a_sink_shows_one(
    rogue: Rogue, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wide letters between tags: no other look finds them."""
    monkeypatch.setattr("chatproof.secrets.reading.as_read", lambda data: data)
    left = everything_left("1-1-1-0", rogue, tmp_path, capfdbinary, monkeypatch)
    assert any(shown(data) for data in left.values())


def everything_left(
    way: str, rogue: Rogue, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> dict[str, bytes]:
    """What a run against the server and the commands that read its journal print and write, by name."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "CHATPROOF_API_KEY": KEY.value,
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }.items():
        monkeypatch.setenv(name, value)
    options = ("--model", "m", "--timeout", "5s", "--stream", "--keep-bodies", "-vv", *reports())
    assert cli.main(["smoke", rogue.url(f"composed-{way}"), *options]) == 1
    for command in (["show", "latest"], ["escalate", "latest", "--anyway"], ["journal", "export"], ["review"]):
        assert cli.main(command) == 0, command
    out, err = capfdbinary.readouterr()
    left = {"stdout": out, "stderr": err}
    left |= {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {f"report.{name}" for name in reporters.formats()} <= set(left)
    return left
