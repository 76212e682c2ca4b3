"""What stands in the items, and the usage: what the AI SDK refuses, and others do without."""

from collections.abc import Callable

from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    SMOKE,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    broken,
    holds,
)
from chatproof.evidence.field_types import ARRAY, NUMBER, STRING, misfit
from chatproof.evidence.json_values import is_integer, is_number
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import (
    BODY,
    COMETAPI,
    CONTENT,
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
COUNTS = ("input_tokens", "output_tokens")
USAGE = (*COUNTS, "total_tokens")
DETAILS = (("input_tokens_details", "cached_tokens"), ("output_tokens_details", "reasoning_tokens"))
PARTS = ("output_text", "refusal")
_HOSTED = {  # of an item that the server's own tools make, by its kind: the fields without which the AI SDK refuses it
    "web_search_call": {"id": STRING, "status": STRING},
    "file_search_call": {"id": STRING, "queries": ARRAY},
    "code_interpreter_call": {"id": STRING, "container_id": STRING},
    "image_generation_call": {"id": STRING, "result": STRING},
}
_SOURCES = {  # of an annotation, by its kind: the fields without which the AI SDK refuses it
    "url_citation": {"start_index": NUMBER, "end_index": NUMBER, "url": STRING, "title": STRING},
    "file_citation": {"file_id": STRING, "filename": STRING, "index": NUMBER},
    "container_file_citation": {
        "container_id": STRING,
        "file_id": STRING,
        "filename": STRING,
        "start_index": NUMBER,
        "end_index": NUMBER,
    },
    "file_path": {"file_id": STRING, "index": NUMBER},
}
_UNCOUNTED = BODY[: BODY.index(b',"usage"')]


@clause(
    "responses.happy.message_once",
    layer=BEHAVIOUR,
    area=SHAPE,
    code="contract.schema",
    says="No message has the id of an earlier one.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.content_non_empty",),
    why="openai-python, openai-node, the AI SDK and LangChain join the texts of all messages: users see it twice.",
    holds_on=(
        GOOD,
        with_output(ITEM, ITEM.replace(b"msg_1", b"msg_2")),
        with_output(THOUGHT.replace(b"rs_1", b"msg_1"), ITEM),
        with_output(*[ITEM.replace(b'"id":"msg_1",', b"")] * 2),
    ),
    breaks_on=(with_output(ITEM, ITEM), with_output(THOUGHT, ITEM, ITEM)),
)
def message_once(reply: Reply, context: Context) -> Outcome:
    ids: set[str] = set()
    for number, item in enumerate(view.output(reply.object)):
        id = item.get("id")
        if item.get("type") == view.MESSAGE and isinstance(id, str):
            if id in ids:
                return broken(f"$.output[{number}].id", "an id that no earlier message has", quote(id))
            ids.add(id)
    return holds()


@clause(
    "responses.happy.usage",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.usage",
    says="`usage`, if reported, has input_tokens and output_tokens as whole numbers.",
    source=COMETAPI,
    probe="happy",
    needs=("responses.happy.output_array",),
    why="The AI SDK refuses the complete reply if it has chat's names; LangChain raises if a count is not an integer.",
    holds_on=(
        GOOD,
        body(_UNCOUNTED + b"}"),
        body(_UNCOUNTED + b',"usage":null}'),
        altered(b',"total_tokens":7', b""),
        altered(b'"input_tokens":6', b'"input_tokens":6.0'),
    ),
    breaks_on=(
        altered(b'{"input_tokens":6,"output_tokens":1,', b'{"prompt_tokens":6,"completion_tokens":1,'),
        altered(b'"input_tokens":6', b'"input_tokens":"6"'),
        altered(b'"output_tokens":1', b'"output_tokens":null'),
        altered(b'{"input_tokens":6,"output_tokens":1,"total_tokens":7}', b"7"),
        altered(b'"input_tokens":6', b'"input_tokens":6.5'),
    ),
)
def usage(reply: Reply, context: Context) -> Outcome:
    return usage_of(reply.object, "$", COUNTS, _is_whole)


def _is_whole(value: Json) -> bool:
    """6.0 is 6 to every client measured that reads a plain reply; Codex, which refuses it, reads streams alone."""
    return is_integer(value) or (isinstance(value, float) and value.is_integer())


def usage_of(
    response: dict[str, Json], at: str, names: tuple[str, ...] = USAGE, counts: Callable[[Json], bool] = is_integer
) -> Outcome:
    """Whether a response's usage has the names of this API, where it has one."""
    found = response.get("usage")
    if found is None:
        return holds("none is reported")
    if not isinstance(found, dict):
        return broken(f"{at}.usage", "an object", quote(found))
    for name in names:
        if not counts(found.get(name)):
            return broken(f"{at}.usage.{name}", "an integer", shown(found, name))
    return holds()


def _detailed(details: bytes) -> Example:
    return altered(b'"total_tokens":7', b'"total_tokens":7,' + details)


