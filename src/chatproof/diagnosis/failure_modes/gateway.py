"""Rows for replies that something other than the API wrote: redirects, challenges, error pages, wrong paths."""

from chatproof.contract.failure_mode import (
    CERTAIN,
    GATEWAY,
    LIKELY,
    POSSIBLE,
    UNKNOWN,
    YOU,
    Case,
    Mode,
    Sign,
    when,
)
from chatproof.diagnosis.failure_modes.models import is_listing_well
from chatproof.evidence.provider_error import ProviderError, by_words
from chatproof.evidence.reply import if_held
from chatproof.printable import quote
from chatproof.wire.exchange import REQUEST
from chatproof.wire.urls import bare

_HTTP_TO_HTTPS = (  # nginx, Go, Apache
    "http request was sent to https port",
    "sent an http request to an https server",
    "speaking plain http to an ssl-enabled server port",
)
_TIMEOUTS = (408, 504, 524)
_GATEWAY = (502, 503, 520, 521, 522, 523, 525, 526, 530)
_REFUSED = (400, 406, 409, 411, 412, 414, 415, 416, 417, 421, 422, 423, 425, 426, 428, 431)
_ON_THE_WAY = (b"via", b"x-envoy-upstream-service-time", b"x-cache", b"x-varnish", b"cf-ray", b"x-amz-cf-id")


_AGAIN = "Run again; if it stays, escalate with the request id and UTC time."
_CORRECT = "Correct the base URL to where it points, if you trust it."


def _redirected(case: Case) -> Sign | None:
    if not (case.reply.complete and 300 <= case.status < 400 and case.status != 304):
        return None
    target = bare(case.reply.header(b"location"))
    told = (_where(target, case),)
    if if_held(lambda: _known(case), False):
        return Sign(
            told,
            summary="this request is redirected, and the plain one to the same URL is answered",
            owner=GATEWAY,
            next_step="The base URL is right. Ask whoever runs the gateway why this request is sent elsewhere: clients "
            "follow it as a GET, or not at all.",
            confidence=LIKELY,
        )
    if not target:
        return Sign(
            told,
            summary="the endpoint redirects, and does not say where to",
            owner=UNKNOWN,
            next_step="No client can follow this. Check the base URL; if it is right, report it to whoever runs the server.",
            confidence=LIKELY,
        )
    if case.status in (307, 308):
        return Sign(told, next_step=f"{_CORRECT} SDKs follow it with the same method, and leave the key out elsewhere.")
    return Sign(told)


def _where(target: str, case: Case) -> str:
    """What a Location points to, read as browsers do, for whom a backslash is a slash and slashes may be too few."""
    slashes = target.replace("\\", "/")
    scheme, colon, rest = slashes.partition(":")
    if not colon or "/" in scheme:
        scheme, rest = "", slashes
        if not rest.startswith("//"):
            return f"Location is a path on the same host: {quote(target, 80)}" if target else "no Location"
    origin = f"{scheme}://{rest.lstrip('/').partition('/')[0]}".removeprefix(":")
    secure = if_held(lambda: case.url.scheme, "") == "https"  # a capture may not hold what was asked
    worse = ", without TLS" if scheme.lower() == "http" and secure else ""
    return f"Location points to {quote(origin, 100)}{worse}; it was not followed"


def _challenge(case: Case) -> Sign | None:
    if case.reply.challenge:
        return Sign((case.reply.challenge,), confidence=CERTAIN)
    if case.page and case.status == 511:
        return Sign(
            ("511: the network between here and the API wants a login of its own",),
            next_step="Log in to the network that this machine is in, or leave it; neither key nor URL is the cause.",
        )
    return when(case.page and case.status == 403, "a 403 that is not JSON comes from an intermediary, not from the API")


def _timeout(case: Case) -> Sign | None:
    if not (case.reply.complete and case.status in _TIMEOUTS):
        return None
    return Sign(next_step=_AGAIN if case.asks_for_stream else f"{_AGAIN} A streamed request may get through.")


