"""A value as a program prints it (Python, Node, Ruby, PHP, Perl, Lua …), read as JSON is read: errors quote bodies so.

Nothing is evaluated. Names without quotes, single quotes, trailing commas, None/True/False and undefined are taken;
what Node leaves out ([Object], [Array], … more items) becomes null, and what Rust holds (String("a")) is what it holds.
"""

import re
from typing import Any

_SPACE = re.compile(r"[\s]*")
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?n?")
_WORDS: dict[str, Any] = {"None": None, "null": None, "nil": None, "undefined": None, "True": True, "true": True,
                          "False": False, "false": False, "NaN": None, "Null": None, "NULL": None,
                          "undef": None}  # fmt: skip
_STRUCT = re.compile(r"%[A-Z]?[\w.]{0,100}\{")
_ATOM = re.compile(r":\"?([A-Za-z_][\w-]{0,80})\"?")  # Elixir, Ruby, Clojure
_PHP = re.compile(  # dump(), as Laravel and Symfony have it; var_export; a short array
    r"array:\d{1,6} \[|array (?P<exported>\()(?=\s*(?:['\"]|\d+ =>|\)))|\[(?=\s*['\"][^'\"\n]{1,100}['\"] =>)"
)
_KEYWORD = re.compile(r"\(\s*[A-Za-z_]\w*=(?!=)")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_HOLDERS = ("String", "Number", "Bool", "Some")  # Rust's, as {:?} prints a value of serde_json: Number(429)
_LEFT_OUT = re.compile(
    r"\[(?:Object|Array|Function|Circular|Getter|Symbol)[^\]\n]{0,100}\]|<ref \*\d+>|\.\.\. \d+ more \w+"
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "a": "\a"}
_DEEPEST = 60
_LONGEST = 1 << 20


class NoValue(Exception):
    """There is no value at this place, or it is cut off."""


def read(text: str, at: int = 0) -> tuple[Any, int]:
    """(value, offset behind it). Raises NoValue."""
    if len(text) - at > _LONGEST:
        text = text[: at + _LONGEST]
    return _value(text, at, 0)


def as_lists(value: Any) -> Any:
    """The value with lists where PHP's arrays were lists: it names their entries 0, 1, 2."""
    if not isinstance(value, dict):
        return value
    found = {name: as_lists(inner) for name, inner in value.items()}
    is_list = bool(found) and list(found) == [str(number) for number in range(len(found))]
    return list(found.values()) if is_list else found


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise NoValue
    at = _skip(text, at)
    left_out = _LEFT_OUT.match(text, at)
    if left_out:
        return None, left_out.end()
    char = text[at : at + 1]
    if char == "{":
        return _members(text, at + 1, depth)
    if char in ("a", "[") and (php := _PHP.match(text, at)):
        found, end = _members(text, php.end(), depth, ")" if php["exported"] else "]")
        return as_lists(found), end
    if char in "[(":
        items, end = _items(text, at + 1, "]" if char == "[" else ")", depth) if char else _fail()
        is_text = char == "(" and len(items) == 1 and isinstance(items[0], str)
        return (items[0] if is_text and text[at : end - 1].rstrip()[-1:] != "," else items), end
    if char == "%" and (struct := _STRUCT.match(text, at)):
        return _members(text, struct.end(), depth)
    if char == ":" and (atom := _ATOM.match(text, at)):
        return atom[1], atom.end()
    if char in "'\"`" and char:
        return _string(text, at)
    if char == "b" and text[at + 1 : at + 2] in ("'", '"') and text[at + 1 : at + 2]:
        return _string(text, at + 1)
    number = _NUMBER.match(text, at)
    if number:
        plain = number[0].rstrip("n")
        return (float(plain) if any(c in plain for c in ".eE") else int(plain)), number.end()
    name = _NAME.match(text, at)
    if not name:
        raise NoValue
    if name[0] in _WORDS:
        return _WORDS[name[0]], name.end()
    # A class's name before its members, as Node writes it: Headers { … }, [Object: null prototype] { … }.
    after = _skip(text, name.end())
    if _KEYWORD.match(text, after):  # an object of Python with its members: Choice(index=0, …)
        return _members(text, after + 1, depth, ")")
    if name[0] in _HOLDERS and text[after : after + 1] == "(":
        held, end = _items(text, after + 1, ")", depth)
        return (held[0] if len(held) == 1 else held), end
    if text[after : after + 1] in ("{", "(", "[") and text[after : after + 1]:
        return _value(text, after, depth + 1)
    raise NoValue


