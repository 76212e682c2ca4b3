"""The models listing: is the model asked for active for this key?"""

from chatproof.contract.clause import SMOKE, Clauses
from chatproof.surfaces.shared_clauses import add_listing

CLAUSES = Clauses(SMOKE)
add_listing(CLAUSES, "responses")
