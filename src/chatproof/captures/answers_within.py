"""Answers of an API within other text: as JSON below or behind a line's own words, or as a program prints an object.

Of a stream, programs log or print one event a line; such lines are put together to the stream that they were.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from chatproof.captures import literal
from chatproof.captures.json_files import event_line, holds_answer, is_event
from chatproof.evidence.provider_error import find_error

_MISSES, _EVENTS, _LONGEST = 8, 4000, 1 << 20
_FIRST = r"[\"'](?:id|object|choices|created(?:_at)?|model|type|output|content|data|usage|provider)[\"'] ?:"
_BEGINS = re.compile(
    # A line that is an object's beginning, or ends in one behind a label; an SDK's object, as Python prints it.
    r"(?m)^[ \t]*(?=\{)|[:=] (?=\{[ \t]*$)|(?<![\w.])(?=[A-Z]\w{3,40}\((?:id|choices|data)=)|"
    rf"(?<=[:=\s>\])|-])(?=\{{ ?{_FIRST})"  # in a line of a log, behind whatever the logger writes before it
)
_DECODER = json.JSONDecoder()
CHUNK = "chat.completion.chunk"
WHOLE = "the text holds a whole answer; what stands around it is not judged"
STREAMED = (
    "the text holds events of a stream as a program printed them, each by itself; they are judged as a stream, of "
    "which the end may be missing"
)
SOME = (
    "it is events of a stream, each by itself, and whether some are missing between them cannot be seen; give the "
    "stream as it came, with its lines: curl -sS -i -N …"
)


class Found(NamedTuple):
    """What is in a text: the body that it was, the text around it, and what to say of it."""

    body: bytes
    around: str
    note: str
    streamed: bool


class Document(NamedTuple):
    """An answer or an event in a text: where it stands, and its value."""

    start: int
    end: int
    value: dict[str, Any]


def documents(text: str) -> list[Document]:
    """Read the answers and events of a text, for those below: a text may have thousands, which is read once."""
    return [*_documents(text)]


def find(text: str, found: list[Document]) -> Found | None:
    """Find the one answer of some API in a text, or the events of one stream; None where there is neither, or more."""
    answers = [one for one in found if not _is_of_a_stream(one.value)]
    events = [one for one in found if _is_of_a_stream(one.value)]
    if len(answers) == 1 and not events:
        (answer,) = answers
        return Found(_encoded(text[answer.start : answer.end]), _without(text, answers), WHOLE, False)
    if len(events) > 1 and not answers and (body := streamed([one.value for one in events])):
        return Found(body, _without(text, events), STREAMED, True)
    return None


def has_events(found: list[Document]) -> bool:
    """Say whether there are several events, of which it cannot be seen whether some are missing."""
    return sum(1 for one in found if _is_of_a_stream(one.value)) > 1


def streamed(values: list[Any]) -> bytes:
    """Write events as the stream that they were; empty where one of the values is none, or where one may be missing
    between them: of chunks of a chat that changes nothing, other APIs' events must be numbered."""
    if not are_events(values):
        return b""
    numbers = [value.get("sequence_number") for value in values]
    if not all(value.get("object") == CHUNK for value in values) and numbers != [*range(len(values))]:
        return b""
    return _encoded("".join(f"{event_line(value)}data: {json.dumps(value)}\n\n" for value in values))


def are_events(values: list[Any]) -> bool:
    """Say whether each of several values is an event of a stream."""
    return bool(values) and all(map(_is_of_a_stream, values))


def without(text: str) -> str:
    """Leave answers out of a text: whatever a model says in them is no server's and no client's."""
    return _without(text, [one for one in _documents(text) if not _tells_an_error(one.value)])


def _without(text: str, found: list[Document]) -> str:
    ends = [0, *(one.end for one in found)]
    starts = [*(one.start for one in found), len(text)]
    return "".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def _documents(text: str) -> Iterator[Document]:
    """Each answer and each event. What is none is passed by, a few times."""
    misses, many, passed = 0, 0, 0
    for begun in _BEGINS.finditer(text):
        at = begun.end()
        if at < passed:
            continue
        value, end = _document(text, at)
        if isinstance(value, dict) and (holds_answer(value) or is_event(value)):
            yield Document(at, end, value)
            passed, many = end, many + 1
        else:
            misses += 1
        if misses >= _MISSES or many >= _EVENTS:
            return


def _tells_an_error(value: dict[str, Any]) -> bool:
    """An event or a response that failed: its words are a server's."""
    response = value.get("response")
    return find_error(value) is not None or (isinstance(response, dict) and find_error(response) is not None)


def _is_of_a_stream(value: Any) -> bool:
    return isinstance(value, dict) and is_event(value)


def _document(text: str, at: int) -> tuple[Any, int]:
    """(the value at an offset, the offset behind it), as JSON or as a program prints it; None for none."""
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        pass
    try:
        value, length = literal.read(text[at : at + _LONGEST])
    except literal.NoValue:
        return None, at
    return value, at + length


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