def _refused_text(case: Case) -> Sign | None:
    """A 4xx in plain text whose words are about the request's form: frameworks of strict servers write such."""
    if case.reply.kind != "text" or case.status not in (400, 413, 422):
        return None
    words = case.reply.body[:4096].decode("utf-8", "replace")
    return when(by_words(ProviderError("$", words, "", "", "")) in ("form", "request", "parameter", "context"))


def _no_api(case: Case) -> Sign | None:
    reply = case.reply
    if not reply.complete or case.status != 200 or _known(case):
        return None
    if reply.kind == "html":
        said = "an HTML page with status 200: a login page, a dashboard or a captive portal"
        if is_listing_well(case):
            return Sign(
                (said, "GET models at the same base URL is answered with a list: the base URL is right"),
                summary="a page stands in place of the API's answer to this request",
                owner=GATEWAY,
                next_step="Ask whoever runs what stands before the API why POST requests get a page: a login, a firewall "
                "or a route that lets only GET through.",
                confidence=LIKELY,
            )
        return Sign((said,), confidence=CERTAIN)
    if reply.kind == "json" and not case.succeeded and case.error_class in ("", "unknown"):
        same = [
            r.probe for r in case.context.replies.values() if r.complete and r.status == 200 and r.body == reply.body
        ]
        return when(
            case.context.surface.listing in same and len(same) > 1,
            f"every request gets this same JSON: {', '.join(same)}",
        )
    return None


def _known(case: Case) -> bool:
    """The same URL gave a completion: whatever a 404 or a page means there, the URL is right."""
    control = case.context.control
    return bool(control and case.context.surface.view.is_success(control) and case.is_plain_url)


def _wrong_url(case: Case) -> bool:
    """The server knows no such path: 404 or 405 that do not speak of a model, HTML 200, LM Studio's 200 error."""
    if _known(case):
        return False
    if case.page:
        return case.status in (404, 405, 410) or (case.status == 200 and case.reply.kind == "html")
    return case.error_class == "path"


def _doubled(case: Case) -> Sign | None:
    path = case.url.path
    return when(_wrong_url(case) and "/v1/v1/" in path, f"the path sent was {quote(path)}")


def _missing(case: Case) -> Sign | None:
    if not (_wrong_url(case) and case.base_versions == 0):
        return None
    return Sign((f"the path sent was {quote(case.url.path)}: no version segment",))


def _path(case: Case) -> Sign | None:
    if case.page and case.status == 200 and case.reply.kind == "empty":
        # Caddy's answer to a path it does not know.
        same = [r.probe for r in case.context.replies.values() if r.complete and r.status == 200 and r.kind == "empty"]
        return when(len(same) >= 2, f"every request gets an empty 200: {', '.join(same)}")
    if not _wrong_url(case):
        return None
    if case.reply.lacks(REQUEST):
        return Sign(("the URL that was asked is not in the capture",))
    path = case.url.path
    if not case.is_plain or path.endswith(case.context.surface.path):
        return Sign((f"the path sent was {quote(path)}",))
    step = f"Correct the path of the request: it must end in {case.context.surface.path}."
    return Sign(
        (f"the path sent was {quote(path)}, which does not end in {case.context.surface.path}",), next_step=step
    )


_REDIRECT = "A redirect followed on the way can turn POST into GET."


def _method(case: Case) -> Sign | None:
    """A captured request with another method than the API takes; our own are always sent with the right one."""
    if case.reply.lacks(REQUEST) or not case.is_plain or case.reply.exchange.request.method in ("POST", ""):
        return None
    method = case.reply.exchange.request.method
    if case.status not in (400, 404, 405, 415, 422, 501):
        return None
    step = f"Send it with POST: {case.context.surface.path} takes no other method. {_REDIRECT}"
    return Sign((f"the request was sent with {quote(method)}",), next_step=step)


def _wrong_scheme(case: Case) -> Sign | None:
    return when(case.status == 400 and any(words in case.text() for words in _HTTP_TO_HTTPS))


def _money_page(case: Case) -> Sign | None:
    return when(case.page and case.status == 402)


