"""The vectors themselves, whatever their encoding: one length, finite numbers, not nothing, and one for each text."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    SCHEMA,
    SHOULD,
    SMOKE,
    Clauses,
    Context,
    Outcome,
    Source,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.surfaces.embeddings import vectors, view
from chatproof.surfaces.embeddings.asked import inputs_of, request
from chatproof.surfaces.embeddings.clauses.happy import COMETAPI, SHAPE
from chatproof.surfaces.embeddings.examples import FIRST, GOOD, A, B, of, packed
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(SMOKE)
clause = CLAUSES.add

PGVECTOR = Source("https://github.com/pgvector/pgvector", "2026-11-29")
_READ = 1000  # characters: models cut at some hundred words
_NAN, _INFINITE = float("nan"), float("inf")


@clause(
    "embeddings.happy.one_length",
    layer=SCHEMA,
    area=SHAPE,
    says="All embeddings of a reply have one common length above 0.",
    source=COMETAPI,
    probe="happy",
    needs=("embeddings.happy.encoding",),
    why="openai-python, openai-node and LangChain pass them on; a vector store's column has "
    "one length, and refuses all others.",
    holds_on=(GOOD,),
    breaks_on=(of(A, packed(FIRST[:3])), of(packed(()), packed(()))),
)
def one_length(reply: Reply, context: Context) -> Outcome:
    return uneven(reply) or holds(f"{view.read(reply)[0].length} numbers each")


def uneven(reply: Reply) -> Outcome | None:
    """What keeps the vectors from being of one length that is not 0; None where nothing does."""
    found = view.read(reply)
    for place, vector in enumerate(found):
        if not vector.length:
            return broken(f"$.data[{place}].embedding", "numbers", "no number")
        if vector.length != found[0].length:
            said = f"{vector.length} numbers, and {found[0].length} in the first"
            return broken(f"$.data[{place}].embedding", "one length", said)
    return None


@clause(
    "embeddings.happy.finite",
    layer=SCHEMA,
    area=SHAPE,
    says="All numbers of all embeddings are finite.",
    source=PGVECTOR,
    probe="happy",
    needs=("embeddings.happy.encoding",),
    why="openai-python, openai-node and LangChain pass NaN on: a vector store refuses it, or finds nothing near it.",
    holds_on=(GOOD,),
    breaks_on=(
        of(A, packed((0.5, _NAN, 0.5, 0.5))),
        of(packed((_INFINITE, 0.5, 0.5, 0.5)), B),
        of(packed((-_INFINITE, 0.5, 0.5, 0.5)), B),
    ),
)
def is_finite(reply: Reply, context: Context) -> Outcome:
    return infinite(reply) or holds()


def infinite(reply: Reply) -> Outcome | None:
    """The first number that is not finite; None where all are."""
    for place, vector in enumerate(view.read(reply)):
        at = vectors.finite(vector.numbers)
        if at >= 0:
            return broken(f"$.data[{place}].embedding[{at}]", "a finite number", str(vector.numbers[at]))
    return None


@clause(
    "embeddings.happy.non_zero",
    layer=SCHEMA,
    area=SHAPE,
    says="No embedding consists only of zeros.",
    source=PGVECTOR,
    probe="happy",
    needs=("embeddings.happy.one_length",),
    why="openai-python, openai-node and LangChain pass it on: it has no direction, so a search never finds its text.",
    holds_on=(GOOD, of(A, packed((0.0, 0.0, 0.0, 0.5)))),
    breaks_on=(of(A, packed((0.0, 0.0, 0.0, 0.0))), of(packed((0.0, -0.0, 0.0, 0.0)), B)),
)
def non_zero(reply: Reply, context: Context) -> Outcome:
    return empty(reply) or holds()


def empty(reply: Reply) -> Outcome | None:
    """The first vector that consists of zeros alone; None where there is none."""
    for place, vector in enumerate(view.read(reply)):
        if not any(vector.numbers):
            return broken(f"$.data[{place}].embedding", "a number other than 0", f"{vector.length} zeros")
    return None


@clause(
    "embeddings.happy.distinct",
    layer=BEHAVIOUR,
    level=SHOULD,
    area=SHAPE,
    says="Different texts have different vectors.",
    source=COMETAPI,
    probe="happy",
    needs=("embeddings.happy.non_zero", "embeddings.happy.count"),
    why="openai-python, openai-node, the AI SDK and LangChain pass them on: a search finds every text or none.",
    holds_on=(GOOD, of(A, packed((1.0, 0.25, -0.5, 0.125)))),
    breaks_on=(of(A, A),),
)
def distinct(reply: Reply, context: Context) -> Outcome:
    inputs = [_as_models_read(one) for one in inputs_of(request(reply))]
    if len({*inputs}) < 2:
        return not_applicable("the request has no two texts that differ")
    known: dict[tuple[float, ...], int] = {}
    for place, vector in enumerate(view.read(reply)):
        same = known.setdefault(tuple(vector.numbers), place)
        if inputs[same] != inputs[place]:
            said = f"the same numbers as in $.data[{same}].embedding"
            return broken(f"$.data[{place}].embedding", "a vector of its own", said)
    return holds()


def _as_models_read(asked: Json) -> str:
    """A text without what some models never see: case, the blanks between words, and what is beyond their length."""
    return " ".join(asked.casefold().split())[:_READ] if isinstance(asked, str) else repr(asked)
