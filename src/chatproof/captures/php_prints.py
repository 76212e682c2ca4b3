"""Values as PHP's functions print them, read as what they were.

print_r leaves the quotation marks out and puts a value on its line, var_dump writes each value's type and length.
var_export, dump() and a short array quote their texts, and are read as the objects of other languages are.
"""

import json
import re
from typing import Any, NamedTuple

from chatproof.captures import literal
from chatproof.captures.literal import as_lists

NOTE = "what PHP printed is read as the JSON that it was"
_HEAD = re.compile(r"(?m)^[^\S\n]{0,200}(?:Array|[\w\\]{1,100} Object)\s{0,4}\n\s{0,200}\(\s{0,4}$")
_DUMP = re.compile(r"(?:array\(\d{1,6}\)|object\([\w\\]{1,100}\)#\d{1,9} \(\d{1,6}\)) \{")
_QUOTED = re.compile(r"\barray(?::\d{1,6} \[| \((?=\s*'))|\[(?=\s{0,40}['\"]\w{1,40}['\"]\s=> )")
_MEMBER = re.compile(r"\s{0,200}\[([^\]\n]{1,200})\] => ?(.{0,60000})")
_NESTED = re.compile(r"(?:Array|[\w\\]{1,100} Object)\s{0,4}$")
_NAME = re.compile(r'\s{0,200}\["?([^\]"\n]{1,200})"?(?::[^\]\n]{1,60})?\]\s{0,4}=>\s{0,200}')
_STRING = re.compile(r'string\((\d{1,7})\) "')
_SCALAR = re.compile(r"NULL|bool\((true|false)\)|(?:int|float)\((-?\d{1,30}(?:\.\d{1,30})?)(?:E[+-]?\d{1,3})?\)")
_LONGEST, _DEEPEST, _MOST = 1 << 20, 60, 20_000


class _NoValue(Exception):
    """What stands there is not printed so, or is cut off."""


class Printed(NamedTuple):
    value: Any
    start: int
    end: int  # offset behind it


def as_json(data: bytes) -> bytes | None:
    """The text with JSON in the place of what PHP printed first; None where it printed nothing there."""
    if b"=>" not in data[:_LONGEST]:
        return None
    text = data[:_LONGEST].decode("utf-8", "replace")
    found = _first(text)
    if found is None:
        return None
    read = f"{text[: found.start]}{json.dumps(found.value)}{text[found.end :]}"
    return read.encode("utf-8", "surrogatepass") + data[_LONGEST:]


def _first(text: str) -> Printed | None:
    forms = ((_HEAD, _printed), (_DUMP, _dumped_value), (_QUOTED, _quoted))
    found = sorted(((match.start(), read) for form, read in forms if (match := form.search(text))), key=lambda f: f[0])
    for start, read in found:
        try:
            value, end = read(text, start)
        except (_NoValue, literal.NoValue):
            continue
        if isinstance(value, dict) and value:
            return Printed(value, start, end)
    return None


def _quoted(text: str, at: int) -> tuple[Any, int]:
    return literal.read(text, at)


def _dumped_value(text: str, at: int) -> tuple[Any, int]:
    return _dumped(text, at, 0)


# --- print_r ----------------------------------------------------------------------------------------------------------


def _printed(text: str, at: int) -> tuple[Any, int]:
    lines = text[at:].split("\n")[:_MOST]
    value, used = _block(lines, 0, 0)
    end = at + sum(len(line) + 1 for line in lines[:used])
    return as_lists(value), min(end, len(text))


def _block(lines: list[str], at: int, depth: int) -> tuple[dict[str, Any], int]:
    """(members, the number of the line behind them) of what is headed by the line `at`."""
    if depth > _DEEPEST:
        raise _NoValue
    at += 1
    if at >= len(lines) or lines[at].strip() != "(":
        raise _NoValue
    close = lines[at].rstrip().replace("(", ")")  # it stands below the one that opens; in a text it may stand anywhere
    found: dict[str, Any] = {}
    told: list[str] = []  # of the member under way, which may go over several lines
    name, at = "", at + 1
    while at < len(lines):
        line = lines[at]
        member = _MEMBER.fullmatch(line)
        is_end = line.rstrip() == close
        if name and (member or is_end):
            found[name], name = _value(name, "\n".join(told)), ""
        if is_end:
            return found, at + 1
        if member and _NESTED.fullmatch(member[2]) and at + 1 < len(lines) and lines[at + 1].strip() == "(":
            found[member[1].split(":")[0]], at = _block(lines, at, depth + 1)
            continue
        if member:
            name, told = member[1].split(":")[0], [member[2]]
        elif name:
            told.append(line)
        elif line.strip():
            raise _NoValue
        at += 1
    raise _NoValue


def _value(name: str, told: str) -> Any:
    """What print_r tells of a value without its type: nothing of null, false and an empty text; numbers by their name,
    as a model's text may be but digits."""
    counted = name == "index" or name.startswith("created") or name.endswith("tokens")
    return int(told) if counted and told.isdecimal() else told or None


# --- var_dump ---------------------------------------------------------------------------------------------------------


def _dumped(text: str, at: int, depth: int) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise _NoValue
    if head := _DUMP.match(text, at):
        return _dumped_members(text, head.end(), depth)
    if string := _STRING.match(text, at):
        return _dumped_text(text, string.end(), int(string[1]))
    scalar = _SCALAR.match(text, at)
    if scalar is None:
        raise _NoValue
    number = (float(scalar[2]) if "." in scalar[2] else int(scalar[2])) if scalar[2] else None
    return (scalar[1] == "true" if scalar[1] else number), scalar.end()


def _dumped_members(text: str, at: int, depth: int) -> tuple[Any, int]:
    found: dict[str, Any] = {}
    while True:
        rest = re.compile(r"\s{0,400}").match(text, at)
        at = rest.end() if rest else at
        if text[at : at + 1] == "}":
            return as_lists(found), at + 1
        name = _NAME.match(text, at)
        if name is None or len(found) > _MOST:
            raise _NoValue
        found[name[1]], at = _dumped(text, name.end(), depth + 1)


def _dumped_text(text: str, at: int, length: int) -> tuple[str, int]:
    """A text by its length in bytes; by its line's end where somebody has shortened what is in it."""
    told = text[at : at + length].encode("utf-8", "surrogatepass")[:length].decode("utf-8", "ignore")
    end = at + len(told)
    if text[end : end + 1] == '"':
        return told, end + 1
    closing = re.compile(r'"(?=\s{0,4}(?:\n|$))').search(text, at)
    if closing is None:
        raise _NoValue
    return text[at : closing.start()], closing.end()
