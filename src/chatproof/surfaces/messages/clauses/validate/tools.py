"""Calls: made when forced, readable, answered, and two at once."""

from chatproof.contract.capability import damaged, done, ignored, refusal, refused_here, unanswered
from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
)
from chatproof.evidence.field_types import ABSENT, NULL, OBJECT, STRING, misfit
from chatproof.evidence.json_schema import problem_in
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.clauses.happy import media_type_json
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.clauses import details, fields, happy
from chatproof.surfaces.messages.clauses.happy import shown
from chatproof.surfaces.messages.examples import (
    AI_SDK,
    BODY,
    COMETAPI,
    CONTENT,
    GOOD,
    JSON,
    SDK,
    USAGE,
    altered,
    body,
    with_content,
)
from chatproof.surfaces.messages.probes_validate import FUNCTION, RECORDED
from chatproof.surfaces.shared_clauses import first_broken
from chatproof.surfaces.tool_choice import is_of_choice
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

AREA, CODE = "Capabilities", "contract.tools"
PARAMETERS = ("tools", "tool_choice", "tool", "function", "functions")
CALL = b'{"type":"tool_use","id":"toolu_1","name":"record_word","input":{"word":"pong"}}'
SECOND = b'{"type":"tool_use","id":"toolu_2","name":"record_number","input":{"number":7}}'


def with_calls(*blocks: bytes) -> Example:
    made = BODY.replace(CONTENT, b"[" + b",".join(blocks) + b"]").replace(b"end_turn", b"tool_use")
    return body(made)


CALLED = with_calls(CALL)


def calls(reply: Reply) -> list[view.Fields]:
    return view.blocks(reply.object, view.CALL)


def instead(reply: Reply) -> str:
    """What came in the place of a call."""
    kinds = ", ".join(quote(block.get("type"), 40) for block in view.blocks(reply.object)[:5])
    return f"no call; the content has {kinds}, text {quote(view.text_of(reply.object), 60)}"


@clause(
    "messages.tools.called",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability="tools",
    area=AREA,
    says="A forced tool call is made, or tools are clearly refused: not the force alone.",
    source=COMETAPI,
    probe="tools",
    why="Agents wait for a tool call that never arrives, and treat the text as the end of the work; programs that get "
    "their values from a forced call get an error.",
    check=2,
    holds_on=(CALLED, with_calls(CONTENT[1:-1], CALL)),
    breaks_on=(
        GOOD,
        with_content(b"[" + b",".join([b'{"type":"redacted_thinking","data":"x"}'] * 6) + b"]"),
        Example(200, JSON, b'{"error":"no"}'),
        Example(400, JSON, b'{"type":"error","error":{"message":"tool_choice: only auto is supported"}}'),
    ),
)
def called(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "tools", PARAMETERS)
    if refused and is_of_choice(reply, context, "claude_code"):
        return refused_here(refused, "a forced call: tools are accepted")
    if refused:
        return refused
    return (
        done(number_of(len(calls(reply)), "call"))
        if calls(reply)
        else ignored("$.content", "a call, which tool_choice demands", instead(reply))
    )


_PLAIN = (
    media_type_json,
    happy.named,
    happy.usage,
    details.envelope,
    fields.field_types,
    details.thinking_signed,
    details.citations,
)
"""What clients want of each message, whatever is in it."""


@clause(
    "messages.tools.form",
    layer=SCHEMA,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="A message with a tool call also has what every message has: its media type, its type, its usage, complete "
    "blocks and fields of the right types.",
    source=AI_SDK,
    probe="tools",
    needs=("messages.tools.called",),
    why="The AI SDK refuses the complete reply, and the tool call is lost.",
    holds_on=(CALLED,),
    breaks_on=(
        body(CALLED.body.replace(b'"type":"message",', b"")),
        body(CALLED.body.replace(b'"usage":' + USAGE, b'"usage":null')),
        body(CALLED.body.replace(b'"id":"msg_1"', b'"id":7')),
        body(CALLED.body.replace(b'"stop_sequence":null', b'"stop_sequence":7')),
        Example(200, "text/plain", CALLED.body),
        with_calls(b'{"type":"thinking","thinking":"Hm."}', CALL),
        with_calls(b'{"type":"text","text":"I will.","citations":null}', CALL),
    ),
)
def form(reply: Reply, context: Context) -> Outcome:
    return first_broken(_PLAIN, reply, context.control, context)


