"""Rows for replies of which a capture holds the status and not the body: what the status alone makes likely.

An SDK's error text, `curl --fail` and HEAD tell no more. The body would be believed before the status, so nothing here
is certain.
"""

from chatproof.contract.failure_mode import GATEWAY, LIKELY, POSSIBLE, PROVIDER, UNKNOWN, YOU, Case, Mode, Sign
from chatproof.wire.exchange import STATUS

_BODY = "the reply's body is not in the capture: only its status is known"
_ROWS: tuple[tuple[tuple[int, ...], str, str, str, str, str], ...] = (
    # (statuses, code, owner, summary, next step, confidence)
    (
        (401,),
        "auth.rejected",
        YOU,
        "the endpoint refuses this key, or no key arrived",
        "Check that the key is active, complete and from this provider, and that the header is sent as the provider's reference says.",
        LIKELY,
    ),
    (
        (402,),
        "account.quota",
        YOU,
        "payment is required (402)",
        "Top up the account; retrying does not help.",
        LIKELY,
    ),
    (
        (403,),
        "auth.permission",
        UNKNOWN,
        "the request is forbidden (403)",
        "Capture the body: it says whether the key, the account, the region or a gateway's rule is the reason.",
        POSSIBLE,
    ),
    (
        (404, 405, 410),
        "url.wrong_path",
        YOU,
        "the server does not know this path or this model",
        "Compare the base URL with the provider's reference, then the model id with `chatproof models TARGET`; the body would show which of the two is wrong.",
        POSSIBLE,
    ),
    (
        (451,),
        "account.region",
        UNKNOWN,
        "the reply is withheld for legal reasons (451)",
        "Capture the body: it names the country and who made the rule.",
        POSSIBLE,
    ),
    (
        (429,),
        "account.rate_limited",
        UNKNOWN,
        "too many requests, or no quota left (429)",
        "Wait and run again; the body would show whether a rate limit or the account's quota is the reason.",
        LIKELY,
    ),
    (
        (408,),
        "gateway.timeout",
        UNKNOWN,
        "a timeout is reported (408): for the request, or for the service behind it",
        "Run again with a short question: if it answers, the service behind is slow. The body would show which hop gave up.",
        POSSIBLE,
    ),
    (
        tuple(range(400, 500)),
        "request.rejected",
        UNKNOWN,
        "the request itself is refused",
        "Capture the body: it names the field or the limit.",
        POSSIBLE,
    ),
    (
        (502, 503, 520, 521, 522, 523, 525, 526, 530),
        "gateway.error",
        GATEWAY,
        "a gateway cannot reach the service behind it, or that service is overloaded",
        "Run again; if it still fails, escalate with the request id and UTC time.",
        LIKELY,
    ),
    (
        (529,),
        "server.error",
        PROVIDER,
        "529 stands for an overloaded server, and few hops before it write that status",
        "Wait some seconds and run again. If it lasts, ask for another model or region, and escalate with the request id and UTC time.",
        LIKELY,
    ),
    (
        tuple(range(500, 600)),
        "server.error",
        UNKNOWN,
        "the server failed",
        "Run again; if it still fails, escalate with the request id and UTC time. The body would tell more.",
        POSSIBLE,
    ),
    (
        (*range(100, 200), *range(201, 300), 304),
        "contract.status",
        UNKNOWN,
        "the status is neither 200 nor a known refusal",
        "Capture the body: it shows whether it is an answer, and which hop sent it.",
        POSSIBLE,
    ),
)


def _row(statuses: tuple[int, ...], code: str, owner: str, summary: str, next_step: str, confidence: str) -> Mode:
    def when(case: Case) -> Sign | None:
        reply = case.reply
        if not reply.complete or not case.lacks_body or reply.lacks(STATUS) or reply.status not in statuses:
            return None
        return Sign((_BODY,))

    return Mode(code, owner, summary, next_step, confidence, when)


MODES = tuple(_row(*row) for row in _ROWS)
