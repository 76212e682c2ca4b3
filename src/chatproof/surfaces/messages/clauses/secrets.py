"""Of each reply: the endpoint keeps the key to itself, and writes its head as HTTP wants it."""

from chatproof.contract.clause import SMOKE, Clauses
from chatproof.surfaces.messages.examples import GOOD
from chatproof.surfaces.shared_clauses import add_key_kept, add_line_ends

CLAUSES = Clauses(SMOKE)
add_key_kept(CLAUSES, "messages", GOOD, b'{"type":"error","error":{"message":"bad x-api-key %s"}}')
add_line_ends(
    CLAUSES,
    "messages",
    GOOD,
    "Node's fetch refuses the reply, and @anthropic-ai/sdk and the AI SDK with it; Python's clients and curl read it.",
)
