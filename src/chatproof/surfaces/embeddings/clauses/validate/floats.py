"""The same request for plain numbers: what the AI SDK sends, and whoever speaks to the endpoint without an SDK."""

import struct
from collections.abc import Sequence

from chatproof.contract.capability import damaged, done, refusal
from chatproof.contract.clause import (
    BEHAVIOUR,
    HOLDS,
    OPENAI_SPEC,
    RFC_8259,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
    undecided,
)
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.happy import JSON, body_json
from chatproof.surfaces.embeddings import vectors, view
from chatproof.surfaces.embeddings.clauses.envelope import counted
from chatproof.surfaces.embeddings.clauses.happy import (
    COMETAPI,
    SHAPE,
    disordered,
    encoded,
    miscounted,
    unreadable,
)
from chatproof.surfaces.embeddings.clauses.vectors import empty, uneven
from chatproof.surfaces.embeddings.examples import FIRST, GOOD, IN_FLOATS, SECOND, body, item, of, whole
from chatproof.surfaces.embeddings.vectors import BASE64
from chatproof.surfaces.shared_clauses import first_broken

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

SAME = 0.999  # the cosine from which on two vectors are one
AGREE = 1e-3  # of the largest number in them: more than rounding to float32, or to half of it, takes
_REPEATED = 3  # times as far apart as one text is from itself: two encodings differ, and not two computations
_NUMBERS, _OTHERS = list(FIRST), list(SECOND)


def _as(format: str, numbers: Sequence[float]) -> list[float]:
    """What the bytes of these float32 are in another format."""
    return list(struct.unpack(format, struct.pack("<4f", *numbers)))


@clause(
    "embeddings.float.body_json",
    layer=SCHEMA,
    area=SHAPE,
    says="The answer to a request for floats is one strict JSON document (RFC 8259).",
    source=RFC_8259,
    probe="float",
    why="JSON has no NaN: openai-node and the AI SDK stop at it, and Python clients accept it.",
    holds_on=(IN_FLOATS, GOOD),
    breaks_on=(
        Example(200, JSON, b'{"data":[{"embedding":[NaN]},{"embedding":[NaN]}]}'),
        Example(200, JSON, IN_FLOATS.body[:-9]),
    ),
)
def is_json(reply: Reply, context: Context) -> Outcome:
    return body_json(reply, context) if reply.status == 200 else not_applicable("its status is not 200")


@clause(
    "embeddings.float.answered",
    layer=BEHAVIOUR,
    capability="float",
    area=SHAPE,
    says="A request for floats gets an item for each input, in their order.",
    source=OPENAI_SPEC,
    probe="float",
    why="The AI SDK asks only for floats: it refuses the reply as invalid, and knows no other form.",
    holds_on=(IN_FLOATS, GOOD),
    breaks_on=(
        Example(400, JSON, b'{"error":{"message":"encoding_format float is not supported"}}'),
        body(whole()),
        of(_NUMBERS),
        of([_NUMBERS], [_OTHERS]),
        body(whole() | {"data": [item(1, _OTHERS), item(0, _NUMBERS)]}),
    ),
)
def answered(reply: Reply, context: Context) -> Outcome:
    if reply.status == 200 and reply.json_problem is not None:
        return undecided("the body is not JSON: see embeddings.float.body_json")
    return must_be_whole(reply, context, "float", ("encoding_format", "float")) or done()


def must_be_whole(reply: Reply, context: Context, capability: str, parameters: tuple[str, ...]) -> Outcome | None:
    """What is wrong with a reply that every client needs, a refusal among that; None where nothing is."""
    refused = refusal(reply, context, capability, parameters)
    if refused is not None and reply.error and refused.state:
        return damaged("status", "an answer", refused.reason.removeprefix("unsupported: ") or refused.observed)
    return refused or misshapen(reply, context)


def misshapen(reply: Reply, context: Context) -> Outcome | None:
    """What keeps clients from reading an answer as one item for each input, in their order; None where nothing does."""
    found = unreadable(reply) or miscounted(reply) or disordered(reply)
    return damaged(found.at, found.expected, found.observed) if found else None


