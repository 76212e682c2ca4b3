"""What the plain response owes, on every other response and stream of the run."""

from chatproof.contract.clause import BEHAVIOUR, OPENAI_SPEC, SHOULD, VALIDATE, Clauses, Context, Outcome, holds
from chatproof.evidence.reply import Reply
from chatproof.surfaces.elsewhere import Elsewhere
from chatproof.surfaces.event_examples import event
from chatproof.surfaces.responses.clauses import fields, happy, items, stream
from chatproof.surfaces.responses.clauses.happy import GOOD, ITEM, altered, body, with_content, with_output
from chatproof.surfaces.responses.clauses.validate import envelope
from chatproof.surfaces.responses.examples import CALL_EVENTS, CALLED, streamed

CLAUSES = Clauses(VALIDATE)
# `tools.form` and `tools.message` judge the reply to the forced call, `tools.stream.in_order` its stream.
_OTHERS = Elsewhere(CLAUSES, "responses", GOOD, OPENAI_SPEC, spared=("tools",))
_ERROR = {"type": "error", "code": "server_error", "message": "upstream died", "param": None}


def texts(reply: Reply, context: Context) -> Outcome:
    """Judge whether each text is a string; an answer that is cut may have none."""
    return happy.unread_text(reply) or holds()


_OTHERS.add_json("openai-node returns a plain string if the type is not JSON.")
_OTHERS.add(
    "no_error_field",
    "In every reply besides the plain ones, no error appears beside an answer either (null is allowed).",
    "LangChain raises on it, and the AI SDK refuses the reply.",
    (happy.no_error_field,),
    breaks_on=(altered(b'"error":null', b'"error":{"code":"server_error","message":"boom"}'),),
    code="",
    layer=BEHAVIOUR,
    area="Error response shape",
)
_OTHERS.add(
    "output",
    "The `output` of every response besides the plain one also is an array of objects, each with a string `type`.",
    "openai-python, openai-node, the AI SDK and LangChain read it without a check: TypeError.",
    (happy.output_array,),
    breaks_on=(
        altered(b'"output":[' + ITEM + b"],", b""),
        altered(b"[" + ITEM + b"]", b"null"),
        with_output(b"null", ITEM),
        with_output(ITEM.replace(b'"type":"message",', b"")),
        body(b"[]"),
    ),
    code="contract.choices_type",
    holds_on=(GOOD, altered(b"[" + ITEM + b"]", b"[]")),
    of=_OTHERS.is_json,
)
_OTHERS.add(
    "form",
    "Every response besides the plain one also is an object of the name `response`, with a date.",
    "The AI SDK makes a date from created_at, and openai-node creates `output_text` only for an object of this name.",
    (happy.named, happy.created_at),
    breaks_on=(
        altered(b'"object":"response",', b""),
        altered(b'"object":"response"', b'"object":"chat.completion"'),
        altered(b'"created_at":1795379441,', b""),
        altered(b"1795379441", b'"1795379441"'),
    ),
)
_OTHERS.add(
    "content",
    "Every message besides the plain one also has its `content` in an array of parts, and its texts are strings.",
    "openai-python, openai-node, the AI SDK and LangChain read the parts: they fail on a string, or show no answer.",
    (happy.message_shape, texts),
    breaks_on=(
        with_content(b"null"),
        with_content(b'"pong"'),
        with_content(b'[{"text":"pong"}]'),
        with_content(b'[{"type":"output_text","text":null}]'),
    ),
    code="contract.content",
    holds_on=(GOOD, with_content(b"[]")),
)
_OTHERS.add(
    "usage",
    "In every response besides the plain one, `usage`, if reported, also has input_tokens and output_tokens as whole "
    "numbers.",
    "The AI SDK refuses the complete reply if it has chat's names; LangChain raises if a count is not an integer.",
    (items.usage,),
    breaks_on=(
        altered(b'{"input_tokens":6,"output_tokens":1,', b'{"prompt_tokens":6,"completion_tokens":1,'),
        altered(b'"output_tokens":1', b'"output_tokens":null'),
        altered(b'"input_tokens":6', b'"input_tokens":6.5'),
    ),
    code="contract.usage",
)
_OTHERS.add(
    "usage_reported",
    "In every response besides the plain one, `usage` is also reported, with its total and sound details.",
    "LangChain counts zero tokens, and the AI SDK refuses the complete reply if a detail has a wrong type.",
    (items.usage_reported,),
    breaks_on=(
        altered(b',"usage":{"input_tokens":6,"output_tokens":1,"total_tokens":7}', b""),
        altered(b',"total_tokens":7', b""),
        altered(b'"total_tokens":7', b'"total_tokens":7,"input_tokens_details":0'),
    ),
    code="contract.usage",
    level=SHOULD,
)
_OTHERS.add(
    "details",
    "Every response besides the plain one also has complete items, annotations, and fields of the right types.",
    "The AI SDK refuses the complete reply: Invalid JSON response.",
    (
        envelope.id_string,
        items.complete_items,
        items.annotations,
        fields.field_types,
    ),
    breaks_on=(
        altered(b',"annotations":[]', b""),
        altered(b'"id":"msg_1",', b""),
        altered(b'"role":"assistant"', b'"role":"model"'),
        altered(b'"model":"m"', b'"model":7'),
        altered(b'"id":"resp_1"', b'"id":7'),
    ),
    level=SHOULD,
)
_OTHERS.add(
    "no_error",
    "No event of any other stream contains an error, and its response does not fail.",
    "The answer ends early under status 200, and only clients that check for an error notice.",
    (stream.no_error,),
    breaks_on=(
        streamed(CALL_EVENTS[:2], event(_ERROR)),
        streamed(CALL_EVENTS[:2], b'event: error\ndata: {"message":"overloaded"}\n\n'),
        streamed(CALL_EVENTS[:2], event({"type": "response.failed", "response": {"id": "resp_1", "status": "failed"}})),
    ),
    code="stream.error",
    layer=BEHAVIOUR,
    area="Streaming",
    holds_on=(CALLED,),
    of=_OTHERS.is_stream,
)
