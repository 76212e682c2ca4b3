"""Our own parser of strict JSON: names what is wrong, and where, in a document that the C decoder refused.

One pass over regular tokens, without recursion: time and memory are linear, and no input reaches Python's recursion
limit. Its answer is that of `strictjson`, which asks it only where it is needed (docs/decisions/0002).
"""

import json
import re
from typing import Any

Json = Any  # dict | list | str | int | float | bool | None
Fault = tuple[str, int, str, str]
"""The fields of a `strictjson.Problem`: reason, offset in bytes, detail, path."""

# Possessive quantifiers: no backtracking, so no hostile string can cost more than its length. All are compiled
# when they are first needed.
_TOKEN = r"""(?x)[ \t\n\r]*+(?:
      (?P<string>"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")
    | (?P<mark>[{}\[\],:])
    | (?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+)(?![0-9A-Za-z.+_-])
    | (?P<word>true|false|null)(?![0-9A-Za-z_])
    )"""
_NUMBER_SO_FAR = r"-?(?:0|[1-9][0-9]*+)?+(?:(?<=[0-9])\.[0-9]*+)?+(?:(?<=[0-9])[eE][+-]?[0-9]*+)?+"
_WORDS = {"true": True, "false": False, "null": None}
_DOUBLE_MAX = 1.7976931348623157e308


def read(text: str, depth: int, nodes: int, number: int) -> tuple[Json, Fault | None, int]:
    """(the value, None, values and keys) of strict JSON within the limits, else (None, the fault, those met before).

    `depth` and `nodes` are the most levels, and values and keys; `number` the most characters of a whole number.
    """
    parser = _Parser(text, depth, nodes, number)
    try:
        return parser.run(), None, parser.nodes
    except _Stop as stop:
        offset = len(text[: stop.at].encode("utf-8", "surrogatepass"))
        return None, (stop.reason, offset, stop.detail, parser.path()), parser.nodes


class _Stop(Exception):
    def __init__(self, reason: str, at: int, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.at, self.detail = reason, at, detail


class _Parser:
    """A pushdown automaton: `containers` and `keys` are its stacks, `expect` what may come next."""

    def __init__(self, text: str, depth: int, nodes: int, number: int) -> None:
        self.text = text
        self.most_levels, self.most_nodes, self.longest_number = depth, nodes, number
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
        if len(containers) >= self.most_levels:
            raise _Stop("too_deep", start, f"deeper than {self.most_levels} levels")
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
        if self.nodes > self.most_nodes:
            raise _Stop("too_many_nodes", start, f"more than {self.most_nodes} values and keys")

    def _scalar(self, kind: str | None, token: str, start: int) -> Json:
        if kind == "word":
            return _WORDS[token]
        whole = token.lstrip("-").isdigit()
        if len(token) > (self.longest_number if whole else 16 * self.longest_number):
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
