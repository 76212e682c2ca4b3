"""How a stream ends: once, and with the response that was streamed."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
    SHOULD,
    SMOKE,
    TRANSPORT,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.event_examples import drop, event, put
from chatproof.surfaces.event_lines import count_before_done
from chatproof.surfaces.responses import building, view
from chatproof.surfaces.responses.building import Built
from chatproof.surfaces.responses.clauses.happy import COMETAPI
from chatproof.surfaces.responses.clauses.items import usage_of
from chatproof.surfaces.responses.clauses.stream import unnamed
from chatproof.surfaces.responses.examples import EVENTS, STREAMED, changed, on_stream, streamed, without
from chatproof.surfaces.responses.view import kind_of, members
from chatproof.surfaces.shared_clauses import SSE, closes

CLAUSES = Clauses(SMOKE)
clause = on_stream(CLAUSES)


@clause(
    "finished",
    "The stream ends with response.completed or response.incomplete, which contains the response and is not behind "
    "`[DONE]`.",
    "openai-python stops at `[DONE]` and raises without it, Codex asks again five times, LangChain counts zero "
    "tokens: an incomplete answer looks complete.",
    code="",
    holds_on=(
        STREAMED,
        streamed(end=b"data: [DONE]\n\n"),
        Example(200, SSE, streamed(EVENTS, b"data: [DONE]\n\n").body + event(EVENTS[-1])),
    ),
    breaks_on=(
        without("completed"),
        streamed(EVENTS[:-1], b"data: [DONE]\n\n"),
        changed("completed", drop("response")),
        changed("completed", put(None, "response")),
        changed("completed", lambda one: one.update(one.pop("response"), type="response.completed")),
        Example(200, SSE, streamed(EVENTS[:-1], b"data: [DONE]\n\n").body + event(EVENTS[-1])),
    ),
)
def finished(reply: Reply, context: Context) -> Outcome:
    ends = view.terminals(reply)
    if not ends:
        last = next((kind_of(one) for one in reversed(view.events(reply))), "")
        return broken("end of stream", "response.completed", f"none; the last event is {quote(last)}")
    stopped = count_before_done(reply)
    if stopped is not None and ends[0][0] >= stopped:
        return broken(f"event {ends[0][0]}", "the end of the response before [DONE]", "[DONE] before it")
    for number, one in ends:
        if not isinstance(one.get("response"), dict):
            shown = quote(one["response"]) if "response" in one else f"absent from {quote(one)}"
            return broken(f"event {number}, $.response", "the response, an object", shown)
    return holds(kind_of(ends[0][1]))


@clause(
    "once",
    "The stream ends once: one event reports that the response is completed, or incomplete.",
    "LangChain joins the values of both: the status becomes completedcompleted, and the usage is counted twice.",
    level=SHOULD,
    code="stream.duplicated",
    needs=("responses.stream.finished",),
    holds_on=(STREAMED,),
    breaks_on=(streamed([*EVENTS, EVENTS[-1]]),),
)
def once(reply: Reply, context: Context) -> Outcome:
    ends = view.terminals(reply)
    if len(ends) == 1:
        return holds()
    said = ", ".join(f"{kind_of(one)} (event {number})" for number, one in ends[:4])
    return broken("stream", "exactly one final event", said)


@clause(
    "one_response",
    "All events that contain the response contain the same one: its id is present, and does not change.",
    "openai-python raises when it changes (identity changed); Codex refuses an end without id.",
    needs=("responses.stream.finished",),
    holds_on=(STREAMED,),
    breaks_on=(
        changed("completed", put("resp_2", "response", "id")),
        changed("completed", drop("response", "id")),
        changed("in_progress", put("resp_2", "response", "id")),
        changed("completed", put(None, "response", "id")),
    ),
)
def one_response(reply: Reply, context: Context) -> Outcome:
    first = ""
    for number, one in enumerate(view.events(reply)):
        if kind_of(one) not in building.LIFECYCLE:
            continue
        response = members(one.get("response"))
        wrong = unnamed(number, response)
        if wrong is not None:
            return wrong
        id = response["id"]
        first = first or id
        if id != first:
            return broken(f"event {number}, $.response.id", quote(first, 60), quote(id, 60))
    return holds()


@clause(
    "final_text",
    "The final response of a stream contains the streamed text.",
    "openai-node and LangChain raise if its output is missing; openai-python's final text is empty, or different.",
    layer=BEHAVIOUR,
    needs=("responses.stream.finished", "responses.stream.text_once"),
    holds_on=(STREAMED, changed("completed", put("\npong ", "response", "output", 0, "content", 0, "text"))),
    breaks_on=(
        changed("completed", put([], "response", "output")),
        changed("completed", put(None, "response", "output")),
        changed("completed", drop("response", "output")),
        changed("completed", put("ping", "response", "output", 0, "content", 0, "text")),
        changed("completed", put(None, "response", "output", 0, "content")),
        changed("completed", lambda one: one["response"]["output"].append(None)),
        changed("completed", put("text", "response", "output", 0, "content", 0, "type")),
    ),
)
def final_text(reply: Reply, context: Context) -> Outcome:
    number, one = view.terminals(reply)[0]
    response, at = members(one.get("response")), f"event {number}, $.response.output"
    if not isinstance(response.get("output"), list):
        return broken(at, "an array of items", quote(response["output"]) if "output" in response else "absent")
    if not all(isinstance(item, dict) for item in response["output"]):
        return broken(at, "an array of objects", quote(response["output"], 120))
    streamed_text, text = Built(view.events(reply)).text, view.text_of(response)
    if text.strip() == streamed_text.strip():  # as with the texts that are done: white space at the ends is no loss
        return holds(number_of(len(text), "character"))
    return broken(
        at, f"the text {quote(streamed_text, 60)}", quote(text, 60) if text else quote(response["output"], 120)
    )


@clause(
    "usage",
    "The usage at the end, if reported, has input_tokens, output_tokens and total_tokens.",
    "Codex and the AI SDK refuse chat's names (missing field input_tokens), and Codex also a usage without the total.",
    source=COMETAPI,
    code="contract.usage",
    needs=("responses.stream.finished",),
    holds_on=(STREAMED, changed("completed", drop("response", "usage"))),
    breaks_on=(
        changed("completed", put({"prompt_tokens": 6, "completion_tokens": 1, "total_tokens": 7}, "response", "usage")),
        changed("completed", put("6", "response", "usage", "input_tokens")),
        changed("completed", drop("response", "usage", "total_tokens")),
    ),
)
def usage(reply: Reply, context: Context) -> Outcome:
    number, one = view.terminals(reply)[0]
    return usage_of(members(one.get("response")), f"event {number}, $.response")


@clause(
    "closes",
    "The HTTP message ends soon after the last event, where no `[DONE]` follows it.",
    "openai-python, openai-node, LangChain and the AI SDK wait for it until their timeout, and raise an error there.",
    layer=TRANSPORT,
    code="stream.left_open",
    needs=("responses.stream.finished",),
    holds_on=(STREAMED,),
    breaks_on=(STREAMED._replace(left_open=True),),
)
def closes_without_done(reply: Reply, context: Context) -> Outcome:
    found = closes(reply, context)
    return not_applicable("[DONE] ends the stream") if found.outcome == BROKEN and reply.done_seen else found


@clause(
    "closes_after_done",
    "The HTTP message ends soon after `[DONE]`, where one comes.",
    "The AI SDK and openai-node 6 wait for it until their timeout; the OpenAI SDKs of today stop at `[DONE]`.",
    layer=TRANSPORT,
    level=SHOULD,
    code="stream.left_open",
    needs=("responses.stream.finished",),
    holds_on=(STREAMED, streamed(end=b"data: [DONE]\n\n")),
    breaks_on=(streamed(end=b"data: [DONE]\n\n")._replace(left_open=True),),
)
def closes_after_done(reply: Reply, context: Context) -> Outcome:
    return closes(reply, context) if reply.done_seen else holds()
