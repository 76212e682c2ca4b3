"""Diagnoses of validate that must not blame what the plain request has shown to be well."""

import pytest

from chatproof.contract.clause import VALIDATE
from chatproof.diagnosis.diagnosis import Diagnosis, diagnose
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import judge
from chatproof.target import profile
from chatproof.wire.exchange import Secret
from tests.support import COMPLETION, KEY, MODEL, exchange, wire

LISTING = '200 application/json\n\n{"object":"list","data":[{"id":"gpt-x"}]}'
NO_MODEL = '404 application/json\n\n{"error":{"message":"The model is not found","code":"model_not_found"}}'
NO_FIXTURE = '404 application/json\n\n{"error":{"message":"No fixture matched","code":"no_fixture_match"}}'


def diagnosed(probe: str, reply: str, happy: str = f"200 application/json\n\n{COMPLETION}") -> list[Diagnosis]:
    replies = {"happy": happy, "models": LISTING, probe: reply}
    made = [exchange(name, wire(said)) for name, said in replies.items()]
    contract = contract_of(VALIDATE, profile.load("generic"), Choice(only=("happy", probe.removeprefix("role."))))
    return list(diagnose(judge(contract, made, model=MODEL, key=Secret(KEY))))


def test_a_model_that_answers_is_not_missing() -> None:
    (found,) = diagnosed("role.developer", NO_MODEL)
    assert (found.code, found.owner) == ("model.unavailable", "provider")
    assert "with an error for a missing model" in found.summary
    assert "the plain request to this model is answered" in found.evidence


def test_where_the_plain_request_is_refused_as_well_it_is() -> None:
    found = diagnosed("role.developer", NO_MODEL, NO_MODEL)
    assert found[0].code == "model.unavailable" and "does not serve this model" in found[0].summary


@pytest.mark.parametrize("probe", ["role.developer", "unicode"])
def test_a_path_that_gave_a_completion_is_not_wrong(probe: str) -> None:
    found = diagnosed(probe, NO_FIXTURE)
    assert found and not [one.code for one in found if one.code.startswith("url.")]
    assert all(one.owner != "you" for one in found)


def test_a_path_that_never_did_may_be() -> None:
    assert diagnosed("role.developer", NO_FIXTURE, "404 text/plain\n\nnot found")[0].code == "url.wrong_path"


@pytest.mark.parametrize(
    ("reply", "owner", "sure"),
    [
        ("418 text/plain\n\nteapot", "unknown", "possible"),
        ("405 text/html\n\n<html><title>Not allowed</title>", "gateway", "likely"),
    ],
)
def test_what_leaves_a_probe_undecided_is_named(reply: str, owner: str, sure: str) -> None:
    (found,) = diagnosed("unicode", reply)
    assert (found.code, found.owner, found.confidence) == ("contract.status", owner, sure)
    assert "unicode.accepted" in found.clauses and found.evidence[0].startswith("unicode: HTTP 4")
    assert "differs from the plain one" in found.summary


def test_a_refusal_that_says_why_needs_no_such_word() -> None:
    (found,) = diagnosed("unicode", '418 application/json\n\n{"error":{"message":"no"}}')
    assert found.code == "contract.messages"
