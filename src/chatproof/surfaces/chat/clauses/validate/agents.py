"""What agents rely on: calls at the same time that stay apart, texts in arguments that nobody rewrites, mistakes in a
conversation that are told; and what clients send every day, taken or clearly refused."""

import json
from typing import Any

from chatproof.contract.capability import refusal
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
from chatproof.evidence.json_values import is_integer, items, members
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.call_text import is_call_in_text
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON
from chatproof.surfaces.chat.clauses.stream import SSE
from chatproof.surfaces.chat.clauses.validate import errors
from chatproof.surfaces.chat.probes_more import INSTALL, PACKAGE, PART, PATH, RECORD, ROWS, URL, USUAL
from chatproof.surfaces.chat.said import Call, calls_of, text_said
from chatproof.wire.strictjson import Json, parse

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add
_AREA, _CODE = "Capabilities", "contract.tools"
_AT = "$.choices[0].delta.tool_calls[].index"
_LITERALS = {"url": URL, "path": PATH, "package": PACKAGE}


def _made(name: str, number: int, **arguments: str | int) -> dict[str, Any]:
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


_CALLS = (_made(RECORD, 1, url=URL, path=PATH, part=PART), _made(INSTALL, 2, package=PACKAGE))


def _plain(*calls: dict[str, Any]) -> Example:
    message = {"role": "assistant", "content": None, "tool_calls": [*calls]}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    return Example(200, JSON, json.dumps(body).encode())


def _streamed(*indexes: int, calls: tuple[dict[str, Any], ...] = _CALLS) -> Example:
    chunks = [
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": index, **call}]}, "finish_reason": None}]}
        for index, call in zip(indexes, calls, strict=True)
    ]
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in (*chunks, last))
    return Example(200, SSE, f"{text}data: [DONE]\n\n".encode())


def _said_in_stream(text: str) -> Example:
    chunk = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]}
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return Example(
        200, SSE, "".join(f"data: {json.dumps(one)}\n\n" for one in (chunk, last)).encode() + b"data: [DONE]\n\n"
    )


def _few(calls: int) -> Outcome:
    return not_applicable("the model made no call" if not calls else "the model made one call, not two at once")


@clause(
    "tools.parallel_ids",
    layer=SCHEMA,
    code=_CODE,
    area=_AREA,
    says="Parallel tool calls have different ids.",
    source=OPENAI_SPEC,
    probe="tools.parallel",
    why=(
        "Agents send each tool result back with its call's id: equal ids mix up the results, and "
        "OpenAI's own API refuses the conversation."
    ),
    needs=("tools.arguments",),
    holds_on=(_plain(*_CALLS),),
    breaks_on=(_plain(_CALLS[0], {**_CALLS[1], "id": "call_1"}),),
)
def parallel_ids(reply: Reply, context: Context) -> Outcome:
    calls = calls_of(reply) if reply.status == 200 else []
    if len(calls) < 2:
        return _few(len(calls))
    ids = [call.id for call in calls]
    if len({str(id) for id in ids}) == len(ids):
        return holds(number_of(len(calls), "call"))
    return broken(
        "$.choices[0].message.tool_calls[*].id",
        "a different id for each call",
        ", ".join(quote(id, 40) for id in ids[:4]),
    )


@clause(
    "tools.parallel_apart",
    layer=SCHEMA,
    code=_CODE,
    area=_AREA,
    says="Streamed parallel tool calls have different indexes and ids.",
    source=OPENAI_SPEC,
    probe="tools.parallel.stream",
    why="Every SDK joins by the index: two calls with one index become one call with the arguments of both.",
    needs=("tools.streamed",),
    holds_on=(_streamed(0, 1),),
    breaks_on=(
        _streamed(0, 0),
        _streamed(0, 0, calls=(_CALLS[0], {**_CALLS[1], "id": "call_1"})),
        _streamed(0, 1, calls=(_CALLS[0], {**_CALLS[1], "id": "call_1"})),
    ),
)
def parallel_apart(reply: Reply, context: Context) -> Outcome:
    if reply.status != 200 or reply.kind != "sse":
        return _few(0)
    seen: list[tuple[Json, str, str]] = []  # (index, id, name) of each piece that begins a call
    # An id or a name of another type is none here: another clause says so.
    for piece in (members(piece) for delta in view.deltas(reply) for piece in items(delta.get("tool_calls"))):
        id, name = piece.get("id"), members(piece.get("function")).get("name")
        begins = (piece.get("index"), id if isinstance(id, str) else "", name if isinstance(name, str) else "")
        if any(begins[1:]) and begins not in seen:
            seen.append(begins)
    if not all(is_integer(index) for index, _, _ in seen):
        return not_applicable("an index is missing, which another clause reports")
    calls = {(str(id), str(name)) for _, id, name in seen if id and name}
    if len(calls) < 2:
        return _few(len(calls))
    for index in {index for index, _, _ in seen}:
        under = [(id, name) for other, id, name in seen if other == index]
        if len({id for id, _ in under if id}) > 1 or len({name for _, name in under if name}) > 1:
            said = " and ".join(quote(name or id, 40) for id, name in under[:3])
            return broken(_AT, "a different index for each call", f"index {quote(index)} is used for {said}")
    ids = [id for _, id, _ in seen if id]
    if len(ids) != len({str(id) for id in ids}):
        return broken(
            "$.choices[0].delta.tool_calls[].id", "a different id for each call", f"{quote(ids[0], 40)} twice"
        )
    return holds(number_of(len(calls), "call"))


