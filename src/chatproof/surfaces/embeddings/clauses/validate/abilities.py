"""What clients use beyond the plain request: shorter vectors, tokens, many texts at once; and whether vectors mean
something."""

from chatproof.contract.capability import DAMAGED, damaged, done, ignored, refusal, refused_here
from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.json_values import is_integer
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.embeddings import vectors, view
from chatproof.surfaces.embeddings.asked import inputs_of, request
from chatproof.surfaces.embeddings.clauses.envelope import whole_items
from chatproof.surfaces.embeddings.clauses.happy import COMETAPI
from chatproof.surfaces.embeddings.clauses.validate.floats import misread, misshapen, moves
from chatproof.surfaces.embeddings.clauses.validate.values import each_counted
from chatproof.surfaces.embeddings.clauses.vectors import distinct, empty, infinite, uneven
from chatproof.surfaces.embeddings.examples import GOOD, SECOND, A, B, body, item, of, packed, whole
from chatproof.surfaces.embeddings.probes_validate import ALIKE, BATCH, DIMENSIONS
from chatproof.surfaces.shared_clauses import first_broken

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Capabilities"
_SPEAKR = Source("https://github.com/murtaza-nasir/speakr", "2026-11-28")
_LANGCHAIN = Source("https://github.com/langchain-ai/langchain", "2026-11-29")
_INFINITY = Source("https://github.com/michaelfeil/infinity/issues/538", "2026-12-01")
_NEAR_ONE = 0.01  # more than float16 takes
_READ = 0.99  # the cosine above which tokens are read as their text: a tokenizer may add a mark of its own
_SHORT = packed((0.5,) * DIMENSIONS)
_UNIT = packed((DIMENSIONS**-0.5,) * DIMENSIONS)
_MANY = [packed((float(number), 1.0)) for number in range(BATCH)]
_RESTARTS = body(whole() | {"data": [item(number % 16, one) for number, one in enumerate(_MANY)]})
_NO = Example(200, JSON, b'{"error":"no"}')


@clause(
    "embeddings.dimensions.honoured",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    capability="dimensions",
    area=_AREA,
    says="Vectors have the length that `dimensions` names, or it is clearly refused.",
    source=_SPEAKR,
    probe="dimensions",
    why="The column of a vector store has that length: every insert fails, or a new column is needed.",
    holds_on=(of(_SHORT, _SHORT),),
    breaks_on=(GOOD, of(_SHORT, A), _NO, body(whole())),
)
def dimensions(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "dimensions", ("dimensions", "dimension", "output_dimension"))
    if refused:
        return refused
    unread = misread(context)
    if unread:
        return unread
    wanted = request(reply).get("dimensions")
    if not is_integer(wanted):
        return not_applicable("the request has no dimensions")
    for place, vector in enumerate(view.read(reply)):
        if vector.length != wanted:
            return ignored(f"$.data[{place}].embedding", f"{wanted} numbers", f"{vector.length} numbers")
    return done(f"{wanted} numbers each")


@clause(
    "embeddings.dimensions.unit",
    layer=BEHAVIOUR,
    code="contract.content",
    level=SHOULD,
    area=_AREA,
    says="If whole vectors have length 1, those that `dimensions` shortens have it as well.",
    source=_INFINITY,
    probe="dimensions",
    needs=("embeddings.dimensions.honoured",),
    why="pgvector's inner product and FAISS take vectors of length 1: with openai-python, LangChain and the AI SDK "
    "alike, texts are ranked by the length of what is left of their vectors.",
    holds_on=(of(_UNIT, _UNIT), of(_UNIT, packed((0.0631,) * DIMENSIONS))),
    breaks_on=(of(_UNIT, packed((0.05,) * DIMENSIONS)), of(packed((0.08,) * DIMENSIONS), _UNIT)),
)
def unit(reply: Reply, context: Context) -> Outcome:
    control = context.control
    lengths = [vectors.norm(one.numbers) for one in view.read(control)] if control is not None else []
    if not lengths or any(abs(one - 1) > _NEAR_ONE for one in lengths):
        return not_applicable("whole vectors do not have length 1, either")
    for place, vector in enumerate(view.read(reply)):
        length = vectors.norm(vector.numbers)
        if abs(length - 1) > _NEAR_ONE:
            return broken(f"$.data[{place}].embedding", "length 1, as whole vectors have", f"length {length:.3f}")
    return holds("length 1")


