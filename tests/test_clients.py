"""A `must` breaks at least one real client: what `make clients` measured says which. No client is needed here.

tests/data/clients.json has the outcome of each clause's examples in each client.
"""

from typing import Any

import pytest
from tools.clients import outcome
from tools.clients.page import breaking, is_break, load

from chatproof.contract.clause import MUST, VALIDATE
from chatproof.surfaces.chat import clauses

CLAUSES = clauses.load(VALIDATE)
DATA = load()

# A must of a kind that no client can show, with the reason.
SECURITY = {
    "secret.not_reflected": "a client shows no difference when a reply repeats the key; a log that is read does",
    "auth.": "that a wrong key is refused is the server's own protection: no client that works sends one",
}
# Measured to break no client, and still a must: to become a should, or to get an example that does break one.
UNPROVED: tuple[str, ...] = ()


def unproved(data: dict[str, Any], musts: list[str]) -> list[str]:
    """The musts for which no client is known that breaks."""
    mine = [id for id in musts if not id.startswith(tuple(SECURITY))]
    return [id for id in mine if not any(breaking(data, id).values())]


def musts() -> list[str]:
    return [id for id, clause in CLAUSES.items() if clause.level == MUST]


def test_each_must_breaks_a_client() -> None:
    assert unproved(DATA, musts()) == list(UNPROVED), "run make clients, or make it a should"


def test_a_must_that_breaks_no_client_is_told() -> None:
    without = {**DATA, "clauses": {**DATA["clauses"], "stream.delta": {"0": []}}}
    assert "stream.delta" in unproved(without, ["stream.delta"])
    assert unproved(DATA, ["no.such.clause"]) == ["no.such.clause"]


def test_each_security_reason_is_of_a_must() -> None:
    for prefix in SECURITY:
        assert any(id.startswith(prefix) for id in musts()), prefix


def test_harmless_deviations_harm_no_client() -> None:
    for name, rows in DATA["faults"].items():
        for request, outcomes in rows.items() if name.startswith("harmless-") else ():
            # A refusal in another shape stays a refusal: some clients show its status alone.
            broken = [told for told in outcomes if is_break(told) and told != "loses: the words of the error"]
            assert not broken, (name, request, outcomes)


def test_the_data_is_of_clauses_and_faults_that_exist() -> None:
    from chatproof.simulator.faults import ALL

    assert set(DATA["clauses"]) <= set(CLAUSES)
    assert {*DATA["faults"], *DATA["not_fed"]} <= set(ALL)


def result(content: object = "pong", **more: object) -> dict[str, Any]:
    return {"content": content, "finish_reason": "stop", "usage": {"prompt": 6, "completion": 1}, **more}


CALL = {"id": "call_1", "name": "record_word", "arguments": '{"word":"pong"}'}


@pytest.mark.parametrize(
    ("got", "told"),
    [
        (result(), ("fine", "")),
        ({"raised": {"type": "JSONDecodeError", "text": ""}}, ("raises", "JSONDecodeError")),
        (result(None), ("loses", "answer")),
        (result("popongng"), ("wrong", "answer")),
        (result(["pong"]), ("wrong", "answer")),
        (result(usage=None), ("loses", "usage")),
        (result(finish_reason="other"), ("loses", "finish_reason")),
        (result(calls=[CALL]), ("wrong", "tool call")),
    ],
)
def test_an_answer_is_compared_with_the_good_one(got: dict[str, Any], told: tuple[str, str]) -> None:
    assert outcome.judge(result(), got, "", "") == told


def test_words_beside_a_call_are_no_other_answer() -> None:
    assert outcome.judge(result(None, calls=[CALL]), result("I record it.", calls=[CALL]), "", "").word == "fine"


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ([{**CALL, "arguments": '{"word": "pong"}'}], "fine"),
        ([{**CALL, "arguments": {"word": "pong"}}], "wrong"),
        ([], "loses"),
        ([CALL, CALL], "wrong"),
        ([{**CALL, "id": None}], "wrong"),
        ([{**CALL, "name": "record_wordrecord_word"}], "wrong"),
        ([{**CALL, "arguments": '{"word":'}], "wrong"),
    ],
)
def test_a_call_is_compared_as_a_loop_needs_it(calls: list[dict[str, Any]], told: str) -> None:
    assert outcome.judge(result(None, calls=[CALL]), result(None, calls=calls), "", "").word == told


@pytest.mark.parametrize(
    ("got", "words", "told"),
    [
        ({"raised": {"type": "E", "text": "Error code: 400 - Invalid value."}}, "Invalid value.", "fine"),
        ({"raised": {"type": "E", "text": "Bad Request"}}, "<html>Bad key</html>", "loses"),
        ({"raised": {"type": "E", "text": "Error code: 400"}}, "", "loses"),
        (result(), "", "wrong"),
    ],
)
def test_an_error_is_to_be_raised_with_the_servers_words(got: dict[str, Any], words: str, told: str) -> None:
    refused = {"raised": {"type": "E", "text": "Error code: 400 - Wrong key"}}
    assert outcome.judge(refused, got, "Wrong key", words).word == told


def test_nothing_follows_where_the_good_reply_is_of_no_use_to_the_client() -> None:
    refused = {"raised": {"type": "AssertionError", "text": ""}}
    assert outcome.judge(refused, refused, "", "").word == "void"
    assert not is_break("void: AssertionError")
    assert not is_break("wrong: usage")
    assert is_break("wrong: answer")
