"""What stands in the items, and the usage: what the AI SDK refuses, and others do without."""

from chatproof.contract.clause import (
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    SMOKE,
    Clauses,
    Context,
    Outcome,
    Source,
    broken,
    holds,
)
from chatproof.evidence.json_values import is_integer
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import (
    BODY,
    COMETAPI,
    GOOD,
    ITEM,
    REASONED,
    SHAPE,
    THOUGHT,
    altered,
    body,
    shown,
    with_content,
    with_output,
)
from chatproof.surfaces.responses.kinds import ITEMS
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(SMOKE)
clause = CLAUSES.add

OPEN_RESPONSES = Source("https://github.com/openresponses/openresponses", "2026-11-28")
USAGE = ("input_tokens", "output_tokens", "total_tokens")
_UNCOUNTED = BODY[: BODY.index(b',"usage"')]


@clause(
    "responses.happy.usage",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.usage",
    says="`usage`, where it is reported, counts in input_tokens, output_tokens and total_tokens, as integers.",
    source=COMETAPI,
    probe="happy",
    needs=("responses.happy.output_array",),
    why="The AI SDK and Codex refuse chat's names (missing field input_tokens), and openai-python counts None.",
    holds_on=(GOOD, body(_UNCOUNTED + b"}"), body(_UNCOUNTED + b',"usage":null}')),
    breaks_on=(
        altered(b'{"input_tokens":6,"output_tokens":1,', b'{"prompt_tokens":6,"completion_tokens":1,'),
        altered(b'"input_tokens":6', b'"input_tokens":"6"'),
        altered(b'"output_tokens":1', b'"output_tokens":null'),
        altered(b',"total_tokens":7', b""),
        altered(b'{"input_tokens":6,"output_tokens":1,"total_tokens":7}', b"7"),
    ),
)
def usage(reply: Reply, context: Context) -> Outcome:
    return usage_of(reply.object, "$")


def usage_of(response: dict[str, Json], at: str) -> Outcome:
    """Whether a response's usage has the names of this API, where it has one."""
    found = response.get("usage")
    if found is None:
        return holds("none is reported")
    if not isinstance(found, dict):
        return broken(f"{at}.usage", "an object", quote(found))
    for name in USAGE:
        if not is_integer(found.get(name)):
            return broken(f"{at}.usage.{name}", "an integer", shown(found, name))
    return holds()


@clause(
    "responses.happy.usage_reported",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.usage",
    level=SHOULD,
    says="`usage` is reported.",
    source=COMETAPI,
    probe="happy",
    needs=("responses.happy.usage",),
    why="Codex and LangChain count nothing without it, and budgets are blind.",
    holds_on=(GOOD,),
    breaks_on=(body(_UNCOUNTED + b"}"), body(_UNCOUNTED + b',"usage":null}')),
)
def usage_reported(reply: Reply, context: Context) -> Outcome:
    if reply.object.get("usage"):
        return holds()
    return broken("$.usage", "the counts of tokens", shown(reply.object, "usage")[:80])


@clause(
    "responses.happy.items",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="Each item has what its kind must have: a message and a reasoning item an id, a message the role assistant, a "
    "reasoning item its summary.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.output_array",),
    why="The AI SDK refuses the whole reply: Invalid JSON response.",
    holds_on=(GOOD, REASONED),
    breaks_on=(
        altered(b'"id":"msg_1",', b""),
        altered(b'"id":"msg_1"', b'"id":7'),
        altered(b'"role":"assistant",', b""),
        altered(b'"role":"assistant"', b'"role":"model"'),
        with_output(THOUGHT.replace(b',"summary":[]', b""), ITEM),
        with_output(THOUGHT.replace(b'"summary":[]', b'"summary":null'), ITEM),
        with_output(THOUGHT.replace(b'"id":"rs_1",', b""), ITEM),
    ),
)
def complete_items(reply: Reply, context: Context) -> Outcome:
    for number, item in enumerate(view.output(reply.object)):
        field, expected = incomplete(item)
        if field:
            return broken(f"$.output[{number}].{field}", expected, shown(item, field))
    return holds()


def incomplete(item: dict[str, Json]) -> tuple[str, str]:
    """(which field of an item, what it must be) of the first that is missing or wrong; ("", "") where none is."""
    kind = item.get("type")
    if kind in (view.MESSAGE, view.REASONING, view.CALL) and not isinstance(item.get("id"), str):
        return "id", "a string"
    if kind == view.MESSAGE and item.get("role") != "assistant":
        return "role", "assistant"
    if kind == view.REASONING and not isinstance(item.get("summary"), list):
        return "summary", "an array"
    return ("", "")


@clause(
    "responses.happy.annotations",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="Each part of type `output_text` has an array of annotations.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.message_shape",),
    why="The AI SDK refuses the whole reply without it: Invalid JSON response.",
    holds_on=(GOOD, with_content(b"[]")),
    breaks_on=(altered(b',"annotations":[]', b""), altered(b'"annotations":[]', b'"annotations":null')),
)
def annotations(reply: Reply, context: Context) -> Outcome:
    for number, item in enumerate(view.output(reply.object)):
        for place, part in enumerate(view.objects(item.get("content")) if item.get("type") == view.MESSAGE else ()):
            if part.get("type") == view.TEXT and not isinstance(part.get("annotations"), list):
                at = f"$.output[{number}].content[{place}].annotations"
                return broken(at, "an array", shown(part, "annotations"))
    return holds()


@clause(
    "responses.happy.known_items",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="Each item is of a kind that the reference names.",
    source=OPEN_RESPONSES,
    probe="happy",
    needs=("responses.happy.output_array",),
    why="Other kinds are legal, and the AI SDK refuses the whole reply at one: Invalid JSON response.",
    holds_on=(GOOD, REASONED, with_output(b'{"type":"web_search_call","id":"ws_1"}', ITEM)),
    breaks_on=(with_output(b'{"type":"vendor:search","id":"v_1"}', ITEM),),
)
def known_items(reply: Reply, context: Context) -> Outcome:
    for number, item in enumerate(view.output(reply.object)):
        if item.get("type") not in ITEMS:
            return broken(f"$.output[{number}].type", "a kind of the reference", quote(item.get("type")))
    return holds()