def _ends(reply: Reply) -> list[str]:
    choices = [view.first_choice(one) for one in (reply.chunks if reply.kind == "sse" else [reply.object])]
    return [end for choice in choices if isinstance(end := choice.get("finish_reason"), str) and end]


def _add_free_calls(probe: str, where: str, needs: str, good: Example, stopped: Example, in_text: Example) -> None:
    """Add the clauses on calls that the model makes of its own accord, in what `where` says."""

    def ended(reply: Reply, context: Context) -> Outcome:
        if reply.status != 200 or not calls_of(reply):
            return _few(0)
        ends = _ends(reply)
        if not ends or ends[-1] in ("tool_calls", "length"):
            return holds(quote(ends[-1]) if ends else "")
        return broken("$.choices[0].finish_reason", "tool_calls", quote(ends[-1], 40))

    def told(reply: Reply, context: Context) -> Outcome:
        if reply.status != 200 or calls_of(reply):
            return holds() if reply.status == 200 else _few(0)
        text = text_said(reply)
        if is_call_in_text(text) or any(mark in text for name in (RECORD, INSTALL) for mark in _named_in_json(name)):
            said = "no tool call there; it is in the text, where the server's tool parser left it"
            return broken("$.choices[0], tool_calls", "the model's calls", f"{said}: {quote(text, 60)}")
        return _few(0)

    clause(
        f"{probe}.finish_reason",
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area=_AREA,
        says=f"{where} that the model calls tools in of its own accord ends with finish_reason tool_calls.",
        source=OPENAI_SPEC,
        probe=probe,
        needs=(needs,),
        why="Loops that run while finish_reason is tool_calls, as in OpenAI's guides, end before the tools have run: "
        "the calls are lost.",
        holds_on=(good,),
        breaks_on=(stopped,),
    )(ended)
    clause(
        f"{probe}.in_calls",
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area=_AREA,
        says=f"{where} has the calls that the model makes of its own accord as calls, and not in its text.",
        source=OPENAI_SPEC,
        probe=probe,
        needs=(needs,),
        why="No client runs the tool: openai-python, LangChain and the AI SDK show the call to the user as the answer.",
        holds_on=(good,),
        breaks_on=(in_text,),
    )(told)


def _named_in_json(name: str) -> tuple[str, str]:
    return f'"name": "{name}"', f'"name":"{name}"'


_TAGGED = f'<tool_call>\n{{"name": "{RECORD}", "arguments": {{}}}}\n</tool_call>'
_ENDED = b'"finish_reason": "tool_calls"', b'"finish_reason": "stop"'
_IN_TEXT = {"choices": [{"index": 0, "message": {"role": "assistant", "content": _TAGGED}, "finish_reason": "stop"}]}
_PLAIN_CALLS, _STREAMED_CALLS = _plain(*_CALLS), _streamed(0, 1)
_add_free_calls(
    "tools.parallel",
    "An answer",
    "tools.arguments",
    _PLAIN_CALLS,
    _PLAIN_CALLS._replace(body=_PLAIN_CALLS.body.replace(*_ENDED)),
    Example(200, JSON, json.dumps(_IN_TEXT).encode()),
)
_add_free_calls(
    "tools.parallel.stream",
    "A stream",
    "tools.streamed",
    _STREAMED_CALLS,
    _STREAMED_CALLS._replace(body=_STREAMED_CALLS.body.replace(*_ENDED)),
    _said_in_stream(_TAGGED.replace(RECORD, INSTALL).replace("<tool_call>", "")),
)


