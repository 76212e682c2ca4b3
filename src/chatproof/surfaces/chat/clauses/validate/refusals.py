"""The empty key: what a CI job sends whose secret is missing. Judged as a wrong key is."""

from chatproof.contract.clause import VALIDATE, Clauses
from chatproof.surfaces.chat.clauses.auth import add_empty_key
from chatproof.surfaces.chat.clauses.happy import GOOD

CLAUSES = Clauses(VALIDATE)
add_empty_key(CLAUSES, GOOD)
