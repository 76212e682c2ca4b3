"""Structured output: JSON mode and output after a schema."""

import json

from chatproof.contract.capability import damaged, done, ignored, refusal
from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
)
from chatproof.evidence.json_schema import problem_in
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.chat.probes_validate import ANSWER_SCHEMA
from chatproof.surfaces.chat.view import reasoning_of, text_of
from chatproof.wire.strictjson import Json, parse

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Capabilities"
_CODE = "contract.structured_output"
_PARTS = [{"type": "text", "text": '{"word":"pong"}'}]


def _answer(content: object) -> Example:
    message = {"role": "assistant", "content": content}
    reply = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    return Example(200, JSON, json.dumps(reply).encode())


def _content(reply: Reply) -> tuple[Json, Outcome | None]:
    """The JSON value in the answer's content, or what is to be said instead."""
    at, content = "$.choices[0].message.content", view.message(reply).get("content")
    if isinstance(content, list):
        content = text_of(content)  # Mistral's parts
    if not isinstance(content, str):
        expected = "JSON in a string"
        thought = reasoning_of(view.message(reply)) if content is None else ""
        if thought:
            field = next(
                (name for name in view.REASONING_FIELDS if view.message(reply).get(name) == thought), "the reasoning"
            )
            filed = view.finish_reason(reply) == "stop" and parse(thought.encode("utf-8", "surrogatepass"))[1] is None
            said = f"null; the JSON is in {field}, where the server's reasoning parser put it"
            return None, ignored(at, expected, said if filed else "null; the model only thought")
        # A client that parses the string meets an object, or nothing.
        return None, ignored(at, expected, "null") if content is None else damaged(at, expected, quote(content))
    value, problem = parse(content.encode("utf-8", "surrogatepass"))
    if problem is not None:
        fenced = " in a Markdown fence" if content.lstrip().startswith("```") else ""
        return None, ignored(at, "only JSON", f"{quote(content, 80)}{fenced}")
    return value, None


def _shape(probe: str, what: str) -> None:
    """A clause that the content stays a string: the one way in which this can be broken rather than not done."""

    def judge(reply: Reply, context: Context) -> Outcome:
        refused = refusal(reply, context, probe, ("response_format", "json_object", "json_schema"))
        if refused:
            return refused
        content = view.message(reply).get("content")
        parts = isinstance(content, list) and context.profile.fact("content_parts") and text_of(content)
        if content is None or isinstance(content, str) or parts:
            return done()
        return damaged("$.choices[0].message.content", "a string", quote(content))

    clause(
        f"{probe}.readable",
        layer=SCHEMA,
        code=_CODE,
        capability=probe,
        area=_AREA,
        says=f"{what} is a string in `content`, not a JSON object.",
        source=OPENAI_SPEC,
        probe=probe,
        why="Clients parse the string: typed ones fail on an object, others pass on a value that is not text.",
        holds_on=(_answer('{"word":"pong"}'), _answer("pong"), _answer(None)),
        breaks_on=(_answer({"word": "pong"}), _answer(_PARTS), Example(200, JSON, b'{"error":"no"}')),
    )(judge)


_shape("json_object", "JSON mode's answer")
_shape("json_schema", "An answer that must follow a schema")


@clause(
    "json_object.honoured",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    capability="json_object",
    area=_AREA,
    says="JSON mode returns only a JSON object, or is clearly refused.",
    source=OPENAI_SPEC,
    probe="json_object",
    needs=("json_object.readable",),
    why="Programs that parse the answer fail at its first word that is not JSON.",
    holds_on=(_answer('{"word":"pong"}'), _answer('\n{"other":1}')),
    breaks_on=(_answer("pong"), _answer('```json\n{"word":"pong"}\n```'), _answer("[1]"), _answer(None)),
)
def json_object(reply: Reply, context: Context) -> Outcome:
    value, trouble = _content(reply)
    if trouble is not None:
        return trouble
    if not isinstance(value, dict):
        return ignored("$.choices[0].message.content", "a JSON object", quote(value))
    return done()


@clause(
    "json_schema.honoured",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    capability="json_schema",
    area=_AREA,
    says="Output with a strict JSON Schema satisfies the schema, or the schema is clearly refused.",
    source=OPENAI_SPEC,
    probe="json_schema",
    needs=("json_schema.readable",),
    why="Programs read the members that the schema promises.",
    holds_on=(_answer('{"word":"pong","letters":4}'),),
    breaks_on=(
        _answer("pong has 4 letters"),
        _answer('{"word":"pong"}'),
        _answer('{"word":"pong","letters":"4"}'),
        _answer('{"word":"pong","letters":4,"note":"!"}'),
    ),
)
def json_schema(reply: Reply, context: Context) -> Outcome:
    value, trouble = _content(reply)
    if trouble is not None:
        return trouble
    problem = problem_in(value, ANSWER_SCHEMA)
    return ignored("$.choices[0].message.content", "JSON that follows the schema", problem) if problem else done()
