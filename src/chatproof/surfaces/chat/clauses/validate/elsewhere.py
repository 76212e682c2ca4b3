"""The same envelope on every reply: gateways make the replies to tools, caps and streams on other paths than the plain.

Judged on each completion and stream of the run but the two that the envelope's own clauses look at; and only on what is
sound there, so that one flaw is said once.
"""

from chatproof.contract.clause import (
    OPENAI_SPEC,
    RFC_8259,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.json_values import FINISH_REASONS, is_integer, items, members
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses import happy
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON
from chatproof.surfaces.chat.clauses.stream import SSE, STREAMED
from chatproof.surfaces.chat.clauses.validate.streaming import ABSENT, Problem, chunk_lack, chunk_problem
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

# Judged by clauses of their own; or no answer to a sound request (aimock answers one without a model, and names none).
_ELSEWHERE = ("happy", "stream")
_UNSOUND = ("error.", "auth.")
_OBJECTS = ("json_object", "json_schema", "stop")  # their own clauses say so
_UNASKED = "everyday"  # whether one document came is a clause of its own


def _completion_problem(value: dict[str, Json]) -> Problem | None:
    """The first thing in a completion that a typed client cannot decode."""
    for name in ("id", "model"):
        if not isinstance(value.get(name), str):
            return f"$.{name}", "a string", value.get(name, ABSENT)
    if value.get("object") != "chat.completion":
        return "$.object", "chat.completion", value.get("object", ABSENT)
    if not is_integer(value.get("created")):
        return "$.created", "an integer", value.get("created", ABSENT)
    for number, choice in enumerate(items(value.get("choices"))):
        at = f"$.choices[{number}]"
        if not is_integer(members(choice).get("index")):
            return f"{at}.index", "an integer", members(choice).get("index", ABSENT)
        message = members(members(choice).get("message"))
        if message.get("role") != "assistant":
            return f"{at}.message.role", "assistant", message.get("role", ABSENT)
        reason = members(choice).get("finish_reason")
        if reason not in FINISH_REASONS:
            return f"{at}.finish_reason", f"one of {', '.join(FINISH_REASONS)}", reason
    return None


@clause(
    "envelope.elsewhere.body_json",
    layer=SCHEMA,
    area="Response shape",
    says="In every reply besides the plain ones, the body under status 200 is also one strict JSON document.",
    source=RFC_8259,
    probe="*",
    why="The parsers of some clients raise an error, in place of the answer or of the refusal that the body may hold.",
    holds_on=(GOOD,),
    breaks_on=(
        Example(200, JSON, GOOD.body.replace(b'"index":0', b'"index":0,"logprob":-Infinity')),
        Example(200, JSON, b""),
        Example(200, "text/html", b"<html><title>Welcome</title></html>"),
    ),
)
def body_json(reply: Reply, context: Context) -> Outcome:
    asked = reply.exchange.request
    other = reply.probe in _ELSEWHERE or reply.probe.startswith(_UNSOUND) or asked.method != "POST"
    # Where a stream is asked for, its own clauses say what came; of a capture it may not be known what was.
    streams = b'"stream": true' in asked.body if asked.body else reply.kind == "sse"
    unasked = reply.probe == _UNASKED and reply.kind == "sse"
    if other or unasked or not reply.complete or reply.status != 200 or streams:
        return not_applicable("no other answer in one document")
    return happy.body_json(reply, context)


@clause(
    "envelope.elsewhere.content",
    layer=SCHEMA,
    code="contract.content",
    area="Response shape",
    says="In every reply besides the plain ones, the content of a completion or delta is also a string or null.",
    source=OPENAI_SPEC,
    probe="*",
    why=(
        "A program on openai-python gets a list instead of a string from one turn to the next: "
        "its first string operation fails."
    ),
    holds_on=(GOOD,),
    breaks_on=(
        Example(200, JSON, GOOD.body.replace(b'"content":"pong"', b'"content":[{"type":"text","text":"pong"}]')),
        Example(200, SSE, b'data: {"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"x"}]}}]}\n\n'),
    ),
)
def content_elsewhere(reply: Reply, context: Context) -> Outcome:
    if reply.probe in _ELSEWHERE or reply.probe.startswith(_UNSOUND) or reply.probe in _OBJECTS:
        return not_applicable("no other completion")
    if not reply.complete or reply.status != 200 or not view.is_success(reply):
        return not_applicable("no other completion")
    if context.profile.fact("content_parts"):
        return not_applicable("this provider documents content in parts")
    held = view.deltas(reply) if reply.kind == "sse" else [view.message(reply)]
    found = next((part["content"] for part in held if not isinstance(part.get("content"), str | None)), None)
    if found is None:
        return holds()
    at = "$.choices[0].delta.content" if reply.kind == "sse" else "$.choices[0].message.content"
    return broken(at, "a string, or null", quote(found))


def _delta_problem(chunk: dict[str, Json]) -> Problem | None:
    deltas = (members(choice).get("delta", ABSENT) for choice in items(chunk.get("choices")))
    found = next((delta for delta in deltas if not isinstance(delta, dict)), None)
    missing = any(not isinstance(members(choice).get("delta"), dict) for choice in items(chunk.get("choices")))
    return ("$.choices[*].delta", "an object", found) if missing else None


def _problem(reply: Reply) -> Problem | None:
    if reply.kind == "sse":
        if reply.media_types != [SSE]:
            return "header Content-Type", SSE, ", ".join(reply.media_types) or ABSENT
        problems = (
            chunk_problem(chunk) or chunk_lack(chunk) or _delta_problem(chunk)
            for chunk in reply.chunks
            if not chunk.get("error")
        )
        return next((problem for problem in problems if problem), None)
    return _completion_problem(reply.object)


@clause(
    "envelope.elsewhere",
    layer=SCHEMA,
    code="contract.schema",
    level=SHOULD,
    area="Response shape",
    says="Every completion and stream besides the plain ones has the same fields and media type as those.",
    source=OPENAI_SPEC,
    probe="*",
    why="Typed clients (openai-go, async-openai) read the plain answer, and fail on an "
    "answer with tools or a token cap.",
    # The examples are judged as the reply to another request than the happy path's.
    holds_on=(GOOD,),
    breaks_on=(
        Example(200, JSON, GOOD.body.replace(b'"id":"chatcmpl-1",', b"")),
        Example(200, JSON, GOOD.body.replace(b'"created":1795379441,', b"")),
        Example(200, JSON, GOOD.body.replace(b'"index":0,', b"")),
        Example(200, JSON, GOOD.body.replace(b'"role":"assistant"', b'"role":"tool"')),
        Example(200, JSON, GOOD.body.replace(b'"stop"', b'"eos"')),
        Example(200, SSE, b'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\ndata: [DONE]\n\n'),
        Example(200, JSON, STREAMED.body),
    ),
)
def elsewhere(reply: Reply, context: Context) -> Outcome:
    if reply.probe in _ELSEWHERE or reply.probe.startswith(_UNSOUND):
        return not_applicable("no other completion")
    if not reply.complete or reply.status != 200 or not view.is_success(reply):
        return not_applicable("no other completion")
    problem = _problem(reply)
    if problem is None:
        return holds()
    at, expected, found = problem
    plain = context.replies.get("stream" if reply.kind == "sse" else "happy")
    of_plain = _problem(plain) if plain is not None and view.is_success(plain) else None
    if of_plain is not None and of_plain[:2] == problem[:2]:
        return not_applicable(f"as on the plain one: {at} is not {expected}")
    return broken(at, expected, "absent" if found is ABSENT else quote(found))
