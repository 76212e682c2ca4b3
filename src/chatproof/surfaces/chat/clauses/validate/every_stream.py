"""Every other stream of the run is held to what the plain one is held to: tools, usage and caps come by other paths.

Judged on each stream of the run but the one of smoke, which has clauses of its own; only where one was asked for and
granted. A stream that died is never taken for a whole one.
"""

import re
from itertools import pairwise

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
    undecided,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses import stream
from chatproof.surfaces.chat.clauses.stream import SSE
from chatproof.surfaces.chat.view import text_of

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Streaming"
_OWN = "stream"
_HEAD = (
    b'data: {"id":"c1","object":"chat.completion.chunk","created":1795379441,"model":"m","choices":[{"index":0,"delta":'
)
_FEWEST = 8  # deltas: fewer may be alike by chance
_WORD, _WORDS = 4, 24  # characters of each of three pieces, and of all, that are not alike by chance
_LONG = 20  # characters of an answer that is not written twice by chance


def _chunk(delta: bytes, finish: bytes = b"null") -> bytes:
    return _HEAD + delta + b',"finish_reason":' + finish + b"}]}\n\n"


_LAST, _DONE = _chunk(b"{}", b'"stop"'), b"data: [DONE]\n\n"
_GOOD = _chunk(b'{"role":"assistant","content":"po"}') + _chunk(b'{"content":"ng"}') + _LAST + _DONE
_ERROR = b'data: {"error":{"message":"upstream reset"}}\n\n'


def _stream(body: bytes) -> Example:
    return Example(200, SSE, body)


def _texts(*texts: bytes) -> Example:
    return _stream(b"".join(_chunk(b'{"content":"%b"}' % text) for text in texts) + _LAST + _DONE)


def _applies(reply: Reply) -> Outcome | None:
    """None where the reply is a stream that was asked for and granted; else what is to be said instead."""
    asked = b'"stream": true' in reply.exchange.request.body
    if reply.probe == _OWN or reply.probe.startswith(("error.", "auth.")) or not (asked or reply.kind == "sse"):
        return not_applicable("no other stream")
    nothing = asked and reply.kind == "empty"  # a stream without an event is what clients make of it
    other = reply.complete and reply.kind != "sse" and not nothing
    if reply.response is None or not 200 <= reply.status < 300 or other:
        return not_applicable("no other stream")
    return None


def _cut(reply: Reply) -> Outcome | None:
    """A stream whose connection ended before it did."""
    fault = reply.fault
    if fault is None or reply.ends_with_done:
        return None
    return undecided(f"no complete response: {fault.code} ({fault.phase})")


@clause(
    "envelope.elsewhere.events_parse",
    layer=SCHEMA,
    code="stream.malformed",
    area=_AREA,
    says="In every stream besides the plain one, each event is a JSON object or the terminator.",
    source=OPENAI_SPEC,
    probe="*",
    on_fault=True,
    why="openai-python, openai-node and the AI SDK raise a JSON error in the middle of the answer or the tool call.",
    holds_on=(_stream(_GOOD),),
    breaks_on=(
        _stream(_GOOD.replace(b'"ng"}', b'"ng')),
        _stream(b"data: 7\n\n" + _DONE),
        _stream(b": nothing but a comment\n\n"),
    ),
)
def parses(reply: Reply, context: Context) -> Outcome:
    return _applies(reply) or _cut(reply) or stream.events_parse(reply, context)


@clause(
    "envelope.elsewhere.no_error",
    layer=BEHAVIOUR,
    code="stream.error",
    area=_AREA,
    says="In every stream besides the plain one, no event contains an error.",
    source=OPENAI_SPEC,
    probe="*",
    needs=("envelope.elsewhere.events_parse",),
    on_fault=True,
    why="openai-python and openai-node raise APIError in the middle of the answer, under status 200.",
    holds_on=(_stream(_GOOD),),
    breaks_on=(
        _stream(_chunk(b'{"content":"po"}') + _ERROR),
        _stream(_chunk(b'{"content":"po"}', b'"error"') + _DONE),
    ),
)
def no_error(reply: Reply, context: Context) -> Outcome:
    return _applies(reply) or stream.no_error(reply, context)


