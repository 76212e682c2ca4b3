"""What a body is made of, without what it says: JSON paths with the types seen there. For history, diff and compare.

Arrays are folded (`$.choices[].message`), so that a reply with two choices has the shape of one with three.
"""

from collections.abc import Iterable, Sequence

from chatproof.printable import cut, escape
from chatproof.values import NamedTuple
from chatproof.wire.strictjson import Json

MOST_PATHS = 300
_MOST_TEXT = 16_000  # characters of all paths together: long names below long names must not fill the record
_NAME = 60
_DEEPEST = 12
# Members whose values are words of the protocol, not of the conversation: they belong to the shape.
_WORDS = frozenset(("object", "role", "finish_reason", "type", "code"))
_WORD = 40
_TYPES: dict[type, str] = {
    str: "string", int: "integer", float: "number", list: "array", dict: "object", bool: "boolean", type(None): "null",
}  # fmt: skip


def shape(values: Iterable[Json]) -> list[list[str]]:
    """[path, types] pairs over all values, sorted by path; types are joined by `|` and sorted.

    A protocol word is shown with its type, `string=stop`. At most MOST_PATHS paths, the last then being `…`. Names are
    escaped; not yet redacted.
    """
    seen: dict[str, set[str]] = {}
    left = [("$", "", value, 0) for value in values]
    full, text = False, 0
    while left:
        path, name, value, depth = left.pop()
        if path not in seen:
            if len(seen) >= MOST_PATHS or text + len(path) > _MOST_TEXT:
                full = True
                continue
            text += len(path)
            seen[path] = set()
        seen[path].add(_word(value) if name in _WORDS and isinstance(value, str) else _TYPES[type(value)])
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


def _word(value: str) -> str:
    plain = len(value) <= _WORD and value.replace("_", "").replace(".", "").isalnum() and value.isascii()
    return f"string={value}" if plain else "string"


LOST, ADDED, RETYPED = "lost", "added", "retyped"


class Change(NamedTuple):
    """How one path differs between two shapes; `before` and `after` are its types, empty where it is absent."""

    kind: str
    path: str
    before: str
    after: str


def changes(before: Sequence[Sequence[str]], after: Sequence[Sequence[str]]) -> list[Change]:
    """What differs between two shapes, in order of path. A lost or added object or array is one change, not one for
    each of its members; nor does an array that was empty on one side say anything of its items.

    A null says that a member may be absent, so its coming and going is none. Only where a value stood and now nothing
    but null does, or null joins values, is that a change. Protocol words are not compared here: see `words`.
    """
    old, new = ({row[0]: row[1] for row in rows} for rows in (before, after))
    found: list[Change] = []
    for path in sorted({*old, *new} - {"\u2026"}):
        if any(_is_above(change.path, path) for change in found) or _in_an_empty_array(path, old, new):
            continue
        was, now = _types(old.get(path, "")), _types(new.get(path, ""))
        shown = "|".join(sorted(was)), "|".join(sorted(now))
        if not was or not now:
            if (was or now) == {"null"}:
                continue
            parent = _parent_types(path, old if not was else new)
            if parent and "object" not in parent and "array" not in parent:
                continue  # the parent's own change of type, or its null, has said it
            found.append(Change(LOST if not now else ADDED, path, *shown))
        elif _retyped(was, now):
            found.append(Change(RETYPED, path, *shown))
    return found


def words(rows: Sequence[Sequence[str]], name: str) -> set[str]:
    """The protocol words seen for members of this name, such as finish_reason."""
    found = (types for path, types in rows if path.endswith("." + name))
    return {part.partition("=")[2] for types in found for part in types.split("|") if "=" in part}


def _types(types: str) -> set[str]:
    return {part.partition("=")[0] for part in types.split("|") if part}


def _retyped(was: set[str], now: set[str]) -> bool:
    values_was, values_now = was - {"null"}, now - {"null"}
    if not values_was:
        return False  # a value where there was only null: it was always allowed to come
    return bool(values_now - values_was) or ("null" in now and "null" not in was)


def _is_above(path: str, other: str) -> bool:
    return other.startswith((path + ".", path + "[")) and path != "$"


def _parent(path: str) -> str:
    return path[:-2] if path.endswith("[]") else path[: max(path.rfind("."), path.rfind('["'))]


def _parent_types(path: str, rows: dict[str, str]) -> set[str]:
    return _types(rows.get(_parent(path), ""))


def _in_an_empty_array(path: str, old: dict[str, str], new: dict[str, str]) -> bool:
    """Somewhere above stands an array that has items on one side only."""
    at = path.find("[]")
    while at >= 0:
        array, items = path[:at], path[: at + 2]
        if any("array" in _types(rows.get(array, "")) and items not in rows for rows in (old, new)):
            return True
        at = path.find("[]", at + 2)
    return False
