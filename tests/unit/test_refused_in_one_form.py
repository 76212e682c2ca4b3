"""A refusal that is told as more than a note: of the force alone, of the stream alone, of input in a list."""

from __future__ import annotations

import pytest

from chatproof.contract.capability import DAMAGED, SUPPORTED, UNSUPPORTED
from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, UNDECIDED, VALIDATE, Context, Example, Outcome
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.target import profile
from tests.api_rows import cut_off, error, says
from tests.support import exchange, from_example
from tests.unit.test_api_clauses import GOOD, SURFACES

FORMS = {
    # API: the clause on a forced call, that on a streamed one, and a request with tools that forces none
    "responses": ("responses.tools.called", "responses.tools.stream.called", "codex"),
    "messages": ("messages.tools.called", "messages.tools.stream_called", "claude_code"),
}
APIS = pytest.mark.parametrize("api", FORMS)
NO_TOOLS = error(400, "tools are not supported")
SAID = 'HTTP 400, error type "invalid_request_error", message "tools are not supported"'
NOTE = Outcome(NOT_APPLICABLE, reason=f"unsupported: {SAID}", state=UNSUPPORTED)
NO_STREAMED_CALL = "a streamed call, as one is made without a stream"
NOT_THE_FORCE = "a forced call: tools are accepted"


def called(api: str) -> Example:
    """The good reply with the forced call."""
    return SURFACES[api].clauses(VALIDATE)[FORMS[api][0]].holds_on[0]


def judged(api: str, id: str, replies: dict[str, Example | bytes], *required: str) -> Outcome:
    """What a clause says of the reply to its own request, beside others of the run."""
    surface = SURFACES[api]
    held = {
        probe: Reply(exchange(probe, it if isinstance(it, bytes) else from_example(it), api=api))
        for probe, it in replies.items()
    }
    clause = surface.clauses(VALIDATE)[id]
    context = Context(profile.load("generic"), EXAMPLE_MODEL, None, held, surface, required=frozenset(required))
    return clause.judge(held[clause.probe], context)


def told(expected: str, observed: str) -> Outcome:
    return Outcome(BROKEN, "status", expected, f"refused: {observed}", state=UNSUPPORTED)


@APIS
def test_a_call_that_is_made_without_a_stream_must_not_be_refused_in_one(api: str) -> None:
    found = judged(api, FORMS[api][1], {"tools": called(api), "tools.stream": NO_TOOLS})
    assert found == told(NO_STREAMED_CALL, SAID)


@APIS
@pytest.mark.parametrize("plain", ["none", "an answer without a call", "a refusal", "cut off"])
def test_a_stream_alone_is_refused_only_where_a_whole_reply_without_one_has_the_call(api: str, plain: str) -> None:
    replies: dict[str, Example | bytes] = {"tools.stream": NO_TOOLS}
    if plain != "none":
        replies["tools"] = {
            "an answer without a call": GOOD[api],
            "a refusal": NO_TOOLS,
            "cut off": cut_off(called(api)),
        }[plain]
    assert judged(api, FORMS[api][1], replies) == NOTE


@APIS
def test_what_says_nothing_of_tools_or_is_told_otherwise_stays_what_it_is(api: str) -> None:
    def of(reply: Example, *required: str) -> Outcome:
        return judged(api, FORMS[api][1], {"tools": called(api), "tools.stream": reply}, *required)

    assert of(error(429, "slow down")).outcome == UNDECIDED
    needed = of(NO_TOOLS, "tools")
    assert needed == told("tools, which is required", SAID)
    under_200 = of(error(200, "boom"))
    assert (under_200.outcome, under_200.state) == (BROKEN, DAMAGED)


@APIS
@pytest.mark.parametrize(
    "message",
    [
        "only auto is supported for tool_choice",
        "toolChoice: only auto is supported",
        "this tool choice is not available",
        "a forced call of a tool is not possible",
    ],
)
def test_a_refusal_that_blames_the_choice_is_no_refusal_of_tools(api: str, message: str) -> None:
    found = judged(api, FORMS[api][0], {"tools": error(400, message)})
    said = f'HTTP 400, error type "invalid_request_error", message "{message}"'
    assert found == told(NOT_THE_FORCE, said)


