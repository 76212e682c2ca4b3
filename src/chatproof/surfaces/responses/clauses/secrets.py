"""Of each reply: the endpoint keeps the key to itself, and writes its head as HTTP wants it."""

from chatproof.contract.clause import SMOKE, Clauses
from chatproof.surfaces.responses.clauses.happy import GOOD
from chatproof.surfaces.shared_clauses import add_key_kept, add_line_ends

CLAUSES = Clauses(SMOKE)
add_key_kept(CLAUSES, "responses", GOOD)
add_line_ends(CLAUSES, "responses", GOOD)
