"""Rows for replies that something other than the API wrote: redirects, challenges, error pages, wrong paths."""

from chatproof.contract.failure_mode import (
    ANY_HOP,
    CERTAIN,
    GATEWAY,
    LIKELY,
    POSSIBLE,
    UNKNOWN,
    WHICH_HOP,
    YOU,
    Case,
    Mode,
    Sign,
    when,
)
from chatproof.diagnosis.failure_modes import misplaced
from chatproof.evidence.provider_error import ProviderError, by_words
from chatproof.evidence.reply import or_default
from chatproof.wire.exchange import STATUS

_HTTP_TO_HTTPS = (  # nginx, Go, Apache
    "http request was sent to https port",
    "sent an http request to an https server",
    "speaking plain http to an ssl-enabled server port",
    "combination of host and port requires tls",  # Tomcat
)
_TIMEOUTS = (408, 504, 524)
_GATEWAY = (502, 503, 520, 521, 522, 523, 525, 526, 530)
_REFUSED = (400, 406, 409, 411, 412, 414, 415, 416, 417, 421, 422, 423, 425, 426, 428, 431)
_ON_THE_WAY = (b"via", b"x-envoy-upstream-service-time", b"x-cache", b"x-varnish", b"cf-ray", b"x-amz-cf-id")


_AGAIN = "Run again; if it still fails, escalate with the request id and UTC time."


def _challenge(case: Case) -> Sign | None:
    if case.reply.web_filter:
        return Sign(
            (case.reply.challenge,),
            summary="the web filter of a network on the way refuses the request; the API never saw it",
            next_step="Ask whoever runs this network's web filter or proxy to allow the API's host, for this program as well as for browsers; another network shows whether it is the cause. Key and URL are not.",
        )
    if case.reply.challenge:
        return Sign((case.reply.challenge,), confidence=CERTAIN)
    if case.page and case.status == 511:
        return Sign(
            ("511: the network between here and the API requires its own login",),
            next_step="Log in to this machine's network, or leave it; neither key nor URL is the cause.",
        )
    if case.is_bare and case.status == 403 and not _everyone_is_refused(case):
        return Sign(
            (ANY_HOP,),
            summary="the request is forbidden, with a few words or nothing in the body: an access rule before the API refuses it, or the server",
            owner=UNKNOWN,
            next_step="Send one request without a key: the same answer comes from an access rule; another answer means that this key lacks the permission. Then ask whoever runs the hop that writes it.",
            confidence=POSSIBLE,
        )
    return when(case.page and case.status == 403, "a 403 that is not JSON comes from an intermediary, not from the API")


def _everyone_is_refused(case: Case) -> bool:
    """A request without a key is refused just so: the key was not judged."""
    keyless = case.context.keyless
    if keyless is None or not keyless.complete or keyless.lacks(STATUS):
        return False
    return keyless.status == case.status and or_default(lambda: keyless.body == case.reply.body, False)


def _timeout(case: Case) -> Sign | None:
    if case.reply.complete and case.reply.lacks(STATUS):  # the log of a gateway says what it waited for
        waited = case.page and "upstream timed out" in case.text()
        return Sign(confidence=LIKELY) if waited else None
    if not (case.reply.complete and case.status in _TIMEOUTS):
        return None
    if case.status == 408 and case.is_bare:  # servers send it, too, of a request that came too slowly
        return Sign(
            (ANY_HOP,),
            summary="a timeout is reported (408): for the request, or for the service behind it",
            owner=UNKNOWN,
            next_step=WHICH_HOP,
            confidence=POSSIBLE,
        )
    may_stream = case.context.surface.stream and not case.asks_for_stream
    return Sign(next_step=f"{_AGAIN} A streamed request may succeed." if may_stream else _AGAIN)


def _refused_text(case: Case) -> Sign | None:
    """A 4xx in plain text whose words are about the request's form: frameworks of strict servers write such."""
    if case.reply.kind != "text" or case.status not in (400, 413, 422):
        return None
    words = case.reply.body[:4096].decode("utf-8", "replace")
    return when(by_words(ProviderError("$", words, "", "", "")) in ("form", "request", "parameter", "context"))