@clause(
    "messages.tools.content",
    layer=SCHEMA,
    code=CODE,
    area=AREA,
    says="What stands beside a tool call can be read: each block is an object with a `type`, and a text is a string.",
    source=SDK,
    probe="tools",
    needs=("messages.tools.called",),
    why="anthropic-python's users join the texts and get a TypeError; the AI SDK refuses the complete reply.",
    holds_on=(CALLED, with_calls(CONTENT[1:-1], CALL), with_calls(b'{"type":"text","text":""}', CALL)),
    breaks_on=(
        with_calls(b'{"type":"text","text":null}', CALL),
        with_calls(b'{"type":"text"}', CALL),
        with_calls(CALL, b"null"),
        with_calls(b'{"text":"I will."}', CALL),
    ),
)
def content(reply: Reply, context: Context) -> Outcome:
    unshaped = first_broken((happy.content_array,), reply, context.control, context)
    if unshaped.outcome == BROKEN:
        return unshaped
    for number, block in enumerate(view.blocks(reply.object)):
        if block.get("type") == view.TEXT and not isinstance(block.get("text"), str):
            return broken(f"$.content[{number}].text", "a string", shown(block, "text"))
    return holds()


@clause(
    "messages.tools.readable",
    layer=SCHEMA,
    code=CODE,
    capability="tools",
    area=AREA,
    says="Each call has its own id and the tool's name, both strings; a caller, if present, is an object.",
    source=AI_SDK,
    probe="tools",
    needs=("messages.tools.called",),
    why=(
        "The AI SDK refuses the complete reply; and a call without its id cannot be answered: "
        "the client's loop ends. A call that is sent twice runs twice."
    ),
    holds_on=(CALLED, with_calls(CALL, SECOND), with_calls(CONTENT[1:-1], CALL)),
    breaks_on=(
        with_calls(CONTENT[1:-1], CALL.replace(b'"toolu_1"', b"7")),
        with_calls(CALL.replace(b'"id":"toolu_1",', b'"id":"toolu_1","toolset_name":7,')),
        with_calls(CALL.replace(b'"id":"toolu_1",', b"")),
        with_calls(CALL.replace(b'"toolu_1"', b"null")),
        with_calls(CALL.replace(b'"toolu_1"', b'""')),
        with_calls(CALL.replace(b'"name":"record_word",', b"")),
        with_calls(CALL.replace(b'"record_word"', b"7")),
        with_calls(CALL, CALL),
        with_calls(CALL.replace(b'"id":"toolu_1",', b'"id":"toolu_1","caller":7,')),
    ),
)
def readable(reply: Reply, context: Context) -> Outcome:
    ids: set[Json] = set()
    for number, block in enumerate(view.blocks(reply.object)):
        if block.get("type") != view.CALL:
            continue
        for name in ("id", "name"):
            if not isinstance(block.get(name), str) or not block[name]:
                return damaged(f"$.content[{number}].{name}", "a non-empty string", shown(block, name))
        path, expected = misfit(block, {"caller": OBJECT + ABSENT, "toolset_name": STRING + NULL})
        if path:
            return damaged(f"$.content[{number}].{path}", expected, shown(block, path))
        if block["id"] in ids:
            return damaged(f"$.content[{number}].id", "an id that no earlier call has", shown(block, "id"))
        ids.add(block["id"])
    return done()


