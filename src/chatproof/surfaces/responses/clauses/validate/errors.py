"""The error contract: what must not pass is refused, by a status and a JSON error that a client can act on."""

from chatproof.contract.clause import (
    MUST,
    SHOULD,
    VALIDATE,
    Clauses,
)
from chatproof.surfaces.chat.clauses.auth import add_empty_key
from chatproof.surfaces.chat.clauses.validate.errors import Wrong, add
from chatproof.surfaces.responses.clauses.happy import COMETAPI, GOOD
from chatproof.surfaces.responses.clauses.validate.state import is_forgotten
from chatproof.surfaces.shared_clauses import add_refusal_shape

CLAUSES = Clauses(VALIDATE)

_OPTIONAL = "Optional request fields"
_LOST = "The client's mistake is not noticed: the answer is to a different question."
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
    Wrong("temperature_range", "whose temperature is 99", SHOULD, ("temperature",), _LOST, area=_OPTIONAL),
    Wrong(
        "unknown_model",
        "for a model that does not exist",
        SHOULD,
        ("model",),
        "A misspelt model name is answered by another model, and billed.",
        area="Model identifiers",
    ),
    Wrong(
        "unknown_previous",
        "that continues a response that does not exist",
        SHOULD,
        ("previous_response_id", "previous_response", "store"),
        "The earlier conversation is lost, and the client gets an answer that ignores it without an error.",
        area=_OPTIONAL,
        is_ignored=is_forgotten,
    ),
)

add_empty_key(CLAUSES, GOOD, COMETAPI, "responses.")

for _row in _WRONG:
    add(_row, CLAUSES.add, GOOD, "responses.")

add_refusal_shape(CLAUSES, "responses", COMETAPI)
