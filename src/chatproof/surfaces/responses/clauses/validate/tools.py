"""Calls: made when forced, readable, answered, and two at once."""

import json

from chatproof.contract.capability import damaged, done, ignored, refusal, refused_here, unanswered
from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
    OPENAI_SPEC,
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
from chatproof.evidence.json_schema import problem_in
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.clauses.happy import JSON, media_type_json
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses import fields, happy, items
from chatproof.surfaces.responses.clauses.happy import GOOD, ITEM, body, shown, with_output
from chatproof.surfaces.responses.clauses.validate import envelope
from chatproof.surfaces.responses.probes_validate import FUNCTION, RECORDED
from chatproof.surfaces.shared_clauses import first_broken
from chatproof.surfaces.tool_choice import is_of_choice
from chatproof.wire.strictjson import Json, parse

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

AREA, CODE = "Capabilities", "contract.tools"
PARAMETERS = ("tools", "tool_choice", "tool", "function", "functions")
CALL = (
    b'{"id":"fc_1","type":"function_call","status":"completed","call_id":"call_1","name":"record_word",'
    b'"arguments":"{\\"word\\":\\"pong\\"}"}'
)
_GOOD = with_output(CALL)
SECOND = (
    b'{"id":"fc_2","type":"function_call","status":"completed","call_id":"call_2","name":"record_number",'
    b'"arguments":"{\\"number\\":7}"}'
)
_UNSUPPORTED = Example(400, JSON, b'{"error":{"message":"tools are not supported","param":"tools"}}')


def calls(reply: Reply) -> list[view.Fields]:
    """The calls of a response."""
    return view.items(view.final(reply), view.CALL)


def without_call(reply: Reply) -> str:
    """What came in the place of a call."""
    kinds = ", ".join(quote(item.get("type"), 40) for item in view.output(view.final(reply))[:5])
    return f"no call; the output has {kinds}, text {quote(view.text_of(view.final(reply)), 60)}"


def list_is_refused(context: Context) -> bool:
    """Whether input in a list is refused in its plainest form: then it is for no other reason where more is in it."""
    reply = context.replies.get("input.list")
    return reply is not None and reply.complete and reply.status >= 400 and reply.status not in (401, 403, 429)


@clause(
    "responses.tools.called",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability="tools",
    area=AREA,
    says="A forced tool call is made, or tools are clearly refused: not the force alone.",
    source=OPENAI_SPEC,
    probe="tools",
    why="Agents wait for a tool call that never arrives, and treat the text as the end of the work; programs that get "
    "their values from a forced call get an error.",
    check=2,
    holds_on=(_GOOD, with_output(ITEM, CALL)),
    breaks_on=(
        GOOD,
        Example(200, JSON, b'{"error":"no"}'),
        Example(400, JSON, b'{"error":{"message":"only auto is supported","param":"tool_choice"}}'),
    ),
)
def called(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "tools", PARAMETERS)
    if refused and is_of_choice(reply, context, "codex"):
        return refused_here(refused, "a forced call: tools are accepted")
    if refused:
        return refused
    if calls(reply):
        return done(number_of(len(calls(reply)), "call"))
    return ignored("$.output", "an item of type function_call, which tool_choice demands", without_call(reply))


_PLAIN = (
    media_type_json,
    happy.named,
    happy.created_at,
    happy.no_error_field,
    items.usage_reported,
    fields.field_types,
    envelope.id_string,
    items.annotations,
)
"""What clients want of each response, whatever is in it."""


