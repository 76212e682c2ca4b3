"""Errors of JavaScript's clients as JSON: axios, the AI SDK, openai-node. They hold status, URL and often the body."""

import json
from typing import Any

from chatproof.captures import trouble
from chatproof.captures.entry import Capture, Captured, Headers, Unreadable, as_secrets, secrets_of, tokens_in
from chatproof.captures.json_files import holds_answer
from chatproof.secrets.of_requests import as_keys, secrets_in_url
from chatproof.wire.exchange import BODY, END, HEADERS, KEY, Response


def is_error(value: Any) -> bool:
    """The members that these clients give an error, and no reply has."""
    if not isinstance(value, dict) or holds_answer(value):
        return False
    if _is_status(of_a_session(value).get("statusCode")):
        return True
    if value.get("isAxiosError") is True or str(value.get("name", "")) == "AxiosError":
        return True
    if isinstance(value.get("config"), dict) and ("response" in value or "message" in value):
        return True
    if isinstance(value.get("statusCode"), int) and "url" in value and "responseBody" in value:
        return True
    return isinstance(value.get("status"), int) and "error" in value and ("headers" in value or "request_id" in value)


def read(value: dict[str, Any]) -> Capture:
    """The one exchange that an error tells of. Raises Unreadable when it tells neither a status nor a reason."""
    if _is_status((told := of_a_session(value)).get("statusCode")):
        value = {**told, "url": _members(told.get("metadata")).get("url", "")}
    config, reply = _members(value.get("config")), _members(value.get("response"))
    url = _text(value.get("url")) or _joined(_text(config.get("baseURL")), _text(config.get("url")))
    status = next((s for s in (value.get("statusCode"), reply.get("status"), value.get("status")) if _is_status(s)), 0)
    sent = _headers(config.get("headers"))
    got = _headers(value.get("responseHeaders") or reply.get("headers") or value.get("headers"))
    body = _body(value, reply)
    words = f"{value.get('code', '')} {value.get('message', '')}"
    asked_with = [*secrets_of(sent, sent=True), *secrets_in_url(url)]
    secrets = [*asked_with, *secrets_of(got, sent=False)]
    secrets += tokens_in(json.dumps(value).encode())
    format = "an error of a JavaScript client"
    posted = config.get("data") if isinstance(config.get("data"), str) else None
    if not posted and isinstance(value.get("requestBodyValues"), dict):
        posted = json.dumps(value["requestBodyValues"])
    method = (_text(config.get("method")) or ("POST" if posted else "")).upper()
    asked = (method, url, sent if sent else (() if url else None), posted.encode() if posted else None)
    if not status:
        fault = trouble.by_words(words, "the client")
        if fault is None:
            raise Unreadable("it is an error of a JavaScript client, and shows neither a status nor the reason")
        return Capture(
            format, (Captured(1, None, fault, frozenset({KEY}), *asked),), as_secrets(secrets), (), as_keys(asked_with)
        )
    return Capture(format, (of(status, body, got, asked),), as_secrets(secrets), (), as_keys(asked_with))


def of_a_session(value: dict[str, Any]) -> dict[str, Any]:
    """What the AI SDK told of a call, from an error as opencode and what is made of it keep it with a session, beside
    the error's class; nothing for anything else."""
    name = value.get("name")
    return _members(value.get("data")) if isinstance(name, str) and name.endswith("Error") else {}


def of(
    status: int,
    body: bytes | None,
    headers: Headers,
    asked: tuple[str, str, Headers | None, bytes | None] = ("", "", None, None),
) -> Captured:
    """An exchange that a client's error tells of. `body` None: it does not; no headers: it does not tell them."""
    missing = {KEY} | (set() if headers else {HEADERS}) | ({BODY, END} if body is None else set())
    raw = tuple((name.encode("latin-1", "replace"), text.encode("latin-1", "replace")) for name, text in headers)
    response = Response("", int(status), b"", raw, body or b"", len(body or b""), "identity")
    return Captured(1, response, None, frozenset(missing), *asked)


def _body(value: dict[str, Any], reply: dict[str, Any]) -> bytes | None:
    """The reply's body; a client that has parsed it already is taken to have got it as JSON."""
    for found in (value.get("responseBody"), reply.get("data"), reply.get("body")):
        if isinstance(found, str) and found:
            return found.encode("utf-8", "surrogatepass")
        if isinstance(found, dict | list):
            return json.dumps(found).encode()
    inner = value.get("error")
    if inner and isinstance(inner, dict | str) and "config" not in value:
        return json.dumps({"error": inner}).encode()
    return None


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _joined(base: str, path: str) -> str:
    return path if "://" in path or not base else f"{base.rstrip('/')}/{path.lstrip('/')}"


def _headers(value: Any) -> Headers:
    if isinstance(value, dict):
        return tuple((str(name), str(text)) for name, text in list(value.items())[:200] if isinstance(text, str | int))
    return ()


def _is_status(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
