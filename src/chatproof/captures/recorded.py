"""Replies that a tool keeps in JSON of its own: status, headers and body side by side, mostly beside their request.

Postman and newman, Bruno, WireMock, nock, VCR, Pact, Charles, a function's answer to a gateway, the lines of the Batch
API: each has names of its own for the same few parts. None of the tools is known here. What counts is that a status
stands beside a body and headers, or beside a body in a member that is called a response.
"""

from __future__ import annotations

import json
import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterator
from typing import Any, NamedTuple

from chatproof.captures.axios import of
from chatproof.captures.entry import (
    MOST_CALLS,
    Capture,
    Captured,
    Headers,
    Unreadable,
    as_secrets,
    base_of,
    near_base_of,
    secrets_of,
    tokens_in,
)
from chatproof.captures.json_files import holds_answer
from chatproof.evidence.provider_error import find_error
from chatproof.secrets.of_requests import as_keys, secrets_in_body, secrets_in_url, secrets_within

FORMAT = "a record of a request with its reply, in JSON"
_RESPONSES = ("response", "responses", "res", "reply")
_REQUESTS = ("request", "originalRequest", "req", "config")
_STATUSES = ("statusCode", "status_code", "status", "code", "responseStatus", "response_status", "http_status")
_HEADERS = ("headers", "header", "rawHeaders", "multiValueHeaders", "responseHeaders", "response_headers")
_BODIES = ("responseBody", "response_body", "body", "jsonBody", "data", "stream", "text", "content", "payload")
_SENT = ("requestBody", "request_body", "body", "data", "postData")
_WRAPPING = {"text", "string", "raw", "charset", "encoding", "mimeType", "size", "mode", "type", "options"}
_METHODS = ("GET", "POST")
_PATHS = ("path", "urlPath", "urlPattern", "urlPathPattern")
_AROUND = ("method", "url", "scheme", "host", "path")
_DEEPEST, _MOST_VALUES, _MOST_HEADERS = 12, 200_000, 500
_LISTS = ("requests", "item", "items", "entries")


class _Record(NamedTuple):
    status: int
    headers: Headers
    body: bytes | None
    method: str
    url: str
    path: str  # where the URL is not told whole
    sent: Headers
    posted: bytes | None


def read(value: Any) -> Capture | None:
    """The exchanges that a tool's JSON holds; None where it holds no reply. Raises Unreadable for more than are judged,
    and for requests without a reply."""
    if isinstance(value, dict) and (holds_answer(value) or find_error(value)):
        return None  # a body itself, whatever stands in it
    records = [*_records(value)]
    if not records:
        if _holds_requests(value):
            raise Unreadable("it holds requests and no reply; capture the reply itself with: curl -sS -i …")
        return None
    ours = [row for row in records if _is_ours(row)]
    if len(ours) > MOST_CALLS:
        raise Unreadable(f"it contains more than {MOST_CALLS} calls; leave only those that you want to check")
    asked_with, secrets = [*secrets_within(value)], list[str]()  # a tool may keep a key apart from the requests
    for row in records:
        asked_with += [*secrets_of(row.sent, sent=True), *secrets_in_body(row.posted or b"")]
        asked_with += secrets_in_url(row.url or row.path)
        secrets += [*secrets_of(row.headers, sent=False), *tokens_in(row.body or b"")]
    others = len(records) - len(ours)
    notes = [f"{others} of {len(records)} replies left out: not of an API of a language model"] if others else []
    entries = tuple(_captured(number, row) for number, row in enumerate(ours, 1))
    return Capture(FORMAT, entries, as_secrets([*secrets, *asked_with]), tuple(notes), as_keys(asked_with))


def _is_ours(row: _Record) -> bool:
    """Whether it answers a request to an API of ours, or one of which no place is told."""
    place = row.url or row.path
    if place and "://" not in place:  # the host is a variable's, or left out
        place = f"https://host.invalid/{place.partition('/')[2]}"
    return not place or (base_of(place) or near_base_of(place)) is not None


def _captured(number: int, row: _Record) -> Captured:
    sent = row.sent or (() if row.url else None)
    return of(row.status, row.body, row.headers, (row.method, row.url, sent, row.posted))._replace(number=number)


def _records(value: Any) -> Iterator[_Record]:
    """Each reply in a value, in its order, with the request that stands beside it or around it."""
    left = _MOST_VALUES
    # Iterators, one a level: a list of half a million objects is not copied.
    levels: list[Iterator[_Inside]] = [iter([_Inside(value, {}, False)])]
    while levels and left:
        inside = next(levels[-1], None)
        if inside is None:
            levels.pop()
            continue
        left -= 1
        found, request, named = inside
        may_go_deeper = len(levels) <= _DEEPEST
        if isinstance(found, list) and may_go_deeper:
            levels.append(_elements(found, request, named))
        elif isinstance(found, dict):
            request = _request_in(found) or request
            record = _record(found, request, named)
            if record is not None:
                yield record
            elif may_go_deeper:
                levels.append(_members(found, request))


class _Inside(NamedTuple):
    """A value, the request beside or around it, and whether it stands in a member that is called a response."""

    found: Any
    request: dict[str, Any]
    named: bool