@clause(
    "embeddings.tokens.accepted",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    capability="token_arrays",
    area=_AREA,
    says="Texts sent as arrays of tokens get one vector each.",
    source=_LANGCHAIN,
    probe="tokens",
    why="LangChain's OpenAIEmbeddings sends tokens unless check_embedding_ctx_length is False: each call fails.",
    holds_on=(GOOD,),
    breaks_on=(
        Example(400, JSON, b'{"error":{"message":"input must be a string or an array of strings","param":"input"}}'),
        of(A, B, A),
        of(A),
        _NO,
    ),
)
def tokens(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "token_arrays", ("input", "tokens", "token"))
    if refused is None:
        return misshapen(reply, context) or done()
    if not refused.state or refused.outcome == BROKEN:
        return refused
    said = f"refused: {refused.reason.removeprefix('unsupported: ')}"
    return Outcome(BROKEN, "status", "an answer", said, "", refused.state)


@clause(
    "embeddings.tokens.read",
    layer=BEHAVIOUR,
    code="contract.content",
    level=SHOULD,
    area=_AREA,
    says="Texts sent as tokens of cl100k_base get the vectors of these texts.",
    source=_LANGCHAIN,
    probe="tokens",
    needs=("embeddings.tokens.accepted",),
    why="LangChain's OpenAIEmbeddings sends these tokens unless check_embedding_ctx_length is False: each text gets "
    "the vector of another text, or of digits, without an error.",
    holds_on=(GOOD, of(A, packed((*SECOND[:3], 1.01)))),
    breaks_on=(of(B, A), of(A, packed((0.5, 0.5, 0.5, 0.5)))),
)
def tokens_read(reply: Reply, context: Context) -> Outcome:
    if (unread := misread(context)) is not None or moves(context):
        return unread or not_applicable("the same text gets a different vector each time")
    texts = view.read(context.control) if context.control is not None and context.control.complete else []
    near = [vectors.cosine(one.numbers, text.numbers) for one, text in zip(view.read(reply), texts, strict=False)]
    if not near:
        return not_applicable("no vectors of the texts to compare with")
    said = f"cosine {min(near):.4f}"
    if min(near) > _READ:
        return holds(said)
    return broken(f"$.data[{near.index(min(near))}].embedding", "the vector of the text that these tokens say", said)


@clause(
    "embeddings.batch.whole",
    layer=BEHAVIOUR,
    capability="batch",
    area=_AREA,
    says=f"{BATCH} texts in one request, one of them twice, get as many valid vectors, in their order, or are clearly "
    "refused.",
    source=COMETAPI,
    probe="batch",
    why="openai-python, the AI SDK and LangChain send many at once, and do not count the vectors.",
    holds_on=(of(*_MANY), _RESTARTS),
    breaks_on=(
        of(*_MANY[1:]),
        GOOD,
        _NO,
        of(*_MANY[1:], packed((0.0, 0.0))),
        of(*_MANY[1:], A),
        of(*_MANY[1:], packed((float("nan"), 1.0))),
    ),
)
def batch(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "batch", ("input", "batch", "inputs"))
    found = refused or misshapen(reply, context)
    if found:
        return found
    found = uneven(reply) or infinite(reply) or empty(reply)
    return damaged(found.at, found.expected, found.observed) if found else done(f"{len(view.read(reply))} vectors")


@clause(
    "embeddings.batch.accepted",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    area=_AREA,
    says=f"{BATCH} texts in one request are accepted.",
    source=_LANGCHAIN,
    probe="batch",
    why="LangChain's OpenAIEmbeddings sends 1,000 at once, and the AI SDK 2,048: each call with more texts than the "
    "server takes fails, unless the user knows of the limit.",
    holds_on=(of(*_MANY),),
    breaks_on=(
        Example(400, JSON, b'{"error":{"message":"batch size is invalid, it should not be larger than 10."}}'),
        Example(413, JSON, b'{"error":{"message":"batch size 33 > maximum allowed batch size 32"}}'),
    ),
)
def batch_accepted(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "", ("input", "batch", "inputs"))
    if refused is not None and refused.state == DAMAGED:
        return not_applicable("see embeddings.batch.whole")
    return refused_here(refused, "an answer") if refused else holds()


