"""Of each reply: the endpoint keeps the key to itself, and writes its head as HTTP wants it."""

from chatproof.contract.clause import SMOKE, Clauses
from chatproof.surfaces.embeddings.examples import GOOD
from chatproof.surfaces.shared_clauses import add_key_kept, add_line_ends

CLAUSES = Clauses(SMOKE)
add_key_kept(CLAUSES, "embeddings", GOOD)
add_line_ends(CLAUSES, "embeddings", GOOD)
