"""The error path: the same request with a wrong key, and without one. Judged as on every API."""

from chatproof.contract.clause import SMOKE, Clauses
from chatproof.surfaces.chat.clauses.auth import add_refusals
from chatproof.surfaces.responses.clauses.happy import COMETAPI, GOOD
from chatproof.surfaces.shared_clauses import add_error_shape

CLAUSES = Clauses(SMOKE)

add_refusals(CLAUSES, GOOD, COMETAPI, "responses.")
add_error_shape(CLAUSES, "responses", COMETAPI)
