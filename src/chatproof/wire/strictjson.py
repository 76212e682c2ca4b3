"""Strict JSON: bytes to a value, or a named reason with its offset.

RFC 8259 and nothing else: UTF-8 without a byte order mark, one document, no duplicate keys, no NaN or Infinity, no
lone surrogates, numbers a double can hold, bounded depth and size. Leading and trailing white space is allowed.
Every JSON library at hand accepts something else, and each something of its own.

Two readers, one answer (docs/decisions/0002): the standard library's decoder, written in C, reads what is good, with
hooks for what it would let pass and with the limits checked before it builds a value. Whatever it refuses, and whatever
may be over a limit, our own parser decides and names: `json_faults`, which is imported when it is first needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import accumulate
from json import scanner

from chatproof.values import NamedTuple

_QUOTED = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    _Number = TypeVar("_Number", int, float)
    Json = Any  # dict | list | str | int | float | bool | None
else:
    Json = object


class Problem(NamedTuple):
    """Why bytes are not strict JSON. `offset` counts bytes from the start; `path` is as far as parsing came."""

    reason: str  # a row of REASONS
    offset: int
    detail: str
    path: str = "$"


class JsonLimits(NamedTuple):
    depth: int = 64
    nodes: int = 200_000
    number: int = 64  # characters in one number
    all_nodes: int = 600_000  # in documents that are kept together: the events of a stream


REASONS = {
    "empty": "there is no document",
    "bom": "a byte order mark precedes the document",
    "not_utf8": "the bytes are not UTF-8",
    "syntax": "the JSON syntax is wrong",
    "truncated": "the document ends before it is complete",
    "trailing": "more text follows the document",
    "duplicate_key": "an object has the same key twice",
    "not_a_number": "NaN or Infinity, which JSON does not have",
    "lone_surrogate": "half of a surrogate pair, which is not a character",
    "number_range": "a number that a double cannot represent",
    "too_deep": "nesting exceeds the limit",
    "too_many_nodes": "the document has more values than the limit",
}

# Compiled when first needed: most good replies need none of them.
# All but brackets outside strings. The end of a string is optional: else many starts of one could each be read to the
# end of the text.
_NO_BRACKET = r'(?s)[^\[\]{}"]++|"[^"\\]*+(?:\\.[^"\\]*+)*+\\?"?'
# As far as every surrogate that is escaped is half of a pair.
_PAIRED = (
    r"(?s)[^\\]*+(?:\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u(?![dD][89a-fA-F])|[^u])[^\\]*+)*+"
)
_DOUBLE_MAX = 1.7976931348623157e308


def parse(data: bytes, limits: JsonLimits = JsonLimits()) -> tuple[Json, Problem | None]:
    """(value, None) for strict JSON, (None, Problem) for anything else. Never raises for any bytes."""
    text, problem = _decoded(data)
    if problem is not None:
        return None, problem
    value = _decide(data, text, limits)
    return _explain(text, limits)[0] if value is _UNDECIDED else (value, None)


def _explain(text: str, limits: JsonLimits) -> tuple[tuple[Json, Problem | None], int]:
    """(what `parse` returns, how many values and keys were met), as our own parser has it."""
    from chatproof.wire import json_faults

    value, fault, nodes = json_faults.read(text, limits.depth, limits.nodes, limits.number)
    return (value, Problem(*fault) if fault else None), nodes


def parse_each(documents: Iterable[bytes], limits: JsonLimits = JsonLimits()) -> list[tuple[Json, Problem | None]]:
    """What `parse` says of each document, and that all together have too many values: a stream is kept whole, and a
    value takes up to thirty times the room of its bytes."""
    documents = list(documents)
    if sum(1 + len(_marks(data)) for data in documents) <= limits.all_nodes:
        return [parse(data, limits) for data in documents]
    left = limits.all_nodes  # they may be too many: count them
    found: list[tuple[Json, Problem | None]] = []
    for data in documents:
        text, problem = _decoded(data)
        if problem is not None:
            found.append((None, problem))
            continue
        (value, problem), nodes = _explain(text, limits._replace(nodes=min(limits.nodes, left)))
        if problem is not None and problem.reason == "too_many_nodes" and left < limits.nodes:
            problem = problem._replace(detail="this event and those before it have too many values and keys")
        found.append((value, problem))
        left -= min(nodes, left)
    return found


def _decoded(data: bytes) -> tuple[str, Problem | None]:
    if data.startswith(b"\xef\xbb\xbf"):
        return "", Problem("bom", 0, "EF BB BF")
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        bad = data[error.start : error.start + 2].hex(" ")
        return "", Problem("not_utf8", error.start, f"bytes {bad}: {error.reason}")


# -- the good case ----------------------------------------------------------------------------------------------------

_UNDECIDED = object()
_IN_C = getattr(scanner, "c_make_scanner", None) is not None  # the decoder in Python takes more
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_NO_MARK = bytes(set(range(256)) - set(b"[{,:"))
_DECODERS: dict[int, json.JSONDecoder] = {}  # by the length of a number


def _marks(data: bytes) -> bytes:
    """The marks of which one stands before every value and key but the first value, those in strings included."""
    return data.translate(None, _NO_MARK)


def _decide(data: bytes, text: str, limits: JsonLimits) -> Json:
    """The value of strict JSON within the limits; `_UNDECIDED` for anything else, and where only counting can tell."""
    marks = _marks(data)
    if not _IN_C or len(marks) >= limits.nodes:
        return _UNDECIDED
    opened = marks.count(b"[") + marks.count(b"{")
    if opened > limits.depth and (data.count(b'"') > 4 * limits.nodes or _depth(text) > limits.depth):
        return _UNDECIDED
    if "\\" in text and ("\\ud" in text or "\\uD" in text) and not re.fullmatch(_PAIRED, text):
        return _UNDECIDED
    decoder = _DECODERS.get(limits.number) or _DECODERS.setdefault(limits.number, _decoder(limits.number))
    try:
        return decoder.decode(text)
    except (ValueError, RecursionError):
        return _UNDECIDED


def _depth(text: str) -> int:
    """The depth of a document; of anything else at least the depth of what is good at its beginning."""
    brackets = re.sub(_NO_BRACKET, "", text)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _decoder(longest: int) -> json.JSONDecoder:
    """The standard library's decoder, which raises ValueError for what it would let pass."""

    def members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError
        return found

    def whole(digits: str) -> int:
        if len(digits) > longest:
            raise ValueError
        return _in_range(int(digits))

    def real(digits: str) -> float:
        if len(digits) > 16 * longest:
            raise ValueError
        return _in_range(float(digits))

    return json.JSONDecoder(object_pairs_hook=members, parse_int=whole, parse_float=real, parse_constant=_no_number)


def _in_range(number: _Number) -> _Number:
    if not -_DOUBLE_MAX <= number <= _DOUBLE_MAX:
        raise ValueError
    return number


def _no_number(word: str) -> float:
    raise ValueError(word)


def crowded(data: bytes, most: int) -> bool:
    """More than `most` objects and arrays, or commas between values. Linear; what stands in strings is not counted."""
    if sum(map(data.count, (b"{", b"[", b","))) <= most:
        return False
    counts, end = dict.fromkeys((b"{", b"[", b","), 0), 0
    for string in _QUOTED.finditer(data):
        for mark in counts:
            counts[mark] += data.count(mark, end, string.start())
        end = string.end()
        if max(counts.values()) > most:
            return True
    return any(count + data.count(mark, end) > most for mark, count in counts.items())
