"""Rows for replies with status 200 that are not what was promised, and the rows of last resort."""

from chatproof.contract.clause import BROKEN
from chatproof.contract.failure_mode import (
    ANY_HOP,
    CERTAIN,
    GATEWAY,
    LIKELY,
    POSSIBLE,
    PROVIDER,
    UNKNOWN,
    WHICH_HOP,
    Case,
    Mode,
    Sign,
    last,
    when,
)
from chatproof.contract.probe import STREAM
from chatproof.evidence.reply import or_default
from chatproof.printable import quote
from chatproof.wire.exchange import STATUS
from chatproof.wire.strictjson import REASONS, Problem

GZIP = b"\x1f\x8b"
_UNSAFE = ("duplicate_key", "not_a_number", "lone_surrogate", "number_range", "too_deep")


def _problem(case: Case, *reasons: str) -> Sign | None:
    problem = case.reply.json_problem
    read = (case.is_plain and case.row.role != STREAM) or case.broken("body_json")
    if not (read and case.reply.complete and case.status == 200) or problem is None or problem.reason not in reasons:
        return None
    return Sign((_said(problem),))


def _said(problem: Problem) -> str:
    where = f"byte {problem.offset}" + (f" ({quote(problem.path)})" if problem.path != "$" else "")
    return f"{REASONS[problem.reason]}: {where}, {problem.detail}"


def _unsafe(case: Case) -> Sign | None:
    return _problem(case, *_UNSAFE)


def _encoding(case: Case) -> Sign | None:
    sign = _problem(case, "bom", "not_utf8")
    return sign if sign is None or not case.reply.body.startswith(GZIP) else undeclared_gzip(*sign.evidence)


def undeclared_gzip(*evidence: str) -> Sign:
    """Tell that a body is compressed, after what else shows it."""
    return Sign(
        (*evidence, "the body begins with 1f 8b: it is gzip, but no Content-Encoding header says so"),
        summary="the body is compressed with gzip, and the header that declares it is missing",
        owner=UNKNOWN,
        next_step="Look for a proxy or cache on the way that compresses: something lost Content-Encoding, or compressed twice.",
        confidence=LIKELY,
    )


def _truncated(case: Case) -> Sign | None:
    return _problem(case, "truncated") if case.reply.kind == "json" else None


def _too_large(case: Case) -> Sign | None:
    if case.undecided("body_json"):  # of a refusal, too
        problem = case.reply.json_problem
        return Sign((_said(problem),)) if problem is not None and problem.reason == "too_many_nodes" else None
    return None


def _not_json(case: Case) -> Sign | None:
    sign = _problem(case, *REASONS)
    if sign and (said := case.reply.script_error):
        return Sign(
            (f"the body says {quote(said, 120)}", *sign.evidence),
            summary="a script of the server prints an error of its own in the body",
            next_step="Report it with the evidence: PHP's errors belong in the server's log (display_errors=Off).",
            confidence=LIKELY,  # a proxy may be such a script
        )
    if sign and case.reply.kind in ("text", "binary", "empty"):
        # Any hop can write such a body; none that is nearly JSON.
        return (
            Sign(sign.evidence, owner=UNKNOWN, confidence=POSSIBLE)
            if case.is_bare
            else Sign(sign.evidence, confidence=LIKELY)
        )
    if sign and case.reply.body.rstrip().endswith(b"data: [DONE]"):
        return Sign((*sign.evidence, "a stream's terminator comes after the document"))
    return sign


def _media_type(case: Case) -> Sign | None:
    # The clause on a stream's media type speaks of its status, too; other APIs ask first whether events came at all.
    no_stream = case.broken("media_type") or case.broken("answered")
    streamed = case.row.role == STREAM and no_stream and case.status == 200
    if not (streamed or case.broken("media_type_json")):
        return None
    kind = or_default(lambda: case.reply.kind, "not in the capture")
    said = f"declared: {', '.join(map(quote, case.reply.media_types)) or 'nothing'}; the body is {kind}"
    summary = "the streaming request does not get a stream" if streamed and kind != "sse" else ""
    if case.lacks_body:  # a header alone: the API's own answer under a wrong name, or another hop's page
        return Sign((said,), summary, owner=UNKNOWN, next_step=_WITH_BODY, confidence=POSSIBLE)
    if streamed and case.is_bare:
        return Sign((said, ANY_HOP), summary, owner=UNKNOWN, next_step=WHICH_HOP, confidence=POSSIBLE)
    return Sign((said,), summary)


