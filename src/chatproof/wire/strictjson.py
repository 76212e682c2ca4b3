"""Strict JSON: bytes to a value, or a named reason with its offset.

RFC 8259 and nothing else: UTF-8 without a byte order mark, one document, no duplicate keys, no NaN or Infinity, no
lone surrogates, numbers a double can hold, bounded depth and size. Leading and trailing white space is allowed.
Every JSON library at hand accepts something else, and each something of its own.

Two readers, one answer (docs/decisions/0002): the standard library's decoder, written in C, reads what is good, with
hooks for what it would let pass and with the limits checked before it builds a value. Whatever it refuses, and whatever
may be over a limit, our own parser decides and names. That one is one pass over regular tokens, without recursion: time
and memory are linear, and no input reaches Python's recursion limit.
"""

import json
import re
from collections.abc import Iterable
from itertools import accumulate
from json import scanner
from typing import Any, TypeVar

from chatproof.values import NamedTuple

_QUOTED = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)

_Number = TypeVar("_Number", int, float)
Json = Any  # dict | list | str | int | float | bool | None


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

# Possessive quantifiers: no backtracking, so no hostile string can cost more than its length. All are compiled when
# they are first needed, for most of them no good reply needs.
_TOKEN = r"""(?x)[ \t\n\r]*+(?:
      (?P<string>"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")
    | (?P<mark>[{}\[\],:])
    | (?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+)(?![0-9A-Za-z.+_-])
    | (?P<word>true|false|null)(?![0-9A-Za-z_])
    )"""
_NUMBER_SO_FAR = r"-?(?:0|[1-9][0-9]*+)?+(?:(?<=[0-9])\.[0-9]*+)?+(?:(?<=[0-9])[eE][+-]?[0-9]*+)?+"
# All but brackets outside strings. The end of a string is optional: else many starts of one could each be read to the
# end of the text.
_NO_BRACKET = r'(?s)[^\[\]{}"]++|"[^"\\]*+(?:\\.[^"\\]*+)*+\\?"?'
# As far as every surrogate that is escaped is half of a pair.
_PAIRED = (
    r"(?s)[^\\]*+(?:\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u(?![dD][89a-fA-F])|[^u])[^\\]*+)*+"
)
_WORDS = {"true": True, "false": False, "null": None}
_DOUBLE_MAX = 1.7976931348623157e308


def parse(data: bytes, limits: JsonLimits = JsonLimits()) -> tuple[Json, Problem | None]:
    """(value, None) for strict JSON, (None, Problem) for anything else. Never raises for any bytes."""
    text, problem = _decoded(data)
    if problem is not None:
        return None, problem
    value = _decide(data, text, limits)
    return _explain(text, limits)[0] if value is _UNDECIDED else (value, None)


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


# -- the fault --------------------------------------------------------------------------------------------------------


def _explain(text: str, limits: JsonLimits) -> tuple[tuple[Json, Problem | None], int]:
    """(what `parse` returns, how many values and keys were met)."""
    parser = _Parser(text, limits)
    try:
        return (parser.run(), None), parser.nodes
    except _Stop as stop:
        offset = len(text[: stop.at].encode("utf-8", "surrogatepass"))
        return (None, Problem(stop.reason, offset, stop.detail, parser.path())), parser.nodes