@clause(
    "responses.tools.form",
    layer=SCHEMA,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="A response with a tool call also has what every response has: its media type, its object and date, "
    "no error, its usage, complete items, and fields of the right types.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("responses.tools.called",),
    why="The AI SDK refuses the complete reply, and the tool call is lost; openai-node has no `output_text` in it.",
    holds_on=(_GOOD, with_output(CALL.replace(b'"id":"fc_1",', b""))),
    breaks_on=(
        *(
            Example(200, JSON, _GOOD.body.replace(old, new))
            for old, new in (
                (b'"object":"response",', b""),
                (b'"created_at":', b'"x_created":'),
                (b'"error":null', b'"error":{}'),
                (b'"input_tokens":6', b'"prompt_tokens":6'),
                (b',"total_tokens":7', b""),
                (b'"model":"m"', b'"model":7'),
                (b'"id":"resp_1"', b'"id":7'),
            )
        ),
        Example(200, "text/plain", _GOOD.body),
        with_output(b'{"id":"rs_1","type":"reasoning"}', CALL),
        with_output(ITEM.replace(b'"role":"assistant"', b'"role":"tool"'), CALL),
        with_output(ITEM.replace(b',"annotations":[]', b""), CALL),
        body(with_output(b'{"id":"rs_1","type":"reasoning"}', CALL).body.replace(b'"object":"response",', b"")),
    ),
)
def form(reply: Reply, context: Context) -> Outcome:
    found = first_broken(_PLAIN, reply, context.control, context)
    if found.outcome == BROKEN:
        return found
    for number, item in enumerate(view.output(reply.object)):
        # `tools.readable` and `tools.id` have the calls themselves
        field, expected = ("", "") if item.get("type") == view.CALL else items.incomplete(item)
        if field:
            return broken(f"$.output[{number}].{field}", expected, shown(item, field))
    return found


def misread(call: view.Fields) -> tuple[str, str]:
    """(field, what it must be) of the first that clients cannot read in a call; ("", "") where they can."""
    for name in ("call_id", "name"):
        if not isinstance(call.get(name), str) or not call[name]:
            return name, "a non-empty string"
    return ("", "") if isinstance(call.get("arguments"), str) else ("arguments", "a string")


@clause(
    "responses.tools.readable",
    layer=SCHEMA,
    code=CODE,
    capability="tools",
    area=AREA,
    says="Each call has its own call_id, the function's name, and arguments in a string.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("responses.tools.called",),
    why=(
        "openai-python, openai-node, the AI SDK and LangChain parse the string; they fail on an object."
        " A call that is sent twice runs twice."
    ),
    holds_on=(_GOOD, with_output(CALL, SECOND), with_output(ITEM, CALL)),
    breaks_on=(
        with_output(CALL.replace(b'"{\\"word\\":\\"pong\\"}"', b'{"word":"pong"}')),
        with_output(CALL.replace(b'"call_id":"call_1",', b"")),
        with_output(CALL.replace(b'"call_id":"call_1"', b'"call_id":""')),
        with_output(CALL.replace(b'"name":"record_word",', b"")),
        with_output(CALL.replace(b'"{\\"word\\":\\"pong\\"}"', b"null")),
        with_output(CALL, CALL),
        with_output(ITEM, CALL.replace(b'"name":"record_word",', b"")),
    ),
)
def readable(reply: Reply, context: Context) -> Outcome:
    ids: set[Json] = set()
    for number, item in enumerate(view.output(reply.object)):
        if item.get("type") != view.CALL:
            continue
        field, expected = misread(item)
        if field:
            return damaged(f"$.output[{number}].{field}", expected, shown(item, field))
        if item["call_id"] in ids:
            return damaged(f"$.output[{number}].call_id", "an id that no earlier call has", shown(item, "call_id"))
        ids.add(item["call_id"])
    return done()


def value_of(arguments: Json) -> tuple[Json, str]:
    """A call's arguments as a value, and what keeps clients from reading them ("": nothing)."""
    if not isinstance(arguments, str):
        return None, f"arguments are {quote(arguments)}"
    value, problem = parse(arguments.encode("utf-8", "surrogatepass"))
    if problem is not None:
        return None, f"arguments are not JSON: {problem.reason} at byte {problem.offset} of {quote(arguments, 80)}"
    return value, "" if isinstance(value, dict) else f"arguments are not an object: {quote(arguments, 80)}"


def alike(one: Json, other: Json) -> bool:
    """Both say the same to a client, which parses them: gateways write a call's JSON anew, with other white space."""
    (first, problem), (second, _) = value_of(one), value_of(other)
    return one == other or (not problem and json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True))


@clause(
    "responses.tools.arguments",
    layer=SCHEMA,
    code=CODE,
    capability="tools",
    area=AREA,
    says="The arguments of a tool call are a JSON object in a string.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("responses.tools.readable",),
    why="LangChain, the AI SDK and openai-agents parse the string before the function runs, and stop there.",
    holds_on=(_GOOD, with_output(CALL.replace(b'\\"word\\"', b'\\"term\\"'))),
    breaks_on=(
        with_output(CALL.replace(b'pong\\"}', b'pong\\"')),
        with_output(CALL.replace(b'{\\"word\\":\\"pong\\"}', b"")),
        with_output(CALL.replace(b'{\\"word\\":\\"pong\\"}', b'\\"pong\\"')),
    ),
)
def arguments(reply: Reply, context: Context) -> Outcome:
    for number, call in enumerate(calls(reply)):
        problem = value_of(call.get("arguments"))[1]
        if problem:
            return damaged(f"call {number}, $.arguments", "a JSON object in a string", problem)
    return done()


