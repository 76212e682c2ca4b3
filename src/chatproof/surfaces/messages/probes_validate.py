"""The rows of validate: what must not pass, and what clients use beyond the plain request."""

from collections.abc import Callable

from chatproof.contract.probe import ALIVE, INVALID, KEY, KEY_REFUSAL, Body, Probe
from chatproof.surfaces import everyday
from chatproof.surfaces.chat.probes_validate import TWO_LINES
from chatproof.surfaces.garbled import NAME
from chatproof.surfaces.messages import probes
from chatproof.surfaces.messages.probes import ASKING, PATH, PROMPT, VERSIONED, ask
from chatproof.surfaces.shared_probes import TURNS
from chatproof.surfaces.text_to_repeat import AFTER_IT, RULE, TO_REPEAT
from chatproof.surfaces.tool_result import OTHER_RESULT, RESULT

COUNT_PATH = f"{PATH}/count_tokens"
FUNCTION, OTHER_FUNCTION = "record_word", "record_number"
WORD_SCHEMA: Body = {
    "type": "object",
    "properties": {"word": {"type": "string", "description": "the word to record"}},
    "required": ["word"],
    "additionalProperties": False,
}
RECORDED: Body = {**WORD_SCHEMA, "properties": {"word": {"type": "string", "minLength": 1}}}
"""What the input of a forced call satisfies: the schema, and the word is there."""
_NUMBER_SCHEMA: Body = {
    "type": "object",
    "properties": {"number": {"type": "integer", "description": "the number to record"}},
    "required": ["number"],
    "additionalProperties": False,
}
ALLOWED = {FUNCTION: RECORDED, OTHER_FUNCTION: _NUMBER_SCHEMA}
"""What the input of a call of each tool satisfies."""
CAP = 16  # tokens
COUNTED = 120
"""Words of the system prompt whose tokens are counted; each is a token or more."""
COUNT_TO, STOP = 100, "17"
WORD = "pong"
BUDGET, ROOM = 1024, 4096  # tokens for thinking, the smallest that the API takes; for thinking and answer together
_RECORD = "Record the word pong."
_RECORD_NAME = f'Record the word "{NAME}".'
_RECORD_AND_SAY = f"{_RECORD} Then tell me the receipt that you were given for it."
_USER = "messages_count=1, stream=false"
_COUNT = f"Count from 1 to {COUNT_TO} in digits, separated by commas."
_PLAIN = ("happy", "happy.other_form")
BETA = ("anthropic-beta", "interleaved-thinking-2025-05-14")
"""The header in which Claude Code names the betas that it uses, with one of them."""
_REMINDER: Body = {"type": "text", "text": "<system-reminder>\nUse no tool for this.\n</system-reminder>"}
_LINES = 230
"""Of the prompt for the cache, 2,300 tokens or so: beginnings of 1,024 tokens or more are kept."""


def _tool(name: str, does: str, schema: Body) -> Body:
    return {"name": name, "description": does, "input_schema": schema}


_TOOL = _tool(FUNCTION, "Record one word.", WORD_SCHEMA)
_OTHER_TOOL = _tool(OTHER_FUNCTION, "Record one number.", _NUMBER_SCHEMA)
_FORCED = {"type": "tool", "name": FUNCTION}
_THINKING = {"type": "enabled", "budget_tokens": BUDGET}


def _both(stream: bool) -> Callable[[str], Body]:
    """A request for two calls in one turn."""
    return ask(
        f"Call {FUNCTION} for the word pong and {OTHER_FUNCTION} for the number 7, both in this one turn.",
        stream=stream,
        tools=[_TOOL, _OTHER_TOOL],
        tool_choice={"type": "any"},
    )


def _blocks(before: Body) -> list[Body]:
    found = before.get("content")
    return [block for block in found if isinstance(block, dict)] if isinstance(found, list) else []


_EARLIER = "toolu_chatproof0000000000001", "toolu_chatproof0000000000002"  # the ids of calls that another server made
_BOTH = f"Say the word {WORD}, {AFTER_IT}, and then the two receipts that the tool gave you."


def _round_trip(model: str, before: Body) -> Body:
    """The conversation after the call that the server made: its blocks as they came, and the tool's result."""
    blocks = _blocks(before)
    results = [
        {"type": "tool_result", "tool_use_id": block.get("id"), "content": RESULT}
        for block in blocks
        if block.get("type") == "tool_use"
    ]
    turns = [
        {"role": "user", "content": _RECORD_AND_SAY},
        {"role": "assistant", "content": blocks},
        {"role": "user", "content": results},
    ]
    return {**ask(tools=[_TOOL])(model), "messages": turns}


