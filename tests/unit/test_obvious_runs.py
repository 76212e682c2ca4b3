"""What `review`, `diff`, `show` and `escalate` take when no run is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.cli import main as cli
from tests.journal_support import keep, run

Said = list[str]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """What was written on both streams, with a journal of its own in force."""
    out: Said = []
    monkeypatch.setenv("CHATPROOF_JOURNAL", str(tmp_path / "j.sqlite3"))
    monkeypatch.setattr("chatproof.cli.output._write", lambda stream, text: out.append(text))
    return out


def kept(*runs: dict[str, object]) -> None:
    import os

    store = journal.open(os.environ["CHATPROOF_JOURNAL"])
    keep(store, *runs)
    store.close()


def history() -> list[dict[str, object]]:
    """Production: good, failed, failed; then a good run of staging would be the newest where it is added."""
    named = {"name": "production"}
    return [run(1, **named), run(2, "NO-GO", **named), run(3, "NO-GO", **named)]


def told(said: Said, *argv: str) -> dict[str, object]:
    said.clear()
    assert cli.main(list(argv)) == 0, said
    document: dict[str, object] = json.loads("".join(said))
    return document


def test_review_takes_the_newest_target(said: Said) -> None:
    kept(run(0, name="staging"), *history())
    document = told(said, "review", "--format", "json")
    assert [step["run_id"][-1] for step in document["timeline"]] == ["1", "2", "3"]  # type: ignore[attr-defined]


def test_diff_takes_the_last_good_and_the_first_bad_run(said: Said) -> None:
    kept(*history())
    document = told(said, "diff", "--format", "json")
    assert [document[name]["run_id"][-1] for name in "ab"] == ["1", "2"]  # type: ignore[index]


def test_diff_of_one_run_compares_with_the_good_run_before_it(said: Said) -> None:
    runs = history()
    kept(*runs, run(4, name="production"))
    document = told(said, "diff", str(runs[2]["run_id"]), "--format", "json")
    assert [document[name]["run_id"][-1] for name in "ab"] == ["1", "3"]  # type: ignore[index]


def test_diff_takes_the_two_newest_where_nothing_failed(said: Said) -> None:
    kept(run(1), run(2), run(3))
    document = told(said, "diff", "--format", "json")
    assert [document[name]["run_id"][-1] for name in "ab"] == ["2", "3"]  # type: ignore[index]


def test_show_takes_the_newest_run(said: Said) -> None:
    kept(*history())
    assert str(told(said, "show", "--format", "json")["run_id"]).endswith("3")


def test_escalate_takes_the_newest_failing_run(said: Said) -> None:
    kept(*history(), run(4, name="production"))
    assert str(told(said, "escalate", "--format", "json")["run"]["run_id"]).endswith("3")  # type: ignore[index]


@pytest.mark.parametrize("command", ["review", "diff", "show", "escalate"])
def test_a_missing_journal_is_said_so(command: str, said: Said) -> None:
    assert cli.main([command]) == 2
    text = "".join(said)
    assert "no journal" in text and "next: " in text


def test_escalate_says_that_nothing_failed(said: Said) -> None:
    kept(run(1, name="production"))
    assert cli.main(["escalate"]) == 2
    assert "no run of production failed" in "".join(said)


def test_three_runs_are_too_many_for_diff(said: Said) -> None:
    kept(*history())
    assert cli.main(["diff", "a", "b", "c"]) == 2
    assert "3 are given" in "".join(said)


def test_what_is_ours_gets_the_fix_and_no_letter(said: Said) -> None:
    """By the diagnosis: the key is refused. By our change: the base URL is another since the last good run."""
    moved = run(2, "NO-GO", name="production", base_url="https://other.test/v1")
    kept(run(1, name="production"), moved)
    assert cli.main(["escalate"]) == 2
    text = "".join(said)
    assert "no bundle is written" in text and "base URL" in text and "former base URL" in text and "--anyway" in text
    said.clear()
    assert cli.main(["escalate", "--anyway"]) == 0
    assert "# Escalation" in "".join(said)


def test_a_cause_of_ours_gets_no_letter(said: Said) -> None:
    bad = run(2, "NO-GO", name="production")
    bad["diagnoses"][0] |= {"owner": "you", "confidence": "certain", "next_step": "Correct the key."}
    kept(run(1, name="production"), bad)
    assert cli.main(["escalate"]) == 2
    assert "the cause is ours (certain)" in "".join(said) and "Correct the key." in "".join(said)


@pytest.mark.parametrize(("owner", "confidence"), [("provider", "certain"), ("you", "possible"), ("unknown", "likely")])
def test_what_may_be_theirs_gets_its_letter(said: Said, owner: str, confidence: str) -> None:
    bad = run(2, "NO-GO", name="production")
    bad["diagnoses"][0] |= {"owner": owner, "confidence": confidence}
    kept(run(1, name="production"), bad)
    assert cli.main(["escalate"]) == 0, said