@clause(
    "embeddings.batch.distinct",
    layer=BEHAVIOUR,
    level=SHOULD,
    area=_AREA,
    says=f"Those of {BATCH} texts in one request that differ have different vectors.",
    source=COMETAPI,
    probe="batch",
    needs=("embeddings.batch.whole", "embeddings.happy.distinct"),
    why="A server that works in smaller batches may copy one of them: every client stores the wrong vectors.",
    holds_on=(of(*_MANY),),
    breaks_on=(of(*_MANY[:-2], _MANY[0], _MANY[32]), of(*_MANY[:16], *_MANY[:16], _MANY[32])),
)
def many_distinct(reply: Reply, context: Context) -> Outcome:
    found = distinct(reply, context)
    if found.outcome != BROKEN:
        return found
    place = int(found.at.removeprefix("$.data[").partition("]")[0])
    text = inputs_of(request(reply))[place]
    if not isinstance(text, str):
        return found
    if not any(letter.isascii() and letter.isalnum() for letter in text):
        return found._replace(observed=f"{found.observed}; this text has no letter of ASCII")
    if len(text) > ALIKE:
        said = f"these long texts are alike in their first {ALIKE} characters, and what follows was cut off"
        return found._replace(observed=f"{found.observed}; {said}")
    return found


@clause(
    "embeddings.batch.counted",
    layer=BEHAVIOUR,
    code="contract.usage",
    level=SHOULD,
    area=_AREA,
    says=f"The tokens of {BATCH} texts are one for each text, or more.",
    source=OPENAI_SPEC,
    probe="batch",
    needs=("embeddings.batch.whole", "embeddings.happy.usage"),
    why="Bills and budgets, of LiteLLM's proxy and of every gateway that counts by it, are those of one text.",
    holds_on=(of(*_MANY, usage={"prompt_tokens": BATCH, "total_tokens": BATCH}),),
    breaks_on=(
        of(*_MANY, usage={"prompt_tokens": BATCH - 1, "total_tokens": BATCH - 1}),
        of(*_MANY),
    ),
)
def batch_counted(reply: Reply, context: Context) -> Outcome:
    if context.control is not None and each_counted(context.control).outcome == BROKEN:
        return not_applicable("the plain reply counts too little, too: see embeddings.usage.counted")
    return each_counted(reply)


@clause(
    "embeddings.batch.items",
    layer=SCHEMA,
    code="contract.schema",
    level=SHOULD,
    area=_AREA,
    says=f"Each of {BATCH} items has its position as `index`, if those of two texts have it.",
    source=OPENAI_SPEC,
    probe="batch",
    needs=("embeddings.batch.whole",),
    why="Clients that sort by index, as the reference allows, mix up the vectors of numbers that begin again.",
    holds_on=(of(*_MANY),),
    breaks_on=(_RESTARTS,),
)
def numbered(reply: Reply, context: Context) -> Outcome:
    return first_broken((whole_items,), reply, context.control, context)


@clause(
    "embeddings.meaning.nearer",
    layer=BEHAVIOUR,
    level=SHOULD,
    area=_AREA,
    says="Two texts with the same meaning have closer vectors than texts with different meanings.",
    source=OPENAI_SPEC,
    probe="meaning",
    needs=("embeddings.happy.distinct",),
    why="Searches find unrelated texts: the vectors are placeholders, or were not made from the text.",
    holds_on=(of(A, packed((1.0, 0.25, -0.5, 0.1)), B),),
    breaks_on=(of(A, B, packed((1.0, 0.25, -0.5, 0.1))), of(A, A, A)),
)
def nearer(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "meaning")
    if refused:
        return refused._replace(state="")
    unread = misread(context)
    if unread:
        return unread
    found = [vector.numbers for vector in view.read(reply)]
    if len(found) != 3:
        return not_applicable("there are not three vectors: see embeddings.batch.whole")
    near, far = vectors.cosine(found[0], found[1]), max(vectors.cosine(one, found[2]) for one in found[:2])
    said = f"cosine {near:.4f}, and {far:.4f} to the other text"
    return holds(said) if near > far else broken("$.data", "the first two closest to each other", said)
