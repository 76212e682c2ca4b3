"""HAR 1.2 as browsers, proxies and clients export it. http://www.softwareishard.com/blog/har-12-spec/

Every tool bends the format: sizes that count other bytes, text that lost its byte order mark, headers left out on
purpose. What cannot be known to be the bytes that were received is not held.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chatproof.captures import trouble
from chatproof.captures.entry import (
    MOST_CALLS,
    Capture,
    Captured,
    Headers,
    Unreadable,
    as_secrets,
    base_of,
    credential,
    near_base_of,
    secrets_of,
    tokens_in,
)
from chatproof.printable import cut, escape
from chatproof.secrets.of_requests import as_keys, names_secret, secrets_in_body, secrets_in_url
from chatproof.secrets.redaction import MARK
from chatproof.surfaces import names, surface_of
from chatproof.wire.exchange import BODY, END, KEY, OTHER_HEADERS, Fault, Response, Timings
from chatproof.wire.message import Limits, Refusal, decode

MOST_ENTRIES = 20_000
_STOPPED = re.compile(r"; ([a-z]+\.[a-z_]+) \(([a-z_]+)\): (.*)")
_ESCAPED = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")  # longer than what it stands for
_GZIP = b"\x1f\x8b"
_VERSIONS = {"1.0": "1.0", "1.1": "1.1", "2": "2", "2.0": "2", "h2": "2", "3": "3", "3.0": "3", "h3": "3"}
_LOSS = "�"  # what a decoder puts where bytes were no text
_BROWSERS = ("Firefox", "WebInspector", "WebKit Web Inspector", "Microsoft Edge", "Chrome DevTools")
_CORS = (
    "the browser shows no status: it hides replies that CORS keeps from the page (no "
    "Access-Control-Allow-Origin, or the preflight failed), and requests that it did not send"
)


def is_har(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("log"), dict) and "entries" in value["log"]


def read(value: Any) -> Capture:
    """The chat and models exchanges of a HAR; the others are counted. Raises Unreadable for a log that is none."""
    log = value["log"]
    listed = log["entries"]
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise Unreadable("log.entries is not an array of objects")
    if len(listed) > MOST_ENTRIES:
        raise Unreadable(f"it has more than {MOST_ENTRIES} entries; export only the calls that you want to check")
    entries, asked_with, secrets, others = [], list[str](), list[str](), 0
    creator = _text(_object(log, "creator"), "name")
    own, browser = creator == "chatproof", creator in _BROWSERS or "browser" in log
    for number, raw in enumerate(listed, 1):
        request, response = _object(raw, "request"), _object(raw, "response")
        sent, got, url = _headers(request), _headers(response), _text(request, "url")
        asked_with += [*secrets_of(sent, sent=True), *secrets_in_url(url), *_query(request), *_posted(request)]
        asked_with += _cookies(request)
        secrets += [*secrets_of(got, sent=False), *_cookies(response)]
        method = _text(request, "method").upper()
        if (base_of(url) or near_base_of(url)) is None or method not in ("GET", "POST"):
            others += method != "OPTIONS"
            continue
        entry = _entry(number, raw, method, url, sent, got, browser)
        if own:
            named = _named(raw)
            if not any(surface_of(api).row(named) for api in names()):
                others += 1
                continue
            entry = _of_ours(entry, raw, named)
        secrets += tokens_in(entry.response.body if entry.response else b"")
        entries.append(entry)
        if len(entries) > MOST_CALLS:
            raise Unreadable(f"it contains more than {MOST_CALLS} chat calls; export only those that you want to check")
    notes = (
        [f"{others} other request{'s' * (others > 1)} left out: not to an API of a language model"] if others else []
    )
    if entries and not own and not any(credential(entry.headers or ()) for entry in entries):
        # Chromium's sanitised export has no Authorization header even where one was sent.
        notes.append(
            "no request in it has a key; exports leave the key out, so no request is treated as one that was sent "
            "without a key"
        )
        entries = [entry._replace(missing=entry.missing | {KEY}) for entry in entries]
    secrets += asked_with
    return Capture(_format(log), tuple(entries), as_secrets(secrets), tuple(notes), as_keys(asked_with))


def _named(raw: dict[str, Any]) -> str:
    """The probe that a HAR of chatproof names in an entry's comment; "" when it names none."""
    return _text(raw, "comment").partition(", probe ")[2].partition(";")[0].strip()


