"""The empty key: what a CI job sends whose secret is missing. Judged as a wrong key is."""

from chatproof.clause import (
    BEHAVIOUR,
    COMETAPI_CHAT,
    COMETAPI_ERRORS,
    SCHEMA,
    Example,
    clause,
)
from chatproof.clauses.auth import REFUSED, body_json, error_present, rejected
from chatproof.clauses.happy import GOOD, JSON

clause(
    "auth.empty_key.rejected",
    layer=BEHAVIOUR,
    area="Authentication scheme",
    says="A request with an empty key is refused: its status is not a success.",
    source=COMETAPI_CHAT,
    probe="auth.empty_key",
    why="A pipeline whose secret is missing passes, and somebody else is billed.",
    holds_on=(REFUSED,),
    breaks_on=(GOOD, Example(200, JSON, REFUSED.body)),
)(rejected)
clause(
    "auth.empty_key.body_json",
    layer=SCHEMA,
    area="Error response shape",
    says="The refusal of a request with an empty key has a JSON body.",
    source=COMETAPI_ERRORS,
    probe="auth.empty_key",
    needs=("auth.empty_key.rejected",),
    why="Clients read the reason from the body; an HTML page becomes a parse error that hides it.",
    holds_on=(REFUSED,),
    breaks_on=(Example(401, "text/html", b"<html>401</html>"),),
)(body_json)
clause(
    "auth.empty_key.error_present",
    layer=SCHEMA,
    area="Error response shape",
    says="The body of that refusal carries an error (request with an empty key).",
    source=COMETAPI_ERRORS,
    probe="auth.empty_key",
    needs=("auth.empty_key.body_json",),
    why="Without it the user sees a status and no reason.",
    holds_on=(REFUSED,),
    breaks_on=(Example(401, JSON, b"{}"),),
)(error_present)
