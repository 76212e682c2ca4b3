"""Faults of values that have the right type: counts and ids that cannot be, texts that lost something, and requests
of every day that are refused."""

from typing import Any

from chatproof.simulator.common_faults import cut_after, encoded_twice, put
from chatproof.simulator.fault import Turn, edited, json_of, page
from chatproof.simulator.fault import says as says_json
from chatproof.simulator.messages import credential
from chatproof.simulator.messages_faults.parts import events, instead, let_in, must, plain, says, sent, should
from chatproof.simulator.wire import GOOD, WRONG, Reply, Script

_SCHEMA, _USAGE, _MESSAGES = "contract.schema", "contract.usage", "contract.messages"
_told = sent(lambda asked: isinstance(asked.get("system"), str) and asked["messages"][0]["content"] == "Hello.")
_everyday = sent(lambda asked: "stream" not in asked and "max_tokens" in asked and len(asked["messages"]) == 2)
_outside_ascii = sent(lambda asked: "tools" not in asked and not str(asked.get("messages")).isascii())
_streamed = sent(lambda asked: not {"tools", "system", "thinking"} & asked.keys(), True)
_long = sent(lambda asked: len(str(asked.get("messages"))) > 2000)
_TEXT = ("content", 0, "text")


def _counting(turn: Turn) -> bool:
    return turn.asked.path.endswith("/count_tokens")


def _garbled(value: dict[str, Any]) -> None:
    value["content"] = encoded_twice(value["content"])


def _on_one_line(value: dict[str, Any]) -> None:
    [block] = value["content"]
    block["text"] = block["text"].replace("\n", "")


def _trimmed(all: list[Any]) -> list[Any]:
    for one in all:
        if "text" in one.get("delta", {}):
            one["delta"]["text"] = one["delta"]["text"].replace(" ", "")
    return all


def _call_garbled(all: list[Any]) -> list[Any]:
    for one in all:
        if "partial_json" in one.get("delta", {}):
            one["delta"]["partial_json"] = one["delta"]["partial_json"].replace("ï", "\ufffd")
    return all


def _one_token(all: list[Any]) -> list[Any]:
    for one in all:
        if one["type"] == "message_delta":
            one["usage"]["output_tokens"] = 1
    return all


def _cut_off(turn: Turn) -> Reply | Script:
    return instead(messages=cut_after(1000, json_of(turn)["messages"]))(turn)


def _first_of_system(turn: Turn) -> Reply | Script:
    return instead(system=json_of(turn)["system"][:1])(turn)


def _input_again(all: list[Any]) -> list[Any]:
    for one in all:
        if one["type"] == "message_delta":
            one["usage"]["input_tokens"] = 2 * all[0]["message"]["usage"]["input_tokens"]
    return all


ROWS = (
    should(
        "stream-counts-input-twice",
        "A stream counts its input twice.",
        _USAGE,
        _streamed,
        events(_input_again),
        "usage.streamed_input",
    ),
    should(
        "empty-text-before-call",
        "An empty text stands before a call.",
        _SCHEMA,
        sent(lambda asked: (asked.get("tool_choice") or {}).get("name") == "record_word", False),
        edited(lambda value: value["content"].insert(0, {"type": "text", "text": ""})),
        "tools.no_empty_text",
    ),
    should("texts-cut", "Texts are cut off after 1,000 characters.", _MESSAGES, _long, _cut_off, "turns.places"),
    should(
        "second-system-block-lost",
        "Of the blocks of the system prompt the first alone is read.",
        _MESSAGES,
        sent(lambda asked: "metadata" in asked),
        _first_of_system,
        "system.blocks",
    ),
    should(
        "counts-always-the-same",
        "The usage counts 9 tokens for every prompt.",
        _USAGE,
        _long,
        put(9, "usage", "input_tokens"),
        "usage.long_counted",
    ),
    should(
        "counts-far-too-many",
        "The usage counts 180,000 tokens too many.",
        _USAGE,
        plain,
        put(180_006, "usage", "input_tokens"),
        "usage.plausible",
    ),
    should(
        "stream-counts-one-token",
        "A stream counts one token for its answer.",
        _USAGE,
        _outside_ascii,
        events(_one_token),
        "usage.streamed_whole",
    ),
    should("another-model", "Another model answers.", _SCHEMA, plain, put("another-kind", "model"), "model.answers"),
    should("same-id-always", "Every message has the same id.", _SCHEMA, plain, put("msg_0001", "id"), "ids.fresh"),
    should(
        "unicode-garbled-unstreamed",
        "Text outside ASCII is encoded twice in what is not streamed.",
        _MESSAGES,
        _told,
        edited(_garbled),
        "unicode.unstreamed",
    ),
    should(
        "line-breaks-lost", "Line breaks are taken out.", _MESSAGES, _told, edited(_on_one_line), "unicode.unstreamed"
    ),
    should(
        "spaces-lost-in-stream",
        "Spaces are taken out of a stream.",
        _MESSAGES,
        _outside_ascii,
        events(_trimmed),
        "unicode.intact",
    ),
    should(
        "call-garbled-in-stream",
        "A letter outside ASCII in a streamed call is replaced.",
        _MESSAGES,
        sent(lambda asked: "tools" in asked, True),
        events(_call_garbled),
        "tools.stream_intact",
    ),
    should(
        "tool-result-emptied",
        "The model gets an empty result of its tool.",
        "contract.tools",
        sent(lambda asked: "receipt" in str(asked.get("messages")) and "metadata" not in asked),
        put("The tool has recorded the word pong.", *_TEXT),
        "tools.result_heard",
    ),
    should(
        "roles-must-alternate",
        "Two messages of the user in a row are refused.",
        _MESSAGES,
        _everyday,
        says(400, "messages: roles must alternate between user and assistant"),
        "everyday.accepted",
    ),
    should(
        "first-of-two-messages-lost",
        "Of two messages of the user in a row the first is not read.",
        _MESSAGES,
        _everyday,
        put("You gave me no word.", *_TEXT),
        "everyday.heard",
    ),
    must(
        "streams-unasked",
        "A request without stream gets a stream.",
        "contract.parameter",
        _everyday,
        instead(stream=True),
        "everyday.unstreamed",
    ),
    should(
        "any-tool-refused",
        "tool_choice any is refused.",
        "contract.tools",
        sent(lambda asked: asked.get("tool_choice") == {"type": "any"}),
        says(400, "tool_choice: only auto and a tool are supported"),
        "tools.parallel",
    ),
    should(
        "zero-refused",
        "temperature 0 is refused.",
        "contract.parameter",
        sent(lambda asked: asked.get("temperature") == 0),
        says(400, "temperature: must be greater than 0"),
        "everyday.cold",
    ),
    should(
        "query-unknown",
        "The path with ?beta=true is not known.",
        "request.unsupported_parameter",
        lambda turn: bool(turn.asked.betas),
        page(404, "404 Not Found"),
        "claude_code.accepted",
    ),
    should(
        "count-with-any-key",
        "The path for counts takes any key.",
        "contract.validation",
        lambda turn: _counting(turn) and credential(turn.asked) == WRONG,
        let_in,
        "count_tokens.keyed",
    ),
    should(
        "count-without-system",
        "The count leaves the system prompt out.",
        _USAGE,
        lambda turn: _counting(turn) and credential(turn.asked) == GOOD,
        says_json(200, {"input_tokens": 14}),
        "count_tokens.whole",
    ),
)
