"""HTTP Archive 1.2, from what the run document holds: no request bodies, no values of request headers, no credential;
of replies the allow-listed headers, and a body's excerpt only where something was wrong."""

import json
import re
from typing import Any

from chatproof.printable import inert_json
from chatproof.reporters import Style
from chatproof.reporters.cases import clean, headline, sent_at

_NOT_KEPT = "not recorded"
_UNKNOWN_SIZE = -1  # HAR's word for it
_IN_A_URL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%/:?@!$&'()*+,;=-._~")


def render(document: dict[str, Any], style: Style) -> str:
    log = {
        "version": "1.2",
        "creator": {"name": "chatproof", "version": document["tool"]["version"]},
        "browser": {"name": "", "version": ""},
        "comment": headline(document),
        "entries": [_entry(exchange, document) for exchange in document["exchanges"]],
    }
    return inert_json(json.dumps({"log": log}, indent=2, ensure_ascii=True, allow_nan=False)) + "\n"


def _entry(exchange: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    timings = _timings(exchange["timings_ms"])
    entry = {
        "startedDateTime": sent_at(exchange, document),
        "time": _total(timings),
        "request": _request(exchange["request"]),
        "response": _response(exchange),
        "timings": timings,
        "cache": {},
    }
    address = _address(exchange["peer"])
    return {**entry, **({"serverIPAddress": address} if address else {}), "comment": _comment(exchange)}


def _request(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "method": request["method"],
        "url": _url(request["url"]),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": clean(name), "value": "", "comment": _NOT_KEPT} for name in request["header_names"]],
        "queryString": [],
        "headersSize": _UNKNOWN_SIZE,
        "bodySize": _UNKNOWN_SIZE,
        "comment": clean(request["summary"]),
    }


def _url(text: str) -> str:
    """Percent-encode what has no place in a URI, such as a redaction mark: strict readers refuse it."""
    octets = map(chr, text.encode("utf-8", "backslashreplace"))
    quoted = "".join(octet if octet in _IN_A_URL else f"%{ord(octet):02X}" for octet in octets)
    return re.sub("%(?![0-9A-Fa-f]{2})", "%25", quoted)


def _response(exchange: dict[str, Any]) -> dict[str, Any]:
    """Of an exchange without a response: status 0, as browsers write it."""
    response = exchange["response"]
    status, version, headers, redirect, size = 0, "unknown", [], "", _UNKNOWN_SIZE
    content: dict[str, Any] = {"size": 0, "mimeType": "x-unknown"}
    if response is not None:
        body = response["body"]
        status, version, size = response["status"], f"HTTP/{response['http_version']}", body["bytes"]
        headers = [{"name": name, "value": value} for name, value in response["headers"]]
        redirect = next((value for name, value in response["headers"] if name.lower() == "location"), "")
        content = {"size": size, "mimeType": response["media_type"] or "x-unknown"}
        if body["excerpt"]:
            content["text"] = body["excerpt"]
        content["comment"] = "an escaped excerpt" if body["excerpt"] else _NOT_KEPT
    return {
        "status": status,
        "statusText": "",
        "httpVersion": version,
        "cookies": [],
        "headers": headers,
        "content": content,
        "redirectURL": redirect,
        "headersSize": _UNKNOWN_SIZE,
        "bodySize": size,
    }


def _timings(ms: dict[str, float | None]) -> dict[str, float]:
    """HAR counts the TLS handshake into connect; -1 is what was not reached."""
    dns, connect, tls, first, total = (ms[name] for name in ("dns", "connect", "tls", "first_byte", "total"))
    before = sum(value or 0.0 for value in (dns, connect, tls, first))
    return {
        "send": 0,
        "wait": first if first is not None else 0,
        "receive": round(max((total or 0.0) - before, 0.0), 3),
        "blocked": -1,
        "dns": dns if dns is not None else -1,
        "connect": round(connect + (tls or 0.0), 3) if connect is not None else -1,
        "ssl": tls if tls is not None else -1,
    }


def _total(timings: dict[str, float]) -> float:
    """The parts that were reached; the handshake is in connect already."""
    parts = (timings[name] for name in ("dns", "connect", "send", "wait", "receive"))
    return round(sum(float(part) for part in parts if part >= 0), 3)


def _address(peer: dict[str, Any] | None) -> str:
    """An IP address and nothing else, as HAR has it; a name or what a server made of it is left out."""
    text = peer["address"].partition("%")[0] if peer else ""
    if ":" not in text:
        numbers = text.split(".")
        return text if len(numbers) == 4 and all(_is_octet(number) for number in numbers) else ""
    from ipaddress import IPv6Address  # costs more to import than all of this file: for those who have such an address

    try:
        return str(IPv6Address(text))
    except ValueError:
        return ""


def _is_octet(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= 255 and str(int(text)) == text


def _comment(exchange: dict[str, Any]) -> str:
    fault = exchange["fault"]
    stopped = f"; {fault['code']} ({fault['phase']}): {fault['detail']}" if fault else ""
    return clean(f"{exchange['id']}, probe {exchange['probe']}{stopped}")