def _fail() -> tuple[Any, int]:
    raise NoValue


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _members(text: str, at: int, depth: int, close: str = "}") -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while True:
        at = _skip(text, at)
        char = text[at : at + 1]
        if char == close:
            return found, at + 1
        if char == ",":
            at += 1
            continue
        left_out = _LEFT_OUT.match(text, at)
        if left_out and text[_skip(text, left_out.end()) : _skip(text, left_out.end()) + 1] in (",", "}"):
            at = left_out.end()
            continue
        is_keyword = char == ":"  # Ruby's symbols; behind Clojure's keywords stands the value
        name, at = _member_name(text, at)
        at = _skip(text, at)
        if text[at : at + 2] == "=>":  # Node's Headers; Ruby, Perl, PHP
            at += 2
        elif text[at : at + 1] in (":=" if close == "}" else "=") and at < len(text):  # "=": Lua's tables
            at += 1
        elif not is_keyword:
            raise NoValue
        found[name], at = _value(text, at, depth + 1)


def _member_name(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] in ("'", '"', "`") and text[at : at + 1]:
        return _string(text, at)
    if text[at : at + 1] == "[":
        end = text.find("]", at, at + 100)
        if end < 0:
            raise NoValue
        return text[at + 1 : end].strip("\"'"), end + 1
    if atom := _ATOM.match(text, at):
        return atom[1], atom.end()
    name = _NAME.match(text, at) or _NUMBER.match(text, at)
    if not name:
        raise NoValue
    return name[0], name.end()


def _items(text: str, at: int, close: str, depth: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    is_next = False  # no comma since the last one
    while True:
        at = _skip(text, at)
        char = text[at : at + 1]
        if char == close:
            return found, at + 1
        if char == ",":
            at, is_next = at + 1, False
            continue
        value, at = _value(text, at, depth + 1)
        if is_next and close == ")" and isinstance(value, str) and isinstance(found[-1], str):
            found[-1] += value  # Python joins texts that stand side by side
        else:
            found.append(value)
        is_next = True


def _string(text: str, at: int) -> tuple[str, int]:
    """A quoted text; Node joins long ones with `' +` and a line end."""
    quote, at, parts = text[at], at + 1, []
    while True:
        end = at
        while end < len(text) and text[end] not in (quote, "\\"):
            end += 1
        if end >= len(text):
            raise NoValue
        parts.append(text[at:end])
        if text[end] == quote:
            joined = re.compile(r"\s*\+\s*(?=['\"`])").match(text, end + 1)
            if joined:
                quote, at = text[joined.end()], joined.end() + 1
                continue
            return "".join(parts), end + 1
        piece, at = _escape(text, end + 1)
        parts.append(piece)


def _escape(text: str, at: int) -> tuple[str, int]:
    char = text[at : at + 1]
    width = {"x": 2, "u": 4, "U": 8}.get(char, 0)
    digits = text[at + 1 : at + 1 + width]
    if width and len(digits) == width and all(c in "0123456789abcdefABCDEF" for c in digits):
        code = int(digits, 16)
        return (chr(code) if code < 0x110000 else ""), at + 1 + width
    if char == "\n":
        return "", at + 1
    return _ESCAPES.get(char, char), at + 1
