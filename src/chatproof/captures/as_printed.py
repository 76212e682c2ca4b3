"""JSON as a program printed it or an editor changed it: read as what it was, so that no server is blamed for the paste.

Typographic quotation marks, blanks of another kind, HTML's entities, JSON within a string, a dict of Python, an object
of Node. What a program left out when it printed cannot be judged, and is said so.
"""

import html
import json
import re
from typing import Any, NamedTuple

from chatproof.captures import literal
from chatproof.captures.entry import Unreadable
from chatproof.captures.json_files import holds_answer

_MOST = 4 * 1024 * 1024
_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u00a0": " ", "\u202f": " "})
_FIRST_NAME = re.compile(r"\{\s*(?:'|:\w|[A-Za-z_]\w{0,60}(?::| = )|\[\"|\"[^\"\n]{0,60}\" ?=>)")
_LEFT_OUT = re.compile(r"\[(?:Object|Array)\]|\.\.\. \d+ more ")


class Restored(NamedTuple):
    data: bytes
    note: str


STRAIGHT = "typographic quotation marks or blanks, as editors make them, were replaced"


def straight(data: bytes) -> bytes:
    """A stream's events with straight quotation marks, where an editor has put typographic ones around every name, and
    with the blank line that ends the last one."""
    if len(data) > _MOST or b'"' in data or b"\xe2\x80\x9c" not in data:
        return data
    return data.decode("utf-8", "replace").translate(_QUOTES).rstrip().encode("utf-8", "surrogatepass") + b"\n\n"


def restored(data: bytes) -> Restored | None:
    """The JSON document that a text was; None where it is one already, or none at all. Raises Unreadable for an answer
    of which the program that printed it left parts out."""
    if len(data) > _MOST:
        return None
    text = data.decode("utf-8", "replace").strip()
    if text[:1] == '"':
        inner = _parsed(text)
        within = inner.lstrip() if isinstance(inner, str) else ""
        if within[:1] in ("{", "[") and _parsed(within) is not None:
            return Restored(within.encode("utf-8", "surrogatepass"), "the JSON was in a string inside other JSON")
        return None
    for changed, note in (
        (text.translate(_QUOTES), STRAIGHT),
        (html.unescape(text), "HTML's entities were replaced"),
    ):
        if changed != text and _parsed(changed) is not None:
            return Restored(changed.encode("utf-8", "surrogatepass"), note)
    return _of_a_program(text)


def _of_a_program(text: str) -> Restored | None:
    """An answer as Python or Node prints an object. An error so printed is read with the other errors of programs."""
    try:
        value, end = literal.read(text)
    except literal.NoValue:
        return None
    if not isinstance(value, dict) or not holds_answer(value) or text[end:].strip():
        return None
    if _LEFT_OUT.search(text):
        raise Unreadable(
            "it is an answer as a program printed it, which left parts of it out; print it with JSON.stringify, or "
            "capture the reply itself with: curl -sS -i …"
        )
    return Restored(json.dumps(value).encode(), "the answer was printed as a program's object, and is read as JSON")


def is_object(text: str) -> bool:
    """The whole of a text is one object as Python, Ruby, Lua, Clojure or Node prints it, by its first name."""
    if not _FIRST_NAME.match(text):
        return False
    try:
        value, end = literal.read(text)
    except literal.NoValue:
        return False
    return isinstance(value, dict) and not text[end:].strip()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
