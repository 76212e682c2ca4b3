"""Rows for replies that something other than the API wrote: redirects, challenges, error pages, wrong paths."""

from chatproof.failure_modes.mode import (
    CERTAIN,
    GATEWAY,
    LIKELY,
    POSSIBLE,
    PROVIDER,
    UNKNOWN,
    YOU,
    Case,
    Mode,
    Sign,
    when,
)
from chatproof.printable import quote
from chatproof.reply import if_held
from chatproof.urls import bare

_HTTP_TO_HTTPS = (  # nginx, Go, Apache
    "http request was sent to https port",
    "sent an http request to an https server",
    "speaking plain http to an ssl-enabled server port",
)
_TIMEOUTS = (408, 504, 524)
_GATEWAY = (502, 503, 520, 521, 522, 523, 525, 526, 530)


def _redirected(case: Case) -> Sign | None:
    if not (case.reply.complete and 300 <= case.status < 400 and case.status != 304):
        return None
    told = (_where(bare(case.reply.header(b"location")), case),)
    if if_held(lambda: _known(case), False):
        return Sign(
            told,
            summary="this request is redirected, and the plain one to the same URL is answered",
            owner=GATEWAY,
            next_step="The base URL is right. Ask whoever runs the gateway why this request is sent elsewhere: clients "
            "follow it as a GET, or not at all.",
            confidence=LIKELY,
        )
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
    worse = ", without TLS" if scheme.lower() == "http" and case.url.scheme == "https" else ""
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
    return when(case.reply.complete and case.status in _TIMEOUTS)


def _no_api(case: Case) -> Sign | None:
    reply = case.reply
    if not reply.complete or case.status != 200 or _known(case):
        return None
    if reply.kind == "html":
        said = "an HTML page with status 200: a login page, a dashboard or a captive portal"
        return Sign((said,), confidence=CERTAIN)
    if reply.kind == "json" and not reply.choices and case.error_class in ("", "unknown"):
        same = [
            r.probe for r in case.context.replies.values() if r.complete and r.status == 200 and r.body == reply.body
        ]
        return when("models" in same and len(same) > 1, f"every request gets this same JSON: {', '.join(same)}")
    return None


def _known(case: Case) -> bool:
    """The same URL gave a completion: whatever a 404 or a page means there, the URL is right."""
    control = case.context.control
    return bool(control and control.is_completion and case.is_chat_url)


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
    return when(_wrong_url(case), f"the path sent was {quote(case.url.path)}")


def _wrong_scheme(case: Case) -> Sign | None:
    return when(case.status == 400 and any(words in case.text() for words in _HTTP_TO_HTTPS))


def _money_page(case: Case) -> Sign | None:
    return when(case.page and case.status == 402)


def _size_page(case: Case) -> Sign | None:
    return when(case.page and case.status == 413, "413: the gateway's limit on request bodies is below 1 KB")


def _error_page(case: Case) -> Sign | None:
    if case.page and case.status == 200 and case.reply.kind == "html" and _known(case):
        said = "a page stands in place of the API's answer, though the plain request to the same URL is answered"
        return Sign(summary=said, confidence=LIKELY)
    return when(case.page and case.status in _GATEWAY)


def _crash_page(case: Case) -> Sign | None:
    return when(case.page and case.status >= 500)


def _rate_page(case: Case) -> Sign | None:
    return when(case.page and case.status == 429)


def _other_scheme(case: Case) -> Sign | None:
    scheme = case.reply.header(b"www-authenticate").split(" ")[0].lower()
    if case.status != 401 or scheme not in ("basic", "digest", "negotiate", "ntlm"):
        return None
    keyless = case.context.replies.get("auth.missing_key")
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
        "Correct the base URL to where it points, if you trust it. SDKs turn a redirected POST into a GET.",
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
        "Run again; if it stays, escalate with the request id and UTC time. A streamed request may get through.",
        CERTAIN,
        _timeout,
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
        PROVIDER,
        "the server failed and answers with a page instead of a JSON error",
        "Run again; if it stays, escalate with the request id and UTC time.",
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
)
