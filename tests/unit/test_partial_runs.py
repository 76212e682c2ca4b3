"""Runs that did not send everything: what is said where the answer to compare with is missing."""

import pytest

from tests.support import GOOD, Played, wire

UNKNOWN_MODEL = '404 application/json\n\n{"error":{"message":"no such model","code":"model_not_found"}}'
NEARLY = '200 application/json\n\n{"data":[{"id":"gpt-x1"}]}'


def codes(**replies: str) -> list[str]:
    found = Played({probe: wire(reply) for probe, reply in replies.items()}).codes
    return [code for code in found if code != "limit.unobserved"]  # of what was not sent: test_undecided


def test_an_unknown_model_is_told_with_or_without_a_listing() -> None:
    alone = Played({"happy": wire(UNKNOWN_MODEL)})
    assert alone.codes == ["model.unavailable"] and len(alone.diagnoses[0].evidence) == 1
    listed = Played({"happy": wire(UNKNOWN_MODEL), "models": wire(NEARLY)}).diagnoses[0]
    assert listed.code == "model.unavailable" and 'nearest: "gpt-x1"' in listed.evidence[1]


@pytest.mark.parametrize(
    ("listing", "found"),
    [
        (NEARLY, []),  # a missing id means something only beside a model that answers
        ('200 application/json\n\n{"error":"Unexpected endpoint"}', ["contract.models"]),
    ],
)
def test_a_listing_alone_is_judged_for_what_it_is(listing: str, found: list[str]) -> None:
    assert codes(models=listing) == found


def test_a_model_that_answers_and_is_not_listed_is_told_where_it_was_seen_to_answer() -> None:
    assert codes(happy=GOOD["happy"], models=NEARLY) == ["model.not_listed"]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ('200 application/json\n\n{"choices":[]}', "the clause that would name this fault"),
        ('207 application/json\n\n{"choices":[]}', "the status is not one"),
    ],
)
def test_a_run_without_the_clause_that_would_tell_says_nothing_of_a_status_that_is_well(reply: str, said: str) -> None:
    out = ("happy.choices_non_empty", "happy.status_200")
    (diagnosis,) = Played({"happy": wire(reply)}, skip=out).diagnoses
    assert diagnosis.code == "contract.status" and diagnosis.summary.startswith(said)
