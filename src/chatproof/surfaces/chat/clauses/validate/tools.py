"""Tool calls: made when forced, readable, answered, streamed, and left alone when told so."""

from chatproof.contract.capability import UNSUPPORTED, damaged, done, ignored, refusal, unanswered
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
    broken,
    holds,
    not_applicable,
    undecided,
)
from chatproof.contract.probe import REFUSED_FORM
from chatproof.evidence.json_schema import problem_in
from chatproof.evidence.json_values import is_integer, items, members
from chatproof.evidence.provider_error import error_words
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.call_text import is_call_in_text, repeated, value_of
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON
from chatproof.surfaces.chat.clauses.stream import SSE
from chatproof.surfaces.chat.probes_validate import FUNCTION, WORD_SCHEMA
from chatproof.surfaces.chat.view import text_of

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Capabilities"
_CODE = "contract.tools"
_FREE = "a forced tool call is refused here, and the model made none on its own"
_PARAMETERS = ("tools", "tool_choice", "tool", "function", "functions")


def called_by(call: bytes, finish: bytes = b"tool_calls") -> Example:
    message = b'{"role":"assistant","content":null,"tool_calls":[' + call + b"]}"
    choice = b'{"index":0,"message":' + message + b',"finish_reason":"' + finish + b'"}'
    return Example(200, JSON, b'{"id":"c","object":"chat.completion","choices":[' + choice + b"]}")


CALL = b'{"id":"call_1","type":"function","function":{"name":"record_word","arguments":"{\\"word\\":\\"pong\\"}"}}'
_GOOD = called_by(CALL)
_UNSUPPORTED = Example(400, JSON, b'{"error":{"message":"tools are not supported","param":"tools"}}')


@clause(
    "tools.called",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    capability="tools",
    area=_AREA,
    says="A forced tool call is made, or clearly refused.",
    source=OPENAI_SPEC,
    probe="tools",
    why="Agents wait for a tool call that never arrives, and treat the text as the end of the work.",
    holds_on=(_GOOD,),
    breaks_on=(GOOD, Example(200, JSON, b'{"error":"no"}')),
)
def called(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "tools", _PARAMETERS)
    if refused:
        return refused
    if "tool_calls" in view.message(reply) and not isinstance(view.message(reply)["tool_calls"], list | None):
        return damaged("$.choices[0].message.tool_calls", "an array", quote(view.message(reply)["tool_calls"]))
    if items(view.message(reply).get("tool_calls")):
        return done(number_of(len(items(view.message(reply)["tool_calls"])), "call"))
    if f"{REFUSED_FORM}tools" in context.replies:
        return undecided(_FREE)
    said = "a function_call of the old format" if view.message(reply).get("function_call") else "no call"
    others = [
        n
        for n, one in enumerate(view.choices(reply))
        if n and items(members(members(one).get("message")).get("tool_calls"))
    ]
    if others:
        said = f"no tool call there; it is in a second choice that was not requested, $.choices[{others[0]}]"
    content = text_of(view.message(reply).get("content"))
    if is_call_in_text(content):
        said = "no tool call there; it is in the text, where the server's tool parser left it"
    return ignored("$.choices[0].message.tool_calls", "a call", f"{said}, content {quote(content, 60)}")


