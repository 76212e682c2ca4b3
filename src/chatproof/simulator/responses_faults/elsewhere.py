"""Faults of one kind of reply alone: the plain one, which smoke asks for, is as it should be."""

from chatproof.simulator.common_faults import drop, put
from chatproof.simulator.fault import Turn, error, labelled, rewritten
from chatproof.simulator.responses_faults.parts import events, has, must, sent, should, streaming_call

_CAPPED, _FORMED = has("max_output_tokens", False), has("text", False)
_INSTRUCTED = sent(lambda asked: "instructions" in asked and asked.get("input") == "Hello.")
_ERROR = {"code": "insufficient_quota", "message": "You exceeded your current quota."}


def _forced(turn: Turn) -> bool:
    return sent(lambda asked: asked.get("tool_choice") not in (None, "auto"))(turn) and turn.reply.status == 200


ROWS = (
    must(
        "cap-unsafe-json",
        "A reply that is cut has a number that is not JSON.",
        "body.unsafe_json",
        _CAPPED,
        rewritten(lambda data: data[:-1] + b', "seconds": NaN}'),
        "elsewhere.body_json",
        "max_output_tokens.kept",
    ),
    must(
        "schema-mislabelled",
        "A reply that follows a schema is labelled text/plain.",
        "contract.media_type",
        _FORMED,
        labelled(media="text/plain"),
        "elsewhere.media_type_json",
    ),
    must(
        "instructed-with-error",
        "An error appears beside an answer to instructions.",
        "contract.error_present",
        _INSTRUCTED,
        put({"code": "server_error", "message": "upstream died"}, "error"),
        "elsewhere.no_error_field",
    ),
    must(
        "cap-without-output",
        "A reply that is cut has null in the place of its output.",
        "contract.choices_type",
        _CAPPED,
        put(None, "output"),
        "elsewhere.output",
    ),
    must(
        "schema-without-date",
        "A reply that follows a schema has no created_at.",
        "contract.schema",
        _FORMED,
        drop("created_at"),
        "elsewhere.form",
    ),
    must(
        "cap-content-null",
        "A message that is cut has null as its content.",
        "contract.content",
        _CAPPED,
        put(None, "output", 0, "content"),
        "elsewhere.content",
    ),
    must(
        "instructed-chat-usage",
        "The usage of an answer to instructions has chat's names.",
        "contract.usage",
        _INSTRUCTED,
        put({"prompt_tokens": 6, "completion_tokens": 1, "total_tokens": 7}, "usage"),
        "elsewhere.usage",
        "elsewhere.usage_reported",
    ),
    should(
        "instructed-without-usage",
        "An answer to instructions has no usage.",
        "contract.usage",
        _INSTRUCTED,
        drop("usage"),
        "elsewhere.usage_reported",
    ),
    should(
        "schema-without-annotations",
        "The text of a reply that follows a schema has no annotations.",
        "contract.schema",
        _FORMED,
        drop("output", 0, "content", 0, "annotations"),
        "elsewhere.details",
    ),
    must(
        "call-stream-error",
        "The stream of a call ends in an error.",
        "stream.error",
        streaming_call,
        events(lambda all: [*all[:2], {"type": "error", "param": None, **_ERROR}]),
        "elsewhere.no_error",
    ),
    should(
        "force-refused",
        "A call is refused where it is forced, and tools are taken.",
        "contract.tools",
        _forced,
        error(400, "Only 'auto' is supported.", param="tool_choice"),
        "tools.called",
    ),
    should(
        "call-stream-refused",
        "A call is refused where a stream is asked for.",
        "contract.tools",
        streaming_call,
        error(400, "Tools cannot be streamed by this server.", param="stream"),
        "tools.stream.called",
    ),
    must(
        "list-refused",
        "Input in a list is refused.",
        "contract.messages",
        sent(lambda asked: isinstance(asked.get("input"), list)),
        error(400, "Invalid type for 'input': expected a string.", param="input"),
        "input.list",
    ),
)
