"""The contract ledger: when a clause was last seen to hold, by which run, and who last read its source."""

import json
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.analysis import ledger
from chatproof.journal import SIGNED
from tests.journal_support import keep, opening, run
from tests.unit.test_journal_cli import run as cli

BASE = "https://api.cometapi.com/v1"


def of(number: int, verdict: str = "GO") -> dict[str, Any]:
    return run(number, verdict, name="cometapi", profile="cometapi", base_url=BASE)


def test_what_was_observed() -> None:
    clauses = ["happy.status_200", "happy.choices_non_empty", "stream.finished", "secret.not_reflected"]
    seen = ledger.observed([run(3, "UNDECIDED"), run(2, "NO-GO"), run(1)], clauses)
    assert "stream.finished" not in seen
    assert seen["happy.status_200"]["held"]["run_id"] == run(2)["run_id"]
    assert seen["happy.status_200"]["last"] == {
        "run_id": run(3)["run_id"],
        "at": run(3)["started_at"],
        "outcome": "undecided",
    }
    assert seen["happy.choices_non_empty"]["held"]["run_id"] == run(1)["run_id"]
    never = ledger.observed([run(2, "NO-GO")], clauses)["happy.choices_non_empty"]
    assert "held" not in never and never["last"]["outcome"] == "broken"


def test_no_more_runs_are_read_than_needed() -> None:
    def runs() -> Any:
        yield run(1)
        raise AssertionError("one run has them all")

    assert len(ledger.observed(runs(), ["happy.status_200", "model.listed"])) == 2


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        (None, (92, "")),
        ({"signed_on": "2026-08-31", "says": "s", "owner": "ann"}, (1, "ann")),
        ({"signed_on": "2026-08-31", "says": "other words", "check": 1, "owner": "ann"}, (1, "ann")),
        ({"signed_on": "2026-08-31", "says": "s", "check": 2, "owner": "ann"}, (92, "")),
        ({"signed_on": "2026-01-01", "says": "s", "owner": "ann"}, (92, "")),
    ],
)
def test_the_age_of_a_source(signed: Any, expected: tuple[int, str]) -> None:
    assert ledger.age("2026-06-01", signed, 1, "2026-09-01") == expected


@pytest.fixture
def place(tmp_path: Path) -> str:
    path = str(tmp_path / "j.sqlite3")
    kept = journal.open(path)
    keep(kept, of(1), of(2, "NO-GO"), run(3, name="url"))
    kept.started(opening(of(4)))
    kept.close()
    return path


def rows(*args: str, **env: str) -> dict[str, Any]:
    document = json.loads(cli("contract", *args, "--format", "json", **env).stdout)
    return {row["id"]: row for row in document["clauses"]}


def test_the_table_says_what_the_journal_saw(place: str) -> None:
    found = rows("cometapi", CHATPROOF_JOURNAL=place)
    assert found["happy.status_200"]["last_held"]["run_id"] == of(2)["run_id"]
    assert found["happy.choices_non_empty"]["last_held"]["run_id"] == of(1)["run_id"]
    assert found["happy.choices_non_empty"]["last_judged"]["outcome"] == "broken"
    assert found["stream.finished"]["last_held"] is None is found["stream.finished"]["last_judged"]
    text = cli("contract", CHATPROOF_JOURNAL=place).stdout
    assert f"held 2026-11-22 in {of(1)['run_id']}; since then broken in {of(2)['run_id']}" in text
    assert "not observed on this target" in text
    elsewhere = rows("openai", CHATPROOF_JOURNAL=place)
    assert not any(row["last_judged"] for row in elsewhere.values()), "another target's runs say nothing"


def test_without_a_journal_nothing_was_observed(tmp_path: Path) -> None:
    for env in ({"CHATPROOF_JOURNAL": "none"}, {"XDG_STATE_HOME": str(tmp_path)}, {}):
        assert not any(row["last_judged"] for row in rows("cometapi", **env).values())
    assert list(tmp_path.iterdir()) == []


def test_stale_sources_and_sign_offs(place: str) -> None:
    env = {"CHATPROOF_JOURNAL": place}
    assert all(row["stale"] for row in rows("--stale-after", "0d", **env).values())
    assert not any(row["stale"] for row in rows("--stale-after", "99999d", **env).values())
    done = cli("contract", "sign", "happy.status_200", "--owner", "Ann", "--source", "https://d.test/new", **env)
    assert done.returncode == 0 and done.stdout.startswith("signed: happy.status_200 by Ann on ")
    row = rows("--stale-after", "30d", **env)["happy.status_200"]
    assert (row["owner"], row["stale"]) == ("Ann", False) and row["age_days"] <= 1
    (signed,) = journal.open(place).of_event(SIGNED)
    assert signed["source"] == "https://d.test/new"
    assert "signed by Ann" in cli("contract", **env).stdout
    assert cli("journal", "verify", **env).returncode == 0 and len(journal.open(place).list()) == 4


@pytest.mark.parametrize(
    "args",
    [
        ["sign", "happy.status_200"],
        ["sign", "nope", "--owner", "a"],
        ["sign"],
        ["sign", "happy.status_200", "--owner", "a", "--source", "file:///x"],
        ["cometapi", "openai"],
        ["diff", "openai"],
        ["diff", "openai", "nope"],
        ["diff", "openai", "./no-such"],
        ["--stale-after", "soon"],
    ],
)
def test_usage(place: str, args: list[str]) -> None:
    done = cli("contract", *args, CHATPROOF_JOURNAL=place)
    assert done.returncode == 2 and done.stdout == "" and "next:" in done.stderr


def test_two_contracts(tmp_path: Path) -> None:
    text = cli("contract", "diff", "openai", "openai").stdout
    assert text.endswith("nothing differs\n")
    document = json.loads(cli("contract", "diff", "generic-not", "openai", "--format", "json").stdout or "{}")
    assert document == {}
    rows = json.loads(cli("contract", "diff", "openai", "cometapi", "--format", "json").stdout)["differences"]
    assert {"part": "facts", "id": "base_url", "field": "value", "a": "https://api.openai.com/v1", "b": BASE} in rows
    recorded = json.loads(cli("contract", "openai", "--format", "json").stdout)
    recorded["clauses"][0]["level"] = "may"
    gone = recorded["clauses"].pop()
    path = tmp_path / "then.json"
    path.write_text(json.dumps(recorded))
    text = cli("contract", "diff", str(path), "openai").stdout
    assert f"{recorded['clauses'][0]['id']} level: may → must" in text and f"{gone['id']}: only in b" in text
    for bad in ("[]", "{}", "{", '{"clauses":[1],"facts":[],"quirks":[]}'):
        path.write_text(bad)
        assert cli("contract", "diff", str(path), "openai").returncode == 2
