"""The streaming probe: sent only after the plain request holds. How a stream begins, and what each event must have."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    SHOULD,
    SMOKE,
    SSE_SPEC,
    TRANSPORT,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
)
from chatproof.evidence.provider_error import find_error, told
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.stream import no_empty_events
from chatproof.surfaces.event_examples import drop, event, put
from chatproof.surfaces.event_lines import named_events
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import COMETAPI, GOOD, shown, undated
from chatproof.surfaces.responses.examples import EVENTS, STREAMED, changed, on_stream, put_before, streamed, without
from chatproof.surfaces.responses.view import Fields, kind_of, members
from chatproof.surfaces.shared_clauses import SSE, add_events

CLAUSES = Clauses(SMOKE)
clause = on_stream(CLAUSES)
_ERROR = {"type": "error", "code": "server_error", "message": "upstream died", "param": None}


add_events(clause, "responses", GOOD, STREAMED, COMETAPI)


@clause(
    "typed",
    "Each event's data has a string `type`.",
    "openai-python, openai-node, the AI SDK, LangChain and Codex recognize events by it, not by the event line.",
    needs=("responses.stream.events_parse",),
    holds_on=(STREAMED, streamed(EVENTS[:5], b'data: {"error":{"message":"upstream died"}}\n\n')),
    breaks_on=(
        changed("output_text.delta", drop("type")),
        changed("created", drop("type")),
        changed("completed", put(7, "type")),
        streamed([{key: value for key, value in one.items() if key != "type"} for one in EVENTS]),
    ),
)
def typed(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        if not kind_of(one) and not one.get("error"):  # an error in chat's form has a clause of its own
            return broken(f"event {number}, $.type", "a string", shown(one, "type"))
    return holds()


@clause(
    "no_error",
    "No event contains an error, and the response does not fail.",
    "The answer ends early under status 200, and only clients that check for an error notice.",
    layer=BEHAVIOUR,
    code="",
    needs=("responses.stream.events_parse",),
    holds_on=(
        STREAMED,
        changed("completed", put(None, "response", "error")),
        changed("created", put({"code": "server_error"}, "response", "error")),
    ),
    breaks_on=(
        put_before("output_text.done", _ERROR),
        streamed(EVENTS[:5], event({"type": "response.failed", "response": {"id": "resp_1", "status": "failed"}})),
        streamed(EVENTS[:5], b'event: error\ndata: {"message":"overloaded"}\n\n'),
        streamed(EVENTS[:5], b'data: {"error":{"message":"upstream died","code":502}}\n\n'),
        changed("completed", put({"code": "server_error", "message": "died"}, "response", "error")),
        changed("completed", put({}, "response", "error")),
    ),
)
def no_error(reply: Reply, context: Context) -> Outcome:
    for number, (line, one) in enumerate(named_events(reply)):
        response = members(one.get("response"))
        # Before the end, an error in the response is one that no client reads.
        inner = one.get("error") or (response.get("error") if kind_of(one) in view.TERMINAL else None)
        if kind_of(one) in view.TERMINAL and response.get("error") == {}:
            return broken(f"event {number}, $.response.error", "no error, or null", "{}")  # LangChain raises on it
        if inner or kind_of(one) in ("error", "response.failed") or line == "error":
            at = "$.error" if one.get("error") else "$.response.error" if response.get("error") else "$"
            said = told(find_error(one, failing=True), "code", one)
            return broken(f"event {number}, {at}", "no error", said)
    return holds()


clause(
    "no_empty_events",
    "No event arrives without data: a block with only `retry:`, `event:` or `id:`.",
    "It is legal and browsers skip it, but openai-python raises JSONDecodeError there, openai-node after `event:`.",
    level=SHOULD,
    source=SSE_SPEC,
    needs=("responses.stream.events_parse",),
    holds_on=(STREAMED, Example(200, SSE, b": PING\n\n" + STREAMED.body)),
    breaks_on=(
        Example(200, SSE, b"retry: 3000\n\n" + STREAMED.body),
        Example(200, SSE, b"event: keepalive\n\n" + STREAMED.body),
    ),
)(no_empty_events)


@clause(
    "line_ends",
    "The stream begins without a byte order mark, and its lines end with LF, or CR and LF.",
    "Both are legal, and Codex finds no event in such a stream.",
    layer=TRANSPORT,
    level=SHOULD,
    source=SSE_SPEC,
    needs=("responses.stream.events_parse",),
    holds_on=(STREAMED, Example(200, SSE, STREAMED.body.replace(b"\n", b"\r\n"))),
    breaks_on=(
        Example(200, SSE, b"\xef\xbb\xbf" + STREAMED.body),
        Example(200, SSE, STREAMED.body.replace(b"\n", b"\r")),
    ),
)
def line_ends(reply: Reply, context: Context) -> Outcome:
    if reply.body.startswith(b"\xef\xbb\xbf"):
        return broken("byte 0", "the first line", "a byte order mark")
    alone = reply.body.count(b"\r") - reply.body.count(b"\r\n")
    return broken("stream", "lines that end with LF, or CR and LF", f"{alone} with CR alone") if alone else holds()


@clause(
    "created",
    "The first event of the response is response.created, and contains the response with its id.",
    "openai-python and openai-node raise an error on any other first event.",
    needs=("responses.stream.typed", "responses.stream.no_error"),
    holds_on=(
        STREAMED,
        put_before("created", {"type": "keepalive"}),
        put_before("in_progress", {**EVENTS[0], "type": "response.queued"}),
    ),
    breaks_on=(
        without("created"),
        put_before("created", {**EVENTS[0], "type": "response.queued"}),
        without("created", "in_progress"),
        changed("created", drop("response")),
        changed("created", put(None, "response")),
        changed("created", drop("response", "id")),
        changed("created", lambda one: one.update(one.pop("response"), type="response.created")),
        changed("created", put(None, "response", "id")),
    ),
)
def created(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        kind = kind_of(one)
        if not kind.startswith("response."):
            continue
        if kind != "response.created":
            return broken(f"event {number}, $.type", "response.created first", quote(kind))
        response = one.get("response")
        if not isinstance(response, dict):
            return broken(f"event {number}, $.response", "the response, an object", shown(one, "response"))
        return unnamed(number, response) or holds()
    return broken("stream", "response.created first", "no event of a response")


def unnamed(number: int, response: Fields) -> Outcome | None:
    """What is wrong with the id of the response in an event; None where nothing is. One of another type is the fault
    of the response, and none of the stream."""
    if isinstance(response.get("id"), str):
        return None
    found = broken(f"event {number}, $.response.id", "a string", shown(response, "id"))
    return found._replace(code="contract.schema") if "id" in response else found


@clause(
    "created_whole",
    "The response in response.created and response.in_progress has created_at, a number, and output, an array, which "
    "is empty in response.created.",
    "openai-node adds items to that array, and the AI SDK makes a date from that number: "
    "both raise. openai-python and openai-node raise if an item is already present when it "
    "is added.",
    holds_on=(STREAMED, without("in_progress")),
    breaks_on=(
        changed("created", put({"id": "resp_1"}, "response")),
        changed("created", drop("response", "output")),
        changed("created", put(None, "response", "output")),
        changed("created", put("1795379441", "response", "created_at")),
        changed("created", drop("response", "created_at")),
        changed("in_progress", drop("response", "output")),
        changed("in_progress", drop("response")),
        changed("created", put(EVENTS[-1]["response"]["output"], "response", "output")),
    ),
)
def created_whole(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        if kind_of(one) not in ("response.created", "response.queued", "response.in_progress"):
            continue
        response, at = members(one.get("response")), f"event {number}, $.response"
        if not isinstance(response.get("output"), list):
            said = quote(response["output"]) if "output" in response else "absent"
            return broken(f"{at}.output", "an array", said)
        if response["output"] and kind_of(one) == "response.created":
            return broken(f"{at}.output", "an empty array: no item is added yet", quote(response["output"], 80))
        problem = undated(response)
        if problem:
            return broken(f"{at}.created_at", "a number of seconds", problem)
    return holds()


@clause(
    "created_named",
    "The response in response.created and response.in_progress names its model.",
    "The AI SDK refuses the event, and the stream with it.",
    level=SHOULD,
    code="contract.schema",
    needs=("responses.stream.created_whole",),
    holds_on=(STREAMED,),
    breaks_on=(
        changed("created", drop("response", "model")),
        changed("in_progress", put(None, "response", "model")),
    ),
)
def created_named(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        if kind_of(one) in ("response.created", "response.in_progress"):
            response = members(one.get("response"))
            if not isinstance(response.get("model"), str):
                return broken(f"event {number}, $.response.model", "a string", shown(response, "model"))
    return holds()