@clause(
    "tools.readable",
    layer=SCHEMA,
    code=_CODE,
    capability="tools",
    area=_AREA,
    says="Each call has an id, the function's name, and arguments in a string.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("tools.called",),
    why="openai-python, LangChain and Vercel's AI SDK parse the string; they fail on an object.",
    holds_on=(_GOOD,),
    breaks_on=(
        called_by(CALL.replace(b'"{\\"word\\":\\"pong\\"}"', b'{"word":"pong"}')),
        called_by(CALL.replace(b'"id":"call_1",', b"")),
        called_by(CALL.replace(b'"id":"call_1"', b'"id":""')),
        called_by(CALL.replace(b'"name":"record_word",', b"")),
        called_by(b"7"),
    ),
)
def readable(reply: Reply, context: Context) -> Outcome:
    calls = items(view.message(reply).get("tool_calls"))
    if not calls:
        return not_applicable(_NO_CALL)
    for number, call in enumerate(calls):
        at = f"$.choices[0].message.tool_calls[{number}]"
        if not isinstance(call, dict):
            return damaged(at, "an object", quote(call))
        if not isinstance(call.get("id"), str) or not call["id"]:
            return damaged(f"{at}.id", "a string that identifies the call", quote(call.get("id")))
        function = members(call.get("function"))
        for name in ("name", "arguments"):
            if not isinstance(function.get(name), str):
                return damaged(f"{at}.function.{name}", "a string", quote(function.get(name)))
    return done()


@clause(
    "tools.typed",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="Each call has the type function.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("tools.readable",),
    why="async-openai requires it, and openai-python's agents use it to tell calls apart.",
    holds_on=(_GOOD,),
    breaks_on=(called_by(CALL.replace(b'"type":"function",', b"")),),
)
def typed(reply: Reply, context: Context) -> Outcome:
    calls = items(view.message(reply).get("tool_calls"))
    if not calls:
        return not_applicable(_NO_CALL)
    for number, call in enumerate(calls):
        kind = members(call).get("type")
        if kind != "function":
            at = f"$.choices[0].message.tool_calls[{number}].type"
            return broken(at, "function", quote(kind) if kind is not None else "absent")
    return holds()


# Of a capture without a status, `called` may not know whether a call was due; these see that there is none.
_NO_CALL = "the reply has no call"


@clause(
    "tools.arguments",
    layer=SCHEMA,
    code=_CODE,
    capability="tools",
    area=_AREA,
    says="The arguments of a tool call are a JSON object in a string.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("tools.readable",),
    why="openai-agents, LangChain and Vercel's AI SDK parse the string before the function runs, and stop there.",
    holds_on=(
        _GOOD,
        called_by(CALL.replace(b'{\\"word\\":', b' {\\n\\"word\\": ')),
        called_by(CALL.replace(b'\\"word\\"', b'\\"term\\"')),
    ),
    breaks_on=(
        called_by(CALL.replace(b'pong\\"}', b'pong\\"')),
        called_by(CALL.replace(b'{\\"word\\":\\"pong\\"}', b"")),
        called_by(CALL.replace(b'{\\"word\\":\\"pong\\"}', b'\\"pong\\"')),
    ),
)
def arguments(reply: Reply, context: Context) -> Outcome:
    calls = items(view.message(reply).get("tool_calls"))
    if not calls:
        return not_applicable(_NO_CALL)
    for number, call in enumerate(calls):
        problem = value_of(members(members(call).get("function")).get("arguments"))[1]
        if problem:
            at = f"$.choices[0].message.tool_calls[{number}].function.arguments"
            return damaged(at, "a JSON object in a string", problem)
    return done()


@clause(
    "tools.forced",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    capability="tools",
    area=_AREA,
    says="The tool call names the forced function, and its arguments satisfy that function's schema.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("tools.arguments",),
    # A weak model breaks this where the server does not constrain it; the reference says so, too: "Validate the
    # arguments in your code before calling your function." So it is no must.
    why="Programs that pass the arguments on unchecked fail on the missing one.",
    holds_on=(_GOOD,),
    breaks_on=(
        called_by(CALL.replace(b'\\"word\\"', b'\\"term\\"')),
        called_by(CALL.replace(b'\\"pong\\"', b"7")),
        called_by(CALL.replace(b"record_word", b"record")),
    ),
)
def forced(reply: Reply, context: Context) -> Outcome:
    calls = items(view.message(reply).get("tool_calls"))
    if not calls:
        return not_applicable(_NO_CALL)
    for number, call in enumerate(calls):
        at, function = f"$.choices[0].message.tool_calls[{number}].function", members(members(call).get("function"))
        if function.get("name") != FUNCTION:
            return ignored(f"{at}.name", FUNCTION, quote(function.get("name")))
        problem = problem_in(value_of(function.get("arguments"))[0], WORD_SCHEMA)
        if problem:
            return ignored(f"{at}.arguments", "arguments that satisfy the function's schema", problem)
    return done()


