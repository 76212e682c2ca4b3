"""Faults that only validate sees, beside those of calls: system, stops, caps, counts, thinking, the cache."""

from collections.abc import Callable
from typing import Any

from chatproof.simulator.common_faults import Value, encoded_twice, put
from chatproof.simulator.fault import Alter, Turn, body, edited, json_of, page
from chatproof.simulator.fault import says as says_json
from chatproof.simulator.messages_faults.parts import events, instead, must, says, sent, should
from chatproof.simulator.wire import Reply, Script

_TOOLS, _PARAMETER, _USAGE = "contract.tools", "contract.parameter", "contract.usage"
_system = sent(lambda asked: isinstance(asked.get("system"), str))
_stops = sent(lambda asked: "stop_sequences" in asked)
_capped = sent(lambda asked: asked.get("max_tokens") == 16)
_later_turn = sent(
    lambda asked: (
        not {"tools", "thinking"} & asked.keys()
        and isinstance(asked.get("messages"), list)
        and len(asked["messages"]) == 3
    )
)
_named = sent(lambda asked: asked.get("tool_choice") == {"type": "tool", "name": "record_number"})
_none = sent(lambda asked: asked.get("tool_choice") == {"type": "none"})
_outside_ascii = sent(lambda asked: "tools" not in asked and not str(asked.get("messages")).isascii())
_claude = sent(lambda asked: "metadata" in asked)
_thinks = sent(lambda asked: "thinking" in asked and len(asked["messages"]) == 1, False)
_thinks_stream = sent(lambda asked: "thinking" in asked, True)
_thinks_on = sent(lambda asked: "thinking" in asked and len(asked["messages"]) == 3)


def _holds_result_in_blocks(asked: Value) -> bool:
    turns = asked.get("messages")
    blocks = [turn.get("content") for turn in turns] if isinstance(turns, list) else []
    return any(
        block.get("type") == "tool_result" and isinstance(block.get("content"), list)
        for content in blocks
        if isinstance(content, list)
        for block in content
    )


_result_in_blocks = sent(_holds_result_in_blocks)
_long = sent(lambda asked: len(str(asked.get("system"))) > 5000)


def _counting(turn: Turn) -> bool:
    return turn.asked.path.endswith("/count_tokens")


def _unsigned(all: list[Value]) -> list[Value]:
    return [one for one in all if one.get("delta", {}).get("type") != "signature_delta"]


def _begun_as_text(all: list[Value]) -> list[Value]:
    for one in all:
        if one.get("content_block", {}).get("type") == "thinking":
            one["content_block"] = {"type": "text", "text": ""}
    return all


def _in_tags(value: dict[str, Any]) -> None:
    thought, answer = value["content"]
    answer["text"] = f"<think>{thought['thinking']}</think>{answer['text']}"
    value["content"] = [answer]


def _uncounted(value: dict[str, Any]) -> None:
    value["usage"].pop("cache_read_input_tokens")
    value["usage"].pop("cache_creation_input_tokens")


def _first_blocks(turn: Turn) -> Reply | Script:
    turns = [{**one, "content": one["content"][:1]} for one in json_of(turn)["messages"]]
    return instead(messages=turns)(turn)


def _with_results(change: Callable[[list[Value]], list[Value]]) -> Alter:
    """What the same request would get with other results of tools in its last message."""

    def alter(turn: Turn) -> Reply | Script:
        *before, last = json_of(turn)["messages"]
        results = [one for one in last["content"] if one["type"] == "tool_result"]
        others = [one for one in last["content"] if one["type"] != "tool_result"]
        return instead(messages=[*before, {**last, "content": [*change(results), *others]}])(turn)

    return alter