@clause(
    "responses.happy.usage_reported",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.usage",
    level=SHOULD,
    says="`usage` is reported, with total_tokens; the counts in its details, if present, are integers.",
    source=COMETAPI,
    probe="happy",
    needs=("responses.happy.usage",),
    why=(
        "Without it, LangChain counts zero tokens, and budgets have no numbers; typed clients need the total, and "
        "the AI SDK refuses the complete reply if a detail has a wrong type."
    ),
    holds_on=(
        GOOD,
        _detailed(b'"input_tokens_details":null,"output_tokens_details":{}'),
        _detailed(b'"input_tokens_details":{"cached_tokens":null},"output_tokens_details":{"reasoning_tokens":3}'),
    ),
    breaks_on=(
        body(_UNCOUNTED + b"}"),
        body(_UNCOUNTED + b',"usage":null}'),
        altered(b',"total_tokens":7', b""),
        altered(b'"total_tokens":7', b'"total_tokens":"7"'),
        _detailed(b'"input_tokens_details":0'),
        _detailed(b'"output_tokens_details":{"reasoning_tokens":"0"}'),
        altered(b'"input_tokens":6', b'"input_tokens":6.0'),
    ),
)
def usage_reported(reply: Reply, context: Context) -> Outcome:
    usage = view.members(reply.object.get("usage"))
    if not usage:
        return broken("$.usage", "the counts of tokens", shown(reply.object, "usage"))
    for held, name in DETAILS:
        details = usage.get(held)
        if not isinstance(details, dict | None):
            return broken(f"$.usage.{held}", "an object or null", shown(usage, held))
        if details and details.get(name) is not None and not is_integer(details[name]):
            return broken(f"$.usage.{held}.{name}", "an integer or null", shown(details, name))
    return usage_of(reply.object, "$")


