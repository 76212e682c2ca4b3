"""Rows for the error path: what happens to a wrong key or none, and where the key comes back."""

from chatproof.contract.failure_mode import (
    CERTAIN,
    GATEWAY,
    LIKELY,
    POSSIBLE,
    PROVIDER,
    UNKNOWN,
    Case,
    Mode,
    Sign,
    when,
)

_SERVED_AS_STREAM = Sign(
    summary="the endpoint answers a request that carries a wrong key if it asks for a stream",
    next_step="Escalate at once: anyone can use it so. Look for a gateway whose path for streams does not look at the key. If it is open on purpose, use --no-auth.",
)
_SUCCESS_AS_STREAM = Sign(
    summary="a request with a wrong key gets a success status if it asks for a stream",
    next_step="Report it: SDKs return an empty stream without an error. A refused key needs status 401, before a stream begins.",
)


def _not_enforced(case: Case) -> Sign | None:
    answered = case.succeeded or case.context.surface.view.has_answer(case.reply)
    if not (case.broken("rejected") and answered):
        return None
    return _SERVED_AS_STREAM if case.asks_for_stream else Sign()


def _status(case: Case) -> Sign | None:
    if case.broken("rejected") and case.page and case.reply.kind == "html":
        return Sign(
            (),
            "a request with a wrong key or without a key gets a web page with a success status, such as a login page",
            GATEWAY,
            "Report it to whoever runs the gateway: a refused key needs status 401 and the API's JSON error. SDKs raise an error that does not name the key, or hand on the page as an answer.",
            LIKELY,
        )
    if case.broken("rejected") and case.asks_for_stream:
        return _SUCCESS_AS_STREAM
    return when(case.broken("rejected"))


def _accepted_with_more(case: Case) -> Sign | None:
    further = case.reply.exchange.request.further
    open_door = case.is_auth_probe and case.undecided("rejected") and case.reply.complete
    if not further or not open_door or not 200 <= case.status < 300:
        return None
    return Sign((f"sent with it: {', '.join(f'{header.name} ({header.source})' for header in further)}",))


def _error_body(case: Case) -> Sign | None:
    if not case.is_auth_probe or not (case.broken("body_json") or case.broken("error_present")):
        return None
    if case.page and case.reply.kind == "html":
        return Sign(
            owner=GATEWAY,
            next_step="Report it to whoever runs the gateway: it replaces the API's error with its own page (Apache: ProxyErrorOverride off; nginx: proxy_intercept_errors off), so SDK users do not see the reason.",
            confidence=LIKELY,
        )
    return Sign()


def _reflected(case: Case) -> Sign | None:
    return when(bool(case.findings), *(finding.observed for finding in case.findings))


MODES = (
    Mode(
        "auth.not_enforced",
        PROVIDER,
        "the endpoint answers requests that carry a wrong key or no key",
        "Escalate at once: anyone can use it. If it is open on purpose, use --no-auth.",
        CERTAIN,
        _not_enforced,
    ),
    Mode(
        "contract.status",
        PROVIDER,
        "a request with a wrong key or without a key gets a success status",
        "Report it: clients that check only the status treat this reply as an answer.",
        CERTAIN,
        _status,
    ),
    Mode(
        "auth.not_enforced",
        UNKNOWN,
        "a request with a wrong key or without a key is accepted; further headers were sent with it, and one of them may grant access",
        "If one of them is a credential, mark it (credential = true under [targets.NAME.headers]): it is then left out whenever the key is. Otherwise run without them; if the endpoint is open on purpose, use --no-auth.",
        POSSIBLE,
        _accepted_with_more,
    ),
    Mode(
        "auth.error_body",
        PROVIDER,
        "a wrong or missing key is refused, but without a JSON error that a client can read",
        "Report it: SDK users do not see the reason. Find out which hop writes this body.",
        CERTAIN,
        _error_body,
    ),
)

ALONGSIDE = (  # each sees the findings of its own clauses only
    Mode(
        "secret.reflected",
        PROVIDER,
        "the endpoint sends the key back in a reply",
        "Rotate the key if replies are logged anywhere, and report it. The key was removed from this record.",
        CERTAIN,
        _reflected,
    ),
)