@clause(
    "embeddings.float.encoding",
    layer=SCHEMA,
    code="contract.encoding",
    capability="float",
    area=SHAPE,
    says="If a request asks for floats, each embedding is an array of numbers.",
    source=OPENAI_SPEC,
    probe="float",
    needs=("embeddings.float.answered",),
    why="The AI SDK refuses a string as invalid; openai-python and openai-node return a text instead of a vector.",
    holds_on=(IN_FLOATS,),
    breaks_on=(GOOD,),
)
def in_numbers(reply: Reply, context: Context) -> Outcome:
    found = encoded(reply, context)
    return found if found.outcome == HOLDS else damaged(found.at, found.expected, found.observed)


@clause(
    "embeddings.float.usage",
    layer=SCHEMA,
    code="contract.usage",
    level=SHOULD,
    area=SHAPE,
    says="The reply in floats has `usage` with the integers prompt_tokens and total_tokens, like the one in base64.",
    source=OPENAI_SPEC,
    probe="float",
    needs=("embeddings.float.answered",),
    why="The AI SDK asks only for floats, and refuses a reply whose counts have another type.",
    holds_on=(IN_FLOATS,),
    breaks_on=(
        of(_NUMBERS, _OTHERS, usage={"prompt_tokens": "14", "total_tokens": 14}),
        of(_NUMBERS, _OTHERS, usage={}),
    ),
)
def usage_of_floats(reply: Reply, context: Context) -> Outcome:
    return first_broken((counted,), reply, context.control, context)


@clause(
    "embeddings.float.numbers",
    layer=SCHEMA,
    area=SHAPE,
    says="The arrays have one common length above 0 and finite numbers, and in each at least one number is not 0.",
    source=COMETAPI,
    probe="float",
    needs=("embeddings.float.encoding",),
    why="The AI SDK, LangChain and openai-python pass them on; a vector store refuses them, or finds nothing.",
    holds_on=(IN_FLOATS,),
    breaks_on=(of(_NUMBERS, _OTHERS[:3]), of([], []), of(_NUMBERS, [0.0] * 4)),
)
def numbers(reply: Reply, context: Context) -> Outcome:
    # That all are finite, the JSON says: it has no other numbers.
    return uneven(reply) or empty(reply) or holds(f"{view.read(reply)[0].length} numbers each")


@clause(
    "embeddings.float.fractions",
    layer=BEHAVIOUR,
    area=SHAPE,
    code="contract.encoding",
    level=SHOULD,
    says="The numbers of a vector are not all whole: they are those of the model, and not rounded to int8 or bits.",
    source=OPENAI_SPEC,
    probe="float",
    needs=("embeddings.float.numbers",),
    why="The AI SDK, openai-python and LangChain take them for the model's: near texts get equal scores, and a store "
    "that has vectors of another server compares them with numbers a hundred times as large.",
    holds_on=(IN_FLOATS, of([1.0, 0.0, -1.0, 0.5], _OTHERS)),
    breaks_on=(of([127, -3, 0, 88], [5, 5, -90, 1]), of([1.0, 0.0, -1.0, 1.0], [1.0, 1.0, 0.0, 0.0])),
)
def fractions(reply: Reply, context: Context) -> Outcome:
    for place, vector in enumerate(view.read(reply)):
        if not all(float(one).is_integer() for one in vector.numbers):
            continue
        shown = ", ".join(f"{one:g}" for one in vector.numbers[:4])
        return broken(f"$.data[{place}].embedding", "numbers with fractions", f"whole numbers alone: {shown}, …")
    return holds()


