"""The clauses on a streamed request with a wrong key. Behind the stream's door another code may answer than behind the
plain request's: one that has sent status 200 before it looks at the key."""

from collections.abc import Callable

from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
    HOLDS,
    SCHEMA,
    SERVED,
    SHOULD,
    TRANSPORT,
    Clauses,
    Context,
    Example,
    Judge,
    Outcome,
    Source,
    broken,
    holds,
    id_in,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.auth import body_json, error_present, rejected

PROBE = "auth.invalid_stream"
_AREA = "Error response shape"


def _breaks_plainly(judge: Judge, context: Context) -> bool:
    """Whether the refusal of the plain request with a wrong key has the same flaw, which its own clauses tell."""
    plain = context.replies.get("auth.invalid_key")
    return plain is not None and plain.complete and judge(plain, context).outcome == BROKEN


def add_stream_refusal(
    clauses: Clauses,
    api: str,
    *,
    raised: Callable[[Reply], str],
    refused: Example,
    by_event: Example,
    silent: tuple[Example, ...],
    source: Source,
    why: tuple[str, str, str],
) -> None:
    """Add an API's clauses. `raised` finds the error event on which its SDKs raise, and names it; `silent` are replies
    on which they do not, an answer among them; `why` says who breaks on each of the three."""

    def is_rejected(reply: Reply, context: Context) -> Outcome:
        """Judge whether a client learns that its key is wrong."""
        if _breaks_plainly(rejected, context):
            return not_applicable("the plain request with a wrong key is not refused, either")
        found = rejected(reply, context)
        if found.outcome == BROKEN and not context.surface.view.is_success(reply) and (named := raised(reply)):
            return holds(named)
        return found

    def by_status(reply: Reply, context: Context) -> Outcome:
        """Judge whether the status refuses, and not an event behind it."""
        if reply.status >= 300:
            return holds()
        return broken("status", "a status that refuses, typically 401 or 403", f"HTTP {reply.status}, {raised(reply)}")

    def readable(reply: Reply, context: Context) -> Outcome:
        """Judge whether the refusal's body is a JSON error, as that of a plain request."""
        if _breaks_plainly(body_json, context) or _breaks_plainly(error_present, context):
            return not_applicable("nor has the refusal of the plain request")
        found = body_json(reply, context)
        return error_present(reply, context) if found.outcome == HOLDS else found

    rejected_id, status_id = id_in(api, f"{PROBE}.rejected"), id_in(api, f"{PROBE}.by_status")
    clauses.add(
        rejected_id,
        layer=BEHAVIOUR,
        danger=SERVED,
        area="Authentication scheme",
        says="A streamed request with a wrong key is refused: by its status, or by an event on which clients raise.",
        source=source,
        probe=PROBE,
        why=why[0],
        holds_on=(refused, by_event, Example(401, "text/html", b"<html>401 Authorization Required</html>")),
        breaks_on=silent,
    )(is_rejected)
    clauses.add(
        status_id,
        layer=TRANSPORT,
        level=SHOULD,
        code="auth.error_body",
        area=_AREA,
        says="A streamed request with a wrong key is refused by its status, not by an event under HTTP 200.",
        source=source,
        probe=PROBE,
        needs=(rejected_id,),
        why=why[1],
        holds_on=(refused,),
        breaks_on=(by_event,),
    )(by_status)
    clauses.add(
        id_in(api, f"{PROBE}.readable"),
        layer=SCHEMA,
        level=SHOULD,
        code="auth.error_body",
        area=_AREA,
        says="The refusal of a streamed request with a wrong key has a JSON body with an error.",
        source=source,
        probe=PROBE,
        needs=(status_id,),
        why=why[2],
        holds_on=(refused,),
        breaks_on=(
            by_event._replace(status=401),
            Example(401, "text/html", b"<html>401</html>"),
            Example(401, refused.media, b"{}"),
        ),
    )(readable)
