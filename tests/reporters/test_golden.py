"""Each format to the letter on a good, a bad and an undecided run; and what an independent reader makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatproof import reporters
from chatproof.reporters.cases import SHOWN, STATES
from chatproof.wire.exchange import Fault
from tests.golden_files import same
from tests.reporters import readers
from tests.reporters.runs import REPLIES, document
from tests.support import play

GOLDEN = Path(__file__).parent.parent / "golden" / "reporters"
ELSEWHERE = {"text", "html", "decision", "baseline"}  # tests of their own
FORMATS = [name for name in reporters.formats() if name not in ELSEWHERE]
pytestmark = pytest.mark.web


@pytest.mark.parametrize("run", REPLIES)
@pytest.mark.parametrize("format", FORMATS)
def test_golden(format: str, run: str) -> None:
    text = reporters.render(format, document(run))
    same(GOLDEN / f"{run}.{format}", text)


@pytest.mark.parametrize("run", REPLIES)
@pytest.mark.parametrize("format", sorted(set(readers.READERS)))
def test_an_independent_reader_accepts_it(format: str, run: str) -> None:
    text = reporters.render(format, document(run))
    readers.READERS[format](text)
    assert text.endswith("\n")


def test_every_format_has_a_reader() -> None:
    assert set(reporters.formats()) - set(readers.READERS) <= {"decision", "baseline"}


@pytest.mark.parametrize(("run", "red"), [("go", False), ("warning", False), ("no-go", True), ("undecided", True)])
def test_red_exactly_when_the_verdict_is_not_go(run: str, red: bool) -> None:
    _is_red(document(run), red)


@pytest.mark.parametrize("only", ["model.listed", "secret.not_reflected"])
def test_a_run_of_which_nothing_could_be_judged_is_red(only: str) -> None:
    """All that was selected does not apply without a reply, or is no must: no finding makes the run red."""
    made = play({"all": Fault("net.reset", "first_byte", "reset")}, only=(only,)).record.document
    assert made["verdict"] == "UNDECIDED" and {row["outcome"] for row in made["findings"]} <= {
        "not_applicable",
        "undecided",
    }
    assert not any(row["outcome"] == "undecided" and row["level"] == "must" for row in made["findings"])
    _is_red(made, True)
    readers.csv_(reporters.render("csv", made))


def _is_red(made: dict[str, Any], red: bool) -> None:
    assert (made["verdict"] != "GO") is red
    junit = readers.junit(reporters.render("junit", made))
    assert bool(junit["failure"] or junit["error"]) is red
    results = readers.tap_(reporters.render("tap", made))
    assert any(not result.ok and not result.todo for result in results) is red
    summary = readers.ctrf(reporters.render("ctrf", made))["results"]["summary"]
    assert bool(summary["failed"] + summary["other"]) is red
    assert any(name == "error" for name, _, _ in readers.github(reporters.render("github", made))) is red
    sarif = readers.sarif(reporters.render("sarif", made))
    assert any(r["level"] == "error" or r["kind"] == "open" for r in sarif["results"]) is red
    rows = readers.codequality(reporters.render("codequality", made))
    assert any(row["severity"] in ("critical", "major") for row in rows) is red


def test_a_broken_should_passes_with_a_warning() -> None:
    made = document("warning")
    assert readers.junit(reporters.render("junit", made))["warned"] == ["model.listed"]
    assert [r.description for r in readers.tap_(reporters.render("tap", made)) if r.todo] == ["- model.listed"]
    assert [kind for kind, _, _ in readers.github(reporters.render("github", made))] == ["warning"]
    assert [r["level"] for r in readers.sarif(reporters.render("sarif", made))["results"]] == ["warning"]


def test_strict_makes_it_a_failure() -> None:
    from tests.support import play

    made = play(REPLIES["warning"], strict=True).record.document
    assert readers.junit(reporters.render("junit", made))["failure"] == ["model.listed"]


def test_undecided_is_an_error_and_names_the_fault() -> None:
    made = document("undecided")
    junit = readers.junit(reporters.render("junit", made))
    assert not junit["failure"] and len(junit["error"]) >= 12 and "model.listed" in junit["skipped"]
    entries = json.loads(reporters.render("har", made))["log"]["entries"]
    assert {entry["response"]["status"] for entry in entries} == {0} and "net.dns" in entries[0]["comment"]
    assert readers.csv_(reporters.render("csv", made))[0]["fault"] == "net.dns"
    assert not readers.sarif(reporters.render("sarif", made))["invocations"][0]["executionSuccessful"]


def test_the_place_in_the_configuration_is_shown() -> None:
    made = document("no-go")
    where = readers.sarif(reporters.render("sarif", made))["results"][0]["locations"][0]["physicalLocation"]
    assert where == {"artifactLocation": {"uri": "chatproof.toml"}, "region": {"startLine": 7}}
    _, properties, _ = readers.github(reporters.render("github", made))[0]
    assert (properties["file"], properties["line"]) == ("chatproof.toml", "7")
    assert readers.codequality(reporters.render("codequality", made))[0]["location"]["path"] == "chatproof.toml"
    made["target"]["place"] = ""
    assert "physicalLocation" not in reporters.render("sarif", made)
    assert readers.codequality(reporters.render("codequality", made))[0]["location"]["path"] == ".gitlab-ci.yml"


def test_consequences_are_no_results_of_their_own() -> None:
    made = document("no-go")
    undecided = [f for f in made["findings"] if f["outcome"] == "undecided"]
    assert undecided and all(f["reason"] == "happy.status_200 failed" for f in undecided)
    assert [r["ruleId"] for r in readers.sarif(reporters.render("sarif", made))["results"]] == [
        "happy.status_200",
        "model.listed",
    ]


def test_many_diagnoses_stay_within_githubs_limit() -> None:
    made = document("no-go")
    made["diagnoses"] = [
        {**made["diagnoses"][0], "code": f"x.y{n}", "clauses": ["happy.status_200"]} for n in range(30)
    ]
    errors = [c for c in readers.github(reporters.render("github", made)) if c[0] == "error"]
    assert len(errors) == 10 and errors[-1][1]["title"] == "27 more" and "x.y29" in errors[-1][2]


def test_the_tables_are_whole() -> None:
    outcomes = ("holds", "broken", "undecided", "not_applicable", "waived")
    assert set(STATES) == {(outcome, must) for outcome in outcomes for must in (True, False)}
    assert set(STATES.values()) == set(SHOWN)