@clause(
    "tools.finish_reason",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="A reply with a tool call ends with finish_reason tool_calls, or stop where the call was forced.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("tools.called",),
    why="Loops that run until finish_reason is not tool_calls stop too early, or never.",
    # OpenAI itself ends a forced call with stop.
    holds_on=(_GOOD, called_by(CALL, b"stop")),
    breaks_on=(called_by(CALL, b"length"), called_by(CALL, b"")),
)
def finish_reason(reply: Reply, context: Context) -> Outcome:
    if view.finish_reason(reply) in ("tool_calls", "stop"):
        return holds(quote(view.finish_reason(reply)))
    return broken("$.choices[0].finish_reason", "tool_calls, or stop", quote(view.finish_reason(reply)))


@clause(
    "tools.result",
    layer=BEHAVIOUR,
    code=_CODE,
    capability="tools",
    area=_AREA,
    says="The conversation continues with the tool's result: the call can be sent back unchanged.",
    source=OPENAI_SPEC,
    probe="tools.result",
    needs=("tools.arguments",),
    why="Every agent sends the call and its result back; a refusal ends its work after the first tool.",
    # What a model says then, or that it says nothing, is its own affair.
    holds_on=(GOOD, _GOOD, Example(200, JSON, b'{"choices":[{"message":{"role":"assistant","content":""}}]}')),
    breaks_on=(
        Example(400, JSON, b'{"error":{"message":"tool_call_id is unknown","param":"messages"}}'),
        Example(200, JSON, b'{"choices":[{"role":"assistant","content":"pong"}]}'),
    ),
)
def result(reply: Reply, context: Context) -> Outcome:
    refused = unanswered(reply, context, "an answer to the tool's result")
    if refused is not None:
        return refused
    if view.message(reply):
        return done("" if text_of(view.message(reply).get("content")).strip() else "accepted; the model added no text")
    return damaged("$.choices[0].message", "an object", quote(reply.json))


@clause(
    "tools.none",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    capability="tool_choice",
    area=_AREA,
    says="With tool_choice none, no tool is called.",
    source=OPENAI_SPEC,
    probe="tools.none",
    why="A client that asks for the final answer gets one more tool call, and its loop never ends.",
    holds_on=(GOOD,),
    breaks_on=(_GOOD,),
)
def none(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "tool_choice", _PARAMETERS)
    if refused:
        return refused
    calls = items(view.message(reply).get("tool_calls"))
    if calls:
        return ignored("$.choices[0].message.tool_calls", "no call", number_of(len(calls), "call"))
    if first := context.replies.get(f"{REFUSED_FORM}tools"):
        said = f"HTTP {first.status}, {error_words(first.error)}" if first.error else f"HTTP {first.status}"
        return not_applicable(f"a forced choice is refused: {said}")._replace(state=UNSUPPORTED)
    forced = context.replies.get("tools")
    if forced is not None and not items(view.message(forced).get("tool_calls")):
        return not_applicable("a forced call was not made either, so this proves nothing")
    return done()


def pieces(*parts: bytes, finish: bytes = b"tool_calls") -> Example:
    head = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    chunks = [head + b'{"tool_calls":[' + piece + b']},"finish_reason":null}]}\n\n' for piece in parts]
    last = head + b'{},"finish_reason":"' + finish + b'"}]}\n\ndata: [DONE]\n\n'
    return Example(200, SSE, b"".join(chunks) + last)


_P1 = b'{"index":0,"id":"call_1","type":"function","function":{"name":"record_word","arguments":""}}'
_P2 = b'{"index":0,"function":{"arguments":"{\\"word\\":"}}'
_P3 = b'{"index":0,"function":{"arguments":"\\"pong\\"}"}}'
PIECES = (_P1, _P2, _P3)


