"""The bodies of requests to an API in a file of traffic, one by one: HAR, JSONL, JSON, a capture.

Of a capture only the bodies are taken: no header, cookie or query. A HAR or JSONL file may be of any size: it is read
as it comes, and never as a whole.
"""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

from chatproof import captures
from chatproof.captures.entry import Unreadable
from chatproof.captures.json_pieces import LARGEST, pieces
from chatproof.contract.surface import CHAT
from chatproof.surfaces import names, surface_of
from chatproof.surfaces.own.form import form_of

CHUNK = 1024 * 1024
_HOLDERS = ("body", "request", "requestBody", "request_body", "json", "payload", "params", "kwargs", "data", "input")
_LOOKED_AT = 5  # lines
_Body = dict[str, Any]


class Traffic:
    """What a file holds. `left_out` counts, by reason, what was passed by; it is complete when `bodies` has ended."""

    def __init__(self, file: BinaryIO, api: str = CHAT) -> None:
        self._file, self._api = file, api
        self._is_body, self._path = form_of(api).is_body, surface_of(api).path
        self._others: dict[str, str] | None = None
        self.left_out: dict[str, int] = {}

    def bodies(self) -> Iterator[_Body]:
        """Each body of a request to the API. Raises Unreadable, which quotes nothing of the file, also on the way."""
        try:
            yield from self._bodies()
        except OSError as error:
            raise Unreadable(f"it cannot be read: {error.strerror}") from None

    def _bodies(self) -> Iterator[_Body]:
        first = self._file.read(CHUNK).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
        if not first:
            raise Unreadable("it is empty")
        if first[:1] not in b"{[":
            yield from self._of_capture(first)
        elif _is_lines(first):
            yield from self._of_lines(first)
        else:
            for piece in pieces(chain((first,), iter(lambda: self._file.read(CHUNK), b""))):
                value = self._value(piece.data)
                body = self._of_entry(value) if piece.entry else self._held(value)
                yield from self._taken(value, body)

    def _value(self, data: bytes | None) -> Any:
        if data is None:
            self._pass_by(f"larger than {LARGEST >> 20} MiB")
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            self._pass_by("no JSON")
            return None

    def _taken(self, value: Any, body: Any) -> Iterator[_Body]:
        if isinstance(body, dict):
            yield body
        elif value is not None:
            self._pass_by(self._of_another(value) or f"no {self._api} request")

    def _pass_by(self, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def _of_lines(self, first: bytes) -> Iterator[_Body]:
        """One value a line. A line that is none is passed by: logs are cut, and written by many."""
        rest, more = first, True
        while more or rest:
            lines = rest.split(b"\n")
            rest = lines.pop() if more else b""
            for line in lines:
                if line.strip():
                    value = self._value(line if len(line) <= LARGEST else None)
                    yield from self._taken(value, self._held(value))
            chunk = self._file.read(CHUNK) if more else b""
            more = bool(chunk)
            if len(rest) > LARGEST:
                rest = self._skip_line(chunk)
                self._pass_by(f"larger than {LARGEST >> 20} MiB")
            else:
                rest = rest + chunk if len(rest) < CHUNK else _joined(self._file, rest, chunk)

    def _skip_line(self, chunk: bytes) -> bytes:
        """What follows the line that is passed by."""
        while chunk and b"\n" not in chunk:
            chunk = self._file.read(CHUNK)
        return chunk.partition(b"\n")[2]

    def _of_capture(self, first: bytes) -> Iterator[_Body]:
        data = first + self._file.read(captures.MOST + 1 - len(first))
        for entry in captures.read(data).entries:
            if entry.method in ("", "POST") and entry.body:
                value = self._value(entry.body)
                yield from self._taken(value, self._held(value))

    def _of_entry(self, entry: Any) -> Any:
        """The body of a HAR entry that posts to the API's path; None for another call."""
        request = entry.get("request") if isinstance(entry, dict) else None
        if not isinstance(request, dict) or str(request.get("method", "")).upper() != "POST":
            return None
        posted = request.get("postData")
        text = posted.get("text") if isinstance(posted, dict) else None
        return self._body(_parsed(text)) if isinstance(text, str) and self._is_here(request.get("url")) else None

    def _held(self, value: Any) -> Any:
        """A body: the value itself, or what stands in it as one, as in batch files and logs; None for none."""
        if not isinstance(value, dict) or not self._is_here(value.get("url")):
            return None
        if self._body(value) is not None:
            return value
        for name in _HOLDERS:
            inner = value.get(name)
            inner = _parsed(inner) if isinstance(inner, str) else inner
            if isinstance(inner, dict):
                found = self._body(inner) or (
                    self._body(inner.get("body")) if self._is_here(inner.get("url")) else None
                )
                if found is not None:
                    return found
        return None

    def _is_here(self, url: Any) -> bool:
        """No URL at all says nothing against it."""
        return not isinstance(url, str) or _ends_with(url, self._path)

    def _body(self, value: Any) -> _Body | None:
        return value if self._is_body(value) else None

    def _of_another(self, value: Any) -> str:
        """With which --api this call would be taken, by its URL or its body's fields; empty where with none."""
        if self._others is None:
            self._others = {api: surface_of(api).path for api in names() if api != self._api}
        holder = value if isinstance(value, dict) else {}
        request = holder.get("request")
        url = request.get("url") if isinstance(request, dict) else holder.get("url")
        for api, path in self._others.items():
            if _ends_with(url, path) if isinstance(url, str) else form_of(api).is_body(value):
                return f"of --api {api}"
        return ""


def _joined(file: BinaryIO, rest: bytes, chunk: bytes) -> bytes:
    """A long line up to the chunk that ends it, joined once: chunk by chunk would cost the square of its length."""
    parts, size = [rest, chunk], len(rest) + len(chunk)
    while chunk and b"\n" not in chunk and size <= LARGEST:
        chunk = file.read(CHUNK)
        parts.append(chunk)
        size += len(chunk)
    return b"".join(parts)


def _is_lines(first: bytes) -> bool:
    """One of the first lines is an object of its own, and no HAR in one line. A log may begin with a line cut off."""
    lines = first.split(b"\n", _LOOKED_AT)
    for line in lines[:-1]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and value:
            return not (isinstance(value.get("log"), dict) and "entries" in value["log"])
    return False


def _ends_with(url: str, path: str) -> bool:
    return url.partition("?")[0].rstrip("/").endswith(path)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
