"""One POST to a receiver whose URL is a secret: by our own transport, so with a true deadline, limits on the answer,
verified certificates, no redirects, and no proxy or password that some variable or file holds.

What is said of a failure never holds the URL, nor anything that the receiver answered.
"""

from typing import NamedTuple

from chatproof import __version__
from chatproof.transport.blocking import send
from chatproof.transport.resolver import Resolver
from chatproof.transport.steps import Options
from chatproof.wire.exchange import Header, Request, Secret, Url
from chatproof.wire.message import Limits
from chatproof.wire.urls import UrlProblem, parse_base_url

TIMEOUT = 10.0
_ANSWER = 64 * 1024  # bytes of an answer that are read
_LONGEST_WAIT = 3600.0
_QUERY = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._~!$&'()*+,;=:@%?-")


class Answer(NamedTuple):
    """What became of a message."""

    ok: bool
    reason: str = ""
    """Why not: in words of ours."""
    wait: float = 0.0
    """Seconds that the receiver asks to wait; 0.0 where it asks for nothing."""


class Way(NamedTuple):
    """How a receiver is reached."""

    url: Secret
    authorization: Secret | None = None
    """The whole value of the header."""
    allow_http: bool = False
    ca_file: str = ""


def problem_of(url: Secret, *, allow_http: bool) -> str:
    """Why this URL cannot be used; empty where it can. Never a part of it."""
    parsed = _parsed(url, "", allow_http)
    return parsed.detail if isinstance(parsed, UrlProblem) else ""


def post(way: Way, body: bytes, headers: tuple[tuple[str, str], ...], suffix: str = "") -> Answer:
    """Send a body of JSON to the URL with `suffix` behind its path. Never raises for what a network or server does."""
    url = _parsed(way.url, suffix, way.allow_http)
    if isinstance(url, UrlProblem):
        return Answer(False, f"its URL cannot be used: {url.detail}")
    given = (("Content-Type", "application/json"), ("User-Agent", f"chatproof/{__version__}"), *headers)
    further = (Header("Authorization", way.authorization, "authorization"),) if way.authorization else ()
    request = Request("POST", url, given, body, None, "", "", further=further)
    try:
        exchange = send(request, "alert", "a1", _options(way, url), Resolver())
    except Exception as error:  # our own side: an authority file that is gone, for example
        return Answer(False, f"our own side: {type(error).__name__}")
    response, fault = exchange.response, exchange.fault
    if response is None or (fault is not None and not 200 <= response.status < 300):
        return Answer(False, fault.code if fault else "no answer")
    if 200 <= response.status < 300:
        return Answer(True)
    if 300 <= response.status < 400:
        return Answer(False, f"HTTP {response.status}: a redirect, which is not followed")
    after = response.value(b"retry-after") or b""
    wait = float(after) if after.isdigit() and len(after) < 6 else 0.0
    return Answer(False, f"HTTP {response.status}", min(wait, _LONGEST_WAIT))


def _options(way: Way, url: Url) -> Options:
    limits = Limits(body=_ANSWER)
    if url.scheme == "http":
        return Options(TIMEOUT, limits, allow_http=way.allow_http)
    from chatproof.transport.tls import context

    return Options(TIMEOUT, limits, lambda: context(way.ca_file))


def _parsed(secret: Secret, suffix: str, allow_http: bool) -> Url | UrlProblem:
    """The URL, with its query if it has one. The allow-list of schemes is that of base URLs: https, and http to this
    machine, or where the configuration says so."""
    base, mark, query = secret.reveal().partition("?")
    url = parse_base_url(base, allow_http=allow_http)
    if isinstance(url, UrlProblem):
        return UrlProblem(_without_quotes(url.detail), "")
    if not _QUERY.issuperset(query):
        return UrlProblem("its query has a character that must be percent-encoded", "")
    return url._replace(path=f"{url.path}{suffix}{mark}{query}")


def _without_quotes(detail: str) -> str:
    """What is wrong, without what was given: some of these sentences quote the host, or what stands for the scheme."""
    for start in ("scheme is", "the host", "character U+", "it already ends in", "it ends in"):
        if detail.startswith(start):
            return {
                "scheme is": "its scheme is neither https nor http",
                "the host": "its host is not a valid name",
                "character U+": "it has a character that is not allowed in a URL",
            }.get(start, "it ends in the path of an API")
    return detail
