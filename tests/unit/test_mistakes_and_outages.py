"""A server that fails on each wrong request, told apart from one that is down at the end of the run."""

import pytest

from chatproof.contract.clause import VALIDATE
from chatproof.evidence.reply import ENOUGH_DOWN as ENOUGH
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import judge
from chatproof.target.profile import load
from chatproof.wire.exchange import Secret
from tests.support import CHAT, COMPLETION, KEY, MODEL, exchange, wire

ANSWER = "200 application/json\n\n" + COMPLETION
DOWN = '502 application/json\n\n{"error":{"message":"upstream failed","type":"upstream_error"}}'
PAGE = "503 text/html\n\n<html>no server</html>"
LIMITED = '429 application/json\n\n{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}'
MISTAKES = ("error.missing_messages", "error.wrong_role", "error.temperature_string", "error.missing_model")


def refusals(after: str, mistakes: list[str]) -> set[str]:
    """The outcomes of `refused` and `not_retried` where the mistakes were answered so, and the right request `after`."""
    replies = {"happy": ANSWER, **dict(zip(MISTAKES, mistakes, strict=False))}
    if after:
        replies[CHAT.again] = after
    made = [exchange(probe, wire(reply)) for probe, reply in replies.items()]
    contract = contract_of(VALIDATE, load("generic"), Choice(stream=True))
    found = judge(contract, made, model=MODEL, key=Secret(KEY)).findings
    return {
        f"{finding.clause.rpartition('.')[2]} {finding.outcome}"
        for finding in found
        if finding.probe in replies and finding.clause.endswith((".refused", ".not_retried"))
    }


@pytest.mark.parametrize("answer", [DOWN, PAGE])
def test_a_server_that_fails_on_each_mistake_is_no_outage(answer: str) -> None:
    assert refusals(ANSWER, [answer] * ENOUGH) == {"refused holds", "not_retried broken"}


@pytest.mark.parametrize(
    ("after", "mistakes"),
    [
        (DOWN, [DOWN] * ENOUGH),  # down at the end of the run
        ("", [DOWN] * ENOUGH),  # nobody looked again
        (LIMITED, [DOWN] * ENOUGH),
        (ANSWER, [DOWN] * (ENOUGH - 1)),  # chance
        (ANSWER, [LIMITED] * ENOUGH),
    ],
)
def test_less_than_that_is_left_undecided(after: str, mistakes: list[str]) -> None:
    assert refusals(after, mistakes) == {"refused undecided", "not_retried undecided"}


@pytest.mark.parametrize("id", ["happy.again", "burst.tools", "burst.3", "error.wrong_role"])
def test_what_a_run_recorded_is_known_again(id: str) -> None:
    row = CHAT.row(id)
    assert row is not None and row.id == id


@pytest.mark.parametrize("id", ["", "burst.", "burst.999999999", "burst.no-such-probe", "happy.no-such"])
def test_another_name_is_not(id: str) -> None:
    assert CHAT.row(id) is None
