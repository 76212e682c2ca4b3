"""Diagnoses that a clause names itself: each has its row, and shows what the broken clauses saw."""

import pytest

from chatproof.contract.clause import VALIDATE, Context
from chatproof.contract.heads import FLAWS, Flaw
from chatproof.diagnosis.failure_modes import CODED, Case, Sign
from chatproof.diagnosis.failure_modes.of_clauses import OF_CLAUSES, OF_ERRORS
from chatproof.evidence.reply import Reply
from chatproof.judging.judge import Finding
from chatproof.surfaces import names, surface_of
from chatproof.target import profile
from tests.support import GOOD, exchange, wire

OF_A_REFUSAL = "request.unsupported_parameter"  # a clause leads to it where a refusal names a field
OF_REQUESTS = ("request.content", "request.clean_text")  # judged on a request of the user's own
LIMITED = "operations.rate_limited_error"


def broken(clause: str, level: str = "must", at: str = "$.id", state: str = "") -> Finding:
    return Finding(clause, level, "happy", "x", "broken", at, "a string", "7", "", state)


def sign(*findings: Finding, code: str = "contract.schema", required: frozenset[str] = frozenset()) -> Sign:
    reply = Reply(exchange("happy", wire(GOOD["happy"])))
    api = findings[0].clause.partition(".")[0]
    surface = surface_of(api if api in names() else "chat")
    context = Context(profile.load("generic"), "m", None, {}, surface, required=required)
    found = CODED[code].when(Case(reply, context, findings))
    assert found
    return found


def test_each_code_that_a_clause_names_has_a_row_and_each_row_a_clause() -> None:
    """An API's own row stands for a code that it alone names, and each of those is named by one of its clauses."""
    named: set[str] = set()
    for api in names():
        surface = surface_of(api)
        codes = {clause.code for clause in surface.clauses(VALIDATE).values() if clause.code}
        own = {mode.code for mode in surface.failure_modes().coded}
        assert own <= codes and codes - own <= set(CODED), api
        named |= codes - (own - set(CODED))
    assert named | {OF_A_REFUSAL} == set(CODED)


def test_owner_and_confidence_of_what_is_seen_on_the_wire_only() -> None:
    """No reply's words lead to these, so no golden text holds them."""
    rows = {code: (CODED[code].owner, CODED[code].confidence) for code in CODED if not code.startswith("contract.")}
    assert rows == {
        "auth.error_body": ("provider", "certain"),
        "stream.buffered": ("gateway", "likely"),
        "stream.malformed": ("provider", "likely"),
        "stream.error": ("provider", "likely"),
        "stream.incomplete": ("provider", "likely"),
        "stream.left_open": ("provider", "likely"),
        "stream.duplicated": ("provider", "likely"),
        "http.concurrency": ("gateway", "likely"),
        "http.keep_alive": ("unknown", "likely"),
        "http.malformed": ("unknown", "likely"),
        OF_A_REFUSAL: ("unknown", "certain"),
    }


def test_a_break_is_shown_with_its_place_where_it_has_one() -> None:
    assert sign(broken("a.b"), broken("a.c", at="")).evidence == (
        "a.b at $.id: expected a string; observed 7",
        "a.c: expected a string; observed 7",
    )


def test_musts_are_shown_first_and_six_at_most() -> None:
    many = [broken(f"s.{number}", "should", "") for number in range(4)]
    many += [broken(f"m.{number}", "must", "") for number in range(4)]
    shown = [line.partition(":")[0] for line in sign(*many).evidence]
    assert shown == ["m.0", "m.1", "m.2", "m.3", "s.0", "s.1"]


def test_a_row_keeps_its_words_unless_all_breaks_are_of_one_sort() -> None:
    refused, ignored = broken("a.b", state="unsupported"), broken("a.c", state="ignored")
    assert sign(ignored) == sign(ignored)._replace(summary="", owner="", next_step="", confidence="")
    assert not sign(refused, ignored).summary
    assert not sign(broken(LIMITED), ignored).summary


def test_a_requirement_that_is_refused_is_the_users_to_drop() -> None:
    found = sign(broken("a.b", state="unsupported"), required=frozenset({"b"}))
    assert (found.summary, found.owner, found.confidence) == (
        "a required capability is clearly refused",
        "unknown",
        "certain",
    )
    assert found.next_step.startswith("Use a model that supports it, or leave it out of --require")


@pytest.mark.parametrize(("level", "required"), [("should", ""), ("must", ""), ("should", "tools")])
def test_a_refusal_of_what_nobody_requires_sends_nobody_to_their_requirements(level: str, required: str) -> None:
    refused = broken("responses.codex.accepted", level, state="unsupported")
    found = sign(refused, code="contract.tools", required=frozenset({required} - {""}))
    assert found.summary == "a request that some clients send is clearly refused"
    assert (found.owner, found.confidence) == ("unknown", "certain") and "--require" not in found.next_step


@pytest.mark.parametrize("clause", ["tools.intact", "responses.tools.parallel"])
def test_what_a_model_may_do_by_itself_blames_nobody_for_certain(clause: str) -> None:
    alone = sign(broken(clause, "should"), code="contract.tools")
    assert (alone.owner, alone.confidence) == ("unknown", "likely") and alone.summary and alone.next_step
    beside = sign(broken(clause, "should"), broken("tools.readable"), code="contract.tools")
    unread = sign(broken(clause, "should", state="broken"), code="contract.tools")
    for other in (beside, unread):
        assert not other.owner and not other.confidence, "a call that cannot be read is the server's"


