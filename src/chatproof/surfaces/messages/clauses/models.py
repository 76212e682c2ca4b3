"""The models listing: is the model asked for active for this key?"""

from chatproof.contract.clause import SMOKE, Clauses
from chatproof.surfaces.messages.examples import body
from chatproof.surfaces.shared_clauses import add_listing

CLAUSES = Clauses(SMOKE)
_OF_ANTHROPIC = body(b'{"data":[{"type":"model","id":"m"}],"has_more":false,"first_id":"m","last_id":"m"}')
add_listing(CLAUSES, "messages", _OF_ANTHROPIC)