def _of_ours(entry: Captured, raw: dict[str, Any], probe: str) -> Captured:
    """What chatproof's own HAR leaves out: every value of a request's header, and what was taken out of a body."""
    missing = entry.missing | {KEY, OTHER_HEADERS}
    stopped = _STOPPED.search(_text(raw, "comment"))
    fault = Fault(stopped[1], stopped[2], stopped[3]) if stopped else entry.fault
    content = _object(_object(raw, "response"), "content")
    text = _text(content, "text")
    escaped = _ESCAPED.search(text) and content.get("size") != len(text.encode("utf-8", "surrogatepass"))
    if MARK in text or escaped:
        missing |= {BODY, END}
    return entry._replace(probe=probe, missing=missing, fault=fault)


def _format(log: dict[str, Any]) -> str:
    creator = _object(log, "creator")
    name, version = _text(creator, "name"), _text(creator, "version")
    return f"HAR by {escape(cut(f'{name} {version}'.strip(), 60))}" if name else "HAR"


def _entry(
    number: int, raw: dict[str, Any], method: str, url: str, sent: Headers, got: Headers, browser: bool
) -> Captured:
    request, response = _object(raw, "request"), _object(raw, "response")
    posted = _object(request, "postData").get("text")
    body = posted.encode("utf-8", "surrogatepass") if isinstance(posted, str) else b"" if method == "GET" else None
    status = response.get("status")
    error = _text(response, "_error") or _text(raw, "_error")
    read, missing, fault = None, frozenset[str](), _fault(error, browser) if error else None
    if isinstance(status, int) and 100 <= status <= 599:
        read, missing, failed = _response(response, status, got)
        fault = fault or failed
    elif fault is None:
        fault = _fault("", browser)
    return Captured(
        number,
        read,
        fault,
        missing,
        method,
        url,
        sent,
        body,
        _utc(_text(raw, "startedDateTime")),
        _timings(_object(raw, "timings"), raw.get("time")),
        _text(raw, "serverIPAddress")[:60],
    )


def _fault(error: str, browser: bool = False) -> Fault:
    """What stopped the request, by the name that the tool gives it."""
    if "cors" in error.lower() or (browser and not error):
        return Fault("net.client", "client", _CORS)
    if not error:
        return Fault("net.closed", "first_byte", "the capture has no status", untold=True)
    return trouble.of_a_browser(error)


def _response(raw: dict[str, Any], status: int, got: Headers) -> tuple[Response, frozenset[str], Fault | None]:
    """(response, what of it is not held, what is wrong with its coding)."""
    headers = tuple((name.encode("latin-1", "replace"), value.encode("utf-8", "replace")) for name, value in got)
    body, missing = _body(_object(raw, "content"), raw.get("bodySize"))
    if body is None and (status in (204, 304) or any(n.lower() == "content-length" and v == "0" for n, v in got)):
        body, missing = b"", frozenset()
    version = _VERSIONS.get(_text(raw, "httpVersion").lower().removeprefix("http/"), "")
    said = [value.lower() for name, value in got if name.lower() == "content-encoding"]
    fault = None
    if body and body.startswith(_GZIP) and said and said[0] in ("gzip", "x-gzip"):
        try:  # not decoded by the tool
            body = decode("gzip", body, Limits())
        except Refusal as refusal:
            fault = refusal.fault
    if body is not None and len(body) > Limits().body:
        body, missing = body[: Limits().body], frozenset({END})
    reason = _text(raw, "statusText").encode("utf-8", "replace")[:200]
    size = len(body or b"")
    coding = said[0] if said else "identity"
    return Response(version, status, reason, headers, body or b"", size, coding), missing, fault


