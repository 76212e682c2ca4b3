"""What the document says of each exchange, from an allow-list of fields."""

from __future__ import annotations

from chatproof.contract.clause import Context
from chatproof.contract.probe import Probe
from chatproof.contract.surface import View
from chatproof.evidence.json_shape import shape
from chatproof.evidence.reply import Reply, or_default
from chatproof.evidence.request_ids import REQUEST_IDS, request_id
from chatproof.printable import begun, cut, decode, escape, is_text
from chatproof.secrets.digest import sha256
from chatproof.secrets.redaction import MARK
from chatproof.wire.exchange import BODY, END, HEADERS, REQUEST, STATUS, Exchange, Fault, Response
from chatproof.wire.urls import bare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EXCERPT = 2048
_SLACK = 1024  # read beyond the excerpt before redacting, so that no secret is cut at its edge
_HEADER_VALUE = 300
_HEADER_NAME, _HEADER_NAMES = 80, 100
_MODEL = 200
_MARK, _MARKS = 80, 16
_SMALL = 256 * 1024  # bytes of a reply that is parsed once more for this: an answer in order has some hundred
_BEFORE_SENDING = ("dns", "connect", "proxy", "tls")
_CHUNKS = 1000  # of a stream, for its shape
_HEADERS = (
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "date",
    "server",
    "via",
    "retry-after",
    "www-authenticate",
    "allow",
    "location",
    "age",
    "x-cache",
    "cf-ray",
    "cf-mitigated",
    "x-simulator",
)
_HEADER_FAMILIES = ("x-ratelimit-", "ratelimit", "x-envoy-", "x-litellm-version", "x-litellm-call-id")