ROWS = (
    should(
        "system-ignored", "The system prompt is ignored.", _PARAMETER, _system, instead(system=None), "system.heard"
    ),
    should(
        "stop-sequences-ignored",
        "Stop sequences are ignored.",
        _PARAMETER,
        _stops,
        instead(stop_sequences=None),
        "stop_sequences.kept",
    ),
    should(
        "stop-sequence-unnamed",
        "An answer that a stop sequence ends says end_turn.",
        _PARAMETER,
        _stops,
        edited(lambda value: value.update(stop_reason="end_turn", stop_sequence=None)),
        "stop_sequences.kept",
    ),
    should(
        "cap-ignored",
        "max_tokens is ignored.",
        "contract.max_tokens",
        _capped,
        instead(max_tokens=4096),
        "max_tokens.kept",
    ),
    should(
        "cap-unnamed",
        "An answer that max_tokens ends says end_turn.",
        "contract.max_tokens",
        _capped,
        put("end_turn", "stop_reason"),
        "max_tokens.kept",
    ),
    should(
        "system-lost-in-stream",
        "The system prompt is ignored in a stream.",
        _PARAMETER,
        sent(lambda asked: bool(asked.get("system")) and bool(asked.get("stream"))),
        instead(system=None),
        "system.streamed",
    ),
    should(
        "system-blocks-ignored",
        "A system prompt in a list of blocks is ignored.",
        _PARAMETER,
        sent(lambda asked: isinstance(asked.get("system"), list)),
        instead(system=None),
        "system.streamed",
    ),
    should(
        "cache-mark-refused",
        "cache_control is refused.",
        "request.unsupported_parameter",
        _claude,
        says(400, "system.1.cache_control: Extra inputs are not permitted"),
        "claude_code.accepted",
    ),
    should(
        "choice-ignored",
        "A tool_choice that names a tool is taken for auto.",
        _TOOLS,
        _named,
        instead(tool_choice={"type": "auto"}),
        "tools.named",
    ),
    should(
        "none-ignored",
        "A tool is called though tool_choice is none.",
        _TOOLS,
        _none,
        instead(tool_choice={"type": "auto"}),
        "tools.none",
    ),
    must(
        "turns-refused",
        "An earlier answer in blocks is refused.",
        "contract.messages",
        _later_turn,
        says(400, "messages.1.content: Input should be a valid string"),
        "turns.accepted",
    ),
    should(
        "turns-unread",
        "Only the last message of a conversation is read.",
        "contract.messages",
        _later_turn,
        instead(messages=[{"role": "user", "content": "Which word did I give you?"}]),
        "turns.heard",
    ),
    must(
        "unicode-refused",
        "Text outside ASCII is refused.",
        "contract.messages",
        _outside_ascii,
        says(400, "invalid unicode code point at line 1 column 60"),
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
        "beta-refused",
        "A request that names a beta is refused.",
        "contract.headers",
        lambda turn: bool(turn.asked.betas),
        says(400, "Unexpected value(s) `interleaved-thinking-2025-05-14` for the `anthropic-beta` header."),
        "claude_code.accepted",
    ),
    should(
        "first-block-alone",
        "Only the first block of a message is read.",
        "contract.messages",
        _later_turn,
        _first_blocks,
        "turns.heard",
    ),
    should(
        "blocks-unread",
        "The text of a message in blocks is not read.",
        "contract.messages",
        _claude,
        instead(messages=[{"role": "user", "content": ""}], tools=None),
        "claude_code.heard",
    ),
    should(
        "tool-result-blocks-unread",
        "A tool's result in blocks is not read.",
        _TOOLS,
        _claude,
        _with_results(lambda results: [{**one, "content": ""} for one in results]),
        "claude_code.results",
    ),
    should(
        "second-tool-result-lost",
        "Of two results in one message the second is lost.",
        _TOOLS,
        _claude,
        _with_results(lambda results: results[:1]),
        "claude_code.results",
    ),
    should(
        "tool-result-blocks-refused",
        "A tool's result in blocks is refused.",
        "contract.messages",
        _result_in_blocks,
        says(400, "messages.2.content.0.tool_result.content: Input should be a valid string"),
        "claude_code.accepted",
    ),
    should(
        "system-blocks-refused",
        "A system prompt in blocks is refused.",
        "contract.messages",
        _claude,
        says(400, "system: Input should be a valid string"),
        "claude_code.accepted",
    ),
    should(
        "tool-mark-refused",
        "Tools are refused when they are marked for the cache.",
        _TOOLS,
        _claude,
        says(400, "tools.0: Input does not match the expected shape"),
        "claude_code.accepted",
    ),
    should(
        "count-page",
        "The path that counts tokens gets a page.",
        _USAGE,
        _counting,
        page(404, "Not Found"),
        "count_tokens.answered",
    ),
    should(
        "count-zero",
        "Tokens are counted as 0.",
        _USAGE,
        _counting,
        says_json(200, {"input_tokens": 0}),
        "count_tokens.answered",
    ),
    should(
        "count-text",
        "The path that counts tokens is not known.",
        _USAGE,
        _counting,
        body(b"404 page not found", "text/plain", 404),
        "count_tokens.answered",
    ),
    should(
        "thinking-unsigned",
        "Thinking has no signature.",
        _PARAMETER,
        _thinks,
        edited(lambda value: value["content"][0].update(signature="")),
        "thinking.signed",
    ),
    should(
        "thinking-in-block-of-text",
        "Thinking is streamed in a block that began as text.",
        "contract.schema",
        _thinks_stream,
        events(_begun_as_text),
        "thinking.in_blocks",
    ),
    should(
        "thinking-in-tags",
        "Thinking stands in tags before the text.",
        "contract.content",
        _thinks,
        edited(_in_tags),
        "thinking.apart",
    ),
    should(
        "thinking-stream-unsigned",
        "Streamed thinking has no signature.",
        _PARAMETER,
        _thinks_stream,
        events(_unsigned),
        "thinking.streamed",
    ),
    should(
        "thinking-not-taken-back",
        "Thinking that is sent back is refused.",
        "contract.messages",
        _thinks_on,
        says(400, "messages.1.content.0: Invalid `signature` in `thinking` block"),
        "thinking.result",
    ),
    should(
        "cache-mark-fails",
        "A prompt that is marked for the cache fails under HTTP 200.",
        _PARAMETER,
        _long,
        says_json(200, {"error": "no cache"}),
        "cache.taken",
    )._replace(extras=("cache",)),
    should(
        "cache-not-read", "Nothing is read from the cache.", _PARAMETER, _long, edited(_uncounted), "cache.read"
    )._replace(extras=("cache",)),
)
