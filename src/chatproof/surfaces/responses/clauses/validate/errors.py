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

CLAUSES = Clauses(VALIDATE)

_OPTIONAL = "Optional request fields"
_LOST = "The client's mistake goes unnoticed: it gets an answer to another question than it asked."
_WRONG = (
    Wrong(
        "malformed_json",
        "whose body is JSON that was cut off",
        MUST,
        (),
        "A server that answers half a request to a client answers what a broken connection left of it.",
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
        "A misspelt model is billed and answered by another one.",
        area="Model identifiers",
    ),
    Wrong(
        "unknown_previous",
        "that goes on from a response that does not exist",
        SHOULD,
        ("previous_response_id", "previous_response", "store"),
        "The conversation before it is lost, and the client takes the answer for one to all of it.",
        area=_OPTIONAL,
    ),
)

add_empty_key(CLAUSES, GOOD, COMETAPI, "responses.")

for _row in _WRONG:
    add(_row, CLAUSES.add, GOOD, "responses.")