class _Stop(Exception):
    def __init__(self, reason: str, at: int, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.at, self.detail = reason, at, detail


class _Parser:
    """A pushdown automaton: `containers` and `keys` are its stacks, `expect` what may come next."""

    def __init__(self, text: str, limits: JsonLimits) -> None:
        self.text = text
        self.limits = limits
        self.containers: list[Json] = []
        self.keys: list[str | None] = []  # the key under which the next value of each open container goes
        self.nodes = 0

    def run(self) -> Json:
        text, at, expect, token_at = self.text, 0, "value", re.compile(_TOKEN).match
        containers, keys = self.containers, self.keys
        root: Json = None
        while expect != "end":
            match = token_at(text, at)
            if match is None:
                raise self._failure(at, expect)
            kind, at = match.lastgroup, match.end()
            # A string may be as long as the document: it is taken from it once.
            token: str = "" if kind == "string" else match[kind or 0]
            if kind == "mark":
                if token == "," and expect == "comma":  # the most frequent ones, without a call
                    expect = "key" if keys[-1] is not None else "value"
                elif token == ":" and expect == "colon":
                    expect = "value"
                elif (token == "}" and (expect == "first_key" or (expect == "comma" and keys[-1] is not None))) or (
                    token == "]" and (expect == "first_item" or (expect == "comma" and keys[-1] is None))
                ):
                    root = containers.pop()
                    keys.pop()
                    expect = "comma" if containers else "end"
                else:
                    expect = self._open(token, at - 1, expect)
                continue
            start = match.start(kind or 0)
            if expect in ("key", "first_key"):
                if kind != "string":
                    raise _Stop("syntax", start, "a key must be a string")
                self._take_key(self._string(start, at), start)
                expect = "colon"
                continue
            if expect not in ("value", "first_item"):
                raise _Stop("syntax" if self.containers else "trailing", start, f"expected {_NAMES[expect]}")
            value = self._string(start, at) if kind == "string" else self._scalar(kind, token, start)
            self._count(start)
            self._store(value)
            root = value if not self.containers else root
            expect = "comma" if self.containers else "end"
        rest = _skip_space(text, at)
        if rest != len(text):
            raise _Stop("trailing", rest, "another document or text follows")
        return root

    def path(self) -> str:
        parts = ["$"]
        last = len(self.containers) - 1
        for depth, (container, key) in enumerate(zip(self.containers, self.keys, strict=True)):
            if isinstance(container, list):
                parts.append(f"[{len(container) - (depth < last)}]")  # an open child is stored already
            elif key is not None:
                parts.append(f".{key[:128]}")
        return "".join(parts[:20])

    def _open(self, token: str, start: int, expect: str) -> str:
        if token not in "{[" or expect not in ("value", "first_item"):
            raise _Stop("syntax", start, f"expected {_NAMES[expect]}")
        self._count(start)
        containers, keys = self.containers, self.keys
        if len(containers) >= self.limits.depth:
            raise _Stop("too_deep", start, f"deeper than {self.limits.depth} levels")
        container: Json = {} if token == "{" else []
        if containers:  # as in _store, without a call: what is made to be slow has many
            key = keys[-1]
            if key is None:
                containers[-1].append(container)
            else:
                containers[-1][key] = container
        containers.append(container)
        keys.append(None)
        return "first_key" if token == "{" else "first_item"

    def _take_key(self, key: str, start: int) -> None:
        if key in self.containers[-1]:
            self.keys[-1] = key
            raise _Stop("duplicate_key", start, "named twice")
        self._count(start)
        self.keys[-1] = key

    def _store(self, value: Json) -> None:
        if not self.containers:
            return
        key = self.keys[-1]
        if key is None:
            self.containers[-1].append(value)
        else:
            self.containers[-1][key] = value

    def _count(self, start: int) -> None:
        self.nodes += 1
        if self.nodes > self.limits.nodes:
            raise _Stop("too_many_nodes", start, f"more than {self.limits.nodes} values and keys")

    def _scalar(self, kind: str | None, token: str, start: int) -> Json:
        if kind == "word":
            return _WORDS[token]
        whole = token.lstrip("-").isdigit()
        if len(token) > (self.limits.number if whole else 16 * self.limits.number):
            raise _Stop("number_range", start, f"a number of {len(token)} characters")
        number = int(token) if whole else float(token)
        if abs(number) > _DOUBLE_MAX:
            raise _Stop("number_range", start, "beyond the range of a double")
        return number

    def _string(self, start: int, end: int) -> str:
        if self.text.find("\\", start, end) < 0:
            return self.text[start + 1 : end - 1]
        token = self.text[start:end]
        value: str = json.loads(token)
        if "\\u" in token and any("\ud800" <= char <= "\udfff" for char in value):
            raise _Stop("lone_surrogate", start, "in this string")
        return value

    def _failure(self, at: int, expect: str) -> _Stop:
        """Name what stands at `at`, where no token could be read."""
        text, start = self.text, _skip_space(self.text, at)
        if start == len(text):
            if not self.containers and expect == "value":
                return _Stop("empty", start, "only white space" if text else "0 bytes")
            return _Stop("truncated", start, f"ends where {_NAMES[expect]} should follow")
        if re.match(r"[-+]?(?:NaN|Infinity|nan|inf)\b", text[start : start + 12]):
            return _Stop("not_a_number", start, "NaN or Infinity")
        if expect == "end":
            return _Stop("trailing", start, "more text follows the document")
        if text[start] == '"' and expect not in ("colon", "comma"):
            return self._bad_string(start)
        rest = text[start : start + 8]
        number = re.compile(_NUMBER_SO_FAR).match(text, start)
        unfinished = any(word.startswith(rest) for word in _WORDS) or (number and number.end() == len(text))
        if unfinished and expect in ("value", "first_item"):  # elsewhere more of it would mend nothing
            return _Stop("truncated", len(text), "ends inside a value")
        return _Stop("syntax", start, f"expected {_NAMES[expect]}")

    def _bad_string(self, start: int) -> _Stop:
        good = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+')
        match = good.match(self.text, start)
        end = match.end() if match else start
        rest = self.text[end : end + 6]
        if re.fullmatch(r"(?:\\(?:u[0-9a-fA-F]{0,3})?)?", rest):
            return _Stop("truncated", len(self.text), "ends inside a string")
        what = "a bad escape" if rest.startswith("\\") else "a raw control character"
        return _Stop("syntax", end, f"{what} inside a string")


_NAMES = {
    "value": "a value",
    "first_item": "a value or ]",
    "first_key": "a key or }",
    "key": "a key",
    "colon": "a colon",
    "comma": "a comma or the closing bracket",
    "end": "nothing more",
}


def _skip_space(text: str, at: int) -> int:
    return len(text) - len(text[at:].lstrip(" \t\n\r"))


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