@clause(
    "tools.stream_called",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    capability="tools_stream",
    area=_AREA,
    says="A forced tool call is also made in a stream, or clearly refused.",
    source=OPENAI_SPEC,
    probe="tools.stream",
    why="An agent that works without streaming stops when it streams.",
    holds_on=(pieces(_P1, _P2, _P3),),
    breaks_on=(pieces(finish=b"stop"), Example(200, SSE, b'data: {"error":{"message":"boom"}}\n\n')),
)
def stream_called(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "tools_stream", _PARAMETERS)
    if refused:
        return refused
    if reply.kind != "sse":
        return undecided(f"no stream arrived, but {reply.kind}")
    if any(items(delta.get("tool_calls")) for delta in view.deltas(reply)):
        return done()
    failed = next((chunk for chunk in reply.chunks if chunk.get("error")), None)
    if failed is not None:
        return ignored("$.error", "a call", f"an error in the stream: {quote(failed['error'])}")
    if f"{REFUSED_FORM}tools.stream" in context.replies:
        return undecided(_FREE)
    said = f"none in {number_of(len(reply.chunks), 'chunk')}"
    if is_call_in_text("".join(text_of(delta.get("content")) for delta in view.deltas(reply))):
        said += "; it is in the text, where the server's tool parser left it"
    return ignored("$.choices[0].delta.tool_calls", "a call", said)


@clause(
    "tools.streamed",
    layer=SCHEMA,
    code=_CODE,
    capability="tools_stream",
    area=_AREA,
    says="The pieces of a streamed tool call join by their index to a call with id, name and JSON arguments.",
    source=OPENAI_SPEC,
    probe="tools.stream",
    needs=("tools.stream_called",),
    why="openai-python's accumulator and Vercel's AI SDK join by index; without one they fail or mix up the calls.",
    holds_on=(
        pieces(_P1, _P2, _P3),
        pieces(_P1.replace(b'"arguments":""', b'"arguments":"{\\"word\\":\\"pong\\"}"')),
    ),
    breaks_on=(
        pieces(_P1.replace(b'"index":0,', b""), _P2, _P3),
        pieces(_P1, _P2.replace(b'"index":0', b'"index":1'), _P3),
        pieces(_P1, _P2),
        pieces(_P1.replace(b'"id":"call_1",', b""), _P2, _P3),
        pieces(_P1, _P2, _P3, _P2, _P3),
        pieces(_P1, _P2, b'{"index":0,"function":{"arguments":"{\\"word\\":\\"pong\\"}"}}'),
    ),
)
def streamed(reply: Reply, context: Context) -> Outcome:
    calls: dict[int, dict[str, str]] = {}
    parts: dict[int, list[str]] = {}
    for delta in view.deltas(reply):
        for piece in items(delta.get("tool_calls")):
            index, function = members(piece).get("index"), members(members(piece).get("function"))
            if not isinstance(index, int) or not is_integer(index):
                return damaged("$.choices[0].delta.tool_calls[].index", "an integer", quote(index))
            call = calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
            for name, value in (("id", members(piece).get("id")), *function.items()):
                if name == "arguments" and isinstance(value, str):
                    parts.setdefault(index, []).append(value)
                if name in call and isinstance(value, str):
                    # Servers that repeat id and name in each piece are common; arguments are always appended.
                    call[name] = call[name] + value if name == "arguments" else call[name] or value
    for index, call in sorted(calls.items()):
        problem = value_of(call["arguments"])[1]
        if not call["id"] or not call["name"] or problem:
            shown = problem or f"id {quote(call['id'])}, name {quote(call['name'])}"
            if how := repeated(parts.get(index, [])):
                shown = f"{how}, and clients append them: {shown}"
            return damaged(f"tool call {index}, joined", "an id, a name and arguments in JSON", shown)
    return done(number_of(len(calls), "call"))