def _turns(model: str) -> Body:
    """A conversation of three turns in blocks, as the AI SDK and Claude Code send it."""
    turns = [{"role": role, "content": [{"type": "text", "text": text} for text in texts]} for role, texts in TURNS]
    return {**ask()(model), "messages": turns}


def _thinks_on(model: str, before: Body) -> Body:
    """The conversation after an answer with thinking: the blocks go back as they came, signatures and all."""
    turns = [
        {"role": "user", "content": PROMPT},
        {"role": "assistant", "content": _blocks(before)},
        {"role": "user", "content": PROMPT},
    ]
    return {**ask(thinking=_THINKING)(model), "max_tokens": ROOM, "messages": turns}


def _everyday(model: str) -> Body:
    """A request as applications write it: a temperature, and no `stream`."""
    asked = [{"role": "user", "content": text} for text in (everyday.GIVEN, everyday.ASKED)]
    return {"model": model, "max_tokens": probes.MOST, "messages": asked, everyday.TEMPERATURE: 0}


def _without_temperature(model: str) -> Body:
    """The same for a model that takes no temperature, or not this one."""
    return {name: value for name, value in _everyday(model).items() if name != everyday.TEMPERATURE}


def _claude_code(model: str) -> Body:
    """A request as Claude Code sends it: system and tools in blocks that are marked for the cache, metadata, and two
    earlier calls of one turn, whose results are lists of blocks."""
    marked = {"cache_control": {"type": "ephemeral"}}
    calls = [
        {"type": "tool_use", "id": id, "name": FUNCTION, "input": {"word": word}}
        for id, word in zip(_EARLIER, ("ping", "pang"), strict=True)
    ]
    results = [
        {"type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": text}], "is_error": False}
        for id, text in zip(_EARLIER, (RESULT, OTHER_RESULT), strict=True)
    ]
    return {
        "model": model,
        "max_tokens": probes.MOST,
        "system": [
            {"type": "text", "text": "You are a coding agent."},
            {"type": "text", "text": RULE, **marked},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Record the words ping and pang."}]},
            {"role": "assistant", "content": calls},
            {"role": "user", "content": [*results, _REMINDER, {"type": "text", "text": _BOTH, **marked}]},
        ],
        "tools": [{**_TOOL, **marked}],
        "tool_choice": {"type": "auto"},
        "metadata": {"user_id": "user_chatproof_account__session_0"},
        "temperature": 1,
        "stream": False,
    }


def _long(model: str) -> Body:
    """A system prompt that is long enough for the cache, and marked for it."""
    text = "".join(f"Line {number}: the word to remember is pong.\n" for number in range(1, _LINES + 1))
    return ask(system=[{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}])(model)


