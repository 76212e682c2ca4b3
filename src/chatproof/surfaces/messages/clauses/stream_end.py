"""How a stream ends: message_delta with the reason and the count, then message_stop, once."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    SHOULD,
    SMOKE,
    TRANSPORT,
    Clauses,
    Context,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.answer_alone import beside_answer
from chatproof.surfaces.event_examples import drop, put
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Built
from chatproof.surfaces.messages.clauses.happy import miscounted, shown
from chatproof.surfaces.messages.examples import (
    CALL_EVENTS,
    CALLED,
    COMETAPI,
    EVENTS,
    STREAMED,
    THINKING_EVENTS,
    changed,
    of_text,
    on_stream,
    put_before,
    streamed,
    without,
)
from chatproof.surfaces.messages.kinds import REASONS_OF_CHAT
from chatproof.surfaces.messages.view import kind_of, members
from chatproof.surfaces.shared_clauses import closes

CLAUSES = Clauses(SMOKE)
clause = on_stream(CLAUSES)


@clause(
    "end",
    "Each message_delta has `delta`, an object; its stop_reason, if present, is a string.",
    "anthropic-python and @anthropic-ai/sdk raise without a delta, and the AI SDK refuses the event.",
    holds_on=(STREAMED, CALLED, changed("message_delta", put(None, "delta", "stop_reason")), without("message_delta")),
    breaks_on=(
        changed("message_delta", drop("delta")),
        changed("message_delta", put(None, "delta")),
        changed("message_delta", put("end_turn", "delta")),
        changed("message_delta", put(7, "delta", "stop_reason")),
    ),
)
def end(reply: Reply, context: Context) -> Outcome:
    for number, one in view.of_kind(reply, view.END):
        delta, at = one.get("delta"), f"event {number}, $.delta"
        if not isinstance(delta, dict):
            return broken(at, "an object with a stop_reason", shown(one, "delta"))
        if not isinstance(delta.get("stop_reason"), str | None):
            return broken(f"{at}.stop_reason", "a string", shown(delta, "stop_reason"))
    return holds()


@clause(
    "usage",
    "Each message_delta has usage with output_tokens as a number; every other count is a number or null.",
    "Without it, anthropic-python and @anthropic-ai/sdk raise an error; if its fields have chat's names, they count "
    "zero tokens, and the AI SDK raises an error.",
    source=COMETAPI,
    code="contract.usage",
    holds_on=(
        STREAMED,
        CALLED,
        without("message_delta"),
        changed("message_delta", put(None, "usage", "input_tokens")),
    ),
    breaks_on=(
        changed("message_delta", drop("usage")),
        changed("message_delta", put(None, "usage")),
        changed("message_delta", put({"completion_tokens": 4}, "usage")),
        changed("message_delta", put("4", "usage", "output_tokens")),
        changed("message_delta", put("0", "usage", "cache_read_input_tokens")),
    ),
)
def usage(reply: Reply, context: Context) -> Outcome:
    for number, one in view.of_kind(reply, view.END):
        found, at = one.get("usage"), f"event {number}, $.usage"
        if not isinstance(found, dict):
            return broken(at, "an object", shown(one, "usage"))
        problem = miscounted(found, at, "output_tokens")
        if problem:
            return problem
    return holds()


@clause(
    "finished",
    "The stream ends with message_stop.",
    "@anthropic-ai/sdk raises without it; for the other clients an incomplete stream looks complete.",
    code="",
    holds_on=(STREAMED, CALLED, streamed(end=b"data: [DONE]\n\n")),
    breaks_on=(without("message_stop"), streamed(EVENTS[:4]), streamed(EVENTS[:-1], b"data: [DONE]\n\n")),
)
def finished(reply: Reply, context: Context) -> Outcome:
    if view.of_kind(reply, view.STOP):
        return holds()
    last = next((kind_of(one) for one in reversed(view.events(reply))), "")
    return broken("end of stream", "message_stop", f"none; the last event is {quote(last)}")


@clause(
    "stop_reason",
    "The stream gives the reason why the message ends: a message_delta has a stop_reason that is not empty, and no "
    "word of chat (stop, length, tool_calls).",
    "No client reports it, including the SDKs' tool runners and Claude Code: an incomplete answer looks complete; and "
    "the AI SDK takes chat's words for an unknown end.",
    level=SHOULD,
    source=COMETAPI,
    code="stream.incomplete",
    needs=("messages.stream.end", "messages.stream.finished"),
    holds_on=(STREAMED, CALLED, put_before("message_delta", {**EVENTS[5], "delta": {"stop_reason": None}})),
    breaks_on=(
        without("message_delta"),
        changed("message_delta", put(None, "delta", "stop_reason")),
        changed("message_delta", drop("delta", "stop_reason")),
        changed("message_delta", put("", "delta", "stop_reason")),
        changed("message_delta", put("stop", "delta", "stop_reason")),
    ),
)
def stop_reason(reply: Reply, context: Context) -> Outcome:
    ends = view.of_kind(reply, view.END)
    if not ends:
        last = next((kind_of(one) for one in reversed(view.events(reply))), "")
        return broken("end of stream", "message_delta with a stop_reason", f"none; the last event is {quote(last)}")
    said = [(number, reason) for number, one in ends if (reason := members(one.get("delta")).get("stop_reason"))]
    for number, reason in said:
        if reason in REASONS_OF_CHAT:
            wrong = broken(f"event {number}, $.delta.stop_reason", "a reason of this API", quote(reason))
            return wrong._replace(code="contract.schema")
    if said:
        return holds()
    number, one = ends[-1]
    return broken(f"event {number}, $.delta.stop_reason", "a string", shown(members(one.get("delta")), "stop_reason"))


@clause(
    "once",
    "A stream is one message: it has one message_start.",
    "@anthropic-ai/sdk raises an error on a second one; anthropic-python and the AI SDK show the text of both.",
    code="stream.duplicated",
    needs=("messages.stream.finished",),
    holds_on=(STREAMED, CALLED),
    breaks_on=(
        streamed([*EVENTS, *EVENTS]),
        streamed([*EVENTS[:2], EVENTS[0], *EVENTS[2:]]),
        streamed([*[EVENTS[0]] * 5, *EVENTS[1:]]),
    ),
)
def once(reply: Reply, context: Context) -> Outcome:
    found = view.of_kind(reply, view.START)
    if len(found) == 1:
        return holds()
    said = ", ".join(f"event {number}" for number, _ in found[:4])
    return broken("stream", "one message_start", f"{len(found)}: {said}")


@clause(
    "closed",
    "No text and no call comes after message_stop.",
    "anthropic-python, @anthropic-ai/sdk and the AI SDK continue to read, and show a text "
    "that is not part of the message.",
    needs=("messages.stream.finished", "messages.stream.once"),
    holds_on=(
        STREAMED,
        streamed([*EVENTS, {"type": "ping"}]),
        streamed([*EVENTS, EVENTS[-1]]),
        streamed([*EVENTS, {**EVENTS[1], "index": 1}]),
        streamed([*EVENTS, EVENTS[1]]),
        streamed([*EVENTS, {**EVENTS[2], "delta": {"type": "text_delta", "text": ""}}]),
        streamed([*EVENTS, *({**one, "index": 1} for one in THINKING_EVENTS[1:5])]),
    ),
    breaks_on=(
        streamed([*EVENTS, EVENTS[2]]),
        streamed([*EVENTS, *EVENTS[1:5]]),
        streamed([*EVENTS, EVENTS[2], EVENTS[-1]]),
        streamed([*EVENTS, *({**one, "index": 1} for one in EVENTS[1:5])]),
        streamed([*EVENTS, {**CALL_EVENTS[1], "index": 1}]),
        streamed([*EVENTS, CALL_EVENTS[2]]),
    ),
)
def closed(reply: Reply, context: Context) -> Outcome:
    for number, one in _after_end(reply):
        delta, begun = members(one.get("delta")), members(one.get("content_block"))
        if begun.get("type") == view.CALL or delta.get("type") == view.INPUT_DELTA or delta.get("text"):
            return broken(f"event {number}", "no text and no call after message_stop", quote(kind_of(one)))
    return holds()


def _after_end(reply: Reply) -> list[tuple[int, view.Fields]]:
    """(number, event) of each event that comes after message_stop."""
    last = view.of_kind(reply, view.STOP)[0][0]
    return [(number, one) for number, one in enumerate(view.events(reply)) if number > last]


@clause(
    "whole_text",
    "No piece of the text is missing, comes twice or in another place: the joined deltas are not a broken form of the "
    "plain reply's text.",
    "anthropic-python, @anthropic-ai/sdk and the AI SDK show what the deltas join to: no event tells them that it is "
    "wrong.",
    layer=BEHAVIOUR,
    level=SHOULD,
    needs=("messages.stream.text_once", "messages.stream.closed", "messages.stream.block_text"),
    holds_on=(
        STREAMED,
        of_text("p", "", "ong\n"),
        of_text("po", "n", "gs"),
        of_text("Pong", "!"),
        of_text("ping"),
        of_text("ping ", "pong"),
        of_text("q", "g"),
        of_text("p", "q"),
        of_text("pon", "ong"),
    ),
    breaks_on=(
        of_text("po"),
        of_text("ng"),
        of_text("p", "ng"),
        of_text("po", "po", "ng"),
        of_text("po", "ng", "ng"),
        of_text("ng", "po"),
        of_text("p", "n", "o", "g"),
    ),
)
def whole_text(reply: Reply, context: Context) -> Outcome:
    own = context.replies.get(context.surface.control)
    answer = view.text_of(own.object) if own is not None else ""
    blocks = Built(view.events(reply)).blocks.values()
    pieces = [piece for block in blocks for piece in block.pieces(view.TEXT_DELTA, "text")]
    text = "".join(pieces)
    if beside_answer(answer, context.surface.prompt):
        return not_applicable("the plain reply's text is more than its answer")
    if text == answer or not _is_broken_form(pieces, answer):
        return holds()
    return broken("content_block_delta", f"the text of the plain reply, {quote(answer, 60)}", quote(text, 60))


_MOST_PIECES = 500
"""Of the answer in one word that is asked for; servers send a few."""


def _is_broken_form(pieces: list[str], answer: str) -> bool:
    """Whether the pieces join to the answer if one of two alike is left out, if neighbours are exchanged, or if one is
    put in that begins or ends within a word: a model stops at words."""
    longest = max(map(len, pieces), default=0)
    if len(pieces) > _MOST_PIECES or sum(map(len, pieces)) > len(answer) + longest:
        return False  # none of these; and each of so many places is not to be tried
    for at, _ in enumerate((*pieces, "")):
        before, after = pieces[:at], pieces[at:]
        if _lacks("".join(before), "".join(after), answer):
            return True
        if before and after:
            *first, one = before
            other, *rest = after
            if "".join((*first, other, one, *rest)) == answer or (one == other and "".join((*first, *after)) == answer):
                return True
    return False


def _lacks(before: str, after: str, answer: str) -> bool:
    missing = answer[len(before) : len(answer) - len(after)]
    if before + missing + after != answer or not any(map(str.isalnum, missing)):
        return False
    return [*before.split(), *missing.split(), *after.split()] != answer.split()


@clause(
    "ends",
    "Nothing comes after message_stop except ping and `[DONE]`.",
    "Clients that stop at message_stop never see it; other clients do.",
    level=SHOULD,
    needs=("messages.stream.closed",),
    holds_on=(STREAMED, streamed([*EVENTS, {"type": "ping"}]), streamed(end=b"data: [DONE]\n\n")),
    breaks_on=(
        streamed([*EVENTS, {"type": "vendor_late"}]),
        streamed([*EVENTS, EVENTS[-1]]),
        streamed([*EVENTS[:5], EVENTS[6], EVENTS[5]]),
    ),
)
def ends(reply: Reply, context: Context) -> Outcome:
    for number, one in _after_end(reply):
        if kind_of(one) != view.PING:
            return broken(f"event {number}", "nothing after message_stop", quote(kind_of(one)))
    return holds()


clause(
    "closes",
    "The HTTP message ends soon after message_stop.",
    "anthropic-python, @anthropic-ai/sdk and the AI SDK wait for it until their timeout, and raise an error there.",
    layer=TRANSPORT,
    code="stream.left_open",
    needs=("messages.stream.finished",),
    holds_on=(STREAMED,),
    breaks_on=(STREAMED._replace(left_open=True),),
)(closes)