def _body(content: dict[str, Any], on_the_wire: object) -> tuple[bytes | None, frozenset[str]]:
    """The bytes that were received, and what of them is not held."""
    text, size = content.get("text"), content.get("size")
    if not isinstance(text, str):
        empty = size == 0 and on_the_wire == 0
        return (b"", frozenset()) if empty else (None, frozenset({BODY, END}))
    if str(content.get("encoding", "")).lower() == "base64":
        try:
            data = a2b_base64(text, strict_mode=False)
        except (Base64Error, ValueError):
            return None, frozenset({BODY, END})
        short = isinstance(size, int) and size > len(data) and not data.startswith(_GZIP)
        return data, frozenset({END}) if short else frozenset()
    found = _bytes_of(text, size if isinstance(size, int) and size > 0 else None)
    saved = content.get("compression")
    if END in found[1] and isinstance(size, int) and isinstance(saved, int) and saved > 0:
        # mitmproxy counts the compressed bytes as the size, and says how many were saved.
        return _bytes_of(text, size + saved)
    return found


def _bytes_of(text: str, size: int | None) -> tuple[bytes | None, frozenset[str]]:
    """The bytes that a text was made from; the size tells by which way."""
    try:
        plain = text.encode()
    except UnicodeEncodeError:  # lone surrogates: mitmproxy's way to keep what is not UTF-8
        kept = text.encode("utf-8", "surrogateescape") if all(not 0xD800 <= ord(c) < 0xDC80 for c in text) else b""
        return (kept, frozenset()) if kept and size in (None, len(kept)) else (None, frozenset({BODY, END}))
    if size is None or size == len(plain):
        return (None, frozenset({BODY, END})) if _LOSS in text else (plain, frozenset())
    if size == len(plain) + 3:
        return b"\xef\xbb\xbf" + plain, frozenset()
    if _LOSS in text:
        return None, frozenset({BODY, END})
    latin = text.encode("latin-1", "ignore")
    if len(latin) == len(text) == size:
        return latin, frozenset()
    # A tool that counts other bytes than these (compressed ones, characters), or that cut the text.
    return plain, frozenset({END})


def _headers(message: dict[str, Any]) -> Headers:
    listed = message.get("headers")
    found = []
    for item in listed[:500] if isinstance(listed, list) else ():
        name, value = (item.get("name"), item.get("value")) if isinstance(item, dict) else (None, None)
        # Names with a colon in front are HTTP/2's own, which browsers list among the headers.
        if isinstance(name, str) and isinstance(value, str) and not name.startswith(":"):
            found.append((name, value))
    return tuple(found)


def _cookies(message: dict[str, Any]) -> Iterator[str]:
    listed = message.get("cookies")
    for item in listed[:500] if isinstance(listed, list) else ():
        if isinstance(item, dict) and isinstance(item.get("value"), str):
            yield item["value"]


def _query(request: dict[str, Any]) -> Iterator[str]:
    """Secrets among the parameters as the tool took them apart: it may have left them out of the URL."""
    listed = request.get("queryString")
    for item in listed[:200] if isinstance(listed, list) else ():
        if isinstance(item, dict):
            yield from secrets_in_url(f"?{_text(item, 'name')}={_text(item, 'value')}")


def _posted(request: dict[str, Any]) -> Iterator[str]:
    """Secrets in what was posted: a JSON object, or a form as the tool took it apart."""
    posted = _object(request, "postData")
    yield from secrets_in_body(_text(posted, "text").encode("utf-8", "surrogatepass"))
    listed = posted.get("params")
    for item in listed[:500] if isinstance(listed, list) else ():
        if isinstance(item, dict) and names_secret(_text(item, "name"), True):
            yield _text(item, "value")


def _timings(raw: dict[str, Any], total: object) -> Timings:
    def of(name: str) -> float | None:
        value = raw.get(name)
        return round(float(value), 3) if isinstance(value, int | float) and 0 <= value < 1e9 else None

    whole = round(float(total), 3) if isinstance(total, int | float) and 0 <= total < 1e9 else None
    return Timings(of("dns"), of("connect"), of("ssl"), of("wait"), whole)


def _utc(text: str) -> str:
    """RFC 3339 in UTC with milliseconds, as records have it; empty for what is no time."""
    try:
        at = datetime.fromisoformat(text[:40])
        at = at.astimezone(UTC) if at.tzinfo else at
    except (ValueError, OverflowError):
        return ""
    return at.strftime("%Y-%m-%dT%H:%M:%S") + f".{at.microsecond // 1000:03}Z" if at.year >= 1970 else ""


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
