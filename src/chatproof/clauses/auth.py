"""The error path: the same request with a wrong key, and without one. The seed's three assertions, for each."""

from chatproof.clause import (
    COMETAPI_CHAT,
    COMETAPI_ERRORS,
    Context,
    Example,
    Outcome,
    broken,
    clause,
    holds,
    not_applicable,
    undecided,
)
from chatproof.clauses.happy import GOOD, JSON
from chatproof.printable import quote
from chatproof.provider_error import classify
from chatproof.reply import Reply

REFUSED = Example(401, JSON, b'{"error":{"message":"Invalid token","type":"comet_api_error","code":""}}')
_TRANSIENT = (408, 425, 429, 502, 503, 504, 520, 521, 522, 523, 524, 529)
_AUTH_CLASSES = ("auth", "header", "permission", "organization")


def rejected(reply: Reply, context: Context) -> Outcome:
    """Was the request refused *because of its key*? Only then does the clause hold."""
    status = reply.status
    if context.no_auth:
        return not_applicable("the endpoint is open on purpose (--no-auth)")
    if 200 <= status < 300:
        return _accepted(reply, context)
    page = reply.kind != "json"
    control = context.control
    answered = control is not None and control.complete and control.status == 200
    if page and control is not None and (control.status, control.kind) == (status, reply.kind):
        return undecided("every request gets this answer, whatever its key", f"HTTP {status}, {reply.kind} body")
    found = classify(reply.error, status) if reply.error else ""
    if status in (401, 403) or found in _AUTH_CLASSES:
        return holds(f"HTTP {status}")
    if status in _TRANSIENT or (status >= 500 and page):
        return undecided(
            "this status says the endpoint is busy or unreachable, not that the key was judged",
            f"HTTP {status}",
        )
    if status in context.profile.fact("rejection_statuses", []) and not _same_error(reply, control):
        return holds(f"HTTP {status}")
    if answered:
        # Refused in an unusual way, but the very same request with the good key was accepted.
        return holds(f"HTTP {status}; unusual for a refused key, yet the good key is accepted")
    return undecided("no proof that the key was judged: the request with the good key fails as well", f"HTTP {status}")


def _accepted(reply: Reply, context: Context) -> Outcome:
    expected = "a status that refuses, typically 401 or 403"
    if reply.is_completion:
        return broken("status", expected, f"HTTP {reply.status} with a completion")
    control = context.control
    if control is not None and not control.is_completion and control.status == reply.status:
        reason = "the request with the good key is not answered by a chat endpoint either"
        return undecided(reason, f"HTTP {reply.status}, {reply.kind} body")
    if reply.error:
        said = f"HTTP {reply.status}, with an error in the body: {quote(reply.error.message)}"
        return broken("status", expected, said)
    return broken("status", expected, f"HTTP {reply.status}, {reply.kind} body")


def _same_error(reply: Reply, control: Reply | None) -> bool:
    """The good key gets the same refusal, so the refusal is not about the key (a bad model, a bad path)."""
    if control is None or control.status != reply.status or not reply.error or not control.error:
        return False
    same = reply.error[2:] == control.error[2:]  # code, type, param: messages carry request ids
    return same and (any(reply.error[2:]) or reply.error.message == control.error.message)


def body_json(reply: Reply, context: Context) -> Outcome:
    problem = reply.json_problem
    if problem is None:
        return holds(f"{len(reply.body)} bytes")
    shown = {"empty": "an empty body", "json": "malformed JSON"}.get(reply.kind, f"{reply.kind} body")
    return broken(f"byte {problem.offset}", "one strict JSON document", f"{shown}: {problem.reason}, {problem.detail}")


def error_present(reply: Reply, context: Context) -> Outcome:
    if reply.error:
        return holds(f"at {reply.error.where}")
    return broken("$", "an error in any known shape", quote(reply.json))


_WITHOUT = {"invalid_key": "a wrong key", "missing_key": "no key"}

for _case, _words in _WITHOUT.items():
    _probe = f"auth.{_case}"
    clause(
        f"{_probe}.rejected",
        area="Authentication scheme",
        says=f"A request with {_words} is refused: its status is not a success.",
        source=COMETAPI_CHAT,
        probe=_probe,
        why="Whoever finds the endpoint spends your money; and no client ever learns that its key is wrong.",
        holds_on=(
            REFUSED,
            Example(403, JSON, REFUSED.body),
            Example(400, JSON, b'[{"error":{"code":400,"message":"API key not valid."}}]'),
        ),
        breaks_on=(GOOD, Example(200, JSON, REFUSED.body), Example(204, "", b"")),
    )(rejected)
    clause(
        f"{_probe}.body_json",
        area="Error response shape",
        says=f"The refusal of a request with {_words} has a JSON body.",
        source=COMETAPI_ERRORS,
        probe=_probe,
        needs=(f"{_probe}.rejected",),
        why="Clients read the reason from the body; an HTML page becomes a parse error that hides it.",
        holds_on=(REFUSED,),
        breaks_on=(Example(401, "text/html", b"<html>401</html>"), Example(401, "", b"")),
    )(body_json)
    clause(
        f"{_probe}.error_present",
        area="Error response shape",
        says=f"The body of that refusal carries an error (request with {_words}).",
        source=COMETAPI_ERRORS,
        probe=_probe,
        needs=(f"{_probe}.body_json",),
        why="Without it the user sees a status and no reason.",
        holds_on=(
            REFUSED,
            Example(401, JSON, b'{"error":"Unauthorized"}'),
            Example(401, JSON, b'{"detail":"Unauthorized"}'),
            Example(401, JSON, b'{"errors":[{"code":10000,"message":"Authentication error"}]}'),
        ),
        breaks_on=(Example(401, JSON, b"{}"), Example(401, JSON, b'{"status":401}')),
    )(error_present)
