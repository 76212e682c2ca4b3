"""The guide's commands are commands; what the progress line and the reports of a fleet say."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from chatproof import reporters
from chatproof.cli.shared.fleet_progress import FleetProgress
from chatproof.cli.shared.options import describe
from chatproof.fleet import summary
from chatproof.fleet.local import Ended, Result

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "fleet.md").read_text()
GOOD = Result("a", "GO", "", "", "smoke-1", "", "")
BROKEN = Result("b|<x>", "NO-GO", "content.empty", "provider", "smoke-2", "the answer is empty", "Run again.")
UNSEEN = Result("c", "UNDECIDED", "net.dns", "you", "smoke-3", "the name does not resolve", "Check it.")
UNASKED = Result("d", "", "auth.key_missing", "you", "", "no key in env:K", "set it")
WHOLE = Ended("", (), 0, None)


def document(*results: Result, ended: Ended = WHOLE) -> dict[str, Any]:
    return summary.document_of(results, ended, "2026-11-29T01:00:00.000Z", "2026-11-29T01:01:00.000Z")


def test_every_command_of_the_guide_is_one() -> None:
    lines = re.findall(r"(?m)^(?:\$ )?chatproof (fleet .*)$", GUIDE)
    assert {line.split()[1] for line in lines} == {"run", "worker", "submit", "beat"}
    for line in lines:
        describe("fleet").parse_args(shlex.split(line)[1:])


def test_the_progress_names_the_causes_the_rate_and_the_time_left() -> None:
    progress = FleetProgress(1000, wanted=False, before=100)
    for result in [GOOD] * 80 + [BROKEN] * 15 + [UNSEEN] * 4 + [UNASKED]:
        progress.add(result)
    said = progress.line(5.0)
    assert said == "200/1,000 · 20 failing: 15 content.empty, 4 net.dns, 1 auth.key_missing · 20/s · 0:40 left"
    assert FleetProgress(10, wanted=False).line(1.0) == "0/10 · 0.0/s"


def test_ten_thousand_failures_with_one_cause_read_as_one_line() -> None:
    many = [BROKEN._replace(name=f"t{number}") for number in range(10_000)]
    text = reporters.render("text", document(*many, GOOD), of="fleet")
    assert len(text.splitlines()) < 12
    assert "1 of 10,001 targets pass: 10,000 NO-GO" in text
    assert "10,000 × content.empty  owner: provider" in text and "t0, t1, t2, t3, t4 and 9,995 more" in text


def test_what_is_true_of_one_target_is_not_said_of_all() -> None:
    other = UNASKED._replace(name="e", summary="no key in env:OTHER", next_step="set OTHER")
    text = " ".join(reporters.render("text", document(UNASKED, other, BROKEN, BROKEN), of="fleet").split())
    assert "no key in env:K (so for d; others differ in details)" in text and "the answer is empty targets:" in text


def test_an_option_is_on_one_line(tmp_path: Path) -> None:
    long = UNASKED._replace(next_step=f"{'word ' * 17}--key-env, {'word ' * 16}--add-host-on-linux {'x' * 120}")
    lines = reporters.render("text", document(long), of="fleet").splitlines()
    for option in ("--key-env,", "--add-host-on-linux", "x" * 120):
        assert sum(option in line for line in lines) == 1


@pytest.mark.parametrize("format", reporters.formats("fleet"))
def test_every_report_has_every_target_and_obeys_nobody(format: str) -> None:
    hostile = BROKEN._replace(name="::error::x", summary="::set-output name=a::b")
    text = reporters.render(format, document(GOOD, hostile, UNSEEN, UNASKED), of="fleet")
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    for word in ("content.empty", "net.dns", "auth.key_missing"):
        assert word in text
    if format == "jsonl":
        rows = [json.loads(line) for line in text.splitlines()]
        assert [list(row) for row in rows] == [["name", "verdict", "code", "owner", "run_id"]] * 4
        assert rows[3] == {"name": "d", "verdict": None, "code": "auth.key_missing", "owner": "you", "run_id": None}
    if format == "junit":
        suite = ElementTree.fromstring(text)[0]
        assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "2")


def test_the_decision_and_the_status() -> None:
    for results, decision, status in (
        ((GOOD,), "GO", 0),
        ((GOOD, UNSEEN), "UNDECIDED", 3),
        ((GOOD, UNASKED), "UNDECIDED", 2),
        ((UNSEEN, UNASKED), "UNDECIDED", 2),
        ((UNASKED, BROKEN, UNSEEN), "NO-GO", 1),
        ((GOOD._replace(unkept="journal.locked: x"),), "GO", 4),
        ((UNSEEN._replace(unkept="journal.locked: x"),), "UNDECIDED", 3),
        ((Result("e", "", "internal", "unknown", "", "x", "y"), UNSEEN), "UNDECIDED", 4),
    ):
        assert document(*results)["decision"] == decision
        assert summary.status_of(results, WHOLE) == status
    assert summary.status_of((BROKEN, UNSEEN), WHOLE, broken=False, undecided=False) == 0
    assert summary.status_of((GOOD,), Ended("", (), 0, ("journal.locked", "x", "y"))) == 4
    assert document(GOOD, ended=Ended("SIGINT", ("x",), 3, None))["decision"] == "UNDECIDED"
