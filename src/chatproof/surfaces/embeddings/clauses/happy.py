"""The happy path: one valid request of two texts. What makes a client hand out a wrong vector, or none, is a must."""

from itertools import pairwise

from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SCHEMA,
    SMOKE,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    broken,
    holds,
)
from chatproof.contract.probe import REFUSED_FORM
from chatproof.evidence.provider_error import error_words, told
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.embeddings import vectors, view
from chatproof.surfaces.embeddings.asked import count_of, encoding_of, request
from chatproof.surfaces.embeddings.examples import FIRST, GOOD, IN_FLOATS, A, B, body, item, of, packed, whole
from chatproof.surfaces.embeddings.vectors import BASE64, FLOAT
from chatproof.surfaces.shared_clauses import add_plain_reply

CLAUSES = Clauses(SMOKE)
clause = CLAUSES.add

COMETAPI = Source("https://apidoc.cometapi.com/api/text/embeddings", "2026-11-28")
SHAPE = "Response shape"
_WORDS = {BASE64: "base64 of little-endian float32", FLOAT: "an array of numbers"}

add_plain_reply(
    CLAUSES,
    "embeddings",
    GOOD,
    COMETAPI,
    mislabelled="openai-python and openai-node return a plain string if the type is not JSON.",
    unparsed=(
        "A parser refuses it, or two parsers read it differently: NaN is accepted in Python, and stops openai-node."
    ),
    unsafe=b'{"data":[{"embedding":[NaN]}]}',
)


@clause(
    "embeddings.happy.base64",
    layer=BEHAVIOUR,
    area="Optional request fields",
    code="contract.encoding",
    says="A request for base64 is answered.",
    source=COMETAPI,
    probe="happy",
    needs=("embeddings.happy.status_200",),
    why="openai-python, openai-node and LangChain ask for base64 by default: each call fails.",
    holds_on=(GOOD, IN_FLOATS),
    breaks_on=(Example(400, JSON, b'{"error":{"message":"encoding_format base64 is not supported"}}'),),
)
def base64_taken(reply: Reply, context: Context) -> Outcome:
    """The first form is kept under another name where it was refused for the encoding."""
    first = context.replies.get(f"{REFUSED_FORM}{reply.probe}", reply)
    if first.status < 400:
        return holds()
    said = f"HTTP {first.status}" + (f", {error_words(first.error)}" if first.error else "")
    return broken("status", "an answer to encoding_format base64", f"{said}; a request for floats is answered")


@clause(
    "embeddings.happy.no_error_field",
    layer=BEHAVIOUR,
    area="Error response shape",
    says="The reply contains no error (null is allowed).",
    source=COMETAPI,
    probe="happy",
    needs=("embeddings.happy.body_json",),
    why="Under HTTP 200, openai-python and openai-node report missing data and do not show the reason to the user.",
    holds_on=(GOOD, of(A, B, error=None)),
    breaks_on=(
        body({"error": {"code": "server_error", "message": "boom"}}),
        body({"error": "Unexpected endpoint or method."}),
    ),
)
def no_error_field(reply: Reply, context: Context) -> Outcome:
    error = reply.object.get("error")
    if not error:
        return holds()
    return broken("$.error", "no error, or null", told(reply.error, "code", error))


@clause(
    "embeddings.happy.data_array",
    layer=SCHEMA,
    area=SHAPE,
    says="`data` is a non-empty array of objects whose `embedding` is a string or an array of numbers.",
    source=COMETAPI,
    probe="happy",
    needs=("embeddings.happy.no_error_field",),
    why="openai-python raises ValueError or TypeError, openai-node TypeError; from a nested array both return garbage.",
    holds_on=(GOOD, IN_FLOATS, of(A), of([1, 0, 0], [0, 1, 0])),
    breaks_on=(
        body([]),
        body({}),
        body(whole(A, B) | {"data": None}),
        body(whole(A, B) | {"data": {"0": item(0, A)}}),
        body(whole()),
        body(whole(A, B) | {"data": [A, B]}),
        of(A, None),
        of([list(FIRST)], [list(FIRST)]),
        of(["1.0"], ["0.5"]),
        of([True], [False]),
        of({"0": 1.0}, {"0": 1.0}),
        body(whole(A) | {"data": [{"object": "embedding", "index": 0}]}),
    ),
)
def data_array(reply: Reply, context: Context) -> Outcome:
    return unreadable(reply) or holds(f"{len(view.data(reply))} items")


