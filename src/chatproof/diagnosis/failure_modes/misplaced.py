"""Patterns of replies from a URL that is not the API's: redirects, pages, unknown paths, the wrong method.

Their rows stand in `gateway`, among the others of replies that something else wrote: the order there is the argument.
"""

import re

from chatproof.contract.failure_mode import GATEWAY, LIKELY, POSSIBLE, UNKNOWN, Case, Sign, when
from chatproof.diagnosis.failure_modes.models import is_listing_well
from chatproof.evidence.reply import or_default
from chatproof.printable import quote
from chatproof.wire.exchange import BODY, HEADERS, REQUEST
from chatproof.wire.urls import bare

_LOGIN = re.compile(  # an identity provider by its host, or a path that people know
    r"(?i)^https://(?:[\w-]+\.)*(cloudflareaccess\.com|login\.microsoftonline\.com|accounts\.google\.com|okta\.com|"
    r"auth0\.com|onelogin\.com|pingone\.com)(?:/|$)|(?<![:/])/(?:log-?in|sign-?in|sso|oauth2?|saml2?|authorize)(?:[/?.]|$)"
)
_NO_METHOD = "MissingAuthenticationTokenException"
"""What API Gateway of AWS answers to a path or method that it does not have (docs.aws.amazon.com, re:Post)."""
CORRECT = "If you trust the address it points to, use that as the base URL."


