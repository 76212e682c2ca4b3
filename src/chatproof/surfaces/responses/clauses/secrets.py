"""The endpoint keeps the key to itself."""

from chatproof.contract.clause import SMOKE, Clauses
from chatproof.surfaces.responses.clauses.happy import GOOD
from chatproof.surfaces.shared_clauses import add_key_kept

CLAUSES = Clauses(SMOKE)
add_key_kept(CLAUSES, "responses", GOOD)