def _size_page(case: Case) -> Sign | None:
    if not (case.page and case.status == 413):
        return None
    if case.is_users_own:
        size = len(case.reply.exchange.request.body)
        said = (f"the request's body has {size:,} bytes",) if size else ()
        step = (
            "Send a smaller body (shorter prompt, smaller images), or ask whoever runs the gateway for a larger limit."
        )
        return Sign(said, owner=YOU, next_step=step)
    return Sign(("413: the gateway's limit on request bodies is below 1 KB",))


def _error_page(case: Case) -> Sign | None:
    if case.page and case.status == 200 and case.reply.kind == "html" and _known(case):
        said = "a page stands in place of the API's answer, though the plain request to the same URL is answered"
        return Sign(summary=said, confidence=LIKELY)
    if case.page and case.status == 500 and _tells_of_upstream(case):  # tinyproxy: "Unable to connect"
        return Sign(confidence=LIKELY)
    if case.page and case.status == 503 and case.reply.kind in ("text", "empty"):
        named = if_held(lambda: any(case.reply.header(name) for name in _ON_THE_WAY), False)
        if not (named or _tells_of_upstream(case)):
            return Sign(("a server that is overloaded may answer so itself",), confidence=LIKELY)
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
        "the endpoint redirects; the key was not sent on",
        f"{_CORRECT} SDKs turn a redirected POST into a GET.",
        CERTAIN,
        _redirected,
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
        "a gateway gave up waiting for the service behind it",
        "Run again; if it stays, escalate with the request id and UTC time.",
        CERTAIN,
        _timeout,
    ),
    Mode(
        "request.rejected",
        UNKNOWN,
        "the server refuses the request's form, in plain text",
        "Read the message in the evidence: it names the part of the request that this server does not take.",
        LIKELY,
        _refused_text,
    ),
    Mode(
        "gateway.error",
        GATEWAY,
        "a gateway answers in place of the API: the service behind it is unreachable or failing",
        "Not your key and not the model. Run again, look at the provider's status page, escalate with the request id and UTC time.",
        CERTAIN,
        _error_page,
    ),
    Mode(
        "request.rejected",
        YOU,
        "the request was not sent with POST",
        f"Send it with POST: this path takes no other method. {_REDIRECT}",
        CERTAIN,
        _method,
    ),
    Mode(
        "url.doubled_version",
        YOU,
        "the base URL repeats its version: /v1/v1",
        "Remove one /v1 from the base URL.",
        CERTAIN,
        _doubled,
    ),
    Mode(
        "url.missing_version",
        YOU,
        "the base URL lacks its version segment, usually /v1",
        "Append /v1 to the base URL.",
        LIKELY,
        _missing,
    ),
    Mode(
        "url.not_an_api",
        YOU,
        "what answers at this URL is not a chat completions API",
        "Check host and path of the base URL; open it in a browser to see whose page it is.",
        LIKELY,
        _no_api,
    ),
    Mode(
        "url.wrong_path",
        YOU,
        "the server does not know this path",
        "Compare the base URL with the provider's reference; /chat/completions is appended to it.",
        LIKELY,
        _path,
    ),
    Mode(
        "auth.header",
        GATEWAY,
        "something in front of the API asks for another kind of authentication",
        "The Authorization header is needed by both; ask whoever runs the gateway.",
        CERTAIN,
        _other_scheme,
    ),
    Mode(
        "account.rate_limited",
        UNKNOWN,
        "too many requests: the limit was reached before the API was asked",
        "Wait and run again. Whether the limit is yours or the gateway's, the page does not say.",
        CERTAIN,
        _rate_page,
    ),
    Mode(
        "server.error",
        UNKNOWN,
        "a page says that the server failed, where the API would have said it in JSON",
        "Run again; if it stays, find out which hop writes this page, and escalate with the request id and UTC time.",
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
        "request.rejected",
        GATEWAY,
        "a gateway finds the request too large",
        "Ask whoever runs the gateway: the probe is one short sentence.",
        CERTAIN,
        _size_page,
    ),
    Mode(
        "request.rejected",
        UNKNOWN,
        "the request is refused, and nothing in the reply says why",
        "Look into the log of the server, and of what stands before it: headers, media type and Host are what a proxy "
        "refuses, the body is what a server does.",
        POSSIBLE,
        _bare_refusal,
    ),
)
