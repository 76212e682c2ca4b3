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
from chatproof.surfaces.answering_model import add_answering_model
from chatproof.surfaces.embeddings import view
from chatproof.surfaces.embeddings.clauses.happy import SHAPE
from chatproof.surfaces.embeddings.examples import GOOD, A, B, of
from chatproof.surfaces.plausible_counts import OVERHEAD

CLAUSES = Clauses(VALIDATE)

add_answering_model(CLAUSES, "embeddings", OPENAI_SPEC, GOOD, of(A, B, model="another-kind"))


def _counts(tokens: int) -> Example:
    return of(A, B, usage={"prompt_tokens": tokens, "total_tokens": tokens})


@CLAUSES.add(
    "embeddings.usage.plausible",
    layer=BEHAVIOUR,
    area=SHAPE,
    code="contract.usage",
    level=SHOULD,
    says=f"The tokens of the texts are one for each or more, and no more than the request can have, and {OVERHEAD:,} "
    "beside it.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("embeddings.happy.usage",),
    why="Bills and budgets, of LiteLLM's proxy and of every gateway that counts by it, are wrong.",
    holds_on=(GOOD, _counts(2), _counts(OVERHEAD)),
    breaks_on=(_counts(0), _counts(1), _counts(180_014)),
)
def plausible(reply: Reply, context: Context) -> Outcome:
    counted, size = count(members(reply.object.get("usage")).get("prompt_tokens")), len(reply.exchange.request.body)
    if counted is None or not size:
        return not_applicable("no such count, or a request that is not known")
    least = len(view.data(reply))
    if counted < least:
        return broken("$.usage.prompt_tokens", f"at least {least}", f"{counted} for {least} texts")
    if counted > OVERHEAD + size:
        return broken("$.usage.prompt_tokens", f"no more than {OVERHEAD + size:,}", f"{counted:,} for {size:,} bytes")
    return holds()