@clause(
    "tools.parallel_typed",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="A number in the arguments of a call is a number, where the function's schema says so.",
    source=OPENAI_SPEC,
    probe="tools.parallel",
    needs=("tools.arguments",),
    why="Zod, pydantic and Go refuse the text in place of a number: the tool does not run. Parsers of models that "
    "write calls as XML are the usual cause.",
    holds_on=(_plain(*_CALLS), _plain(_made(RECORD, 1, url=URL, path=PATH))),
    breaks_on=(_plain(_made(RECORD, 1, url=URL, path=PATH, part=str(PART)), _CALLS[1]),),
)
def parallel_typed(reply: Reply, context: Context) -> Outcome:
    calls = calls_of(reply) if reply.status == 200 else []
    for number, call in enumerate(calls):
        part = _read(call).get("part")
        if isinstance(part, str):
            at = f"$.choices[0].message.tool_calls[{number}].function.arguments, part"
            return broken(at, "an integer, as the schema says", quote(part, 40))
    return holds() if calls else _few(0)


@clause(
    "tools.intact",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="A tool call copies a link, a path and a package name unchanged, with and without streaming.",
    source=OPENAI_SPEC,
    probe="tools.parallel",
    why="An agent fetches a wrong file or installs a wrong package.",
    needs=("tools.arguments",),
    holds_on=(_plain(*_CALLS),),
    breaks_on=(),
)
def intact(reply: Reply, context: Context) -> Outcome:
    """Broken where both replies changed it in the same way: a model that copies badly does not do so twice."""
    if reply.status != 200:
        return _few(0)
    twin = context.replies.get("tools.parallel.stream")
    here = _changed(reply)
    there = _changed(twin) if twin is not None and twin.complete and twin.status == 200 else {}
    if not here and not there:
        return holds() if calls_of(reply) else _few(0)
    for name, value in here.items():
        if there.get(name) == value:
            said = f"{quote(value, 100)}, in the stream and without"
            return broken(f"$.choices[0].message.tool_calls[].{name}", quote(_LITERALS[name], 100), said)
    name, value = next(iter((here or there).items()))
    return undecided(f"{name} was changed in one of two replies, which a model sometimes does: {quote(value, 100)}")


def _changed(reply: Reply) -> dict[str, str]:
    """The literals that came back as another text, by the argument's name."""
    found: dict[str, str] = {}
    for call in calls_of(reply):
        for name, text in _read(call).items():
            if isinstance(text, str) and name in _LITERALS and text != _LITERALS[name]:
                found[name] = text
    return found


def _read(call: Call) -> dict[str, Json]:
    """The arguments of a call; empty where they are no JSON object in a string."""
    value = parse(call.arguments.encode("utf-8", "surrogatepass"))[0] if isinstance(call.arguments, str) else None
    return members(value)


def _usual(row_id: str, what: str) -> None:
    def judge(reply: Reply, context: Context) -> Outcome:
        refused = refusal(reply, context, "")
        if refused is not None:
            return refused._replace(state="")
        return holds("" if view.is_success(reply) else "accepted")

    clause(
        "tools.usual" if row_id == f"{USUAL}tools" else f"{row_id}.taken",  # --skip tools means it, too
        layer=BEHAVIOUR,
        code="contract.parameter",
        level=SHOULD,
        area="Optional request fields",
        says=f"{what} is answered, or clearly refused.",
        source=OPENAI_SPEC,
        probe=row_id,
        needs=("tools.called",) if row_id == f"{USUAL}tools" else (),
        why="A feature that clients use every day does not work, and is not refused in a form that they can read.",
        holds_on=(GOOD,),
        breaks_on=(Example(200, JSON, b'{"error":{"message":"boom"}}'), Example(200, "text/html", b"<html>")),
    )(judge)


for _row in ROWS:
    if _row.id.startswith(USUAL):
        _does = _row.does if _row.headers else f"a request with {_row.does}"
        _usual(_row.id, _does[0].upper() + _does[1:])

_MIXED = "An agent that mixes up its results gets no clear error."
for _name, _request in (
    ("wrong_call_id", "with a tool's result for a call that was not made"),
    ("unanswered_call", "with a tool call that has no result"),
):
    errors.add(errors.Wrong(_name, _request, SHOULD, (), _MIXED, lenient=True, needs=("tools.arguments",)), clause)
