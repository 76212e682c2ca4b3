"""The fields beside the answer: where they stand, they are of the type that the reference gives them."""

from chatproof.contract.clause import (
    BEHAVIOUR,
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
from chatproof.evidence.field_types import ABSENT, NULL, OBJECT, STRING, misfit
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import GOOD, ITEM, SHAPE, altered, shown, with_output
from chatproof.wire.exchange import ASKED

CLAUSES = Clauses(SMOKE)

_TYPES = {
    "model": STRING + ABSENT,
    "service_tier": STRING + NULL,
    "incomplete_details": OBJECT + NULL,
    "incomplete_details.reason": STRING,
    "reasoning": OBJECT + NULL,
    "text": OBJECT + NULL,
    "text.format": OBJECT + NULL,
}


clause = CLAUSES.add


@clause(
    "responses.happy.field_types",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says=(
        "The fields other than the answer have the types of the reference: the model's name, the "
        "service tier, the reason for an incomplete answer, the reasoning, the format of the "
        "text."
    ),
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.output_array",),
    why=(
        "If a type is wrong, the AI SDK refuses the complete reply (Invalid JSON response); LangChain reads "
        "text.format."
    ),
    holds_on=(
        GOOD,
        altered(b'"model":"m",', b""),
        altered(
            b'"model":"m"', b'"model":"m","incomplete_details":null,"service_tier":null,"reasoning":null,"text":null'
        ),
        altered(b'"model":"m"', b'"model":"m","incomplete_details":{"reason":"max_output_tokens"},"text":{}'),
        altered(b'"model":"m"', b'"model":"m","text":{"format":null}'),
    ),
    breaks_on=(
        altered(b'"model":"m"', b'"model":7'),
        altered(b'"model":"m"', b'"model":null'),
        altered(b'"model":"m"', b'"model":"m","service_tier":1'),
        altered(b'"model":"m"', b'"model":"m","incomplete_details":"none"'),
        altered(b'"model":"m"', b'"model":"m","incomplete_details":{}'),
        altered(b'"model":"m"', b'"model":"m","reasoning":"none"'),
        altered(b'"model":"m"', b'"model":"m","text":"plain"'),
        altered(b'"model":"m"', b'"model":"m","text":{"format":"text"}'),
    ),
)
def field_types(reply: Reply, context: Context) -> Outcome:
    response = reply.object
    path, expected = misfit(response, _TYPES)
    if path:
        return broken(f"$.{path}", expected, shown(response, path.partition(".")[0]))
    return holds()


@clause(
    "responses.happy.uncalled",
    layer=BEHAVIOUR,
    area=SHAPE,
    code="contract.tools",
    level=SHOULD,
    says="A request without tools is answered without a tool call.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.content_non_empty",),
    why="openai-python, openai-node, the AI SDK and LangChain hand the call on: a loop stops at a tool that it lacks.",
    holds_on=(GOOD, with_output(b'{"type":"web_search_call","id":"ws_1","status":"completed"}', ITEM)),
    breaks_on=(
        with_output(ITEM, b'{"type":"function_call","id":"fc_1","call_id":"call_1","name":"search","arguments":"{}"}'),
        with_output(ITEM, b'{"type":"custom_tool_call","id":"ct_1","call_id":"call_1","name":"search","input":""}'),
    ),
)
def uncalled(reply: Reply, context: Context) -> Outcome:
    for number, item in enumerate(view.output(reply.object)):
        if item.get("type") in view.CALLS:
            reply.need(ASKED)
            return broken(f"$.output[{number}]", "no call of a tool", quote(item, 80))
    return holds()
