"""What one of the user's own requests asked for beyond an answer: calls, a schema, choices, caps, stops."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.contract.probe import OWN
from chatproof.evidence.json_values import count, items, members
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON
from chatproof.surfaces.chat.clauses.own.requests import CALLED, no_calls
from chatproof.surfaces.chat.request_parts import CAPS
from chatproof.surfaces.chat.said import calls_of, text_said
from chatproof.surfaces.own.clauses import SLACK
from chatproof.surfaces.own.own_request import asked_of
from chatproof.surfaces.own.reading import arguments_of, schema_problem
from chatproof.wire.strictjson import parse

CLAUSES = Clauses(OWN)
clause = CLAUSES.add

_AREA = "Capabilities"
_CALLS = "$.choices[0].message.tool_calls"


def _called(old: bytes, new: bytes) -> Example:
    return Example(200, JSON, CALLED.body.replace(old, new))


@clause(
    "request.calls",
    layer=SCHEMA,
    code="contract.tools",
    area=_AREA,
    says=(
        "Each tool call in the answer to your own request has an id, a name, and arguments that "
        "are a JSON object in a string; in a stream, its pieces join by their index."
    ),
    source=OPENAI_SPEC,
    probe=OWN,
    needs=("request.readable",),
    why="openai-python, LangChain and Vercel's AI SDK parse the string; they fail on an object.",
    holds_on=(CALLED,),
    breaks_on=(
        _called(b'"{\\"word\\":\\"pong\\"}"', b'{"word":"pong"}'),
        _called(b'"id":"call_1",', b""),
        _called(b'pong\\"}', b"pong"),
    ),
)
def calls(reply: Reply, context: Context) -> Outcome:
    other = no_calls(reply)
    if other is not None:
        return other
    for number, call in enumerate(calls_of(reply)):
        if call.trouble:
            at, expected, seen = call.trouble
            return broken(at, expected, seen if isinstance(seen, str) else quote(seen))
        at = f"{_CALLS}[{number}]"
        if not isinstance(call.id, str) or not call.id:
            return broken(f"{at}.id", "a string that identifies the call", quote(call.id))
        if not isinstance(call.name, str) or not call.name:
            return broken(f"{at}.function.name", "the function's name", quote(call.name))
        problem = arguments_of(call.arguments)[1]
        if problem:
            return broken(f"{at}.function.arguments", "a JSON object in a string", problem)
    return holds(number_of(len(calls_of(reply)), "call"))


@clause(
    "request.tool_choice",
    layer=BEHAVIOUR,
    code="contract.tools",
    level=SHOULD,
    area=_AREA,
    says=(
        "If your own request forces a tool call, one is made; if it forbids tool calls, none is. Each call "
        "names a tool of the request, and its arguments follow that tool's schema."
    ),
    source=OPENAI_SPEC,
    probe=OWN,
    needs=("request.readable",),
    why="Agents wait for a tool call that never arrives, or run a tool that does not exist.",
    holds_on=(CALLED,),
    breaks_on=(GOOD, _called(b"record_word", b"other_name"), _called(b'\\"pong\\"', b"7")),
)
def tool_choice(reply: Reply, context: Context) -> Outcome:
    asked = asked_of(reply)
    tools = [members(members(tool).get("function")) for tool in items(asked.get("tools"))]
    if not tools:
        return not_applicable("the request has no tools")
    choice, made = asked.get("tool_choice"), calls_of(reply)
    if choice == "none":
        return broken(_CALLS, "no call", number_of(len(made), "call")) if made else holds()
    allowed = members(members(choice).get("allowed_tools"))
    if (choice in (None, "auto") or allowed.get("mode") == "auto") and not made:
        return not_applicable("the model was free to call a tool, and did not")
    if not made:
        return broken(_CALLS, "a tool call, because the request forces one", "no call")
    given = [choice] if not allowed else items(allowed.get("tools"))
    wanted = [members(members(one).get("function")).get("name") for one in given if isinstance(one, dict)]
    for number, call in enumerate(made):
        at = f"{_CALLS}[{number}].function"
        known = [tool for tool in tools if tool.get("name") == call.name and (not wanted or call.name in wanted)]
        if not known:
            return broken(f"{at}.name", "the name of a tool in the request", "another name")
        schema = members(known[0].get("parameters"))
        value, unreadable = arguments_of(call.arguments)
        problem = schema_problem(value, schema) if schema and not unreadable else ""
        if problem:
            return broken(f"{at}.arguments", "arguments that satisfy the tool's schema", problem)
    return holds(number_of(len(made), "call"))


@clause(
    "request.schema",
    layer=BEHAVIOUR,
    code="contract.structured_output",
    level=SHOULD,
    area=_AREA,
    says="If your own request asks for JSON, the answer is JSON and satisfies the schema in the request.",
    source=OPENAI_SPEC,
    probe=OWN,
    needs=("request.readable",),
    why="Programs that parse the answer fail at its first word that is not JSON, or at a missing member.",
    holds_on=(),
    breaks_on=(),
)
def schema(reply: Reply, context: Context) -> Outcome:
    form = members(asked_of(reply).get("response_format"))
    kind = form.get("type")
    if kind not in ("json_object", "json_schema"):
        return not_applicable("the request does not ask for JSON")
    text = text_said(reply)
    if calls_of(reply) or _cut_short(reply):
        return not_applicable("the answer is a tool call, or was cut off by its token cap")
    value, problem = parse(text.encode("utf-8", "surrogatepass"))
    at = "$.choices[0].message.content"
    if problem is not None:
        fenced = " in a Markdown fence" if text.lstrip().startswith("```") else ""
        return broken(at, "only JSON", f"{number_of(len(text), 'character')} that are not JSON{fenced}")
    wanted = members(members(form.get("json_schema")).get("schema"))
    wrong = schema_problem(value, wanted) if wanted else ""
    if wrong:
        return broken(at, "JSON that follows the schema", wrong)
    if kind == "json_object" and not isinstance(value, dict):
        return broken(at, "a JSON object", quote(value))
    return holds()


def _cut_short(reply: Reply) -> bool:
    bodies = reply.chunks if reply.kind == "sse" else [reply.object]
    reasons = (members(choice).get("finish_reason") for body in bodies for choice in items(body.get("choices")))
    return any(reason == "length" for reason in reasons)


@clause(
    "request.parameters",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    area=_AREA,
    says="The number of choices, the log probabilities and the stop sequences follow your own request.",
    source=OPENAI_SPEC,
    probe=OWN,
    needs=("request.readable",),
    why="You find out in production that an accepted parameter has no effect.",
    holds_on=(),
    breaks_on=(),
)
def parameters(reply: Reply, context: Context) -> Outcome:
    asked, done = asked_of(reply), []
    n = count(asked.get("n"))
    if n and n > 1 and reply.kind != "sse":
        if len(view.choices(reply)) != n:
            return broken("$.choices", f"{n} choices, as `n` requires", str(len(view.choices(reply))))
        done.append("n")
    if asked.get("logprobs") is True:
        bodies = reply.chunks if reply.kind == "sse" else [reply.object]
        choices = (members(choice) for body in bodies for choice in items(body.get("choices")))
        if not any(items(members(choice.get("logprobs")).get("content")) for choice in choices) and text_said(reply):
            return broken("$.choices[0].logprobs", "log probabilities", "none")
        done.append("logprobs")
    stops = asked.get("stop")
    listed = [stop for stop in ([stops] if isinstance(stops, str) else items(stops)) if isinstance(stop, str) and stop]
    if listed:
        if any(stop in text_said(reply) for stop in listed):
            return broken(
                "$.choices[0].message.content", "an answer that ends before a stop sequence", "it contains one"
            )
        done.append("stop")
    return holds(", ".join(done)) if done else not_applicable("the request asks for none of them")


@clause(
    "request.cap",
    layer=BEHAVIOUR,
    code="contract.max_tokens",
    level=SHOULD,
    area=_AREA,
    says="The answer to your own request stays within its token cap.",
    source=OPENAI_SPEC,
    probe=OWN,
    needs=("request.readable",),
    why="Answers grow, and so does the bill.",
    holds_on=(),
    breaks_on=(),
)
def cap(reply: Reply, context: Context) -> Outcome:
    asked = asked_of(reply)
    caps = [value for name in CAPS if (value := count(asked.get(name))) is not None]
    if not caps or (count(asked.get("n")) or 1) > 1:
        return not_applicable("the request has no token cap")
    bodies = reply.chunks if reply.kind == "sse" else [reply.object]
    used = [n for body in bodies if (n := count(members(body.get("usage")).get("completion_tokens"))) is not None]
    if not used:
        return not_applicable("the reply reports no tokens")
    if max(used) > max(caps) * SLACK:
        return broken("$.usage.completion_tokens", f"about {max(caps)} at most", str(max(used)))
    return holds(f"{max(used)} of {max(caps)}")
