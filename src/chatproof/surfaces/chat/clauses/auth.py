"""The error path: the same request with a wrong key, and without one. The seed's three assertions, for each."""

from collections.abc import Mapping

from chatproof.contract.clause import (
    BEHAVIOUR,
    COMETAPI_CHAT,
    COMETAPI_ERRORS,
    SCHEMA,
    SERVED,
    SMOKE,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    broken,
    holds,
    not_applicable,
    undecided,
)
from chatproof.evidence.provider_error import alike, classify
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON

CLAUSES = Clauses(SMOKE)

REFUSED = Example(401, JSON, b'{"error":{"message":"Invalid token","type":"comet_api_error","code":""}}')
_ABOUT_THE_KEY = ("auth", "header", "organization")
_NOT_ABOUT_THE_KEY = ("upstream", "rate", "quota", "region", "filtered", "context", "proxy", "retired")
FURTHER = "the request is accepted, but further headers were sent with it"
_BUSY = (408, 425, 429, 502, 503, 504, 520, 521, 522, 523, 524, 529)


def rejected(reply: Reply, context: Context) -> Outcome:
    """Was the request refused *because of its key*? Only then does the clause hold (docs/decisions/0004)."""
    status, observed = reply.status, f"HTTP {reply.status}"
    if context.no_auth:
        return not_applicable("the endpoint is open on purpose (--no-auth)")
    if 200 <= status < 300:
        further = reply.exchange.request.further
        if further:
            named = ", ".join(header.name for header in further)
            return undecided(f"{FURTHER}: {named}: it is not known which of them grants access", observed)
        return _accepted(reply, context)
    page, control = reply.kind != "json", context.control
    if reply.challenge:
        return undecided("a firewall or CDN answered before the key was checked", observed)
    if page and control is not None and (control.status, control.kind) == (status, reply.kind):
        return undecided("every request gets this answer, with any key", f"{observed}, {reply.kind} body")
    found = classify(reply.error, status) if reply.error else ""
    if status == 401 or found in _ABOUT_THE_KEY:
        return holds(observed)
    if found in _NOT_ABOUT_THE_KEY or (status >= 500 and page) or (found != "model" and _is_busy(reply)):
        return undecided(
            "this answer is about load, money or region; it does not show that the key was checked", observed
        )
    usual = status in context.profile.fact("rejection_statuses", [])
    if control is not None and control.complete:
        if control.status == 200:
            # Refused, if in an unusual way; and the very same request with the good key was accepted.
            return holds(observed if usual else f"{observed}; unusual for a refused key, but the good key is accepted")
        if usual and (control.status != status or not alike(reply.error, control.error)):
            return holds(observed)
    return undecided("no proof that the key was checked: the request with the good key is refused as well", observed)


def _is_busy(reply: Reply) -> bool:
    error = reply.error
    said = f"{error.message} {error.code} {error.type}".lower() if error else ""
    return reply.status in _BUSY or "overload" in said


def _accepted(reply: Reply, context: Context) -> Outcome:
    expected = "a status that refuses, typically 401 or 403"
    view = context.surface.view
    if view.is_success(reply) or view.has_answer(reply):
        return broken("status", expected, f"HTTP {reply.status} with {context.surface.answer}")
    control = context.control
    if control is not None and not view.is_success(control) and control.status == reply.status:
        reason = f"the request with the good key is not answered by {context.surface.endpoint} either"
        return undecided(reason, f"HTTP {reply.status}, {reply.kind} body")
    if reply.error:
        said = f"HTTP {reply.status}, with an error in the body: {quote(reply.error.message)}"
        return broken("status", expected, said)
    return broken("status", expected, f"HTTP {reply.status}, {reply.kind} body")


def body_json(reply: Reply, context: Context) -> Outcome:
    problem = reply.json_problem
    if problem is None:
        return holds(f"{len(reply.body)} bytes")
    if problem.reason == "too_many_nodes":
        return undecided(f"our own limit was reached: {problem.detail}")
    shown = {"empty": "an empty body", "json": "malformed JSON"}.get(reply.kind, f"{reply.kind} body")
    return broken(f"byte {problem.offset}", "one strict JSON document", f"{shown}: {problem.reason}, {problem.detail}")


def error_present(reply: Reply, context: Context) -> Outcome:
    if reply.error:
        return holds(f"at {reply.error.where}")
    return broken("$", "an error in any known shape", quote(reply.json))


REFUSALS = {"invalid_key": "a wrong key", "missing_key": "no key"}
"""What every API is asked with, by the last part of the probe's name, in words."""


def add_refusals(
    clauses: Clauses,
    served: Example,
    source: Source = COMETAPI_CHAT,
    prefix: str = "",
    cases: Mapping[str, str] = REFUSALS,
    why: str = "Anyone who finds the endpoint spends your money, and no client learns that its key is wrong.",
) -> None:
    """Add the three clauses on each refusal of an API. `served` is its answer, which no wrong key may get."""
    for case, words in cases.items():
        probe = f"auth.{case}"
        id = f"{prefix}{probe}"
        clauses.add(
            f"{id}.rejected",
            layer=BEHAVIOUR,
            danger=SERVED,
            area="Authentication scheme",
            says=f"A request with {words} is refused: its status is not a success.",
            source=source,
            probe=probe,
            why=why,
            holds_on=(
                REFUSED,
                Example(403, JSON, REFUSED.body),
                Example(400, JSON, b'[{"error":{"code":400,"message":"API key not valid."}}]'),
                Example(401, "text/html", b"<html>401 Authorization Required</html>"),
            ),
            breaks_on=(served, Example(200, JSON, REFUSED.body), Example(204, "", b"")),
        )(rejected)
        clauses.add(
            f"{id}.body_json",
            layer=SCHEMA,
            area="Error response shape",
            says=f"The refusal of a request with {words} has a JSON body.",
            source=COMETAPI_ERRORS,
            probe=probe,
            needs=(f"{id}.rejected",),
            why="Clients read the reason from the body; an HTML page becomes a parse error that hides it.",
            holds_on=(REFUSED,),
            breaks_on=(Example(401, "text/html", b"<html>401</html>"), Example(401, "", b"")),
        )(body_json)
        clauses.add(
            f"{id}.error_present",
            layer=SCHEMA,
            area="Error response shape",
            says=f"The body of that refusal has an error (request with {words}).",
            source=COMETAPI_ERRORS,
            probe=probe,
            needs=(f"{id}.body_json",),
            why="Without it, users see a status but no reason.",
            holds_on=(
                REFUSED,
                Example(401, JSON, b'{"error":"Unauthorized"}'),
                Example(401, JSON, b'{"detail":"Unauthorized"}'),
                Example(401, JSON, b'{"errors":[{"code":10000,"message":"Authentication error"}]}'),
            ),
            breaks_on=(Example(401, JSON, b"{}"), Example(401, JSON, b'{"status":401}')),
        )(error_present)


add_refusals(CLAUSES, GOOD)


def add_empty_key(clauses: Clauses, served: Example, source: Source = COMETAPI_CHAT, prefix: str = "") -> None:
    """Add the clauses on the empty key, which a job of CI sends whose secret is missing: judged as a wrong key is."""
    why = "A pipeline that has no key still passes, and somebody else is billed."
    add_refusals(clauses, served, source, prefix, {"empty_key": "an empty key"}, why)
