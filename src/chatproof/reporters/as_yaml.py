"""The sanitized record, exactly in the form that was asked for. Every value is a quoted string."""

from typing import Any

from chatproof.reporters import Style


def render(document: dict[str, Any], style: Style) -> str:
    record: dict[str, str] = document["smoke_test_run"]
    lines = [f"  {name}: {quoted(value)}" for name, value in record.items()]
    return "\n".join(["smoke_test_run:", *lines, ""])  # made inert, \\x23 is YAML's own escape: the data stay


def quoted(value: str) -> str:
    """A YAML 1.2 double-quoted scalar, in ASCII: no value can end it, start a tag or be read as another type."""
    return '"' + "".join(_char(char) for char in value) + '"'


def _char(char: str) -> str:
    code = ord(char)
    if char in '"\\':
        return "\\" + char
    if 0x20 <= code < 0x7F:
        return char
    if code < 0x100:
        return f"\\x{code:02x}"
    if 0xD800 <= code < 0xE000:
        return f"\\\\u{code:04x}"  # half a surrogate pair is no YAML character: shown as text
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