def _elements(found: list[Any], request: dict[str, Any], named: bool) -> Iterator[_Inside]:
    return (_Inside(each, request, named) for each in found)


def _members(found: dict[str, Any], request: dict[str, Any]) -> Iterator[_Inside]:
    return (_Inside(each, request, name in _RESPONSES) for name, each in found.items() if isinstance(each, dict | list))


def _request_in(found: dict[str, Any]) -> dict[str, Any]:
    """The request that stands in an object, or that the object is; empty where there is none."""
    beside = next((found[name] for name in _REQUESTS if isinstance(found.get(name), dict)), None)
    if beside is not None:  # Charles has method and host around it
        return {**{name: found[name] for name in _AROUND if isinstance(found.get(name), str)}, **beside}
    return found if _method(found) and any(_place(found)) else {}


def _record(found: dict[str, Any], request: dict[str, Any], named: bool) -> _Record | None:
    status = next((s for name in _STATUSES if (s := _status(found.get(name)))), 0)
    headers = next((h for name in _HEADERS if (h := _headers(found.get(name)))), ())
    if not status or not (headers or named or found is request):
        return None
    if found is request:  # one object for both: what is called a body may be the one that was sent
        names = tuple(name for name in (*_BODIES[:2], "response") if name in found)
    else:
        names = tuple(name for name in _BODIES if name in found)
    if not names:
        return None
    body = _body(found[names[0]], encoded=found.get("isBase64Encoded") is True)
    if found is request and "requestHeaders" not in found:
        sent: Headers = ()
    else:
        sent = _headers(request.get("requestHeaders")) or _headers(request.get("headers", request.get("header")))
    posted = next((b for name in _SENT if name in request and (b := _body(request[name]))), None)
    return _Record(status, headers, body, _method(request), *_place(request), sent, posted)


def _status(value: Any) -> int:
    if isinstance(value, dict):  # VCR
        value = value.get("code")
    return value if type(value) is int and 100 <= value <= 599 else 0


def _method(request: dict[str, Any]) -> str:
    method = request.get("method")
    return method.upper() if isinstance(method, str) and method.upper() in _METHODS else ""


def _place(request: dict[str, Any]) -> tuple[str, str]:
    """(the URL of a request, whole or from its parts; the path, where a tool tells no more than that)."""
    url = _url(request)
    if "://" in url:
        return url, ""
    path = next((request[name] for name in _PATHS if isinstance(request.get(name), str)), "")
    return "", url or path


def _url(request: dict[str, Any]) -> str:
    url = request.get("url", request.get("uri"))
    if isinstance(url, dict):  # Postman
        host, path = url.get("host"), url.get("path")
        parts = [".".join(map(str, host)) if isinstance(host, list) else str(host or "")]
        parts += [*map(str, path)] if isinstance(path, list) else [str(path or "").lstrip("/")]
        whole = url.get("raw")
        url = whole if isinstance(whole, str) else f"{url.get('protocol') or 'https'}://{'/'.join(parts)}"
    if isinstance(url, str):
        return url
    scope, path = request.get("scope"), request.get("path")  # nock
    if isinstance(scope, str) and isinstance(path, str) and "://" in scope:
        return re.sub(r":443\Z", "", scope) + path
    host = request.get("host")  # Charles
    if isinstance(host, str) and isinstance(path, str) and isinstance(request.get("scheme"), str):
        return f"{request['scheme']}://{host}{path}"
    return ""


def _headers(value: Any) -> Headers:
    """Headers as an object, a list of objects, or a list of names and values in turn."""
    if isinstance(value, dict) and isinstance(value.get("headers"), list):
        value = value["headers"]
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        for name, said in value.items():
            pairs += [(name, each) for each in said] if isinstance(said, list) else [(name, said)]
    elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
        pairs = [(each.get("name", each.get("key")), each.get("value")) for each in value]
    elif isinstance(value, list) and len(value) % 2 == 0:
        pairs = [*zip(value[::2], value[1::2], strict=True)]
    kept = [(name, str(said)) for name, said in pairs if isinstance(name, str) and isinstance(said, str | int)]
    return tuple(kept[:_MOST_HEADERS])


def _body(value: Any, *, encoded: bool = False) -> bytes | None:
    """A body's bytes; None where none is kept. A tool that parsed it is taken to have got it as JSON."""
    if isinstance(value, dict) and value.get("type") == "Buffer" and isinstance(value.get("data"), list):
        numbers = value["data"]
        return bytes(numbers) if all(type(one) is int and 0 <= one < 256 for one in numbers) else None
    if isinstance(value, dict) and value and value.keys() <= _WRAPPING:
        value = next((value[name] for name in ("text", "string", "raw") if isinstance(value.get(name), str)), None)
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        try:
            return a2b_base64(data, strict_mode=True) if encoded else data
        except (Base64Error, ValueError):
            return None
    return json.dumps(value).encode() if isinstance(value, dict | list) and value else None


def _holds_requests(value: Any) -> bool:
    """A collection of requests that a tool keeps, such as Thunder Client's."""
    if not isinstance(value, dict):
        return False
    listed: list[Any] = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), [])
    return bool(listed) and all(isinstance(each, dict) and _request_in(each) for each in listed)