@APIS
@pytest.mark.parametrize("free", ["none", "answered", "refused", "an empty object", "cut off"])
def test_where_tools_are_answered_without_force_the_force_is_what_is_refused(api: str, free: str) -> None:
    replies: dict[str, Example | bytes] = {"tools": NO_TOOLS}
    if free != "none":
        replies[FORMS[api][2]] = {
            "answered": GOOD[api],
            "refused": NO_TOOLS,
            "an empty object": GOOD[api]._replace(body=b"{}"),
            "cut off": cut_off(GOOD[api]),
        }[free]
    expected = told(NOT_THE_FORCE, SAID) if free == "answered" else NOTE
    assert judged(api, FORMS[api][0], replies) == expected


@APIS
def test_a_call_is_a_call_whatever_is_said_of_the_others(api: str) -> None:
    replies: dict[str, Example | bytes] = {"tools": called(api), FORMS[api][2]: GOOD[api]}
    found = judged(api, FORMS[api][0], replies)
    assert (found.outcome, found.observed, found.state) == (HOLDS, "1 call", SUPPORTED)


# -- input in a list, which the Responses API also takes in a string ------------------------------------------------

NO_LIST = error(400, "input must be a string")
SEE = Outcome(NOT_APPLICABLE, reason="input in a list is refused: see responses.input.list")


@pytest.mark.parametrize(
    ("status", "is_told_once"),
    [(399, False), (400, True), (401, False), (402, True), (403, False), (404, True), (429, False), (430, True)],
)
@pytest.mark.parametrize("id", ["responses.codex.accepted", "responses.tools.result"])
def test_a_list_that_is_refused_is_told_once(id: str, status: int, is_told_once: bool) -> None:
    probe = SURFACES["responses"].clauses(VALIDATE)[id].probe
    found = judged("responses", id, {"input.list": error(status, "input must be a string"), probe: NO_LIST})
    if is_told_once:
        assert found == SEE
    else:
        assert (found.outcome, found.state) != (SEE.outcome, SEE.state)


@pytest.mark.parametrize("id", ["responses.codex.accepted", "responses.tools.result"])
def test_a_list_whose_refusal_was_cut_off_or_that_was_not_sent_explains_nothing(id: str) -> None:
    probe = SURFACES["responses"].clauses(VALIDATE)[id].probe
    cut: dict[str, Example | bytes] = {"input.list": cut_off(NO_LIST), probe: NO_LIST}
    assert judged("responses", id, {probe: NO_LIST}).outcome == judged("responses", id, cut).outcome == BROKEN


@pytest.mark.parametrize("id", ["responses.codex.accepted", "responses.tools.result"])
def test_an_answer_is_an_answer_where_a_plain_list_is_refused(id: str) -> None:
    probe = SURFACES["responses"].clauses(VALIDATE)[id].probe
    found = judged("responses", id, {"input.list": NO_LIST, probe: GOOD["responses"]})
    assert (found.outcome, found.state) == (HOLDS, SUPPORTED)


def test_input_in_a_list_is_answered_or_refused() -> None:
    id = "responses.input.list"
    good = judged("responses", id, {"input.list": GOOD["responses"]})
    assert (good.outcome, good.state) == (HOLDS, SUPPORTED)
    said = 'HTTP 400, error type "invalid_request_error", message "input must be a string"'
    assert judged("responses", id, {"input.list": NO_LIST}) == told("an answer", said)
    assert judged("responses", id, {"input.list": NO_LIST}, "list_input").expected == "list_input, which is required"
    assert judged("responses", id, {"input.list": error(429, "slow down")}).outcome == UNDECIDED


def test_a_failure_that_blames_the_input_refuses_the_list() -> None:
    def of(name: bytes) -> Outcome:
        failed = says(500, b'{"error":{"message":"failed","param":"%s"}}' % name)
        return judged("responses", "responses.input.list", {"input.list": failed})

    assert of(b"input") == told("an answer", 'HTTP 500, error param "input", message "failed"')
    assert of(b"model").outcome == UNDECIDED
