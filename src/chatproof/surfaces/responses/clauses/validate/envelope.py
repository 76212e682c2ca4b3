"""What the reference requires of a response, and the clients measured do without; and what its usage says."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.json_values import count
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import BODY, SHAPE, altered, body
from chatproof.surfaces.responses.clauses.items import DETAILS, USAGE

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

REQUIRED = (
    *("id", "object", "created_at", "error", "incomplete_details", "instructions", "model", "tools", "output"),
    *("parallel_tool_calls", "metadata", "tool_choice", "temperature", "top_p"),
)
_MORE = (
    b',"incomplete_details":null,"instructions":null,"tools":[],"parallel_tool_calls":true,"metadata":{},'
    b'"tool_choice":"auto","temperature":1,"top_p":1}'
)
_WHOLE = body(BODY[:-1] + _MORE)
_DETAILED = altered(
    b'"total_tokens":7',
    b'"total_tokens":7,"input_tokens_details":{"cached_tokens":0},"output_tokens_details":{"reasoning_tokens":0}',
)


@clause(
    "responses.envelope",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="The response has all fields that the reference requires; a field without a value is null.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.output_array",),
    why="Typed clients (async-openai, SwiftOpenAI) refuse the complete reply; the tested clients work without them.",
    holds_on=(_WHOLE,),
    breaks_on=(body(BODY), body(_WHOLE.body.replace(b',"metadata":{}', b""))),
)
def envelope(reply: Reply, context: Context) -> Outcome:
    missing = [name for name in REQUIRED if name not in reply.object]
    if missing:
        return broken("$", "all fields that the reference requires", f"without {', '.join(missing)}")
    return holds(f"{len(REQUIRED)} fields")


@clause(
    "responses.usage.sum",
    layer=BEHAVIOUR,
    area=SHAPE,
    code="contract.usage",
    level=SHOULD,
    says="total_tokens is the sum of input_tokens and output_tokens, and none is negative.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.usage_reported",),
    why="Bills computed from the parts differ from bills computed from the total.",
    holds_on=(body(BODY),),
    breaks_on=(
        altered(b'"total_tokens":7', b'"total_tokens":8'),
        altered(b'"input_tokens":6,"output_tokens":1', b'"input_tokens":8,"output_tokens":-1'),
    ),
)
def usage_sum(reply: Reply, context: Context) -> Outcome:
    usage = view.members(reply.object.get("usage"))
    counts = [count(usage.get(name)) for name in USAGE]
    if None in counts or counts[0] + counts[1] != counts[2]:  # type: ignore[operator]
        return broken("$.usage", "counts that add up", quote({name: usage.get(name) for name in USAGE}, 120))
    return holds()


@clause(
    "responses.usage.details",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.usage",
    level=SHOULD,
    says="The usage has input_tokens_details.cached_tokens and output_tokens_details.reasoning_tokens.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.usage_reported",),
    why="Grok Build CLI and other typed clients refuse a usage without them.",
    holds_on=(_DETAILED,),
    breaks_on=(body(BODY), body(_DETAILED.body.replace(b'{"cached_tokens":0}', b"null"))),
)
def usage_details(reply: Reply, context: Context) -> Outcome:
    usage = view.members(reply.object.get("usage"))
    for held, name in DETAILS:
        if count(view.members(usage.get(held)).get(name)) is None:
            return broken(f"$.usage.{held}.{name}", "a count", quote(usage.get(held)))
    return holds()


@clause(
    "responses.envelope.id",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="The response's id, if present, is a string.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.output_array",),
    why="Typed clients refuse any other type; clients that continue the response send it as previous_response_id.",
    holds_on=(body(BODY),),
    breaks_on=(altered(b'"id":"resp_1"', b'"id":7'), altered(b'"id":"resp_1"', b'"id":null')),
)
def id_string(reply: Reply, context: Context) -> Outcome:
    if "id" not in reply.object:
        return not_applicable("the response has no id: see responses.envelope")
    if isinstance(reply.object["id"], str) and reply.object["id"]:
        return holds()
    return broken("$.id", "a string", quote(reply.object["id"]))