def redirected(case: Case) -> Sign | None:
    """The reply sends the client elsewhere."""
    unseen = case.reply.response is not None and case.reply.lacks(HEADERS)  # in a log of the server, say
    if not ((case.reply.complete or unseen) and 300 <= case.status < 400 and case.status != 304):
        return None
    if unseen:
        return Sign(
            ("not in the capture: where the redirect points to",),
            owner=UNKNOWN,
            next_step="Compare the base URL with the provider's reference: http in place of https, or a slash too many, is the usual cause. SDKs turn a redirected POST into a GET.",
            confidence=LIKELY,
        )
    target = bare(case.reply.header(b"location"))
    told = (_where(target, case),)
    if or_default(lambda: known(case), False):
        return Sign(
            told,
            summary="this request is redirected, but the plain request to the same URL is answered",
            owner=GATEWAY,
            next_step="The base URL is right. Ask whoever runs the gateway why this request is redirected: clients follow it as a GET, or not at all.",
            confidence=LIKELY,
        )
    if not target:
        return Sign(
            told,
            summary="the endpoint redirects, but does not say where to",
            owner=UNKNOWN,
            next_step="No client can follow this. Check the base URL; if it is right, report it to whoever runs the server.",
            confidence=LIKELY,
        )
    if login := _LOGIN.search(target):
        return Sign(
            told,
            summary="the endpoint redirects to a login page for people",
            owner=GATEWAY if login[1] else UNKNOWN,
            next_step="If the base URL is right, ask whoever runs the login in front of the API for a way around it (a service token; see --header). A website's address in place of the API's redirects like this as well.",
            confidence=LIKELY,
        )
    if case.status in (307, 308):
        return Sign(
            told, next_step=f"{CORRECT} SDKs follow it with the same method, and do not send the key to another host."
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
    secure = or_default(lambda: case.url.scheme, "") == "https"  # a capture may not hold what was asked
    worse = ", without TLS" if scheme.lower() == "http" and secure else ""
    return f"Location points to {quote(origin, 100)}{worse}; it was not followed"


def no_api(case: Case) -> Sign | None:
    """A page, or the same JSON for every request, under a status of success."""
    reply = case.reply
    if not reply.complete or case.status != 200 or known(case):
        return None
    if reply.kind == "html":
        if reply.script_error:  # the API's own program answers
            return None
        said = "an HTML page with status 200: a login page, a dashboard or a captive portal"
        if is_listing_well(case):
            return Sign(
                (said, "GET models at the same base URL is answered with a list: the base URL is right"),
                summary="a page replaces the API's answer to this request",
                owner=GATEWAY,
                next_step="Ask whoever runs the proxy in front of the API why POST requests get a page: a login, a firewall or a route that allows only GET.",
                confidence=LIKELY,
            )
        return Sign((said,))
    if reply.kind == "json" and not case.succeeded and case.error_class in ("", "unknown"):
        same = [
            r.probe for r in case.context.replies.values() if r.complete and r.status == 200 and r.body == reply.body
        ]
        if case.context.surface.listing in same and len(same) > 1:
            return Sign((f"every request gets this same JSON: {', '.join(same)}",))
    return None


def known(case: Case) -> bool:
    """The same URL gave an answer: whatever a 404 or a page means there, the URL is right."""
    control = case.context.control
    return bool(control and case.context.surface.view.is_success(control) and case.is_plain_url)


def _wrong_url(case: Case) -> bool:
    """The server knows no such path: 404 or 405 that do not speak of a model, HTML 200, LM Studio's 200 error."""
    if known(case):
        return False
    if case.page:
        is_answered = case.status == 200 and case.reply.kind == "html" and not case.reply.script_error
        return case.status in (404, 405, 410) or is_answered
    of_aws = or_default(lambda: case.reply.header(b"x-amzn-errortype"), "")
    return case.error_class == "path" or (case.status == 403 and of_aws.startswith(_NO_METHOD))


def doubled(case: Case) -> Sign | None:
    """The version stands in the path twice."""
    sent = case.url.path
    if "/v1/v1/" not in sent:
        return None
    told = f"the path sent was {quote(sent)}"
    if case.reply.lacks(BODY):  # the status alone; a 404 may speak of the model, but seldom under such a path
        return Sign((told,), confidence=LIKELY) if case.status in (404, 405) else None
    return when(_wrong_url(case), told)


def missing(case: Case) -> Sign | None:
    """No version stands in the path."""
    if not (_wrong_url(case) and case.base_versions == 0):
        return None
    said = (f"the path sent was {quote(case.url.path)}: no version segment",)
    base = case.url.path.removesuffix(case.context.surface.path)
    if base.strip("/").count("/"):  # a path of the server's own, to which the version may not belong
        step = "Compare the base URL with the provider's reference: most end in a version, such as /v1."
        return Sign(said, next_step=step, confidence=POSSIBLE)
    return Sign(said)


def path(case: Case) -> Sign | None:
    """The server knows no such path, or answers every path with nothing."""
    if case.page and case.status == 200 and case.reply.kind == "empty":
        # Caddy's answer to a path it does not know.
        same = [r.probe for r in case.context.replies.values() if r.complete and r.status == 200 and r.kind == "empty"]
        if len(same) < 2:
            return None
        return Sign((f"every request gets an empty 200: {', '.join(same)}",), next_step=_compare(case))
    if not _wrong_url(case):
        return None
    if case.reply.lacks(REQUEST):
        return Sign(("the capture does not show the URL of the request",), next_step=_compare(case))
    sent = case.url.path
    control = case.context.control
    if sent.endswith(case.context.surface.path) and control and control.status == case.status and is_listing_well(case):
        return Sign(
            (f"the path sent was {quote(sent)}", "the list of models is answered at the same base URL"),
            next_step=f"The base URL is probably right: this endpoint does not offer {case.path}. Try another API there (--api), or look in the provider's reference for the base URL of this one.",
        )
    if not case.is_plain or sent.endswith(case.context.surface.path):
        return Sign((f"the path sent was {quote(sent)}",), next_step=_compare(case))
    step = f"Correct the path of the request: it must end in {case.context.surface.path}."
    return Sign(
        (f"the path sent was {quote(sent)}, which does not end in {case.context.surface.path}",), next_step=step
    )


def _compare(case: Case) -> str:
    return f"Compare the base URL with the provider's reference; {case.path} is appended to it."


REDIRECT = "A redirect followed on the way can turn POST into GET."


def method(case: Case) -> Sign | None:
    """A captured request with another method than the API takes; our own are always sent with the right one."""
    if case.reply.lacks(REQUEST) or not case.is_plain or case.reply.exchange.request.method in ("POST", ""):
        return None
    sent = case.reply.exchange.request.method
    if case.status not in (400, 404, 405, 415, 422, 501):
        return None
    step = f"Send it with POST: {case.context.surface.path} takes no other method. {REDIRECT}"
    return Sign((f"the request was sent with {quote(sent)}",), next_step=step)