def exchange_rows(
    exchanges: list[Exchange], context: Context, leaky: set[str], shown: set[str]
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Each exchange, and what all cost. All that is asked of a reply in a row: a large one is parsed once."""
    made, billable, tokens, unsent = [], 0, 0, 0
    surface = context.surface
    view = surface.view
    for e in exchanges:
        reply = context.replies[e.probe]
        row = surface.known(e.probe)
        made.append(_exchange(reply, row, view, e.id in leaky, e.id in shown))
        if not _was_sent(e):
            unsent += 1
            continue
        # A request that must be refused, and is answered with a completion, was billed to somebody.
        billable += row.billable or or_default(lambda: view.is_success(reply), False)  # noqa: B023
        tokens += or_default(lambda: view.tokens(reply), 0) if reply.exchange is e else 0  # noqa: B023
    return made, {"requests": len(exchanges) - unsent, "billable_requests": billable, "tokens_reported": tokens}


def upstream_of(exchanges: list[Exchange], context: Context) -> dict[str, list[str]]:
    """What the successes of a run say of the server that made them, each word once: fingerprints and forms of ids."""
    view = context.surface.view
    small = (e for e in exchanges if e.response is not None and len(e.response.body) <= _SMALL)
    replies = [context.replies[e.probe] for e in small]
    done = [reply for reply in replies if or_default(lambda: view.is_success(reply), False)]  # noqa: B023
    said = [or_default(lambda: view.upstream(reply), ("", "")) for reply in done]  # noqa: B023
    named = {"fingerprints": {mark for mark, _ in said}, "ids": {form for _, form in said}}
    found = {name: sorted(cut(escape(mark), _MARK) for mark in marks if mark)[:_MARKS] for name, marks in named.items()}
    return found if any(found.values()) else {}


def _was_sent(exchange: Exchange) -> bool:
    """A byte of the request may have left. What got no further than a connection costs nobody anything."""
    return exchange.response is not None or exchange.fault is None or exchange.fault.phase not in _BEFORE_SENDING


def _exchange(reply: Reply, row: Probe, view: View, leaky: bool, with_excerpt: bool) -> dict[str, Any]:
    exchange = reply.exchange
    request = exchange.request
    credential = [request.credential_header.partition(":")[0]] if request.credential else []
    said: dict[str, Any] = {"unheld": sorted(exchange.missing)} if exchange.missing else {}
    if not _was_sent(exchange):
        said["sent"] = False
    if exchange.reused and exchange.fault:
        said["reused"] = True  # said where it may be the cause: the connection was one that an earlier exchange left
    return {
        **said,
        "id": exchange.id,
        "probe": exchange.probe,
        "role": row.role,
        **({"shown_as": row.shown_as} if row.shown_as else {}),
        "sent_at": exchange.sent_at,
        "request": {
            "method": request.method,
            "url": "" if REQUEST in exchange.missing else str(request.url),
            "header_names": [*credential, *(h.name for h in request.further), *(name for name, _ in request.headers)],
            "summary": request.summary,
        },
        "response": _response(reply, view, leaky, with_excerpt) if exchange.response else None,
        "fault": _fault(exchange.fault) if exchange.fault else None,
        "timings_ms": {**exchange.timings._asdict(), **_first_chunk(reply)},
        "peer": _peer(exchange),
    }


def _fault(fault: Fault) -> dict[str, Any]:
    """The fault's texts; that a capture gives no reason for it stands only where it does not."""
    untold = {"untold": True} if fault.untold else {}
    return {"code": fault.code, "phase": fault.phase, "detail": fault.detail, **untold}


def _first_chunk(reply: Reply) -> dict[str, float]:
    """When a stream's first bytes came, as far as that was observed. Recorded, and judged nowhere."""
    arrivals = reply.response.arrivals if reply.response else ()
    streamed = bool(arrivals) and or_default(lambda: reply.kind, "") == "sse"
    return {"first_chunk": round(arrivals[0].at_ms, 1)} if streamed else {}


def _peer(exchange: Exchange) -> dict[str, Any] | None:
    if exchange.peer is None:
        return None
    certificate = exchange.peer.certificate
    return {
        "address": exchange.peer.address,
        "tls_version": exchange.peer.tls_version,
        "certificate": certificate._asdict() if certificate else None,
    }


def _response(reply: Reply, view: View, leaky: bool, with_excerpt: bool) -> dict[str, Any]:
    response = reply.response
    assert response is not None
    return {
        "status": None if reply.lacks(STATUS) else response.status,
        "http_version": response.version,
        "media_type": "" if reply.lacks(HEADERS) else escape(reply.media_type),
        "headers": _headers(response),
        "header_names": _header_names(response),
        "request_id": or_default(lambda: request_id(reply), ""),
        "informational": list(response.informational),
        **({"left_open": True} if response.left_open else {}),
        "model": or_default(lambda: escape(view.model(reply)), ""),
        **_usage(reply, view),
        "body": {
            "kind": or_default(lambda: reply.kind, "unknown"),
            "bytes": len(response.body),
            # A hash of a body that may be little more than the key would help to guess it; one of a part is of no use.
            "sha256": "" if leaky or reply.lacks(BODY) or reply.lacks(END) else sha256(response.body),
            "shape": or_default(lambda: _shape(reply), list[list[str]]()),
            "excerpt": _excerpt(response.body, leaky) if with_excerpt else "",
        },
    }


def _usage(reply: Reply, view: View) -> dict[str, dict[str, int]]:
    """The counts of tokens that a success reports; nothing where it reports none."""
    if not or_default(lambda: view.is_success(reply), False):
        return {}
    reported = or_default(lambda: view.usage(reply), dict[str, int]())
    return {"usage": reported} if reported else {}


def _excerpt(body: bytes, leaky: bool) -> str:
    """The body's beginning, escaped. Nothing of a body that holds the key in some form: the form may be a new one."""
    if leaky:
        return MARK
    beginning = body[: EXCERPT + _SLACK]
    return escape(decode(beginning), keep="\n") if is_text(body) and is_text(beginning) else begun(body)


def _shape(reply: Reply) -> list[list[str]]:
    """Of a stream, that of its chunks together: the first of them, and the last, which say how it ended."""
    if reply.kind == "sse":
        chunks = reply.chunks
        return shape(chunks if len(chunks) <= _CHUNKS else [*chunks[: _CHUNKS - 20], *chunks[-20:]])
    return shape([reply.json]) if reply.json_problem is None else []


def _header_names(response: Response) -> list[str]:
    """Every header's name once, in order, lower case: what a new proxy on the way changes first."""
    names = (name[:_HEADER_NAME].decode("latin-1").lower() for name, _ in response.headers[:_HEADER_NAMES])
    return [escape(name) for name in dict.fromkeys(names)]


def _headers(response: Response) -> list[list[str]]:
    kept = []
    for name, value in response.headers:
        lowered = name.decode("latin-1").lower()
        if lowered in _HEADERS or lowered in REQUEST_IDS or lowered.startswith(_HEADER_FAMILIES):
            text = value.decode("latin-1") if is_text(value) else begun(value)
            kept.append([escape(name.decode("latin-1")), escape(bare(text) if lowered == "location" else text)])
    return kept


def cut_texts(exchange: dict[str, Any]) -> None:
    """After redaction, and only then, texts are brought to their bounds."""
    response = exchange["response"]
    if response is None:
        return
    response["headers"] = [[cut(name, 80), cut(value, _HEADER_VALUE)] for name, value in response["headers"]]
    response["model"] = cut(response["model"], _MODEL)
    response["media_type"] = cut(response["media_type"], _HEADER_VALUE)
    body = response["body"]
    body["excerpt"] = cut(body["excerpt"], EXCERPT)
    if MARK in body["excerpt"]:
        body["sha256"] = ""
