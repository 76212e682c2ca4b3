"""HTTP Archive 1.2, from what the run document holds: no request bodies, no values of request headers, no credential;
of replies the allow-listed headers, and a body's excerpt only where something was wrong."""

import io
import json
import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

from harfile import Cache, Content, Creator, HarFile, Record, Request, Response, Timings

from chatproof.printable import inert_json
from chatproof.reporters import Style
from chatproof.reporters.cases import clean, headline, sent_at

NEEDS = "harfile"
_NOT_KEPT = "not recorded"


def render(document: dict[str, Any], style: Style) -> str:
    out = io.StringIO()
    with HarFile(out, creator=Creator("chatproof", document["tool"]["version"]), comment=headline(document)) as archive:
        for exchange in document["exchanges"]:
            timings = _timings(exchange["timings_ms"])
            archive.add_entry(
                startedDateTime=sent_at(exchange, document),
                time=_total(timings),
                request=_request(exchange["request"]),
                response=_response(exchange),
                timings=timings,
                cache=Cache(),
                serverIPAddress=_address(exchange["peer"]),
                comment=_comment(exchange),
            )
    return inert_json(json.dumps(json.loads(out.getvalue()), indent=2, ensure_ascii=True, allow_nan=False)) + "\n"


def _request(request: dict[str, Any]) -> Request:
    headers = [Record(clean(name), "", _NOT_KEPT) for name in request["header_names"]]
    url, summary = _url(request["url"]), clean(request["summary"])
    return Request(request["method"], url, "HTTP/1.1", headers=headers, comment=summary)


def _url(text: str) -> str:
    """A URI for strict readers: what has no place in one, such as a redaction mark, is percent-encoded."""
    quoted = quote(text, safe="%/:?@!$&'()*+,;=-._~", errors="backslashreplace")
    return re.sub("%(?![0-9A-Fa-f]{2})", "%25", quoted)


def _response(exchange: dict[str, Any]) -> Response:
    """Of an exchange without a response: status 0, as browsers write it."""
    response = exchange["response"]
    if response is None:
        return Response(0, "", "unknown", content=Content(0, mimeType="x-unknown"), redirectURL="")
    body = response["body"]
    return Response(
        response["status"],
        "",
        f"HTTP/{response['http_version']}",
        headers=[Record(name, value) for name, value in response["headers"]],
        content=Content(
            body["bytes"],
            mimeType=response["media_type"] or "x-unknown",
            text=body["excerpt"] or None,
            comment="an escaped excerpt" if body["excerpt"] else _NOT_KEPT,
        ),
        redirectURL=next((value for name, value in response["headers"] if name.lower() == "location"), ""),
        bodySize=body["bytes"],
    )


def _timings(ms: dict[str, float | None]) -> Timings:
    """HAR counts the TLS handshake into connect; -1 is what was not reached."""
    dns, connect, tls, first, total = (ms[name] for name in ("dns", "connect", "tls", "first_byte", "total"))
    before = sum(value or 0.0 for value in (dns, connect, tls, first))
    return Timings(
        send=0,
        wait=first if first is not None else 0,
        receive=round(max((total or 0.0) - before, 0.0), 3),
        dns=dns if dns is not None else -1,
        connect=round(connect + (tls or 0.0), 3) if connect is not None else -1,
        ssl=tls if tls is not None else -1,
    )


def _total(timings: Timings) -> float:
    parts = (timings.dns, timings.connect, timings.send, timings.wait, timings.receive)
    return round(sum(float(part) for part in parts if part is not None and part >= 0), 3)


def _address(peer: dict[str, Any] | None) -> str | None:
    """An IP address and nothing else, as HAR has it; a name or what a server made of it is left out."""
    try:
        return str(ip_address(peer["address"].partition("%")[0])) if peer else None
    except ValueError:
        return None


def _comment(exchange: dict[str, Any]) -> str:
    fault = exchange["fault"]
    stopped = f"; {fault['code']} ({fault['phase']}): {fault['detail']}" if fault else ""
    return clean(f"{exchange['id']}, probe {exchange['probe']}{stopped}")
