"""What stands around the vectors. The clients measured do without most of it; typed ones do not."""

from chatproof.contract.clause import OPENAI_SPEC, SCHEMA, SHOULD, SMOKE, Clauses, Context, Outcome, broken, holds
from chatproof.evidence.json_values import count, is_integer
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.embeddings import view
from chatproof.surfaces.embeddings.clauses.happy import SHAPE
from chatproof.surfaces.embeddings.examples import GOOD, A, B, body, item, of, whole
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(SMOKE)
clause = CLAUSES.add


def shown(held: dict[str, Json], name: str) -> str:
    """A member as it stands there, or that it does not."""
    return quote(held[name], 80) if name in held else f"absent from {quote(held, 80)}"


@clause(
    "embeddings.happy.object",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="`object` is `list`, and `model` a string.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("embeddings.happy.data_array",),
    why="Typed clients (async-openai, SwiftOpenAI) refuse the complete reply; the tested clients work without them.",
    holds_on=(GOOD,),
    breaks_on=(
        of(A, B, object="embedding"),
        of(A, B, model=None),
        body({name: value for name, value in whole(A, B).items() if name != "object"}),
        body({name: value for name, value in whole(A, B).items() if name != "model"}),
    ),
)
def named(reply: Reply, context: Context) -> Outcome:
    if reply.object.get("object") != "list":
        return broken("$.object", "list", shown(reply.object, "object"))
    if not isinstance(reply.object.get("model"), str):
        return broken("$.model", "a string", shown(reply.object, "model"))
    return holds()


@clause(
    "embeddings.happy.items",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="Each item has `object` = `embedding`, and its position as `index`.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("embeddings.happy.data_array", "embeddings.happy.order"),
    why=(
        "Clients that sort by index, as the reference allows, fail; typed clients (async-openai) "
        "refuse the complete reply."
    ),
    holds_on=(GOOD,),
    breaks_on=(
        body(whole(A, B) | {"data": [item(0, A), {"object": "embedding", "embedding": B}]}),
        body(whole(A, B) | {"data": [item(0, A), {"index": 1, "embedding": B}]}),
        body(whole(A, B) | {"data": [item(0, A), item(1, B) | {"index": "1"}]}),
        body(whole(A, B) | {"data": [item(0, A), item(1, B) | {"object": "vector"}]}),
        body(whole(A, B) | {"data": [item(0, A), item(0, B)]}),
        body(whole(A, B) | {"data": [item(1, A), item(2, B)]}),
    ),
)
def whole_items(reply: Reply, context: Context) -> Outcome:
    for place, one in enumerate(view.data(reply)):
        if one.get("object") != "embedding":
            return broken(f"$.data[{place}].object", "embedding", shown(one, "object"))
        if not is_integer(one.get("index")) or one["index"] != place:
            return broken(f"$.data[{place}].index", str(place), shown(one, "index"))
    return holds()


@clause(
    "embeddings.happy.usage",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.usage",
    level=SHOULD,
    says="`usage` has the integers prompt_tokens and total_tokens.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("embeddings.happy.data_array",),
    why="Without them, the AI SDK counts NaN tokens, and nobody can check the bill.",
    holds_on=(GOOD, of(A, B, usage={"prompt_tokens": 0, "total_tokens": 0})),
    breaks_on=(
        of(A, B, usage=None),
        of(A, B, usage={"input_tokens": 14, "total_tokens": 14}),
        of(A, B, usage={"prompt_tokens": 14}),
        of(A, B, usage={"prompt_tokens": "14", "total_tokens": 14}),
        of(A, B, usage={"prompt_tokens": 14, "total_tokens": -1}),
    ),
)
def counted(reply: Reply, context: Context) -> Outcome:
    usage = reply.object.get("usage")
    for name in ("prompt_tokens", "total_tokens"):
        if count(usage.get(name) if isinstance(usage, dict) else None) is None:
            return broken(f"$.usage.{name}", "a count", shown(reply.object, "usage"))
    return holds()
