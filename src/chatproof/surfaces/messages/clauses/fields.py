"""The fields beside the answer: where they stand, they are of the type that the reference gives them."""

from chatproof.contract.clause import SCHEMA, SHOULD, SMOKE, Clauses, Context, Example, Outcome, broken, holds
from chatproof.evidence.field_types import ARRAY, NULL, NUMBER, OBJECT, STRING, misfit
from chatproof.evidence.reply import Reply
from chatproof.surfaces.event_examples import put
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.clauses.details import uncited
from chatproof.surfaces.messages.clauses.happy import SHAPE, shown
from chatproof.surfaces.messages.examples import (
    AI_SDK,
    CALLED,
    EVENTS,
    GOOD,
    STREAMED,
    altered,
    changed,
    on_stream,
    streamed,
)
from chatproof.surfaces.messages.view import kind_of

CLAUSES = Clauses(SMOKE)

_ENDED = {
    "stop_sequence": STRING + NULL,
    "container": OBJECT + NULL,
    "stop_details": OBJECT + NULL,
    "context_management": OBJECT + NULL,
    "usage.iterations": ARRAY + NULL,
    "usage.output_tokens_details": OBJECT + NULL,
}
_OF_EVENTS = {
    view.START: {
        "message.id": STRING + NULL,
        "message.model": STRING + NULL,
        "message.role": STRING + NULL,
        "message.stop_reason": STRING + NULL,
        "message.container": OBJECT + NULL,
        "message.usage.output_tokens": NUMBER + NULL,
    },
    view.END: {
        "delta.stop_sequence": STRING + NULL,
        "delta.container": OBJECT + NULL,
        "delta.stop_details": OBJECT + NULL,
        "context_management": OBJECT + NULL,
        "usage.iterations": ARRAY + NULL,
        "usage.output_tokens_details": OBJECT + NULL,
    },
}
_CITATION = {
    "type": "char_location",
    "cited_text": "a",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 1,
}
_NONE, _END = b'"stop_sequence":null', "message_delta"


def _cited(citation: object) -> Example:
    """The good stream with a delta that cites, between those of its text."""
    delta = {"type": "citations_delta", "citation": citation}
    return streamed([*EVENTS[:3], {**EVENTS[2], "delta": delta}, *EVENTS[3:]])


@CLAUSES.add(
    "messages.happy.field_types",
    layer=SCHEMA,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says=(
        "The fields other than the answer have the types of the reference: the stop_sequence, the "
        "container, the details of the end and of the usage. Tokens are counted in integers."
    ),
    source=AI_SDK,
    probe="happy",
    needs=("messages.happy.content_array",),
    why="If a type is wrong, the AI SDK refuses the complete reply: Invalid JSON response.",
    holds_on=(
        GOOD,
        altered(_NONE, b'"stop_sequence":"\\n"'),
        altered(_NONE, b'"container":null,"stop_details":null,"context_management":null'),
        altered(b'"output_tokens":4', b'"output_tokens":4,"iterations":null'),
    ),
    breaks_on=(
        altered(_NONE, b'"stop_sequence":7'),
        altered(_NONE, b'"container":"c_1"'),
        altered(_NONE, b'"context_management":[]'),
        altered(b'"output_tokens":4', b'"output_tokens":4,"iterations":"1"'),
        altered(b'"output_tokens":4', b'"output_tokens":4,"output_tokens_details":4'),
        altered(b'"output_tokens":4', b'"output_tokens":4.5'),
    ),
)
def field_types(reply: Reply, context: Context) -> Outcome:
    return _fits(reply.object, _ENDED, "$")


@on_stream(CLAUSES)(
    "field_types",
    "The fields other than the answer in message_start, message_delta, citations and signatures have the types of the "
    "reference. Tokens are counted in integers.",
    "If a type is wrong, the AI SDK refuses the event, and the answer ends with an error.",
    level=SHOULD,
    code="contract.schema",
    check=2,
    holds_on=(STREAMED, CALLED, changed(_END, put("\n", "delta", "stop_sequence")), _cited(_CITATION)),
    breaks_on=(
        changed("message_start", put(7, "message", "id")),
        changed("message_start", put([], "message", "container")),
        changed("message_start", put("1", "message", "usage", "output_tokens")),
        changed(_END, put(7, "delta", "stop_sequence")),
        changed(_END, put("c_1", "delta", "container")),
        changed(_END, put("1", "usage", "iterations")),
        changed(_END, put(4.5, "usage", "output_tokens")),
        changed("message_start", put(0.5, "message", "usage", "cache_read_input_tokens")),
        _cited(None),
        _cited({"type": "page_location"}),
        streamed([*EVENTS[:3], {**EVENTS[2], "delta": {"type": "signature_delta", "signature": None}}, *EVENTS[3:]]),
    ),
)
def stream_types(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        found = _fits(one, _OF_EVENTS.get(kind_of(one), {}), f"event {number}, $")
        if found.outcome != holds().outcome:
            return found
        delta = view.members(one.get("delta"))
        if delta.get("type") == "citations_delta" and (expected := uncited(delta.get("citation"))):
            return broken(f"event {number}, $.delta.citation", expected, shown(delta, "citation"))
        if delta.get("type") == view.SIGNATURE_DELTA and not isinstance(delta.get("signature"), str):
            return broken(f"event {number}, $.delta.signature", STRING, shown(delta, "signature"))
    return holds()


def _fits(value: view.Fields, types: dict[str, str], at: str) -> Outcome:
    path, expected = misfit(value, types)
    if not path:
        usage, above = view.members(value.get("usage")), f"{at}.usage"
        if "message" in value:
            usage, above = view.members(view.members(value["message"]).get("usage")), f"{at}.message.usage"
        for name in view.COUNTS:
            if isinstance(usage.get(name), float):
                return broken(f"{above}.{name}", "an integer", shown(usage, name))
        return holds()
    *holders, name = path.split(".")
    for holder in holders:
        value = view.members(value.get(holder))
    return broken(f"{at}.{path}", expected, shown(value, name))
