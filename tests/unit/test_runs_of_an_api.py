"""The journal knows which API a run asked: `latest` stays within one, and --api chooses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.cli import main as cli
from chatproof.journal import Filters
from chatproof.journal.selecting import find, scope_of
from tests.journal_support import keep, run


def of(api: str, number: int, verdict: str = "GO", **target: Any) -> dict[str, Any]:
    document = run(number, verdict, name="production", **target)
    return document if api == "chat" else {**document, "api": api}


RUNS = (of("chat", 1), of("responses", 2), of("chat", 3, "NO-GO"), of("responses", 4), of("responses", 5, "NO-GO"))


@pytest.fixture(params=["j.sqlite3", "j.jsonl"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> journal.Journal:
    place = str(tmp_path / request.param)
    monkeypatch.setenv("CHATPROOF_JOURNAL", place)
    store = journal.open(place)
    keep(store, *RUNS)
    return store


def ends(rows: list[Any]) -> str:
    return "".join(row.run_id[-1] for row in rows)


def test_rows_and_filters(kept: journal.Journal) -> None:
    rows = kept.list(Filters())
    assert [row.api for row in rows] == ["responses", "responses", "chat", "responses", "chat"]
    assert [row.code for row in rows if row.verdict == "GO"] == ["", "", ""]
    assert all(row.code and ":" not in row.code for row in rows if row.verdict != "GO")
    assert ends(kept.list(Filters(api="chat"))) == "31" and ends(kept.list(Filters(api="responses"))) == "542"
    assert ends(kept.list(Filters(api="responses", verdict="GO"))) == "42"
    target = RUNS[0]["target"]
    assert [number for number, _ in kept.good(target, 9)] != [number for number, _ in kept.good(target, 9, "responses")]
    assert len(kept.good(target, 9)) == 1 and len(kept.good(target, 9, "responses")) == 2


def test_latest_stays_within_the_api(kept: journal.Journal) -> None:
    rows = {row.run_id[-1]: row for row in kept.list(Filters())}
    for number, good in (("3", "1"), ("5", "4")):
        within = scope_of(rows[number])
        assert find(kept, "latest:GO", within=within).row.run_id[-1] == good
        assert find(kept, "latest:GO@production", within=within).row.run_id[-1] == good
    assert find(kept, "latest", api="chat").row.run_id[-1] == "3"
    with pytest.raises(journal.JournalError) as caught:
        find(kept, "latest:UNDECIDED", api="messages")
    assert "of the API messages" in str(caught.value)
    with pytest.raises(journal.JournalError) as caught:
        find(kept, "latest:GO", api="embeddings")
    assert caught.value.advice == "say --api responses"


def test_commands(kept: journal.Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    out: list[str] = []
    monkeypatch.setattr("chatproof.cli.output._write", lambda stream, text: out.append(text))

    def told(*argv: str) -> Any:
        out.clear()
        assert cli.main([*argv, "--format", "json"]) == 0, out
        return json.loads("".join(out))

    assert [row["api"] for row in told("history", "--api", "chat")["runs"]] == ["chat", "chat"]
    for api, bad, good in (("chat", "3", "1"), ("responses", "5", "4")):
        assert told("show", "--api", api)["run_id"][-1] == bad
        assert [told("diff", "--api", api)[side]["run_id"][-1] for side in "ab"] == [good, bad]
        assert [told("diff", "latest:GO", "latest", "--api", api)[side]["run_id"][-1] for side in "ab"] == [good, bad]
        timeline = [step["run_id"][-1] for step in told("review", "--api", api)["timeline"]]
        assert bad in timeline and not set(timeline) & set("245" if api == "chat" else "13")
        assert told("escalate", "--api", api)["run"]["run_id"][-1] == bad
    assert [told("diff")[side]["run_id"][-1] for side in "ab"] == ["4", "5"]  # of the newest run's API
    assert cli.main(["history", "--api", "respones"]) == 2
    assert "responses" in "".join(out)


def test_history_shows_it(kept: journal.Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    out: list[str] = []
    monkeypatch.setattr("chatproof.cli.output._write", lambda stream, text: out.append(text))
    assert cli.main(["history"]) == 0
    lines = "".join(out).splitlines()[1:6]
    assert ["(responses)" in line for line in lines] == [True, True, False, True, False]
