"""What a reply to one of the user's own requests owes it: an answer that clients can read, and what was asked for."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    TRANSPORT,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.contract.probe import OWN
from chatproof.evidence.json_values import items, members
from chatproof.evidence.provider_error import carried_error, error_words
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses import happy, stream
from chatproof.surfaces.chat.clauses.happy import GOOD, INSTEAD_OF_CONTENT, JSON
from chatproof.surfaces.chat.clauses.stream import STREAMED
from chatproof.surfaces.chat.said import calls_of, text_said
from chatproof.surfaces.chat.view import is_blank, reasoning_of, thinking_tag
from chatproof.surfaces.own.own_request import asked_of

CLAUSES = Clauses(OWN)
clause = CLAUSES.add

_AREA = "Capabilities"
_REFUSED = Example(400, JSON, b'{"error":{"message":"temperature is not supported","param":"temperature"}}')


def _reply(message: bytes, finish: bytes = b"stop") -> Example:
    choice = b'{"index":0,"message":' + message + b',"finish_reason":"' + finish + b'"}'
    usage = b'"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}'
    return Example(200, JSON, b'{"id":"c","object":"chat.completion","choices":[' + choice + b"]," + usage + b"}")


_CALL = (
    b'{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":'
    b'{"name":"record_word","arguments":"{\\"word\\":\\"pong\\"}"}}]}'
)
CALLED = _reply(_CALL, b"tool_calls")


@clause(
    "request.answered",
    layer=TRANSPORT,
    area="Required request fields",
    says="Your own request is answered with HTTP status 200.",
    source=OPENAI_SPEC,
    probe=OWN,
    why="Your client sends this request: what fails here fails there.",
    holds_on=(GOOD, STREAMED),
    breaks_on=(_REFUSED, Example(413, "text/html", b"<html>Too Large</html>"), Example(200, JSON, b'{"error":"no"}')),
)
def answered(reply: Reply, context: Context) -> Outcome:
    said = f", {error_words(reply.error)}" if reply.error else ""
    if reply.status != 200:
        shown = said or f", {reply.kind} body"
        return broken("status", "HTTP status 200", f"HTTP {reply.status}{shown}")
    if reply.error and not view.is_success(reply):
        return broken(reply.error.where, "an answer", f"HTTP 200{said}")
    return holds("200")


@clause(
    "request.readable",
    layer=SCHEMA,
    code="contract.schema",
    area="Response shape",
    says=(
        "The answer to your own request is a completion, or a stream if the request asks for "
        "one, and contains no error."
    ),
    source=OPENAI_SPEC,
    probe=OWN,
    needs=("request.answered",),
    why="SDKs raise an error in the middle of the answer, or return nothing to the caller.",
    holds_on=(GOOD, CALLED),
    breaks_on=(
        Example(200, JSON, b'{"choices":[]}'),
        Example(200, "text/html", b"<html>"),
        STREAMED,  # the example's request asks for no stream
        Example(200, JSON, GOOD.body.replace(b'"role":"assistant",', b"")),
        Example(200, JSON, GOOD.body[:-1] + b',"error":{"message":"boom"}}'),
    ),
)
def readable(reply: Reply, context: Context) -> Outcome:
    if asked_of(reply).get("stream") is True:
        if reply.kind != "sse":
            return broken("body", "a stream, as requested", f"{reply.kind} body")
        for judge in (stream.events_parse, stream.no_error):
            found = judge(reply, context)
            if found.outcome != holds().outcome:
                return found
        return holds()
    if reply.kind == "sse":
        return broken("body", "one JSON document, as requested", "a stream")
    for judge in (happy.body_json, happy.choices_non_empty, happy.choices_shape):
        found = judge(reply, context)
        if found.outcome != holds().outcome:
            return found
    at, error = carried_error(reply.object)
    return broken(at, "no error, or null", quote(error)) if error else holds()


@clause(
    "request.finished",
    layer=SCHEMA,
    code="stream.incomplete",
    level=SHOULD,
    area="Streaming",
    says="The stream to your own request has a finish_reason and ends with `data: [DONE]`.",
    source=OPENAI_SPEC,
    probe=OWN,
    needs=("request.readable",),
    why=(
        "openai-node's accumulator raises 'missing finish_reason'; without an end, an incomplete answer looks complete."
    ),
    holds_on=(),
    breaks_on=(),
)
def finished(reply: Reply, context: Context) -> Outcome:
    return (
        stream.finished(reply, context)
        if reply.kind == "sse"
        else not_applicable("the request does not ask for a stream")
    )


@clause(
    "request.content",
    layer=BEHAVIOUR,
    code="contract.content",
    area="Response shape",
    says="The answer to your own request has text, a tool call, or something else in place of text.",
    source=OPENAI_SPEC,
    probe=OWN,
    needs=("request.readable",),
    why="The program has no text to show and no tool call to run.",
    holds_on=(GOOD, CALLED),
    breaks_on=(_reply(b'{"role":"assistant","content":""}'),),
)
def content(reply: Reply, context: Context) -> Outcome:
    held = view.deltas(reply) if reply.kind == "sse" else [view.message(reply)]
    text = text_said(reply)
    if not is_blank(text):
        return holds(number_of(len(text), "character"))
    if calls_of(reply) or any(part.get(name) for part in held for name in INSTEAD_OF_CONTENT):
        return holds("no text, and nothing that replaces it")
    finish = next((r for r in map(_finish, _choices(reply)) if r), None)
    if finish in ("length", "content_filter"):
        return not_applicable(f"finish_reason {finish}")
    thought = next((part for part in held if reasoning_of(part)), None)
    said = "only reasoning" if thought else "nothing"
    return broken("$.choices[0]", "a text or a call", f"{said}, finish_reason {quote(finish)}")


def _choices(reply: Reply) -> list[dict[str, object]]:
    bodies = reply.chunks if reply.kind == "sse" else [reply.object]
    return [dict(members(choice)) for body in bodies for choice in items(body.get("choices"))[:1]]


def _finish(choice: dict[str, object]) -> str:
    reason = choice.get("finish_reason")
    return reason if isinstance(reason, str) else ""


@clause(
    "request.clean_text",
    layer=BEHAVIOUR,
    code="contract.content",
    level=SHOULD,
    area="Response shape",
    says="The text of the answer does not begin with the model's thinking inside tags.",
    source=OPENAI_SPEC,
    probe=OWN,
    needs=("request.content",),
    why="Users see the thinking, and programs that parse the text fail at its first character.",
    holds_on=(GOOD, CALLED),
    breaks_on=(_reply(b'{"role":"assistant","content":"\\n<think>hm</think>\\npong"}'),),
)
def clean_text(reply: Reply, context: Context) -> Outcome:
    tag = thinking_tag(text_said(reply))
    return broken("$.choices[0].message.content", "only the answer", f"content begins with {tag}") if tag else holds()


@clause(
    "request.usage",
    layer=SCHEMA,
    code="contract.usage",
    level=SHOULD,
    area="Response shape",
    says="The answer to your own request reports its tokens; a stream does so if include_usage asks for it.",
    source=OPENAI_SPEC,
    probe=OWN,
    needs=("request.readable",),
    why="Budgets and bills that add up the tokens of replies count zero.",
    holds_on=(CALLED,),
    breaks_on=(GOOD,),
)
def usage(reply: Reply, context: Context) -> Outcome:
    asked = asked_of(reply)
    if reply.kind == "sse" and members(asked.get("stream_options")).get("include_usage") is not True:
        return not_applicable("the request does not ask for the stream's usage")
    bodies = reply.chunks if reply.kind == "sse" else [reply.object]
    if any(isinstance(members(body.get("usage")).get("total_tokens"), int) for body in bodies):
        return holds()
    return broken("$.usage", "the number of tokens used", "no usage")


def no_calls(reply: Reply) -> Outcome | None:
    """Say why there is no call to look at; None where there is one."""
    if not items(asked_of(reply).get("tools")):
        return not_applicable("the request has no tools")
    return None if calls_of(reply) else not_applicable("no call arrived")