@clause(
    "messages.tools.input",
    layer=SCHEMA,
    code=CODE,
    capability="tools",
    area=AREA,
    says="The input of a tool call is an object, not JSON in a string.",
    source=SDK,
    probe="tools",
    needs=("messages.tools.called",),
    why="anthropic-python and @anthropic-ai/sdk pass it to the tool unchanged: a client's function gets a string.",
    holds_on=(CALLED, with_calls(CALL.replace(b'{"word":"pong"}', b"{}")), with_calls(CONTENT[1:-1], CALL)),
    breaks_on=(
        with_calls(CALL.replace(b'{"word":"pong"}', b'"{\\"word\\":\\"pong\\"}"')),
        with_calls(CALL.replace(b'{"word":"pong"}', b"null")),
        with_calls(CALL.replace(b'{"word":"pong"}', b'["pong"]')),
        with_calls(CALL.replace(b',"input":{"word":"pong"}', b"")),
        with_calls(CALL.replace(b'"input"', b'"arguments"')),
    ),
)
def is_object(reply: Reply, context: Context) -> Outcome:
    for number, block in enumerate(view.blocks(reply.object)):
        if block.get("type") == view.CALL and not isinstance(block.get("input"), dict):
            return damaged(f"$.content[{number}].input", "an object", shown(block, "input"))
    return done()


@clause(
    "messages.tools.forced",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability="tools",
    area=AREA,
    says="The tool call names the forced tool, and its input satisfies that tool's schema, with a word that is not "
    "empty.",
    source=COMETAPI,
    probe="tools",
    needs=("messages.tools.readable", "messages.tools.input"),
    why="Programs that pass the input on unchecked fail on the missing member.",
    holds_on=(CALLED, with_calls(CONTENT[1:-1], CALL)),
    breaks_on=(
        with_calls(CONTENT[1:-1], CALL.replace(b"record_word", b"record")),
        with_calls(CALL.replace(b'"word"', b'"term"')),
        with_calls(CALL.replace(b'"pong"', b"7")),
        with_calls(CALL.replace(b"record_word", b"record")),
        with_calls(CALL.replace(b'"pong"', b'""')),
    ),
)
def forced(reply: Reply, context: Context) -> Outcome:
    for number, block in enumerate(view.blocks(reply.object)):
        if block.get("type") != view.CALL:
            continue
        at = f"$.content[{number}]"
        if block.get("name") != FUNCTION:
            return ignored(f"{at}.name", FUNCTION, quote(block.get("name")))
        problem = problem_in(block.get("input"), RECORDED)
        if problem:
            return ignored(f"{at}.input", "arguments that satisfy the tool's schema", problem)
    return done()


@clause(
    "messages.tools.stop_reason",
    layer=SCHEMA,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="A message with a tool call ends with the stop_reason tool_use.",
    source=COMETAPI,
    probe="tools",
    needs=("messages.tools.called",),
    why="A loop that checks the stop_reason treats the turn as the last one, and runs no tool.",
    holds_on=(CALLED,),
    breaks_on=(
        body(CALLED.body.replace(b'"stop_reason":"tool_use"', b'"stop_reason":"end_turn"')),
        body(CALLED.body.replace(b'"stop_reason":"tool_use"', b'"stop_reason":"tool_calls"')),
        body(CALLED.body.replace(b'"stop_reason":"tool_use"', b'"stop_reason":null')),
    ),
)
def stop_reason(reply: Reply, context: Context) -> Outcome:
    if reply.object.get("stop_reason") == "tool_use":
        return holds()
    found = shown(reply.object, "stop_reason")
    return damaged("$.stop_reason", "tool_use", found)._replace(state="")


@clause(
    "messages.tools.result",
    layer=BEHAVIOUR,
    code=CODE,
    capability="tools",
    area=AREA,
    says="The conversation continues with the tool's result: the call can be sent back unchanged, and the answer read.",
    source=COMETAPI,
    probe="tools.result",
    needs=("messages.tools.readable", "messages.tools.input"),
    why="Every client with tools, such as Claude Code, sends the call and its result back; a refusal ends its work.",
    holds_on=(GOOD, CALLED, altered(b'"text":"pong"', b'"text":" "')),
    breaks_on=(
        Example(400, JSON, b'{"type":"error","error":{"message":"unexpected tool_use_id in tool_result blocks"}}'),
        Example(200, JSON, b'{"content":null}'),
        with_content(b'[{"type":"text","text":null}]'),
    ),
)
def result(reply: Reply, context: Context) -> Outcome:
    refused = unanswered(reply, context, "an answer to the tool's result")
    if refused is not None:
        return refused
    unread = content(reply, context)
    if unread.outcome == BROKEN:
        return damaged(unread.at, unread.expected, unread.observed)
    return done("" if view.text_of(reply.object).strip() else "accepted; the model added no text")