def _wrong_scheme(case: Case) -> Sign | None:
    return when(case.status == 400 and any(words in case.text() for words in _HTTP_TO_HTTPS))


def _money_page(case: Case) -> Sign | None:
    return when(case.page and case.status == 402)


def _withheld(case: Case) -> Sign | None:
    return when(case.page and case.status == 451)


def _size_page(case: Case) -> Sign | None:
    if not (case.page and case.status == 413):
        return None
    if case.is_users_own:
        size = len(case.reply.exchange.request.body)
        sent = (f"the request's body has {size:,} bytes",) if size else ()
        step = (
            "Send a smaller body (shorter prompt, smaller images), or ask whoever runs the gateway for a larger limit."
        )
        summary = "the request is refused as too large" if case.is_bare else ""
        return Sign(sent, summary=summary, owner=YOU, next_step=step)
    if case.is_bare:
        summary = "the request is refused as too large; the reply does not show which hop refused it"
        said = "413: a limit on request bodies is below 1 KB"
        return Sign((said, ANY_HOP), summary=summary, owner=UNKNOWN, next_step=WHICH_HOP, confidence=POSSIBLE)
    return Sign(("413: the gateway's limit on request bodies is below 1 KB",))


def _error_page(case: Case) -> Sign | None:
    if case.reply.lacks(STATUS):  # a body alone
        return Sign(confidence=LIKELY) if case.page and _tells_of_upstream(case) else None
    if case.page and case.status == 200 and case.reply.kind == "html" and misplaced.known(case):
        said = "a page replaces the API's answer, but the plain request to the same URL is answered"
        return Sign(summary=said, confidence=LIKELY)
    if case.page and case.status == 500 and _tells_of_upstream(case):  # tinyproxy: "Unable to connect"
        return Sign(confidence=LIKELY)
    # ngrok. Scripts in a website's page for an unknown path may have any of these words.
    if case.page and case.status == 404 and case.reply.kind == "text" and _tells_of_upstream(case):
        return Sign(confidence=LIKELY)
    if case.page and case.status == 503 and case.reply.kind in ("text", "empty"):
        named = or_default(lambda: any(case.reply.header(name) for name in _ON_THE_WAY), False)
        if not (named or _tells_of_upstream(case)):
            said = "an overloaded server may answer like this itself"
            if not case.is_bare:
                return Sign((said,), confidence=LIKELY)
            summary = "the service is unavailable (503); the reply does not show which hop says so"
            return Sign(
                (said, ANY_HOP),
                summary=summary,
                owner=UNKNOWN,
                next_step=f"Run again. {WHICH_HOP}",
                confidence=POSSIBLE,
            )
    return when(case.page and case.status in _GATEWAY)


def _tells_of_upstream(case: Case) -> bool:
    words = case.reply.body[:4096].decode("utf-8", "replace")
    return by_words(ProviderError("$", words, "", "", "")) == "upstream"


def _bare_refusal(case: Case) -> Sign | None:
    """The plain request, refused in a few words or by none: which hop refuses what of it, nothing says."""
    silent = case.page and case.reply.kind in ("text", "empty")
    return when(silent and case.is_plain and not case.is_auth_probe and case.status in _REFUSED)


def _crash_page(case: Case) -> Sign | None:
    return when(case.page and case.status >= 500)


def _rate_page(case: Case) -> Sign | None:
    return when(case.page and case.status == 429)


def _other_scheme(case: Case) -> Sign | None:
    scheme = case.reply.header(b"www-authenticate").split(" ")[0].lower()
    if case.status != 401 or scheme not in ("basic", "digest", "negotiate", "ntlm"):
        return None
    keyless = case.context.keyless
    if not case.page and (keyless is None or keyless.body != case.reply.body):
        return None  # some frameworks name Basic beside a JSON refusal of their own
    return Sign((f"WWW-Authenticate asks for {scheme.capitalize()}",))