def unreadable(reply: Reply) -> Outcome | None:
    """What keeps clients from reading the items; None where nothing does."""
    expected = "an array of items with an embedding"
    if not reply.is_object:
        return broken("$", "an object with data", quote(reply.json))
    if "data" not in reply.object:
        return broken("$.data", expected, f"absent from {quote(reply.json)}")
    found = reply.object["data"]
    if not isinstance(found, list) or not found:
        return broken("$.data", expected, quote(found))
    for place, one in enumerate(found):
        if not isinstance(one, dict):
            return broken(f"$.data[{place}]", "an object", quote(one))
        at = f"$.data[{place}].embedding"
        if "embedding" not in one:
            return broken(at, "a string or an array of numbers", f"absent from {quote(one)}")
        vector = vectors.read(one["embedding"])
        if not vector.encoding:
            return broken(at, "a string or an array of numbers", f"{vector.problem}: {quote(one['embedding'], 60)}")
    return None


@clause(
    "embeddings.happy.count",
    layer=BEHAVIOUR,
    area=SHAPE,
    says="`data` has as many items as the request has inputs.",
    source=COMETAPI,
    probe="happy",
    needs=("embeddings.happy.data_array",),
    why="openai-python, openai-node, the AI SDK and LangChain do not notice: later texts get the wrong vectors.",
    holds_on=(GOOD, IN_FLOATS),
    breaks_on=(of(A), of(A, B, A)),
)
def counted(reply: Reply, context: Context) -> Outcome:
    return miscounted(reply) or holds()


def miscounted(reply: Reply) -> Outcome | None:
    """Another number of items than of inputs; None where they agree."""
    wanted, found = count_of(request(reply)), len(view.data(reply))
    return None if found == wanted else broken("$.data", f"{wanted} items", f"{found}")


@clause(
    "embeddings.happy.order",
    layer=BEHAVIOUR,
    area=SHAPE,
    says=(
        "The items are in the order of the inputs: no index is smaller than an earlier one. "
        "(Items without an index are not judged here, nor gaps in the numbers, nor numbers that come twice.)"
    ),
    source=COMETAPI,
    probe="happy",
    needs=("embeddings.happy.count",),
    why=(
        "openai-python, openai-node, the AI SDK and LangChain use the items in the order of the "
        "reply: the vectors are swapped."
    ),
    holds_on=(
        GOOD,
        body(whole(A, B) | {"data": [{"embedding": A}, {"embedding": B}]}),
        body(whole(A, B) | {"data": [item(0, A), item(0, B)]}),
        body(whole(A, B) | {"data": [item(1, A), item(2, B)]}),
        body(whole(A, B) | {"data": [item(0, A), {"embedding": B}]}),
        body(whole(A, B) | {"data": [item(0, A), item(1, B), item(0, A)]}),
    ),
    breaks_on=(
        body(whole(A, B) | {"data": [item(1, B), item(0, A)]}),
        body(whole(A, B) | {"data": [item(2, B), item(1, A)]}),
    ),
)
def in_order(reply: Reply, context: Context) -> Outcome:
    return disordered(reply) or holds()


def disordered(reply: Reply) -> Outcome | None:
    """The first item whose index is smaller than one before it; None where there is none, or a number comes twice.

    A server that numbers each of its batches anew keeps the order, and no client that was measured minds.
    """
    items = enumerate(view.data(reply))
    numbered = [(place, one["index"]) for place, one in items if isinstance(one.get("index"), int)]
    if len({index for _, index in numbered}) < len(numbered):
        return None
    for (_, last), (place, index) in pairwise(numbered):
        if index < last:
            return broken(f"$.data[{place}].index", f"{last} or more", f"{index}: the items are in another order")
    return None


@clause(
    "embeddings.happy.encoding",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.encoding",
    says="Each embedding has the requested encoding: base64 is base64 of float32, float is an array of numbers.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("embeddings.happy.data_array",),
    why=(
        "openai-node 6.49 asks for base64 and reads floats as bytes: a quarter of each vector "
        "remains, without an error. 7.59 accepts both. Incomplete base64 stops it and "
        "openai-python; URL-safe base64 stops openai-python and LangChain."
    ),
    holds_on=(GOOD, of(packed(()), packed(()))),
    breaks_on=(IN_FLOATS, of(A, "pong!"), of(A[:-4], B), of(A[:-1], B), of(A.replace("=", ""), B)),
)
def encoded(reply: Reply, context: Context) -> Outcome:
    return miscoded(reply) or holds(encoding_of(request(reply)))


def miscoded(reply: Reply) -> Outcome | None:
    """The first embedding that has another encoding than was asked for, or cannot be read as it."""
    wanted = encoding_of(request(reply))
    if wanted not in (BASE64, FLOAT):
        return None
    for place, vector in enumerate(view.read(reply)):
        at = f"$.data[{place}].embedding"
        if vector.encoding != wanted:
            told = f"an array of {vector.length} numbers" if vector.encoding == FLOAT else "a string"
            return broken(at, _WORDS[wanted], told)
        if vector.problem:
            return broken(at, _WORDS[wanted], vector.problem)
    return None
