"""Recorded incidents, each concluded rightly: the runs, the owner, and what must or must not be said.

The first twenty and the last eight were written before the rules were read: 5 of 20, and later 4 of 8, were concluded
rightly then. Which answers were wrong themselves: docs/decisions/0033.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from chatproof.analysis.incident.review import review
from chatproof.analysis.incident.streak import of_one_target, target_of
from tests.story.recorded import STORIES, documents, load, wrong

AT = "2026-11-22T23:00:00Z"


def concluded(runs: list[dict[str, Any]]) -> dict[str, Any]:
    production = [run for run in runs if target_of(run) == "production"]
    return review([run for run in production if not run["narrowed"]], AT, in_order=True)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_each_story_is_concluded_rightly(path: Path) -> None:
    story = load(path)
    runs = documents(story)
    assert wrong(story["conclusion"], [run["run_id"] for run in runs], concluded(runs)) == []


def test_none_is_lost_and_each_owner_is_among_them() -> None:
    assert len(STORIES) == 48
    assert {load(path)["conclusion"]["owner"] for path in STORIES} >= {"ours", "theirs", "account", "unknown", "nobody"}


@pytest.mark.parametrize("path", STORIES[:3], ids=lambda path: path.stem)
def test_a_wrong_conclusion_is_seen(path: Path) -> None:
    """The comparison can fail: each part of the conclusion, turned round, is missed."""
    story = load(path)
    runs = documents(story)
    told, ids = concluded(runs), [run["run_id"] for run in runs]
    for part in (
        {"owner": "account"},
        {"standing": not story["conclusion"].get("standing", True)},
        {"first_bad": 3 - story["conclusion"]["first_bad"]},
        {"names": ["never said"]},
        {"never": ["base URL"]},
    ):
        assert wrong(story["conclusion"] | part, ids, told), part


def test_runs_of_another_target_are_left_out_and_named() -> None:
    story = load(next(path for path in STORIES if path.stem.startswith("11-")))
    runs, others = of_one_target(documents(story))
    assert {target_of(run) for run in runs} == {"production"} and others == ["staging"]
    assert "staging" in review(runs, AT, others=tuple(others))["remarks"][-1]


def test_the_target_that_fails_is_taken_before_a_newer_good_one() -> None:
    runs = documents(load(STORIES[6]))
    newer = copy.deepcopy(runs[0])
    newer["target"]["name"] = "staging"
    chosen, others = of_one_target([*runs, newer])
    assert chosen == runs and others == ["staging"]


def test_a_good_run_of_another_api_is_no_before_and_no_after() -> None:
    """Of one endpoint: its Responses API tells nothing of its chat completions, and asking it is no change of ours."""
    story = load(next(path for path in STORIES if path.stem.startswith("07-")))
    runs = documents(story)
    bad = next(run for run in runs if run["verdict"] == "NO-GO")
    other = documents({"run": [{"at": "08:00"}, {"at": "22:00"}]})
    for run in other:
        run["api"] = "responses"
        run["exchanges"][0]["request"]["url"] = "https://llm.test/v1/responses"
    alone = review([bad], AT, in_order=True)
    among = review([other[0], bad, other[1]], AT, in_order=True)
    assert among["standing"] and among["last_good"] is None and among["recovered"] is None
    assert among["verdict"] == alone["verdict"]
    assert all(not step["changed_here"] for step in among["timeline"])
    for run in other:
        del run["api"]
    assert not review([other[0], bad, other[1]], AT, in_order=True)["standing"], "of the same API they count"