_WITH_BODY = (
    "Capture the body (curl -sS -i -N …): it shows whether the API answers with a wrong name, or another hop answers."
)


def _status(case: Case) -> Sign | None:
    if not case.reply.complete:
        return None
    if not case.is_plain:
        # A probe of validate: told apart from a refusal of what it asks for by a status that says nothing about that.
        summary = "a request that differs from the plain one gets a status that does not explain why"
        if not case.is_plain_url or case.status < 400:
            return None
        return _of_any_hop(summary) if case.is_bare else Sign(summary=summary, owner=GATEWAY if case.page else "")
    if case.status == 200 and not case.is_auth_probe:
        # Where the clause that would name the fault was left out of the run. None says anything of this status.
        return Sign(summary="the clause that would name this fault was left out")
    return _of_any_hop() if case.is_bare else Sign(owner=GATEWAY if case.page else "")


def _of_any_hop(summary: str = "") -> Sign:
    return Sign((ANY_HOP,), summary=summary, owner=UNKNOWN, next_step=WHICH_HOP, confidence=POSSIBLE)


def _error_beside(case: Case) -> Sign | None:
    found = [f for f in case.findings if last(f.clause) == "no_error_field" and f.outcome == BROKEN]
    return when(bool(found) and case.succeeded, *(f"{f.at}: {f.observed}" for f in found))


BODY = (
    Mode(
        "contract.error_present",
        PROVIDER,
        "an error appears beside the answer under HTTP 200",
        "Read the error in the evidence; the answer may be partial. Report it.",
        CERTAIN,
        _error_beside,
    ),
    Mode(
        "body.encoding",
        PROVIDER,
        "the body is not plain UTF-8",
        "Report it: clients handle such a body differently, and some replace characters without an error.",
        CERTAIN,
        _encoding,
    ),
    Mode(
        "body.truncated",
        PROVIDER,
        "the JSON ends in the middle although the HTTP message is complete",
        "Run again; if it still fails, a gateway passes on a reply that its upstream did not finish. Escalate with the request id.",
        CERTAIN,
        _truncated,
    ),
    Mode(
        "body.unsafe_json",
        PROVIDER,
        "parsers read this JSON differently, or refuse it",
        "Report it with the evidence; your client may see other values than your logs.",
        CERTAIN,
        _unsafe,
    ),
    Mode(
        "limit.size",
        PROVIDER,
        "the document has more values than any reply to such a request",
        "Look at what the server sends; nothing beyond the limit was parsed.",
        CERTAIN,
        _too_large,
    ),
    Mode(
        "body.not_json",
        PROVIDER,
        "status 200 with a body that is not JSON",
        "Find out which hop sends this: the endpoint itself or a proxy on the way. Escalate with the evidence and UTC time.",
        CERTAIN,
        _not_json,
    ),
)
"""Rows for bodies that are not what the header or the reference says."""


def _of_no_known_status(case: Case) -> Sign | None:
    return when(case.reply.lacks(STATUS) and case.broken("body_json"))


LAST_RESORT = (
    Mode(
        "body.not_json",
        UNKNOWN,
        "the body is not JSON, and its status is not known",
        "Capture it with its headers (curl -sS -i …): a page under 502 is a gateway's, one under 200 is the endpoint's.",
        POSSIBLE,
        _of_no_known_status,
    ),
    Mode(
        "contract.media_type",
        PROVIDER,
        "the Content-Type header does not match the body",
        "Report it: SDKs choose their parser by this header.",
        CERTAIN,
        _media_type,
    ),
    Mode(
        "contract.status",
        PROVIDER,
        "the status is not one that the contract allows here",
        "Read the evidence; escalate with the request id and UTC time.",
        LIKELY,
        _status,
    ),
)
