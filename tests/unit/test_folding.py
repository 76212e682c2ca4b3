"""Colours and folding where somebody looks; whole lines in a log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.cli import main as cli
from chatproof.cli.shared import told_error
from chatproof.usage_error import UsageError
from tests.journal_support import keep, run

LONG = "https://" + "a-long-name-of-a-host." * 3 + "test/v1"


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    out: list[str] = []
    monkeypatch.setenv("CHATPROOF_JOURNAL", str(tmp_path / "j.sqlite3"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("chatproof.cli.output._write", lambda stream, text: out.append(text))
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    kept = journal.open(str(tmp_path / "j.sqlite3"))
    keep(kept, run(1, name="production"), run(2, "NO-GO", name="production"))
    kept.close()
    return out


def told(said: list[str], *argv: str, status: int = 0) -> str:
    said.clear()
    assert cli.main(list(argv)) == status
    return "".join(said)


def bare(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("command", ["history", "review", "doctor"])
def test_colours_only_where_they_are_wanted(command: str, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    argv = ["doctor", "https://h.invalid/v1", "--no-auth"] if command == "doctor" else [command]
    plain = told(said, *argv)
    assert "\x1b" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    painted = told(said, *argv)
    assert "\x1b[" in painted
    if command != "doctor":  # whose clock goes on
        assert bare(painted) == plain


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("argv", [["review"], ["doctor", LONG, "--no-auth"], ["history"]], ids=lambda argv: argv[0])
def test_text_folds_at_the_width(
    argv: list[str], columns: int, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for line in bare(told(said, *argv)).splitlines():
        words = line.split()
        assert len(line) <= columns or max(map(len, words)) > columns - 36 or argv == ["history"], line


def test_history_takes_two_lines_where_one_is_too_narrow(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = told(said, "history").splitlines()
    monkeypatch.setenv("COLUMNS", "90")
    narrow = told(said, "history").splitlines()
    ids = [str(run(number)["run_id"]) for number in (2, 1)]
    assert all(line.startswith("2026-11-22") for line in whole if any(id in line for id in ids))
    below = [line for line in narrow if any(id in line for id in ids)]
    assert len(below) == 2 and all(line.startswith("    smoke-") for line in below)
    assert " ".join(whole).split() == " ".join(narrow).split()


def test_a_log_has_whole_lines(said: list[str]) -> None:
    text = told(said, "doctor", LONG, "--no-auth")
    assert any(len(line) > 100 for line in text.splitlines())


@pytest.mark.parametrize("columns", [40, 80])
def test_an_error_is_folded_with_its_advice(columns: int) -> None:
    error = UsageError(
        "usage", "there is no target " + "x " * 60, "give an http(s) base URL, or one of: " + "name, " * 30
    )
    lines = told_error.told(error, columns).splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[0].startswith("chatproof: usage: there is") and sum(line.startswith("  next: ") for line in lines) == 1
    assert told_error.told(UsageError("usage", "short"), columns) == "chatproof: usage: short"