@clause(
    "responses.tools.forced",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability="tools",
    area=AREA,
    says="The tool call names the forced function, and its arguments satisfy that function's schema, with a word that "
    "is not empty.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("responses.tools.arguments",),
    why="Programs that pass the arguments on unchecked fail on the missing one.",
    holds_on=(_GOOD,),
    breaks_on=(
        with_output(CALL.replace(b'\\"word\\"', b'\\"term\\"')),
        with_output(CALL.replace(b"record_word", b"record")),
        with_output(CALL.replace(b'\\"pong\\"', b'\\"\\"')),
    ),
)
def forced(reply: Reply, context: Context) -> Outcome:
    for number, call in enumerate(calls(reply)):
        if call.get("name") != FUNCTION:
            return ignored(f"call {number}, $.name", FUNCTION, quote(call.get("name")))
        problem = problem_in(value_of(call.get("arguments"))[0], RECORDED)
        if problem:
            return ignored(f"call {number}, $.arguments", "arguments that satisfy the function's schema", problem)
    return done()


@clause(
    "responses.tools.id",
    layer=SCHEMA,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="Each call has its own id, in addition to its call_id.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("responses.tools.readable",),
    why="The AI SDK refuses the complete reply without it: Invalid JSON response.",
    holds_on=(_GOOD,),
    breaks_on=(with_output(CALL.replace(b'"id":"fc_1",', b"")), with_output(CALL.replace(b'"fc_1"', b"null"))),
)
def call_id(reply: Reply, context: Context) -> Outcome:
    for number, call in enumerate(calls(reply)):
        if not isinstance(call.get("id"), str):
            return broken(f"call {number}, $.id", "a string", shown(call, "id"))
    return holds()


@clause(
    "responses.tools.result",
    layer=BEHAVIOUR,
    code=CODE,
    capability="tools",
    area=AREA,
    says="The conversation continues with the tool's result: the call can be sent back unchanged, and the answer read.",
    source=OPENAI_SPEC,
    probe="tools.result",
    needs=("responses.tools.arguments",),
    why="Every client that runs tools sends the call and its result back; a refusal ends its work after one tool.",
    holds_on=(GOOD, _GOOD),
    breaks_on=(
        Example(400, JSON, b'{"error":{"message":"No tool call found for call_1","param":"input"}}'),
        Example(200, JSON, b'{"output":null}'),
        with_output(ITEM.replace(happy.CONTENT, b"null")),
    ),
)
def result(reply: Reply, context: Context) -> Outcome:
    refused = unanswered(reply, context, "an answer to the tool's result")
    if refused is not None and list_is_refused(context):
        return not_applicable("input in a list is refused: see responses.input.list")
    if refused is not None:
        return refused
    unread = message(reply, context)
    if unread.outcome == BROKEN:
        return damaged(unread.at, unread.expected, unread.observed)
    return done("" if view.text_of(reply.object).strip() else "accepted; the model added no text")


@clause(
    "responses.tools.message",
    layer=SCHEMA,
    code=CODE,
    area=AREA,
    says="What stands beside a tool call can be read: each item is an object with a `type`, and the `content` of a "
    "message an array of parts.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("responses.tools.called",),
    why="openai-python, openai-node, the AI SDK and LangChain read every item and its parts, and the call is lost.",
    holds_on=(_GOOD, with_output(ITEM, CALL), with_output(ITEM.replace(happy.CONTENT, b"[]"), CALL)),
    breaks_on=(
        with_output(ITEM.replace(happy.CONTENT, b"null"), CALL),
        with_output(CALL, ITEM.replace(happy.CONTENT, b'"pong"')),
        with_output(CALL, b"null"),
        with_output(ITEM.replace(b'"type":"message",', b""), CALL),
    ),
)
def message(reply: Reply, context: Context) -> Outcome:
    return first_broken((happy.output_array, happy.message_shape), reply, context.control, context)
