"""Faults that only validate sees: texts after a schema, instructions, caps, what is stored, the envelope."""

import json

from chatproof.simulator import responses
from chatproof.simulator.common_faults import Value, drop, encoded_twice, put
from chatproof.simulator.fault import Turn, edited, error, json_of
from chatproof.simulator.responses_faults.parts import asked_as, events, has, must, sent, should, with_text
from chatproof.simulator.wire import Reply

_SCHEMA, _USAGE, _PARAMETER = "contract.schema", "contract.usage", "contract.parameter"
_later_turn = sent(
    lambda asked: (
        not {"tools", "user"} & asked.keys() and isinstance(asked.get("input"), list) and len(asked["input"]) > 2
    )
)
_outside_ascii = sent(lambda asked: "tools" not in asked and not str(asked.get("input")).isascii())


def _plain(turn: Turn) -> bool:
    """Plain requests that ask for nothing else."""
    asked = json_of(turn)
    return with_text(turn) and set(asked) == {"model", "input", "stream", "store"} and not asked["store"]


def _cut(value: Value) -> None:
    [part] = (content := value["output"][0]["content"])
    content[:] = [{**part, "text": part["text"][:5]}, {**part, "text": part["text"][5:]}]


def _first_part(turn: Turn) -> Reply:
    asked = json_of(turn)
    given = [{**item, "content": item["content"][:1]} for item in asked["input"]]
    return responses.respond(turn.asked._replace(body=json.dumps({**asked, "input": given}).encode()))


ABILITIES = (
    should(
        "schema-in-parts",
        "The JSON that a schema asks for is cut into two parts.",
        "contract.structured_output",
        has("text", False),
        edited(_cut),
        "json_schema.honoured",
    ),
    should(
        "schema-ignored",
        "A schema is ignored.",
        "contract.structured_output",
        has("text"),
        put("pong has 4 letters", "output", 0, "content", 0, "text"),
        "json_schema.honoured",
    ),
    should(
        "instructions-ignored",
        "Instructions are ignored.",
        _PARAMETER,
        sent(lambda asked: asked.get("input") == "Hello." and "instructions" in asked),
        asked_as("instructions"),
        "instructions.heard",
    ),
    should(
        "instructions-lost-in-stream",
        "Instructions are ignored in a stream.",
        _PARAMETER,
        has("instructions", stream=True),
        asked_as("instructions"),
        "instructions.streamed",
    ),
    should(
        "cap-ignored",
        "max_output_tokens is ignored.",
        "contract.max_tokens",
        has("max_output_tokens"),
        asked_as("max_output_tokens"),
        "max_output_tokens.kept",
    ),
    should(
        "cap-says-completed",
        "An incomplete answer says that it is completed.",
        "contract.max_tokens",
        has("max_output_tokens"),
        put("completed", "status"),
        "max_output_tokens.kept",
    ),
    should(
        "cap-without-reason",
        "An incomplete answer does not say why.",
        "contract.max_tokens",
        has("max_output_tokens"),
        put(None, "incomplete_details"),
        "max_output_tokens.kept",
    ),
    should(
        "tool-kinds-refused",
        "Tools other than functions are refused.",
        "contract.tools",
        has("prompt_cache_key"),
        error(400, "'type' of tool must be 'function'", param="tools"),
        "codex.accepted",
    ),
    should(
        "include-refused",
        "`include` is refused.",
        "request.unsupported_parameter",
        has("include"),
        error(400, "Unknown parameter: 'include'.", "unknown_parameter", param="include"),
        "codex.accepted",
    ),
    should(
        "developer-refused",
        "A message of the role developer is refused.",
        "contract.messages",
        has("prompt_cache_key"),
        error(400, "Invalid role 'developer': must be one of system, user, assistant.", param="input[0].role"),
        "codex.accepted",
    ),
    should(
        "array-unread",
        "Messages in an array of input items are not read.",
        "contract.messages",
        has("prompt_cache_key"),
        put("Hello! How can I help you?", "output", 0, "content", 0, "text"),
        "codex.heard",
    ),
    must(
        "turns-refused",
        "An earlier answer in parts is refused.",
        "contract.messages",
        _later_turn,
        error(
            400, "Invalid value: 'output_text'. Supported values are: 'input_text'.", param="input[1].content[0].type"
        ),
        "turns.accepted",
    ),
    should(
        "first-part-alone",
        "Only the first part of a message is read.",
        "contract.messages",
        _later_turn,
        _first_part,
        "turns.heard",
    ),
    should(
        "turns-unread",
        "Only the last message of a conversation is read.",
        "contract.messages",
        _later_turn,
        put("You gave me no word.", "output", 0, "content", 0, "text"),
        "turns.heard",
    ),
    must(
        "unicode-refused",
        "Text outside ASCII is refused.",
        "contract.messages",
        _outside_ascii,
        error(400, "invalid unicode code point at line 1 column 60"),
        "unicode.accepted",
    ),
    should(
        "unicode-garbled",
        "Streamed text outside ASCII is encoded twice.",
        "contract.messages",
        _outside_ascii,
        events(encoded_twice),
        "unicode.intact",
    ),
    should(
        "list-unread",
        "The parts of a message in a list are not read.",
        "contract.messages",
        sent(lambda asked: isinstance(asked.get("input"), list) and len(asked["input"]) == 1 and "tools" not in asked),
        put("Hello! How can I help you?", "output", 0, "content", 0, "text"),
        "input.heard",
    ),
    should(
        "store-without-id",
        "A stored response has no id.",
        _PARAMETER,
        sent(lambda asked: asked.get("store") is True and "previous_response_id" not in asked),
        drop("id"),
        "store.accepted",
    ),
    should(
        "previous-ignored",
        "previous_response_id is ignored.",
        _PARAMETER,
        sent(lambda asked: "previous_response_id" in asked and asked["store"] is False),
        asked_as("previous_response_id"),
        "store.recalled",
    ),
    should(
        "previous-ignored-always",
        "previous_response_id is ignored, even that of no response.",
        _PARAMETER,
        has("previous_response_id"),
        asked_as("previous_response_id"),
        "store.recalled",
        "error.unknown_previous.refused",
    ),
)

ENVELOPE = (
    should("metadata-missing", "The response has no metadata.", _SCHEMA, _plain, drop("metadata"), "envelope"),
    should("id-number", "The response's id is a number.", _SCHEMA, _plain, put(7, "id"), "envelope.id"),
    should("usage-sum", "The usage does not add up.", _USAGE, _plain, put(99, "usage", "total_tokens"), "usage.sum"),
    should(
        "usage-details-missing",
        "The usage has no details.",
        _USAGE,
        _plain,
        drop("usage", "input_tokens_details"),
        "usage.details",
    ),
)

ROWS = (*ABILITIES, *ENVELOPE)
