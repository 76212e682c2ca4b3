"""What a body is made of, without what it says: JSON paths with the types seen there. For history, diff and compare.

Arrays are folded (`$.choices[].message`), so that a reply with two choices has the shape of one with three.
"""

from collections.abc import Iterable

from chatproof.printable import cut, escape
from chatproof.strictjson import Json

MOST_PATHS = 300
_NAME = 60
_DEEPEST = 12
# Members whose values are words of the protocol, not of the conversation: they belong to the shape.
_WORDS = frozenset(("object", "role", "finish_reason", "type", "code"))
_WORD = 40


def shape(values: Iterable[Json]) -> list[list[str]]:
    """[path, types] pairs over all values, sorted by path; types are joined by `|` and sorted.

    A protocol word is shown with its type, `string=stop`. At most MOST_PATHS paths, the last then being `…`. Names are
    escaped; not yet redacted.
    """
    seen: dict[str, set[str]] = {}
    left = [("$", "", value, 0) for value in values]
    full = False
    while left:
        path, name, value, depth = left.pop()
        if path not in seen and len(seen) >= MOST_PATHS:
            full = True
            continue
        seen.setdefault(path, set()).add(_type(name, value))
        if depth >= _DEEPEST:
            continue
        if isinstance(value, dict):
            left += [(path + _member(key), key, item, depth + 1) for key, item in value.items()]
        elif isinstance(value, list):
            left += [(path + "[]", "", item, depth + 1) for item in value]
    rows = [[path, "|".join(sorted(types))] for path, types in sorted(seen.items())]
    return [*rows, ["…", "more paths"]] if full else rows


def _member(name: str) -> str:
    if name.isascii() and name.isidentifier() and len(name) <= _NAME:
        return "." + name
    return '["' + cut(escape(name[: _NAME + 1]), _NAME) + '"]'


def _type(name: str, value: Json) -> str:
    if isinstance(value, str):
        plain = len(value) <= _WORD and value.replace("_", "").replace(".", "").isalnum() and value.isascii()
        return f"string={value}" if name in _WORDS and plain else "string"
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    return {int: "integer", float: "number", list: "array", dict: "object"}[type(value)]
