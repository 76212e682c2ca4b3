"""What a client's error text or log tells of an exchange, put together from its pieces into captures."""

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, NamedTuple

from chatproof.captures import literal
from chatproof.captures.entry import Captured, Headers, base_of, method_of, near_base_of
from chatproof.wire.exchange import BODY, END, HEADERS, KEY, STATUS, Fault, Response

_LIST = re.compile(r"\[\s*[{\[]")  # a list of anything else is the beginning of a sentence
_PAGE = re.compile(r"(?i)<!doctype html|<html[\s>]")
LONGEST_TEXT = 4 * 1024 * 1024
MOST = 200
# The names of statuses that fail, as clients write them; the last four are those since RFC 9110.
PHRASES = "|".join(
    (
        *(re.escape(status.phrase) for status in HTTPStatus if status >= 400),
        *("Payload Too Large", "Content Too Large", "Unprocessable Content", "URI Too Long"),
    )
)


class Told(NamedTuple):
    """Pieces of one exchange; empty for what is not told."""

    status: int = 0
    body: bytes | None = None
    headers: Headers = ()  # of the reply
    method: str = ""
    url: str = ""
    posted: bytes | None = None
    fault: Fault | None = None

    @property
    def is_anything(self) -> bool:
        return bool(self.status or self.fault or self.body)


def merged(pieces: Iterable[Told]) -> list[Told]:
    """Pieces that tell of the same exchange as one: those in a row whose statuses do not contradict each other."""
    found: list[Told] = []
    for piece in pieces:
        last = found[-1] if found else None
        same = last is not None and (not piece.status or not last.status or piece.status == last.status)
        repeats = last is not None and piece.status and piece.status == last.status and piece.url and last.body
        if last is not None and same and not repeats and not (piece.fault and last.status):
            found[-1] = Told(*(getattr(last, name) or getattr(piece, name) for name in Told._fields))
        else:
            found.append(piece)
    return [piece for piece in found if piece.is_anything][-MOST:]


def captured(number: int, told: Told) -> Captured:
    """The exchange. What was not told is not held."""
    sent = () if told.url else None
    if told.fault is not None and not told.status:
        return Captured(number, None, told.fault, frozenset({KEY}), told.method, told.url, sent, told.posted)
    missing = {KEY, END}
    missing |= set() if told.status else {STATUS}
    missing |= set() if told.headers else {HEADERS}
    missing |= set() if told.body is not None else {BODY}
    raw = tuple((name.encode("latin-1", "replace"), text.encode("latin-1", "replace")) for name, text in told.headers)
    body = told.body or b""
    response = Response("", told.status, b"", raw, body, len(body), "identity")
    return Captured(number, response, told.fault, frozenset(missing), told.method, told.url, sent, told.posted)


def seen(told: Told) -> str:
    """What of an exchange could be seen in a text, for a note."""
    parts = (
        ("the status", bool(told.status)),
        ("the URL", bool(told.url)),
        ("the headers", bool(told.headers)),
        ("the body", told.body is not None),
    )
    there = [name for name, held in parts if held] or ["the reason why it was stopped"]
    lacking = [name for name, held in parts if not held]
    missing = f"; it does not show {_and(lacking)}" if lacking and not (told.fault and not told.status) else ""
    return f"the text shows {_and(there)}{missing}"


def _and(names: list[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])


def value_at(text: str, at: int) -> Any:
    """The value that a repr, an inspect or JSON writes at an offset; None where there is none that can be read."""
    try:
        return literal.read(text, at)[0]
    except literal.NoValue:
        return None


def as_body(value: Any) -> bytes | None:
    """A reply's body from the value that an error quotes of it."""
    if isinstance(value, dict | list):
        return json.dumps(value).encode()
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) and value else None


def body_after(text: str, at: int) -> bytes | None:
    """The body that an error quotes at an offset: a literal, JSON, a page, or words."""
    rest = text[at : at + 65536].lstrip()
    if rest[:3] == '{""':  # a log that doubles the quotation marks, as CSV does
        return as_body(value_at(rest.replace('""', '"'), 0))
    if rest[:1] == "{" or _LIST.match(rest):
        return as_body(value_at(text, at + (len(text[at:]) - len(text[at:].lstrip()))))
    if rest[:1] == "<":
        end = rest.lower().rfind("</html>")
        is_cut = end < 0 and _PAGE.match(rest)
        whole = rest if is_cut else rest[: end + 7] if end > 0 else rest.split("\n\n", 1)[0]
        return whole.encode("utf-8", "surrogatepass")
    return None


def url_and_method(text: str) -> tuple[str, str]:
    """A URL of an API in a text that names one, and the method beside it."""
    found = re.search(r"\b(?:(POST|GET|PUT|HEAD) )?(https?://[^\s'\"<>)\],]{4,500})", text)
    return (found[2].rstrip(".;:"), found[1] or "") if found else ("", "")


def api_url(text: str) -> tuple[str, str]:
    """The first URL in a text that is an API's, and the method beside it; ("", "") where no URL is one."""
    for found in re.finditer(r"(?:\b(POST|GET)\b[ \"(]{1,3})?(https?://[^\s'\"`<>)\],]{4,500})", text[: 64 * 1024]):
        url = found[2].rstrip(".;:")
        if base_of(url) is not None or near_base_of(url) is not None:
            return url, found[1] or method_of(url)
    return "", ""
