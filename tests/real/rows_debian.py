"""What chatproof must say of Debian's proxies in front of upstreams of every kind: code, owner and how sure it is."""

from __future__ import annotations

from dataclasses import replace

from .rows import AUTH, STREAM, Row, go, nogo, undecided

EVERY_DAY = ("haproxy/ok/v1", "haproxy/dead/v1", "haproxy/slow/v1", "haproxy/stripping/v1", "haproxy/half/v1")
EVERY_DAY += ("tinyproxy/ok/v1", "tinyproxy/dead/v1")


def page(server: str, place: str, raw: str, code: str = "gateway.error", confidence: str = "certain") -> Row:
    """A page of the proxy's own, in place of the API's answer: never the key's or the model's fault."""
    never = (*AUTH, "server.error", "model.unavailable")
    return nogo(
        server, f"/{place}/v1", code, raw=raw, owner="gateway", confidence=confidence, never=never if code else ()
    )


def cut(server: str) -> Row:
    return undecided(server, "/half/v1", "http.incomplete_body", raw="cut", owner="gateway", confidence="likely")


def stripped(server: str) -> Row:
    """The proxy drops the key. From outside that looks like a wrong key, so it is not said for certain."""
    key = nogo(server, "/stripping/v1", "auth.rejected|auth.header", raw="401 json", confidence="likely")
    return replace(key, never=("gateway.error", "url.wrong_path", "account.quota"))


def denied(server: str) -> Row:
    return page(server, "deny", "403 html", "gateway.challenge", "likely")


ROWS = [
    go("haproxy", "/ok/v1", raw="200 json"),
    go("haproxy", "/ok/v1", args=STREAM),
    nogo("haproxy", "/ok/v1", "auth.rejected", key="wrong", raw="401 json"),
    go("haproxy", "/buffering/v1", raw="200 json"),
    go("haproxy", "/buffering/v1", args=STREAM),
    page("haproxy", "dead", "503 html"),
    page("haproxy", "down", "503 html"),
    page("haproxy", "slow", "504 html", "gateway.timeout"),
    page("haproxy", "closing", "502 html"),
    page("haproxy", "banner", "502 html"),
    cut("haproxy"),
    stripped("haproxy"),
    denied("haproxy"),
    nogo("haproxy", "/login/v1", "url.not_an_api", raw="200 html", owner="you", never=AUTH),
    # Apache takes an upstream that speaks no HTTP for HTTP/0.9, and hands its bytes on under 200.
    go("apache", "/ok/v1", raw="200 json"),
    go("apache", "/ok/v1", args=STREAM),
    go("apache", "/buffering/v1", raw="200 json"),
    go("apache", "/buffering/v1", args=STREAM),
    page("apache", "dead", "503 html"),
    page("apache", "slow", "502 html"),
    page("apache", "closing", "502 html"),
    nogo("apache", "/banner/v1", "body.not_json", raw="200 text", confidence="possible", never=AUTH),
    cut("apache"),
    stripped("apache"),
    denied("apache"),
    # Squid hands the path on as it is; aimock serves chat below any prefix, and no list of models there.
    go("squid", "/some/v1", "contract.models", raw="200 json"),
    go("squid", "/some/v1", "contract.models", args=STREAM),
    page("squid", "dead", "502 html"),
    page("squid", "slow", "504 html", "gateway.timeout"),
    page("squid", "closing", "502 html"),
    nogo("squid", "/banner/v1", "body.not_json", raw="200 text", confidence="possible", never=AUTH),
    cut("squid"),
    replace(stripped("squid"), never=()),  # the list of models is asked for where aimock has none
    denied("squid"),
    go("varnish", "/ok/v1", raw="200 json"),
    go("varnish", "/ok/v1", args=STREAM),
    go("varnish", "/buffering/v1", raw="200 json"),
    go("varnish", "/buffering/v1", args=STREAM),
    page("varnish", "dead", "503 html"),
    page("varnish", "slow", "503 html"),
    page("varnish", "closing", "503 html"),
    page("varnish", "banner", "503 html"),
    stripped("varnish"),
    denied("varnish"),
    go("lighttpd", "/ok/v1", raw="200 json"),
    go("lighttpd", "/ok/v1", args=STREAM),
    go("lighttpd", "/buffering/v1", raw="200 json"),
    go("lighttpd", "/buffering/v1", args=STREAM),
    page("lighttpd", "dead", "503 html"),
    page("lighttpd", "banner", "502 html"),
    # It answers 500 where the upstream closes: whose page that is, nothing says.
    nogo("lighttpd", "/closing/v1", "server.error", raw="500 html", owner="unknown", confidence="possible", never=AUTH),
    cut("lighttpd"),
    stripped("lighttpd"),
    denied("lighttpd"),
    nogo("lighttpd", "/nope/v1", "url.wrong_path", raw="404 html", owner="you", confidence="likely", never=AUTH),
    go("tinyproxy", "/ok/v1", raw="200 json"),
    go("tinyproxy", "/ok/v1", args=STREAM),
    # It writes its page and resets the connection, because it has not read the request's body.
    undecided("tinyproxy", "/dead/v1", "gateway.error|net.reset", never=("server.error", *AUTH)),
    undecided(
        "tinyproxy", "/slow/v1", "net.read_timeout", args=("--timeout", "2s"), raw="timeout", confidence="likely"
    ),
    # In front of an upstream that closes, its page comes or the connection is reset, as chance has it.
    cut("tinyproxy"),
]
ROWS = [replace(row, nightly=f"{row.server}{row.path}" not in EVERY_DAY or bool(row.args)) for row in ROWS]
