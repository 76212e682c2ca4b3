"""A run document (chatproof.run/1) as a capture: excerpts of broken replies, headers from an allow-list, no key."""

import re
from typing import Any

from chatproof.captures.entry import Capture, Captured, Headers, Unreadable, as_secrets, tokens_in
from chatproof.contract.surface import Surface
from chatproof.secrets.digest import sha256
from chatproof.secrets.redaction import MARK
from chatproof.surfaces import of_run
from chatproof.wire.exchange import (
    BODY,
    END,
    HEADERS,
    KEY,
    OTHER_HEADERS,
    STATUS,
    Fault,
    Response,
    Timings,
)

SCHEMA = "chatproof.run/1"
_ALWAYS = frozenset({KEY, OTHER_HEADERS})
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


def is_run(value: Any) -> bool:
    return isinstance(value, dict) and value.get("schema") == SCHEMA


def read(value: dict[str, Any]) -> Capture:
    """The exchanges of a run. Raises Unreadable when the document breaks its schema."""
    try:
        model, surface = str(value["target"]["model"]), of_run(value)
        entries = tuple(_entry(number, raw, model, surface) for number, raw in enumerate(value["exchanges"], 1))
        about = f"run {value['run_id']}"
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Unreadable(f"it breaks the schema {SCHEMA}: {type(error).__name__}") from None
    secrets = [token for entry in entries if entry.response for token in tokens_in(entry.response.body)]
    shown = about if about.isprintable() and len(about) < 100 else "run"
    return Capture(shown, entries, as_secrets(secrets), api=surface.name)


def _entry(number: int, raw: dict[str, Any], model: str, surface: Surface) -> Captured:
    request = raw["request"]
    said = raw["fault"]
    fault = Fault(str(said["code"]), str(said["phase"]), str(said["detail"]), "untold" in said) if said else None
    response, missing = _response(raw["response"]) if raw["response"] else (None, frozenset())
    sent: Headers = tuple((str(name), "") for name in request["header_names"])
    timings = raw.get("timings_ms") or {}
    row = surface.row(str(raw["probe"]))
    if row is None:
        raise ValueError("an unknown probe")
    return Captured(
        number,
        response,
        fault,
        _ALWAYS | missing | frozenset(map(str, raw.get("unheld", ()))),
        str(request["method"]),
        str(request["url"]),
        sent,
        None,
        str(raw["sent_at"]),
        Timings(*(timings.get(name) for name in Timings._fields)),
        str((raw.get("peer") or {}).get("address", "")),
        row.id,
        model,
    )


def _response(raw: dict[str, Any]) -> tuple[Response, frozenset[str]]:
    headers = tuple(
        (str(name).encode("latin-1", "replace"), str(text).encode("latin-1", "replace"))
        for name, text in raw["headers"]
    )
    body, missing = _body(raw["body"])
    if raw["status"] is None:
        missing |= {STATUS, HEADERS}
    response = Response(str(raw["http_version"]), int(raw["status"] or 0), b"", headers, body, len(body), "identity")
    return response._replace(left_open="left_open" in raw), missing


def _body(raw: dict[str, Any]) -> tuple[bytes, frozenset[str]]:
    """The body, where the excerpt is the whole of it: its hash says so. A beginning where it was cut."""
    excerpt, size = str(raw["excerpt"]), int(raw["bytes"])
    if size == 0:
        return b"", frozenset()
    if not excerpt or MARK in excerpt:
        return b"", frozenset({BODY, END})
    plain = excerpt.encode("utf-8", "surrogatepass")
    for candidate in (plain, _unescaped(excerpt)):
        if sha256(candidate) == raw["sha256"]:
            return candidate, frozenset()
    if excerpt.endswith("…") and not _ESCAPE.search(excerpt):
        return excerpt[:-1].encode("utf-8", "surrogatepass"), frozenset({END})
    return b"", frozenset({BODY, END})


def _unescaped(text: str) -> bytes:
    """Bytes that were no text stand as \\xNN, characters that do not print as \\uNNNN."""

    def back(found: "re.Match[str]") -> str:
        code = int(found[1] or found[2] or found[3], 16)
        if found[1] and code >= 0x80:
            return chr(0xDC00 + code)  # a byte that is no UTF-8
        return chr(code) if code < 0x110000 else found[0]

    if re.search("[\ud800-\udc7f]", text):
        return b""
    try:
        return _ESCAPE.sub(back, text).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # \\ud83d is JSON's own escape: half of a character
        return b""
