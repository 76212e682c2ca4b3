"""The model that made the vectors."""

from chatproof.contract.clause import OPENAI_SPEC, VALIDATE, Clauses
from chatproof.surfaces.answering_model import add_answering_model
from chatproof.surfaces.embeddings.examples import GOOD, A, B, of

CLAUSES = Clauses(VALIDATE)

add_answering_model(CLAUSES, "embeddings", OPENAI_SPEC, GOOD, of(A, B, model="another-kind"))