@clause(
    "embeddings.float.format",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.encoding",
    says="Base64 is of little-endian float32: it is not of the same numbers as float64, or in big-endian order.",
    source=OPENAI_SPEC,
    probe="float",
    needs=("embeddings.float.numbers",),
    why="openai-python, openai-node and LangChain ask for base64 and read float32: they return other numbers, or twice "
    "as many, without an error.",
    holds_on=(IN_FLOATS, of(_OTHERS, _NUMBERS)),
    breaks_on=tuple(of(_as(format, FIRST), _as(format, SECOND)) for format in ("<2d", ">4f", ">2d")),
)
def formatted(reply: Reply, context: Context) -> Outcome:
    packed = view.data(context.control) if _in_base64(context) and context.control is not None else []
    for place, (vector, one) in enumerate(zip(view.read(reply), packed, strict=False)):
        if vectors.apart(vector.numbers, vectors.read(one.get("embedding")).numbers) <= AGREE:
            continue
        found = vectors.other_format(one.get("embedding"), vector.numbers, AGREE)
        if found:
            return broken(f"$.data[{place}].embedding, in base64", "little-endian float32", found)
    return holds()


@clause(
    "embeddings.float.agrees",
    layer=BEHAVIOUR,
    area=SHAPE,
    code="contract.encoding",
    level=SHOULD,
    says=(
        "Floats and base64 of the same texts are the same vectors: little-endian float32, each number at its position."
    ),
    source=OPENAI_SPEC,
    probe="float",
    needs=("embeddings.float.format",),
    why="If openai-python fills a store and the AI SDK queries it, unrelated vectors are compared.",
    holds_on=(IN_FLOATS, of([one + 0.0005 for one in _NUMBERS], _OTHERS)),
    breaks_on=(
        of([*_NUMBERS[:3], _NUMBERS[3] + 0.01], _OTHERS),
        of(_OTHERS, _NUMBERS),
        of(_NUMBERS[:2], _OTHERS[:2]),
        of([one + 0.01 for one in _NUMBERS], _OTHERS),
    ),
)
def agrees(reply: Reply, context: Context) -> Outcome:
    packed = _in_base64(context)
    if not packed:
        return not_applicable("no answer in base64 to compare with")
    if moves(context):
        return not_applicable("the same text gets a different vector each time, in any encoding")
    return _disagreement(reply, packed, context) or holds()


def _in_base64(context: Context) -> list[vectors.Vector]:
    """The vectors of the plain reply; none if it is not base64 that can be read."""
    control = context.control
    packed = view.read(control) if control is not None and control.complete else []
    return [] if any(vector.encoding != BASE64 or vector.problem for vector in packed) else packed


def _disagreement(reply: Reply, packed: list[vectors.Vector], context: Context) -> Outcome | None:
    """The first vector of a reply that is another one in base64; None where none is."""
    least = max(AGREE, _REPEATED * noise(context))
    for place, (vector, other) in enumerate(zip(view.read(reply), packed, strict=False)):
        apart = vectors.apart(vector.numbers, other.numbers)
        if apart > least:
            said = f"{vector.length} numbers, and {other.length} in base64"
            if vector.length == other.length:
                said = f"they differ by {apart:.2g} of the largest number"
            return broken(f"$.data[{place}].embedding", "the vector from the base64 reply", said)
    return None


def misread(context: Context) -> Outcome | None:
    """Why nothing can be said of vectors in base64: read as the reference says, they are others than in floats."""
    floats = context.replies.get("float")
    if (
        floats is None
        or not floats.complete
        or moves(context)
        or not _disagreement(floats, _in_base64(context), context)
    ):
        return None
    return not_applicable("base64 and floats are different vectors: see embeddings.float.agrees")


def noise(context: Context) -> float:
    """How far the first text's vector was from itself when it was sent again, by the largest number in it; 0.0 where
    that is not known. Asked only where it does not move."""
    twice = _twice(context)
    return vectors.apart(*twice) if twice else 0.0


def moves(context: Context) -> bool:
    """The first text got another vector when it was sent again."""
    twice = _twice(context)
    return bool(twice) and vectors.cosine(*twice) < SAME


def _twice(context: Context) -> tuple[Sequence[float], ...]:
    """The vectors of the first text, in the plain reply and when it was sent again; none where one is missing."""
    again, control = context.replies.get("single"), context.control
    if again is None or control is None or not again.complete:
        return ()
    first, second = view.read(control), view.read(again)
    return (first[0].numbers, second[0].numbers) if first and second else ()
