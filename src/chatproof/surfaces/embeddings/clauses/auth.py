"""The error path: the same request with a wrong key, and without one. Judged as on every API."""

from chatproof.contract.clause import SMOKE, Clauses
from chatproof.surfaces.chat.clauses.auth import add_refusals
from chatproof.surfaces.embeddings.clauses.happy import COMETAPI
from chatproof.surfaces.embeddings.examples import GOOD
from chatproof.surfaces.shared_clauses import add_error_shape

CLAUSES = Clauses(SMOKE)

add_refusals(CLAUSES, GOOD, COMETAPI, "embeddings.")
add_error_shape(CLAUSES, "embeddings", COMETAPI)