def _counted(model: str) -> Body:
    """What Claude Code counts: a system prompt and tools as well."""
    said = " ".join(["Answer with one word."] * (COUNTED // 4))
    return {"model": model, "system": said, "messages": [{"role": "user", "content": PROMPT}], "tools": [_TOOL]}


_OF_CLAUDE = "messages_count=3, stream=false, tools=1"
_refusal, _paid = ASKING.refusal, ASKING.paid
_with, _without, _cut_short = ASKING.having, ASKING.without, ASKING.cut_short

_ROWS = (
    ASKING.empty_key(_USER),
    ASKING.wrong_key_streamed("messages_count=1, stream=true"),
    _refusal("malformed_json", "a body that is cut off", _cut_short),
    _refusal("missing_messages", "no messages", _without("messages"))._replace(
        shown_as="the refusal of a request without messages"
    ),
    _refusal("missing_model", "no model", _without("model")),
    _refusal("missing_max_tokens", "no max_tokens", _without("max_tokens")),
    _refusal("wrong_messages_type", "messages is a number", _with(messages=7)),
    _refusal("temperature_range", "temperature is 99", _with(temperature=99)),
    _refusal("unknown_model", "a model that does not exist", _with(model="chatproof-no-such-model")),
    Probe(
        "count_tokens",
        "POST",
        COUNT_PATH,
        KEY,
        _counted,
        "messages_count=1, system, tools=1",
        False,
        "happy",
        "the number of tokens of a request with a system prompt and a tool",
        headers=VERSIONED,
        shown_as="a count of tokens",
    ),
    Probe(
        "auth.invalid_count",
        "POST",
        COUNT_PATH,
        INVALID,
        _counted,
        "messages_count=1, system, tools=1",
        False,
        "count_tokens",
        "the same count with a wrong key",
        role=KEY_REFUSAL,
        headers=VERSIONED,
    ),
    _paid(
        "tools",
        "a forced call",
        ask(_RECORD, tools=[_TOOL], tool_choice=_FORCED),
        f"{_USER}, tools=1, tool_choice={FUNCTION}",
    )._replace(shown_as="a reply to a forced call"),
    _paid(
        "tools.stream",
        "a forced call, streamed",
        ask(_RECORD_NAME, stream=True, tools=[_TOOL], tool_choice=_FORCED),
        "messages_count=1, stream=true, non-ASCII text, tools=1",
    ),
    _paid(
        "tools.parallel",
        "two parallel calls",
        _both(stream=False),
        f"{_USER}, tools=2, tool_choice=any",
        tokens=80,
    ),
    _paid(
        "tools.parallel.stream",
        "two parallel calls, streamed",
        _both(stream=True),
        "messages_count=1, stream=true, tools=2, tool_choice=any",
        "tools.stream",
        tokens=80,
    ),
    _paid(
        "tools.named",
        "a call of the second of two tools",
        ask("Hello.", tools=[_TOOL, _OTHER_TOOL], tool_choice={"type": "tool", "name": OTHER_FUNCTION}),
        f"{_USER}, tools=2, tool_choice={OTHER_FUNCTION}",
        "tools",
    ),
    _paid(
        "tools.none",
        "tools with tool_choice none",
        ask(_RECORD, tools=[_TOOL], tool_choice={"type": "none"}),
        f"{_USER}, tools=1, tool_choice=none",
        "tools",
    ),
    _paid(
        "tools.result",
        "the conversation with the tool's result",
        ask(_RECORD, tools=[_TOOL]),
        "messages_count=3, stream=false, tools=1",
        "tools",
        tokens=80,
    )._replace(answers=_round_trip),
    _paid(
        "system",
        "a system prompt in `system`",
        ask("Hello.", system=TWO_LINES),
        f"{_USER}, system",
    ),
    _paid(
        "stop_sequences",
        "a stop sequence",
        ask(_COUNT, stop_sequences=[STOP]),
        f"{_USER}, stop_sequences=1",
        tokens=80,
    ),
    _paid("max_tokens", "a tiny token cap", ask(_COUNT, max_tokens=CAP), f"{_USER}, max_tokens={CAP}"),
    _paid(
        "turns",
        "a conversation whose earlier answer is sent back",
        _turns,
        "messages_count=3, stream=false",
        tokens=900,
    ),
    _paid(
        "unicode",
        "text outside ASCII, including emoji, streamed",
        ask(TO_REPEAT, stream=True, system=[{"type": "text", "text": RULE}]),
        "messages_count=1, stream=true, non-ASCII text, system in blocks",
        tokens=80,
    )._replace(otherwise=ask(TO_REPEAT, stream=True), blamed=("system",)),
    _paid(everyday.PROBE, "a request as applications write it", _everyday, "messages_count=2, temperature=0")._replace(
        otherwise=_without_temperature, blamed=(everyday.TEMPERATURE,)
    ),
    _paid("claude_code", "a request as Claude Code sends it", _claude_code, _OF_CLAUDE, tokens=200)._replace(
        headers=(*VERSIONED, BETA), suffix=f"{PATH}?beta=true"
    ),
    _paid(
        "thinking",
        "an answer after thinking",
        ask(PROMPT, thinking=_THINKING, max_tokens=ROOM),
        f"{_USER}, thinking={BUDGET}",
        tokens=300,
    ),
    _paid(
        "thinking.stream",
        "the same, streamed",
        ask(PROMPT, stream=True, thinking=_THINKING, max_tokens=ROOM),
        f"messages_count=1, stream=true, thinking={BUDGET}",
        "thinking",
        tokens=300,
    ),
    _paid(
        "thinking.result",
        "the conversation with the thinking sent back",
        ask(PROMPT, thinking=_THINKING, max_tokens=ROOM),
        f"messages_count=3, stream=false, thinking={BUDGET}",
        "thinking",
        tokens=300,
    )._replace(answers=_thinks_on),
    _paid("cache.first", "a long prompt, marked for the cache", _long, f"{_USER}, system", tokens=2400)._replace(
        opt_in=True
    ),
    _paid("cache", "the same again, from the cache", _long, f"{_USER}, system", "cache.first", tokens=2400)._replace(
        opt_in=True
    ),
)

ROWS: dict[str, Probe] = {
    # The plain request waits until something has answered at all: the free requests go first.
    **{id: row._replace(after=ALIVE) if id in _PLAIN else row for id, row in probes.ROWS.items()},
    **{row.id: row for row in _ROWS},
}
"""The probes of validate, those of smoke among them, by name, in order."""
