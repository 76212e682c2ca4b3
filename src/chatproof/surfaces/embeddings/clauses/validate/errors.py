"""The error contract: what must not pass is refused, by a status and a JSON error that a client can act on."""

from chatproof.contract.clause import (
    MUST,
    SHOULD,
    VALIDATE,
    Clauses,
)
from chatproof.surfaces.chat.clauses.auth import add_empty_key
from chatproof.surfaces.chat.clauses.validate.errors import Wrong, add
from chatproof.surfaces.embeddings.clauses.happy import COMETAPI
from chatproof.surfaces.embeddings.examples import GOOD
from chatproof.surfaces.shared_clauses import add_refusal_shape

CLAUSES = Clauses(VALIDATE)

_LOST = "The client's mistake is not noticed: a vector of something else is stored."
_WRONG = (
    Wrong(
        "malformed_json",
        "whose body is incomplete JSON",
        MUST,
        (),
        "A server that answers half a request also answers one that a broken connection cut short, and no client can "
        "tell.",
    ),
    Wrong("missing_input", "without input", SHOULD, ("input",), _LOST),
    Wrong("missing_model", "without a model", SHOULD, ("model",), _LOST),
    Wrong("wrong_input_type", "whose input is a number", SHOULD, ("input",), _LOST),
    Wrong("empty_input", "whose input is an empty text", SHOULD, ("input",), _LOST, lenient=True),
    Wrong(
        "unknown_model",
        "for a model that does not exist",
        SHOULD,
        ("model",),
        "A misspelt model is billed and answered by another one, whose vectors match none of the stored ones.",
        area="Model identifiers",
    ),
)

add_empty_key(CLAUSES, GOOD, COMETAPI, "embeddings.")

for _row in _WRONG:
    add(_row, CLAUSES.add, GOOD, "embeddings.")

add_refusal_shape(CLAUSES, "embeddings", COMETAPI)
