"""How the official helpers join a streamed tool call: by index from 0, id, type and name once, arguments appended.

The right answer is what the accumulators of openai-python (`client.chat.completions.stream`) and openai-node
(`ChatCompletionStream`) do with the bytes: tools/clients runs them.
"""

from chatproof.contract.capability import damaged
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
)
from chatproof.evidence.json_schema import problem_in
from chatproof.evidence.json_values import is_integer, items, members
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.call_text import value_of
from chatproof.surfaces.chat.clauses.validate.tools import PIECES, pieces
from chatproof.surfaces.chat.probes_validate import FUNCTION, WORD_SCHEMA
from chatproof.surfaces.chat.said import Call, calls_of

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Capabilities"
_CODE = "contract.tools"
_P1, _P2, _P3 = PIECES


def _named(piece: bytes) -> bytes:
    return piece.replace(b'"function":{', b'"function":{"name":"record_word",')


def _finished_twice(whole: Example) -> Example:
    done = b"data: [DONE]"
    last = whole.body[: whole.body.index(done)].rstrip().rpartition(b"\n\n")[2] + b"\n\n"
    again = last.replace(b'"finish_reason":"tool_calls"', b'"finish_reason":"stop"')
    return whole._replace(body=whole.body.replace(done, again + done))


def _unfinished(whole: Example) -> Example:
    return whole._replace(body=whole.body.replace(b'"finish_reason":"tool_calls"', b'"finish_reason":null'))


@clause(
    "tools.stream_index",
    layer=SCHEMA,
    code=_CODE,
    capability="tools_stream",
    area=_AREA,
    says="The indexes of streamed tool calls begin at 0 and leave no gap; each index has one id.",
    source=OPENAI_SPEC,
    probe="tools.stream",
    needs=("tools.stream_called",),
    why=(
        "openai-python raises IndexError on a first index of 1; openai-node loses a call with a "
        "negative index; two calls with one index become one."
    ),
    holds_on=(pieces(_P1, _P2, _P3),),
    breaks_on=(
        pieces(*(piece.replace(b'"index":0', b'"index":1') for piece in PIECES)),
        pieces(*(piece.replace(b'"index":0', b'"index":-1') for piece in PIECES)),
        pieces(_P1, _P2, _P3, _P1.replace(b"call_1", b"call_2"), _P2, _P3),
    ),
)
def stream_index(reply: Reply, context: Context) -> Outcome:
    seen: list[int] = []
    ids: dict[int, list[str]] = {}
    for piece in _pieces_of(reply):
        index, id = piece.get("index"), piece.get("id")
        if not isinstance(index, int) or not is_integer(index):
            return not_applicable("an index is missing, which another clause reports")
        if index not in seen:
            seen.append(index)
        if isinstance(id, str) and id and id not in ids.setdefault(index, []):
            ids[index].append(id)
    at = "$.choices[0].delta.tool_calls[].index"
    if seen != list(range(len(seen))):
        return damaged(at, "0, then 1, and so on", f"the indexes are {', '.join(map(str, seen[:6]))}")
    shared = next((index for index, known in ids.items() if len(known) > 1), None)
    if shared is not None:
        said = f"index {shared} is used twice, for {' and '.join(quote(id, 40) for id in ids[shared][:3])}"
        return damaged(at, "a different index for each call", said)
    return holds()


@clause(
    "tools.stream_once",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="A streamed tool call has its id, type and function name in its first piece and in no other, and ends once.",
    source=OPENAI_SPEC,
    probe="tools.stream",
    needs=("tools.stream_index",),
    why=(
        "openai-python's accumulator joins a repeated name to record_wordrecord_word; openai-node's raises an error "
        "on a tool call without a type; if there are two finish_reasons, clients use the last one."
    ),
    holds_on=(pieces(_P1, _P2, _P3),),
    breaks_on=(
        pieces(_named(_P2), _named(_P3), _P2),
        pieces(_P1.replace(b'"type":"function",', b""), _P2, _P3),
        pieces(_P1.replace(b"record_word", b""), _named(_P2), _P3),
        _finished_twice(pieces(_P1, _P2, _P3)),
    ),
)
def stream_once(reply: Reply, context: Context) -> Outcome:
    named: dict[object, int] = {}
    typed: set[object] = set()
    begun: set[object] = set()
    at = "$.choices[0].delta.tool_calls[]"
    for piece in _pieces_of(reply):
        index = str(piece.get("index"))
        if piece.get("type") == "function":
            typed.add(index)
        if members(piece.get("function")).get("name"):
            if index in begun and index not in named:
                return broken(f"{at}.function.name", "in the first piece", "in a later piece only")
            named[index] = named.get(index, 0) + 1
        begun.add(index)
    repeated = next((count for count in named.values() if count > 1), 0)
    if repeated:
        return broken(f"{at}.function.name", "in the first piece only", f"in {repeated} pieces of one call")
    if set(named) - typed:
        return broken(f"{at}.type", "function, in the first piece", "absent")
    ends = [end for chunk in reply.chunks if (end := view.first_choice(chunk).get("finish_reason"))]
    if len(ends) > 1:
        return broken("$.choices[0].finish_reason", "in one chunk", " and ".join(quote(end, 20) for end in ends[:3]))
    return holds()


@clause(
    "tools.stream_forced",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="A streamed call that is forced names the function, and its arguments satisfy that function's schema.",
    source=OPENAI_SPEC,
    probe="tools.stream",
    needs=("tools.streamed",),
    why="Programs that stream and pass the arguments on unchecked fail on the missing one.",
    holds_on=(pieces(_P1, _P2, _P3),),
    breaks_on=(
        pieces(_P1.replace(b'"arguments":""', b'"arguments":"{}"')),
        pieces(_P1.replace(b'"record_word"', b'"record"'), _P2, _P3),
    ),
)
def stream_forced(reply: Reply, context: Context) -> Outcome:
    plain = context.replies.get("tools")
    if plain is not None and plain.complete and any(map(_misses, calls_of(plain))):
        return not_applicable("so does the call without a stream: see tools.forced")
    problem = next(filter(None, map(_misses, calls_of(reply))), "")
    return broken("the call, joined", "the forced function, with its arguments", problem) if problem else holds()


def _misses(call: Call) -> str:
    """What a call lacks of the one that was forced; empty where it lacks nothing."""
    if call.name != FUNCTION:
        return f"the function {quote(call.name, 40)}"
    return problem_in(value_of(call.arguments)[0], WORD_SCHEMA) or ""


@clause(
    "tools.stream_finish",
    layer=SCHEMA,
    code=_CODE,
    area=_AREA,
    says="The stream of a tool call has a finish_reason.",
    source=OPENAI_SPEC,
    probe="tools.stream",
    needs=("tools.stream_called",),
    why="openai-node raises 'missing finish_reason for choice 0', and the AI SDK ends with an error.",
    holds_on=(pieces(_P1, _P2, _P3),),
    breaks_on=(_unfinished(pieces(_P1, _P2, _P3)),),
)
def stream_finish(reply: Reply, context: Context) -> Outcome:
    if any(view.first_choice(chunk).get("finish_reason") for chunk in reply.chunks):
        return holds()
    return broken(
        "$.choices[0].finish_reason", "a reason in one chunk", f"none in {number_of(len(reply.chunks), 'chunk')}"
    )


def _pieces_of(reply: Reply) -> list[dict[str, object]]:
    return [dict(members(piece)) for delta in view.deltas(reply) for piece in items(delta.get("tool_calls"))]
