"""Bodies of requests to an API in a file: one in JSON, one a line, or those of a HAR or another capture.

Of a capture only the bodies are taken: no header, no cookie, no query. Reading is bounded, and quotes nothing.
"""

import json
from collections.abc import Iterator
from typing import Any

from chatproof import captures
from chatproof.captures.entry import Unreadable
from chatproof.contract.surface import CHAT
from chatproof.surfaces import names, surface_of
from chatproof.surfaces.own.form import form_of
from chatproof.surfaces.own.own_request import OwnRequest
from chatproof.wire import strictjson

MOST = 100
"""Different requests of a run: each is sent, and most are billed."""
LARGEST = 8 * 1024 * 1024
"""Bytes of one body."""
_HOLDERS = ("body", "request", "requestBody", "request_body", "json")


def read(data: bytes, name: str, *, api: str = CHAT, effects: bool = False) -> list[OwnRequest]:
    """The requests of a file to one API, equal ones once. `name` is the file's, for people.

    Fields that make a server keep something or do something beyond the answer are left out without `effects`. Raises
    Unreadable, whose text quotes nothing of the file.
    """
    found: dict[bytes, OwnRequest] = {}
    form = form_of(api)
    for body, place, times in _Bodies(api).of(data):
        where = f"{name}{place}"
        if len(body) > LARGEST:
            raise Unreadable(f"{where}: a request of more than {LARGEST >> 20} MiB")
        value, problem = strictjson.parse(body)
        if problem is not None:
            raise Unreadable(f"{where} is not strict JSON: {problem.reason} at byte {problem.offset}")
        if not isinstance(value, dict) or not form.is_body(value):
            raise Unreadable(f"{where} is not the body of a request with --api {api}: {form.what}")
        left_out = [] if effects else form.without_effects(value)
        text = _text(value) if left_out else body.strip()
        known = found.get(_key(value))
        if known is not None:
            found[_key(value)] = known._replace(times=known.times + times)
            continue
        found[_key(value)] = OwnRequest(text, where, times, tuple(left_out), api)
        if len(found) > MOST:
            raise Unreadable(
                f"it contains more than {MOST} different requests: chatproof requests from FILE keeps one per shape"
            )
    if not found:
        raise Unreadable(f"it contains no request with --api {api}: {form.what}")
    return list(found.values())


def _key(value: dict[str, Any]) -> bytes:
    """Equal but for the model, which is replaced anyway."""
    return _text({name: value[name] for name in sorted(value) if name != "model"})


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


class _Bodies:
    """The requests of one API in a file."""

    def __init__(self, api: str) -> None:
        self._is_body, self._api, self._path = form_of(api).is_body, api, surface_of(api).path

    def of(self, data: bytes) -> Iterator[tuple[bytes, str, int]]:
        """(a body, its place in the file, how many calls it stands for), in order."""
        if len(data) > captures.MOST:
            raise Unreadable(
                f"it is larger than {captures.MOST >> 20} MiB; chatproof requests from FILE reads larger ones"
            )
        start = data.removeprefix(b"\xef\xbb\xbf").strip()
        value = _parsed(start)
        if isinstance(value, dict) and (body := self._held(value, start)) is not None:
            yield body, "", _times(value)
            return
        if isinstance(value, list) and value and all(self._is_body(item) for item in value):
            yield from ((_text(item), f", number {number}", 1) for number, item in enumerate(value, 1))
            return
        lines = start.split(b"\n")
        if value is None and len(lines) > 1 and isinstance(_parsed(lines[0]), dict):
            for number, line in enumerate(lines, 1):
                if line.strip():
                    one = _parsed(line)
                    body = self._held(one, line.strip())
                    if body is None:
                        said = f"line {number} is not the body of a request with --api {self._api}, and contains none"
                        raise Unreadable(said)
                    yield body, f", line {number}", _times(one)
            return
        if value is None and start.startswith(b"{") and (problem := _first_problem(start)):
            raise Unreadable(problem)
        if isinstance(value, dict) and (other := _api_of(value)):
            raise Unreadable(f"it is the body of a request with --api {other}, not with --api {self._api}")
        for entry in captures.read(data).entries:
            if entry.body and entry.method in ("", "POST") and self._may_be_asked(entry.url):
                yield entry.body, f", call {entry.number}", 1

    def _may_be_asked(self, url: str) -> bool:
        """A capture of several APIs has calls of all of them. No URL at all says nothing against it."""
        return not url or url.partition("?")[0].rstrip("/").endswith(self._path)

    def _held(self, value: Any, text: bytes) -> bytes | None:
        """A body: the value itself, or what stands in it as one, as in batch files and logs."""
        if self._is_body(value):
            return text
        for name in _HOLDERS if isinstance(value, dict) else ():
            inner = value.get(name)
            if isinstance(inner, str):
                inner = _parsed(inner.encode("utf-8", "surrogatepass"))
            if self._is_body(inner):
                return _text(inner)
            if isinstance(inner, dict) and self._is_body(inner.get("body")):
                return _text(inner["body"])
        return None


def _api_of(value: dict[str, Any]) -> str:
    """Another API, whose request this is; empty for what is none."""
    return next((api for api in names() if form_of(api).is_body(value)), "")


def _first_problem(start: bytes) -> str:
    """Where JSON that was begun ends to be JSON; empty for what may be another format, such as JSON after JSON."""
    try:
        json.loads(start)
    except json.JSONDecodeError as error:
        more = error.msg == "Extra data"
        return "" if more else f"it is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):
        pass
    return ""


def _times(value: Any) -> int:
    """How many calls a line stands for: `requests from --counts` says it beside the body."""
    count = value.get("count") if isinstance(value, dict) and isinstance(value.get("body"), dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 < count < 10**12 else 1


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
