"""The fields beside the answer: where they stand, they are of the type that the reference gives them."""

from chatproof.contract.clause import (
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    SMOKE,
    Clauses,
    Context,
    Outcome,
    broken,
    holds,
)
from chatproof.evidence.reply import Reply
from chatproof.surfaces.responses.clauses.happy import GOOD, SHAPE, altered, shown
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(SMOKE)


@CLAUSES.add(
    "responses.happy.field_types",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="What stands beside the answer is of the type that the reference gives it: the model's name, the service "
    "tier, why it is incomplete, the reasoning, the format of the text.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.output_array",),
    why="The AI SDK refuses the whole reply at another type (Invalid JSON response), and LangChain reads text.format.",
    holds_on=(
        GOOD,
        altered(b'"model":"m",', b""),
        altered(
            b'"model":"m"', b'"model":"m","incomplete_details":null,"service_tier":null,"reasoning":null,"text":null'
        ),
        altered(b'"model":"m"', b'"model":"m","incomplete_details":{"reason":"max_output_tokens"},"text":{}'),
    ),
    breaks_on=(
        altered(b'"model":"m"', b'"model":7'),
        altered(b'"model":"m"', b'"model":null'),
        altered(b'"model":"m"', b'"model":"m","service_tier":1'),
        altered(b'"model":"m"', b'"model":"m","incomplete_details":"none"'),
        altered(b'"model":"m"', b'"model":"m","incomplete_details":{}'),
        altered(b'"model":"m"', b'"model":"m","reasoning":"none"'),
        altered(b'"model":"m"', b'"model":"m","text":"plain"'),
    ),
)
def field_types(reply: Reply, context: Context) -> Outcome:
    response = reply.object
    for name, expected, good in (
        ("model", "a string", "model" not in response or isinstance(response["model"], str)),
        ("service_tier", "a string or null", isinstance(response.get("service_tier"), str | None)),
        ("incomplete_details", "null, or an object with a reason", _is_reason(response.get("incomplete_details"))),
        ("reasoning", "an object or null", isinstance(response.get("reasoning"), dict | None)),
        ("text", "an object or null", isinstance(response.get("text"), dict | None)),
    ):
        if not good:
            return broken(f"$.{name}", expected, shown(response, name))
    return holds()


def _is_reason(value: Json) -> bool:
    return value is None or (isinstance(value, dict) and isinstance(value.get("reason"), str))
