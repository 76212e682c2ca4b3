"""The first text again, alone and as a string: a text has one vector, whatever stands beside it."""

from collections.abc import Sequence

from chatproof.contract.capability import done
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
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.embeddings import vectors, view
from chatproof.surfaces.embeddings.clauses.happy import COMETAPI, SHAPE
from chatproof.surfaces.embeddings.clauses.validate.floats import SAME, must_be_whole
from chatproof.surfaces.embeddings.examples import FIRST, A, B, body, of, packed, whole

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_NEARER = of(packed((FIRST[0], FIRST[1], FIRST[2], 0.01)))
_OTHER = of(packed((0.5, 0.5, 0.5, 0.5)))


@clause(
    "embeddings.single.answered",
    layer=BEHAVIOUR,
    capability="string_input",
    area="Required request fields",
    says="A request whose input is one string gets one item.",
    source=OPENAI_SPEC,
    probe="single",
    why="openai-python and openai-node send a string unchanged if the caller gives one: the call fails.",
    holds_on=(of(A),),
    breaks_on=(
        Example(422, JSON, b'{"error":{"message":"input must be a list","param":"input"}}'),
        of(A, B),
        body(whole()),
        Example(200, JSON, b'{"error":"no"}'),
    ),
)
def single(reply: Reply, context: Context) -> Outcome:
    return must_be_whole(reply, context, "string_input", ("input",)) or done()


@clause(
    "embeddings.single.order",
    layer=BEHAVIOUR,
    area=SHAPE,
    says="A text sent alone does not get the vector that another text got in the batch.",
    source=COMETAPI,
    probe="single",
    needs=("embeddings.single.answered",),
    why="openai-python, openai-node, the AI SDK and LangChain cannot notice it: the index is right, the vector is not.",
    holds_on=(of(A), _NEARER, _OTHER),
    breaks_on=(of(B),),
)
def own_place(reply: Reply, context: Context) -> Outcome:
    alone, batch = _numbers(reply), _of_control(context)
    if len(batch) < 2:
        return not_applicable("no two vectors to compare with")
    near = [vectors.cosine(alone, other) for other in batch]
    if near[0] < SAME <= max(near):
        place = near.index(max(near))
        return broken("$.data[0].embedding", "the vector at position 0 of the batch", f"the one at position {place}")
    return holds(f"cosine {near[0]:.4f}")


@clause(
    "embeddings.single.same",
    layer=BEHAVIOUR,
    area=SHAPE,
    level=SHOULD,
    says=f"The same text gets the same vector again (cosine above {SAME}).",
    source=OPENAI_SPEC,
    probe="single",
    needs=("embeddings.single.order",),
    why="Stored texts are not found again: the query gets a vector of another model, or of another text.",
    holds_on=(of(A), of(packed((*FIRST[:3], 0.001)))),
    breaks_on=(_OTHER, of(packed(FIRST[:3])), of(packed((*FIRST[:3], 0.1)))),
)
def same(reply: Reply, context: Context) -> Outcome:
    alone, first = _numbers(reply), _of_control(context)[0]
    if len(alone) != len(first):
        return broken("$.data[0].embedding", f"{len(first)} numbers, as before", f"{len(alone)} numbers")
    found = vectors.cosine(alone, first)
    said = f"cosine {found:.4f}"
    return holds(said) if found > SAME else broken("$.data[0].embedding", "the same vector as the first time", said)


def _numbers(reply: Reply) -> Sequence[float]:
    (alone,) = view.read(reply)
    return alone.numbers


def _of_control(context: Context) -> list[Sequence[float]]:
    control = context.control
    return [vector.numbers for vector in view.read(control)] if control is not None and control.complete else []