@pytest.mark.parametrize("name", OF_CLAUSES)
def test_what_is_said_of_one_clause_is_said_of_it_alone_in_each_api_that_has_it(name: str) -> None:
    """A row whose clause has gone, or was given another name, would never be shown again."""
    known = {
        clause.id: clause.code
        for api in names()
        for clause in surface_of(api).clauses(VALIDATE).values()
        if clause.id.removeprefix(f"{api}.") == name
    }
    assert known or name in OF_REQUESTS
    for id, code in known.items():
        summary, owner, step, confidence = OF_CLAUSES[name]
        told = sign(broken(id), code=code)
        assert (told.summary, told.owner, told.next_step, told.confidence) == (summary, owner, step, confidence)
        assert summary[0].islower() and summary[-1] != "." and step[0].isupper() and step[-1] == "."
        assert not sign(broken(id), broken("tools.readable"), code=code).summary, "two sorts: the code's own words"


@pytest.mark.parametrize("end", OF_ERRORS)
@pytest.mark.parametrize("api", ["", "responses.", "embeddings."])
def test_refusals_that_are_wrong_in_one_way_are_told_in_its_words(api: str, end: str) -> None:
    one, other = (broken(f"{api}error.{case}.{end}", "should") for case in ("missing_model", "malformed_json"))
    assert sign(one, other, code="contract.validation").summary == OF_ERRORS[end][0]
    more = broken(f"{api}error.missing_model.{'readable' if end == 'refused' else 'refused'}", "should")
    assert not sign(one, more, code="contract.validation").summary


@pytest.mark.parametrize(
    ("name", "at", "state", "words"),
    [
        ("tools.forced", "call 0, $.arguments", "ignored", "the arguments of a tool call are not what the tool needs"),
        ("tools.arguments", "call 0, $.arguments", "broken", "the arguments of a tool call are not what"),
        ("tools.input", "$.content[0].input", "broken", "the arguments of a tool call are not what the tool needs"),
        ("tools.stream_forced", "content_block_delta", "ignored", "the arguments of a tool call are not what"),
        ("tools.stream_joined", "content_block_delta", "broken", "the pieces of a streamed tool call do not join"),
        ("tools.stream_pieces", "event 1, $.content_block.input", "", "the pieces of a streamed tool call do not join"),
        ("tools.forced", "call 0, $.name", "ignored", "a tool call does not have the name of the tool"),
        ("tools.id", "call 0, $.id", "", "a tool call has no id, or one that is not its own"),
        ("tools.stream.apart", "event 11, $.item.call_id", "broken", "a tool call has no id, or one that is not"),
        ("tools.stream.apart", "event 7", "", "the parts of a stream with tool calls have the same number"),
        ("tools.parallel", "$.output", "broken", "two tool calls of one turn arrive as one"),
        ("tools.parallel", "$.output", "ignored", "two tool calls were requested in one turn, and did not both"),
        ("tools.called", "$.output", "ignored", "a tool call that the request forces does not come"),
        ("tools.stream.called", "stream", "ignored", "a tool call that the request forces does not come"),
        ("tools.stream_ended", "content_block_stop", "broken", "a streamed tool call does not end"),
        ("tools.stream.final", "$.response.output", "broken", "the last event of a stream does not have the tool call"),
        ("tools.stop_reason", "$.stop_reason", "", "an answer with a tool call does not say that it ends with one"),
        ("tools.result", "status", "broken", "the conversation does not go on after a tool's result"),
        ("tools.form", "$.id", "", ""),
    ],
)
def test_of_a_tool_call_the_part_that_is_wrong_is_named(name: str, at: str, state: str, words: str) -> None:
    found = sign(broken(f"responses.{name}", "should", at, state), code="contract.tools")
    assert found.summary.startswith(words) if words else not found.summary


def test_what_is_said_is_of_the_breaks_that_lose_an_answer() -> None:
    joined, lesser = broken("responses.stream.joined"), broken("responses.stream.known_events", "should")
    assert sign(joined, lesser, code="stream.malformed") == sign(joined, code="stream.malformed")._replace(
        evidence=sign(joined, lesser, code="stream.malformed").evidence
    )


def test_a_429_without_words_is_still_one_to_wait_after() -> None:
    found = sign(broken(LIMITED))
    assert found.summary == "a 429 has no error that clients can read" and not found.owner
    assert found.next_step.startswith("Wait and retry on status 429 alone")


@pytest.mark.parametrize("flaw", FLAWS.values(), ids=list(FLAWS))
@pytest.mark.parametrize("api", ["", "responses."])
def test_of_the_reasons_why_node_refuses_a_head_the_one_that_was_seen_is_named(flaw: Flaw, api: str) -> None:
    told = sign(broken(f"{api}head.line_ends", at=flaw.at), code="http.malformed")
    assert (told.summary, told.next_step, told.owner, told.confidence) == (flaw.summary, flaw.next_step, "", "")


def test_the_reasons_why_node_refuses_a_head_are_told_apart() -> None:
    assert len({flaw.at for flaw in FLAWS.values()}) == len({flaw.summary for flaw in FLAWS.values()}) == 4
    unknown = sign(broken("head.line_ends", at="$.id"), code="http.malformed")
    assert not unknown.summary, "the code's own words"