@clause(
    "responses.happy.items",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="Each item has the fields of its kind: messages and reasoning items have an id; a "
    "message has the role assistant; a reasoning item has its summary, an array of texts; a search has its "
    "status or its queries. A phase is one of two values, and encrypted content is a string.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.output_array",),
    why="The AI SDK refuses the complete reply: Invalid JSON response.",
    holds_on=(
        GOOD,
        REASONED,
        with_output(b'{"id":"ws_1","type":"web_search_call","status":"completed"}', ITEM),
        with_output(THOUGHT.replace(b"[]", b'[{"type":"summary_text","text":"Hm."}],"encrypted_content":"gAA"'), ITEM),
        altered(b'"role":"assistant"', b'"phase":"final_answer","role":"assistant"'),
        altered(b'"role":"assistant"', b'"phase":null,"role":"assistant"'),
        altered(b'"role":"assistant"', b'"phase":"commentary","role":"assistant"'),
        with_output(b'{"type":"vendor_note","phase":7,"encrypted_content":7}', ITEM),
    ),
    breaks_on=(
        altered(b'"id":"msg_1",', b""),
        altered(b'"id":"msg_1"', b'"id":7'),
        altered(b'"role":"assistant",', b""),
        altered(b'"role":"assistant"', b'"role":"model"'),
        with_output(THOUGHT.replace(b',"summary":[]', b""), ITEM),
        with_output(THOUGHT.replace(b'"summary":[]', b'"summary":null'), ITEM),
        with_output(b'{"id":"ws_1","type":"web_search_call"}', ITEM),
        with_output(b'{"id":"fs_1","type":"file_search_call","status":"completed"}', ITEM),
        with_output(THOUGHT.replace(b"[]", b'["Hm."]'), ITEM),
        with_output(THOUGHT.replace(b"[]", b'[{"type":"text","text":"Hm."}]'), ITEM),
        with_output(THOUGHT.replace(b"[]", b'[{"type":"summary_text","text":null}]'), ITEM),
        with_output(THOUGHT.replace(b"[]", b'[],"encrypted_content":7'), ITEM),
        altered(b'"role":"assistant"', b'"phase":"answer","role":"assistant"'),
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
    if kind == view.MESSAGE and item.get("phase") not in (None, "commentary", "final_answer"):
        return "phase", "commentary, final_answer or null"
    if kind == view.REASONING and not _is_summary(item.get("summary")):
        return "summary", "an array of parts of type summary_text, each with its text"
    if kind == view.REASONING and not isinstance(item.get("encrypted_content"), str | None):
        return "encrypted_content", "a string or null"
    return misfit(item, _HOSTED.get(str(kind), {}))


def _is_summary(value: Json) -> bool:
    return isinstance(value, list) and all(
        isinstance(part, dict) and part.get("type") == "summary_text" and isinstance(part.get("text"), str)
        for part in value
    )


def _annotated(notes: bytes) -> Example:
    return altered(b'"annotations":[]', b'"annotations":[' + notes + b"]")


@clause(
    "responses.happy.annotations",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says=(
        "Each part of type `output_text` has an array of annotations with the reference's kinds "
        "and fields; its logprobs, if present, are an array of tokens with their numbers."
    ),
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.message_shape",),
    why="If a kind or a field is wrong, the AI SDK refuses the complete reply: Invalid JSON response.",
    holds_on=(
        GOOD,
        with_content(b"[]"),
        _annotated(
            b'{"type":"url_citation","start_index":0,"end_index":4,"url":"https://a.example","title":"A"},'
            b'{"type":"file_path","file_id":"f_1","index":0,"x_more":1}'
        ),
        altered(b'"annotations":[]', b'"annotations":[],"logprobs":[]'),
        altered(b'"annotations":[]', b'"annotations":[],"logprobs":null'),
        altered(
            b'"annotations":[]',
            b'"annotations":[],"logprobs":[{"token":"pong","logprob":-0.1,"top_logprobs":[{"token":"a","logprob":-1}]}]',
        ),
        with_output(b'{"type":"vendor_note","content":[{"type":"output_text"}]}', ITEM),
        with_content(b'[{"type":"refusal","refusal":"no"},' + CONTENT[1:]),
    ),
    breaks_on=(
        altered(b',"annotations":[]', b""),
        altered(b'"annotations":[]', b'"annotations":null'),
        _annotated(b'"https://a.example"'),
        _annotated(b'{"type":"vendor_note","text":"x"}'),
        _annotated(b'{"type":"url_citation","url":"https://a.example"}'),
        _annotated(b'{"type":"file_path","file_id":"f_1","index":"0"}'),
        altered(b'"annotations":[]', b'"annotations":[],"logprobs":{}'),
        altered(b'"annotations":[]', b'"annotations":[],"logprobs":[-0.1]'),
        altered(b'"annotations":[]', b'"annotations":[],"logprobs":[{"logprob":-0.1,"top_logprobs":[]}]'),
        altered(
            b'"annotations":[]', b'"annotations":[],"logprobs":[{"token":"pong","logprob":"-0.1","top_logprobs":[]}]'
        ),
        altered(b'"annotations":[]', b'"annotations":[],"logprobs":[{"token":"pong","logprob":-0.1}]'),
    ),
)
def annotations(reply: Reply, context: Context) -> Outcome:
    for number, item in enumerate(view.output(reply.object)):
        for place, part in enumerate(view.objects(item.get("content")) if item.get("type") == view.MESSAGE else ()):
            field, expected = _misread(part) if part.get("type") == view.TEXT else ("", "")
            if field:
                held = field.partition("[")[0]
                return broken(f"$.output[{number}].content[{place}].{field}", expected, shown(part, held))
    return holds()


def _misread(part: view.Fields) -> tuple[str, str]:
    """(which member of a text's part, what it must be) of the first that the AI SDK refuses; ("", "") where none is."""
    found = part.get("annotations")
    if not isinstance(found, list):
        return "annotations", "an array"
    for number, note in enumerate(found):
        expected = annotation_misread(note)
        if expected:
            return f"annotations[{number}]", expected
    logprobs = part.get("logprobs")
    if logprobs is not None and not is_logprobs(logprobs):
        return "logprobs", "null, or an array of objects with token, logprob and top_logprobs"
    return "", ""


def annotation_misread(note: Json) -> str:
    """What an annotation must be, where the AI SDK refuses it; empty where it does not."""
    if not isinstance(note, dict) or (fields := _SOURCES.get(str(note.get("type")))) is None:
        return f"an object whose type is one of {', '.join(_SOURCES)}"
    name, wanted = misfit(note, fields)
    return f"{note['type']} with {name}, {wanted}" if name else ""


def is_logprobs(value: Json, inner: bool = False) -> bool:
    """Whether it is a list of tokens with their numbers."""
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and isinstance(one.get("token"), str)
        and is_number(one.get("logprob"))
        and (inner or is_logprobs(one.get("top_logprobs"), True))
        for one in value
    )


@clause(
    "responses.happy.known_items",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="Each item, and each part of a message, is of a kind that the reference names.",
    source=OPEN_RESPONSES,
    probe="happy",
    needs=("responses.happy.message_shape", "responses.happy.content_non_empty"),
    why="Other kinds are legal, but the AI SDK refuses the complete reply because of one: Invalid JSON response.",
    holds_on=(
        GOOD,
        REASONED,
        with_output(b'{"type":"web_search_call","id":"ws_1"}', ITEM),
        with_output(THOUGHT.replace(b"[]", b'[],"content":[{"type":"reasoning_text"}]'), ITEM),
    ),
    breaks_on=(
        with_output(b'{"type":"vendor:search","id":"v_1"}', ITEM),
        with_content(CONTENT[:-1] + b',{"type":"vendor:note","note":"x"}]'),
    ),
)
def known_items(reply: Reply, context: Context) -> Outcome:
    for number, item in enumerate(view.output(reply.object)):
        kind = item.get("type")
        if not isinstance(kind, str) or kind not in ITEMS:
            return broken(f"$.output[{number}].type", "a type of the reference", quote(kind))
        for place, part in enumerate(view.objects(item.get("content")) if kind == view.MESSAGE else ()):
            if part.get("type") not in PARTS:
                at = f"$.output[{number}].content[{place}].type"
                return broken(at, "output_text or refusal", quote(part.get("type")))
    return holds()
