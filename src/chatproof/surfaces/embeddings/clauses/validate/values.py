"""The model that made the vectors, and what it counts for them."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.json_values import count, members
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of
from chatproof.surfaces.answering_model import add_answering_model
from chatproof.surfaces.embeddings import view
from chatproof.surfaces.embeddings.clauses.happy import SHAPE
from chatproof.surfaces.embeddings.examples import GOOD, A, B, of

CLAUSES = Clauses(VALIDATE)

add_answering_model(CLAUSES, "embeddings", OPENAI_SPEC, GOOD, of(A, B, model="another-kind"))


def _counts(tokens: int) -> Example:
    return of(A, B, usage={"prompt_tokens": tokens, "total_tokens": tokens})


@CLAUSES.add(
    "embeddings.usage.counted",
    layer=BEHAVIOUR,
    area=SHAPE,
    code="contract.usage",
    level=SHOULD,
    says="The tokens are one for each text, or more.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("embeddings.happy.usage",),
    why="Bills and budgets, of LiteLLM's proxy and of every gateway that counts by it, are wrong.",
    holds_on=(GOOD, _counts(2)),
    breaks_on=(_counts(0), _counts(1)),
)
def tokens_counted(reply: Reply, context: Context) -> Outcome:
    return each_counted(reply)


def each_counted(reply: Reply) -> Outcome:
    """Judge whether at least one token was counted for each text."""
    counted, least = count(members(reply.object.get("usage")).get("prompt_tokens")), len(view.data(reply))
    if counted is None:
        return not_applicable("no such count")
    if counted < least:
        return broken("$.usage.prompt_tokens", f"at least {least}", f"{counted} for {number_of(least, 'text')}")
    return holds(number_of(counted, "token"))