MODES = (
    Mode(
        "net.proxy",
        YOU,
        "a proxy asks for authentication (407)",
        "Check --proxy and its credentials.",
        CERTAIN,
        lambda case: when(case.reply.complete and case.status == 407),
    ),
    Mode(
        "url.redirected",
        YOU,
        "the endpoint redirects; the key was not sent to the new address",
        f"{misplaced.CORRECT} SDKs turn a redirected POST into a GET.",
        CERTAIN,
        misplaced.redirected,
    ),
    Mode(
        "gateway.challenge",
        GATEWAY,
        "an intermediary (firewall, CDN, access rule) refuses the request before the API sees it",
        "Ask whoever runs the gateway to allow this machine's address and User-Agent; the key is not the cause.",
        LIKELY,
        _challenge,
    ),
    Mode(
        "gateway.timeout",
        GATEWAY,
        "a gateway timed out while waiting for the service behind it",
        "Run again; if it still fails, escalate with the request id and UTC time.",
        CERTAIN,
        _timeout,
    ),
    Mode(
        "request.rejected",
        UNKNOWN,
        "the server refuses the request's form, in plain text",
        "Read the message in the evidence: it names the part of the request that this server does not accept.",
        LIKELY,
        _refused_text,
    ),
    Mode(
        "gateway.error",
        GATEWAY,
        "a gateway answers in place of the API: the service behind it is unreachable or failing",
        "Neither your key nor the model is the cause. Run again, look at the provider's status page, escalate with the request id and UTC time.",
        CERTAIN,
        _error_page,
    ),
    Mode(
        "request.rejected",
        YOU,
        "the request was not sent with POST",
        f"Send it with POST: this path accepts no other method. {misplaced.REDIRECT}",
        CERTAIN,
        misplaced.method,
    ),
    Mode(
        "url.doubled_version",
        YOU,
        "the base URL repeats its version: /v1/v1",
        "Remove one /v1 from the base URL.",
        CERTAIN,
        misplaced.doubled,
    ),
    Mode(
        "url.missing_version",
        YOU,
        "the base URL lacks its version segment, usually /v1",
        "Append /v1 to the base URL.",
        LIKELY,
        misplaced.missing,
    ),
    Mode(
        "url.not_an_api",
        YOU,
        "the server at this URL is not the requested API",
        "Check host and path of the base URL; open it in a browser to see whose page it is.",
        LIKELY,
        misplaced.no_api,
    ),
    Mode(
        "url.wrong_path",
        YOU,
        "the server does not know this path",
        "Compare the base URL with the provider's reference; the path of the API is appended to it.",
        LIKELY,
        misplaced.path,
    ),
    Mode(
        "auth.header",
        GATEWAY,
        "something in front of the API asks for another kind of authentication",
        "Both need the Authorization header; ask whoever runs the gateway.",
        CERTAIN,
        _other_scheme,
    ),
    Mode(
        "account.rate_limited",
        UNKNOWN,
        "too many requests: the limit was reached before the API",
        "Wait and run again. The page does not say whether the limit is yours or the gateway's.",
        CERTAIN,
        _rate_page,
    ),
    Mode(
        "server.error",
        UNKNOWN,
        "a page reports a server failure; the API would have reported it in JSON",
        "Run again; if it still fails, find out which hop writes this page, and escalate with the request id and UTC time.",
        POSSIBLE,
        _crash_page,
    ),
    Mode(
        "tls.protocol",
        YOU,
        "this port speaks TLS, and the base URL says http",
        "Write https in the base URL.",
        CERTAIN,
        _wrong_scheme,
    ),
    Mode(
        "account.quota",
        YOU,
        "payment is required (402)",
        "Top up the account; retrying does not help.",
        LIKELY,
        _money_page,
    ),
    Mode(
        "account.region",
        UNKNOWN,
        "the reply is withheld for legal reasons (451)",
        "Read the page: it may say who made the rule and for which country. Otherwise ask the provider, then whoever runs the network or the gateway between this machine and the provider.",
        POSSIBLE,
        _withheld,
    ),
    Mode(
        "request.rejected",
        GATEWAY,
        "a gateway refuses the request as too large",
        "Ask whoever runs the gateway: the probe is a short sentence or two.",
        CERTAIN,
        _size_page,
    ),
    Mode(
        "request.rejected",
        UNKNOWN,
        "the request is refused, and nothing in the reply says why",
        "Look at the logs of the server and of each proxy before it: a proxy refuses because of headers, media type or Host, a server because of the body.",
        POSSIBLE,
        _bare_refusal,
    ),
)