@clause(
    "envelope.elsewhere.finished",
    layer=SCHEMA,
    code="stream.incomplete",
    level=SHOULD,
    area=_AREA,
    says="Every stream besides the plain one has a finish_reason and ends with `data: [DONE]`.",
    source=OPENAI_SPEC,
    probe="*",
    needs=("envelope.elsewhere.no_error",),
    on_fault=True,
    why=(
        "openai-node's accumulator raises 'missing finish_reason'; without an end, an incomplete answer looks complete."
    ),
    holds_on=(_stream(_GOOD),),
    breaks_on=(_stream(_GOOD.replace(_DONE, b"")), _stream(_GOOD.replace(_LAST, b""))),
)
def finished(reply: Reply, context: Context) -> Outcome:
    other = _applies(reply)
    if other is not None:
        return other
    if reply.probe == "tools.stream":
        return not_applicable("its own clause reports that")
    own = context.replies.get(_OWN)
    outcome = stream.finished(reply, context)
    if outcome.outcome != BROKEN or own is None or not own.complete or own.kind != "sse":
        return outcome
    same = stream.finished(own, context).observed == outcome.observed
    return not_applicable("as in the plain stream") if same else outcome


@clause(
    "envelope.elsewhere.text_once",
    layer=BEHAVIOUR,
    code="stream.duplicated",
    level=SHOULD,
    area=_AREA,
    says="A stream sends each piece of the text once: no delta repeats earlier text.",
    source=OPENAI_SPEC,
    probe="*",
    why="All clients join the deltas: the user sees every piece twice, or the answer again with each chunk.",
    holds_on=(
        _stream(_GOOD),
        _texts(*(b"%d," % n for n in range(12))),
        _texts(*[b"ha"] * 20),
        # One less than what is not alike by chance.
        _texts(*(b"1234567"[:n] for n in range(1, 8))),
        _texts(b"pon", b"pong pong", b"pong pong, p"),
        _texts(b"pong", b"pong pon", b"pong pong, "),
        _texts(b"one two 3", b"four five6", b"one two 3four five6"),
    ),
    breaks_on=(
        _stream(
            b"".join(_chunk(b'{"content":"%b"}' % b"1,2,3,4,5,6,7,8,9,"[:n]) for n in range(2, 20, 2)) + _LAST + _DONE
        ),
        _stream(b"".join(_chunk(b'{"content":"%d,"}' % (n // 2)) for n in range(20)) + _LAST + _DONE),
        _texts(b"1, 2, 3", b"1, 2, 3, 4, 5", b"1, 2, 3, 4, 5, 6, 7"),
        _stream(
            b"".join(_chunk(b'{"content":"%d,"}' % n) for n in range(12))
            + _chunk(b'{"content":"0,1,2,3,4,5,6,7,8,9,10,11,"}')
            + _LAST
            + _DONE
        ),
        _texts(*(b"12345678"[:n] for n in range(1, 9))),
        _texts(b"pong", b"pong pon", b"pong pong, p"),
        _texts(b"one two 34", b"four five6", b"one two 34four five6"),
    ),
)
def text_once(reply: Reply, context: Context) -> Outcome:
    if reply.kind != "sse" or reply.status != 200 or reply.probe.startswith(("error.", "auth.")):
        return not_applicable("no stream arrived")
    pieces = [text for delta in view.deltas(reply) if (text := text_of(delta.get("content")))]
    plain = context.replies.get("happy") if reply.probe == _OWN else None
    answer = text_of(view.message(plain).get("content")) if plain is not None else ""
    how = _duplication(pieces) or _beside(pieces, answer)
    if not how:
        return holds(f"{number_of(len(pieces), 'piece')} of text")
    shown = "".join(pieces)[:60]
    return broken(
        "$.choices[0].delta.content", "each piece of text exactly once", f"{how}; clients show {quote(shown)}"
    )


_FIRST, _LAST_NUMBER = 1, 60
_NUMBERS = re.compile(r"[0-9]{1,4}")
_COUNTED = 10  # numbers in a row: fewer show no counting


def _counting(*numbers: int) -> Example:
    return _texts(*(b"%d, " % n for n in numbers))


@clause(
    "stream.text_whole",
    layer=BEHAVIOUR,
    code="stream.incomplete",
    level=SHOULD,
    area=_AREA,
    says=f"A stream that counts from {_FIRST} to {_LAST_NUMBER} loses neither its beginning nor its end, says nothing "
    "twice, and is not cut off by a cap that nobody sent.",
    source=OPENAI_SPEC,
    probe="stream.usage",
    needs=("stream.usage",),
    why="Users of every client read answers without their first or last words. A gateway that drops the chunk with the "
    "role, or the one with the finish_reason, and the text in it, is the usual cause.",
    holds_on=(_counting(*range(1, 61)), _texts(b"Sure: ", *(b"%d, " % n for n in range(1, 61)))),
    breaks_on=(
        _counting(*range(2, 61)),
        _counting(*range(1, 60)),
        _counting(*range(1, 60), 6),
        _counting(*range(2, 13)),
        _counting(*range(1, 61), 60),
        _counting(*range(1, 21))._replace(body=_counting(*range(1, 21)).body.replace(b'"stop"', b'"length"')),
    ),
)
def text_whole(reply: Reply, context: Context) -> Outcome:
    pieces = [text_of(delta.get("content")) for delta in view.deltas(reply)]
    deltas = "".join(pieces)
    numbers = _numbers(deltas)
    if again := _piece_twice(pieces):
        return broken("the text", "each piece of text once", f"{quote(again)} twice: {quote(deltas[-40:])}")
    row = numbers[:-1]  # the last one may be cut in its middle
    if len(row) < _COUNTED or not _in_a_row(row):
        return not_applicable("the model did not count, or not in a row")
    if row[0] != _FIRST:
        return broken("the beginning of the text", str(_FIRST), quote(deltas[:40]))
    ends = [reason for chunk in reply.chunks if (reason := view.first_choice(chunk).get("finish_reason"))]
    if numbers[-1] != _LAST_NUMBER and ends[:1] == ["stop"]:
        return broken("the end of the text", f"{_LAST_NUMBER}, and finish_reason says stop", quote(deltas[-40:]))
    sent = reply.exchange.request.body  # none where a recording has the reply alone
    if numbers[-1] < _LAST_NUMBER and ends[:1] == ["length"] and sent and b'"max_' not in sent:
        said = f"{quote(deltas[-40:])}, cut off (length), though the request has no cap"
        return broken("the end of the text", str(_LAST_NUMBER), said)
    return holds()


def _numbers(text: str) -> list[int]:
    return [int(found) for found in _NUMBERS.findall(text)]


def _in_a_row(numbers: list[int]) -> bool:
    return all(b == a + 1 for a, b in pairwise(numbers))


def _piece_twice(pieces: list[str]) -> str:
    """The piece of a text that counts which comes twice, so that the text counts in a row only without it. A model
    that says its last number again in other words repeats no piece.
    """
    if _in_a_row(_numbers("".join(pieces))):
        return ""
    for place, (one, next) in enumerate(pairwise(pieces)):
        if one == next and _numbers(one):
            once = _numbers("".join((*pieces[:place], *pieces[place + 1 :])))
            if len(once) > _COUNTED and _in_a_row(once):
                return one
    return ""


def _beside(pieces: list[str], plain: str) -> str:
    """How the pieces repeat the answer to the same request without a stream; empty where they do not.

    Even short: that they end at its end, and begin it anew, is not by chance.
    """
    if len(plain) < 2 or "".join(pieces) == plain:
        return ""
    if pieces[-1:] == [plain]:
        if "".join(pieces[:-1]) == plain:
            return "the last delta repeats the complete text"
        if all(b.startswith(a) for a, b in pairwise(pieces)):
            return f"each of {len(pieces)} deltas repeats all the text so far"
    if pieces[::2] == pieces[1::2] and "".join(pieces[::2]) == plain:
        return f"each of {len(pieces) // 2} deltas is sent twice"
    return ""


def _duplication(pieces: list[str]) -> str:
    """How the pieces repeat each other, by their structure alone; empty when they do not."""
    long = len(pieces) > 2 and min(map(len, pieces)) >= _WORD and sum(map(len, pieces)) >= _WORDS
    if long and all(b.startswith(a) and len(b) > len(a) for a, b in pairwise(pieces)):
        return f"each of {len(pieces)} deltas repeats all the text so far"
    paired = len(pieces) > 5 and pieces[::2] == pieces[1::2]
    if long and paired and len(set(pieces)) == len(pieces) // 2:
        return f"each of {len(pieces) // 2} deltas is sent twice"
    if len(pieces) >= _FEWEST and len(set(pieces)) > 1:
        if all(len(b) > len(a) and b.startswith(a) for a, b in pairwise(pieces)):
            return f"each of {len(pieces)} deltas repeats all the text so far"
        even = len(pieces) - len(pieces) % 2
        pairs = [pieces[n] == pieces[n + 1] for n in range(0, even, 2)]
        if len(pairs) * 2 >= _FEWEST and all(pairs) and len(set(pieces)) > len(pairs) // 2:
            return f"each of {len(pairs)} deltas is sent twice"
    if len(pieces) > 2 and len(pieces[-1]) >= _LONG and pieces[-1] == "".join(pieces[:-1]):
        return "the last delta repeats the complete text"
    return ""
