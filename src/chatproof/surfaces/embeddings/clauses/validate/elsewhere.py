"""What the plain reply owes, on every other reply of the run."""

from chatproof.contract.clause import BEHAVIOUR, OPENAI_SPEC, SHOULD, VALIDATE, Clauses, Context, Outcome, broken, holds
from chatproof.evidence.json_values import is_integer
from chatproof.evidence.reply import Reply
from chatproof.surfaces.elsewhere import Elsewhere
from chatproof.surfaces.embeddings import view
from chatproof.surfaces.embeddings.clauses import envelope, happy
from chatproof.surfaces.embeddings.clauses.envelope import shown
from chatproof.surfaces.embeddings.examples import GOOD, A, B, body, item, of, whole

CLAUSES = Clauses(VALIDATE)
# The reply in floats has clauses of its own on its JSON, vectors and usage.
_OTHERS = Elsewhere(CLAUSES, "embeddings", GOOD, OPENAI_SPEC, spared_json=("float",))
_VECTORS = _OTHERS._replace(spared=("float",))


def data(reply: Reply, context: Context) -> Outcome:
    """Judge whether the items can be read. How many there are, and which, has clauses of its own."""
    return happy.unreadable(reply) or holds()


def encoded(reply: Reply, context: Context) -> Outcome:
    """Judge whether each embedding has the encoding that this request asks for."""
    return happy.miscoded(reply) or holds()


def items(reply: Reply, context: Context) -> Outcome:
    """Judge what each item has beside its vector. In which order they are has clauses of its own."""
    for place, one in enumerate(view.data(reply)):
        if one.get("object") != "embedding":
            return broken(f"$.data[{place}].object", "embedding", shown(one, "object"))
        if not is_integer(one.get("index")):
            return broken(f"$.data[{place}].index", "an integer", shown(one, "index"))
    return holds()


_OTHERS.add_json("openai-python and openai-node return a plain string if the type is not JSON.")
_OTHERS.add(
    "no_error_field",
    "In every reply besides the plain one, no error appears beside the vectors either (null is allowed).",
    "openai-python, openai-node, the AI SDK and LangChain do not notice: the vectors may be wrong or incomplete.",
    (happy.no_error_field,),
    breaks_on=(of(A, B, error={"code": "server_error", "message": "boom"}),),
    code="",
    level=SHOULD,
    layer=BEHAVIOUR,
    area="Error response shape",
)
_VECTORS.add(
    "data",
    "The `data` of every reply besides the plain one also is an array of objects, each with a string or an array of "
    "numbers as its `embedding`.",
    "openai-python raises ValueError or TypeError, openai-node TypeError.",
    (data,),
    breaks_on=(
        body(whole(A) | {"data": None}),
        body({"object": "list", "model": "m"}),
        of(A, None),
        body(whole(A) | {"data": [A, B]}),
        body([]),
    ),
    code="contract.content",
    of=_VECTORS.is_json,
)
_VECTORS.add(
    "encoding",
    "Each embedding of every reply besides the plain one also has the encoding that its request asks for.",
    "openai-node 6.49 reads floats as bytes: a quarter of each vector remains, without an error.",
    (encoded,),
    breaks_on=(of([1, 0, 0], [0, 1, 0]), of(A, "pong!")),
    code="contract.encoding",
)
_OTHERS.add(
    "details",
    "Every reply besides the plain one also has the object `list` and a model, and items with their object and index.",
    "Clients that sort by index, as the reference allows, fail; typed clients (async-openai) refuse the reply.",
    (envelope.named, items),
    breaks_on=(
        of(A, B, object="embedding"),
        of(A, B, model=None),
        body(whole(A, B) | {"data": [item(0, A), {"object": "embedding", "embedding": B}]}),
    ),
    level=SHOULD,
)
_VECTORS.add(
    "usage",
    "Every reply besides the plain one also has usage with the integers prompt_tokens and total_tokens.",
    "Without them, the AI SDK counts NaN tokens, and nobody can check the bill.",
    (envelope.counted,),
    breaks_on=(of(A, B, usage=None), of(A, B, usage={"prompt_tokens": "14", "total_tokens": 14})),
    code="contract.usage",
    level=SHOULD,
)
