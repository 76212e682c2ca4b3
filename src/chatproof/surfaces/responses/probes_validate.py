"""The rows of validate: what must not pass, and what clients use beyond the plain request."""

from collections.abc import Callable

from chatproof.contract.probe import ALIVE, Body, Probe
from chatproof.surfaces import everyday, places
from chatproof.surfaces.chat.probes_validate import TWO_LINES
from chatproof.surfaces.garbled import NAME
from chatproof.surfaces.responses import probes
from chatproof.surfaces.responses.probes import ASKING, ask
from chatproof.surfaces.shared_probes import ASKED, GIVEN, TURNS
from chatproof.surfaces.text_to_repeat import AFTER_IT, RULE, TO_REPEAT
from chatproof.surfaces.tool_result import RESULT

FUNCTION, OTHER_FUNCTION = "record_word", "record_number"
WORD_SCHEMA: Body = {
    "type": "object",
    "properties": {"word": {"type": "string", "description": "the word to record"}},
    "required": ["word"],
    "additionalProperties": False,
}
RECORDED: Body = {**WORD_SCHEMA, "properties": {"word": {"type": "string", "minLength": 1}}}
"""What the arguments of a forced call satisfy: the schema, and the word is there."""
_NUMBER_SCHEMA: Body = {
    "type": "object",
    "properties": {"number": {"type": "integer", "description": "the number to record"}},
    "required": ["number"],
    "additionalProperties": False,
}
ALLOWED = {FUNCTION: RECORDED, OTHER_FUNCTION: _NUMBER_SCHEMA}
"""What the arguments of a call of each function satisfy."""
ANSWER_SCHEMA: Body = {
    "type": "object",
    "properties": {"word": {"type": "string"}, "letters": {"type": "integer"}},
    "required": ["word", "letters"],
    "additionalProperties": False,
}
CAP = 16  # tokens: the smallest that the API takes
COUNT_TO = 100
WORD = "pong"
NO_RESPONSE = "resp_chatproofnosuchresponse0000000000000000000000"
_RECORD = "Record the word pong."
_RECORD_NAME = f'Record the word "{NAME}".'
_RECORD_AND_SAY = f"{_RECORD} Then tell me the receipt that you were given for it."
_USER = "input=text, stream=false"


def _function(name: str, does: str, parameters: Body) -> Body:
    return {"type": "function", "name": name, "description": does, "parameters": parameters, "strict": False}


_TOOL = _function(FUNCTION, "Record one word.", WORD_SCHEMA)
_OTHER_TOOL = _function(OTHER_FUNCTION, "Record one number.", _NUMBER_SCHEMA)
_FORCED = {"type": "function", "name": FUNCTION}


def _both(stream: bool) -> Callable[[str], Body]:
    """A request for two calls in one turn."""
    return ask(
        f"Call {FUNCTION} for the word pong and {OTHER_FUNCTION} for the number 7, both in this one turn.",
        stream=stream,
        tools=[_TOOL, _OTHER_TOOL],
        tool_choice="required",
        parallel_tool_calls=True,
    )


def _said(*texts: str, role: str = "user") -> Body:
    return {"role": role, "content": [{"type": "input_text", "text": text} for text in texts]}


def _turn(role: str, texts: tuple[str, ...]) -> Body:
    """A turn of a conversation in parts, the assistant's as it came."""
    if role == "user":
        return _said(*texts)
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "role": role, "content": parts}


def _round_trip(model: str, before: Body) -> Body:
    """The conversation after the call that the server made, with the tool's result. The call goes back as the guide's
    loop sends it, with its status, but without its id: nothing is stored, so that no server can know that."""
    found = before.get("output")
    calls = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    calls = [item for item in calls if item.get("type") == "function_call"]
    back = [
        {
            "type": "function_call",
            **{name: call.get(name) for name in ("call_id", "name", "arguments")},
            **({"status": call["status"]} if isinstance(call.get("status"), str) else {}),
        }
        for call in calls
    ]
    results = [{"type": "function_call_output", "call_id": call.get("call_id"), "output": RESULT} for call in calls]
    return ask([_said(_RECORD_AND_SAY), *back, *results], tools=[_TOOL])(model)


def _recall(model: str, before: Body) -> Body:
    """A question whose answer stands in the stored response alone."""
    return ask(ASKED, previous_response_id=before.get("id"))(model)


def _everyday(model: str) -> Body:
    """A request as applications write it: the system's rule in an item, two of the user, fields that most of them set
    or leave null, and no `stream`."""
    asked = f"{everyday.ASKS} Answer with that word, {AFTER_IT}."
    said = (("system", RULE), ("user", everyday.GIVEN), ("user", asked))
    return {
        "model": model,
        "input": [{"role": role, "content": text} for role, text in said],
        "store": False,
        "temperature": 0,
        "user": "chatproof",
        "metadata": {"purpose": "probe"},
        "instructions": None,
        "reasoning": None,
        "top_p": None,
    }


def _without_temperature(model: str) -> Body:
    """The same for a model that takes no temperature, or not this one."""
    return {name: value for name, value in _everyday(model).items() if name != everyday.TEMPERATURE}


def _codex(model: str) -> Body:
    """A request as the Codex CLI sends it: a developer's message and two of the user, tools of several kinds, and
    fields that chat does not know."""
    return {
        "model": model,
        "instructions": "You are a coding agent.",
        "input": [
            {"type": "message", **_said("Call no tool unless the user asks for it.", RULE, role="developer")},
            {"type": "message", **_said("<environment_context>\n  <shell>bash</shell>\n</environment_context>")},
            {"type": "message", **_said(f"Say the word {WORD}, {AFTER_IT}. Call no tool.")},
        ],
        "tools": [
            _TOOL,
            {"type": "custom", "name": "apply_patch", "description": "Edit files."},
            {"type": "web_search"},
        ],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "reasoning": {"summary": "auto"},
        "store": False,
        "stream": False,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "chatproof",
    }


_refusal, _paid = ASKING.refusal, ASKING.paid
_with, _without, _cut_short = ASKING.having, ASKING.without, ASKING.cut_short

_ROWS = (
    ASKING.empty_key(_USER),
    ASKING.wrong_key_streamed("input=text, stream=true"),
    _refusal("malformed_json", "a body that is cut off", _cut_short),
    _refusal("missing_input", "no input", _without("input"))._replace(
        shown_as="the refusal of a request without input"
    ),
    _refusal("missing_model", "no model", _without("model")),
    _refusal("wrong_input_type", "input is a number", _with(input=7)),
    _refusal("temperature_range", "temperature is 99", _with(temperature=99)),
    _refusal("unknown_model", "a model that does not exist", _with(model="chatproof-no-such-model")),
    _refusal(
        "unknown_previous",
        "a previous response that does not exist",
        _with(previous_response_id=NO_RESPONSE, store=True),
    ),
    _paid(
        "input.list",
        "the same input in a list of messages",
        ask([{"role": "user", "content": [{"type": "input_text", "text": probes.PROMPT}]}]),
        "input=1 items, stream=false",
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
        "input=text, stream=true, non-ASCII text, tools=1",
    ),
    _paid(
        "tools.parallel",
        "two parallel calls",
        _both(stream=False),
        f"{_USER}, tools=2, tool_choice=required",
        tokens=80,
    ),
    _paid(
        "tools.parallel.stream",
        "two parallel calls, streamed",
        _both(stream=True),
        "input=text, stream=true, tools=2, tool_choice=required",
        "tools.stream",
        tokens=80,
    ),
    _paid(
        "tools.named",
        "a call of the second of two tools",
        ask("Hello.", tools=[_TOOL, _OTHER_TOOL], tool_choice={"type": "function", "name": OTHER_FUNCTION}),
        f"{_USER}, tools=2, tool_choice={OTHER_FUNCTION}",
        "tools",
    ),
    _paid(
        "tools.none",
        "tools with tool_choice none",
        ask(_RECORD, tools=[_TOOL], tool_choice="none"),
        f"{_USER}, tools=1, tool_choice=none",
        "tools",
    ),
    _paid(
        "tools.result",
        "the conversation with the tool's result",
        ask(_RECORD, tools=[_TOOL]),
        "input=3 items, stream=false, tools=1",
        "tools",
        tokens=80,
    )._replace(answers=_round_trip),
    _paid(
        "json_schema",
        "output that must follow a JSON Schema",
        ask(
            "Name the word pong and say how many letters it has.",
            text={"format": {"type": "json_schema", "name": "answer", "strict": True, "schema": ANSWER_SCHEMA}},
        ),
        f"{_USER}, text.format=json_schema",
    ),
    _paid(
        "instructions",
        "instructions beside the input",
        ask("Hello.", instructions=TWO_LINES),
        f"{_USER}, instructions",
    ),
    _paid(
        "max_output_tokens",
        "a tiny token cap",
        ask(f"Count from 1 to {COUNT_TO} in digits, separated by commas.", max_output_tokens=CAP),
        f"{_USER}, max_output_tokens={CAP}",
    ),
    _paid(
        "turns",
        "a conversation whose earlier answer is sent back",
        ask([_turn(role, texts) for role, texts in TURNS], instructions=places.said(5)),
        "input=3 items, stream=false, instructions",
        tokens=900,
    )._replace(otherwise=ask([_turn(role, texts) for role, texts in TURNS]), blamed=("instructions",)),
    _paid(
        "unicode",
        "text outside ASCII, including emoji, streamed",
        ask(TO_REPEAT, stream=True, instructions=RULE),
        "input=text, stream=true, non-ASCII text, instructions",
        tokens=80,
    )._replace(otherwise=ask(TO_REPEAT, stream=True), blamed=("instructions",)),
    _paid(
        everyday.PROBE, "a request as applications write it", _everyday, "input=3 items, temperature=0, user, metadata"
    )._replace(otherwise=_without_temperature, blamed=(everyday.TEMPERATURE,)),
    _paid("codex", "a request as the Codex CLI sends it", _codex, "input=3 items, stream=false, tools=3")._replace(
        verbatim=True
    ),
    _paid(
        "store",
        "a request to store the response",
        _with(input=" ".join(GIVEN), store=True),
        f"{_USER}, store=true",
    ),
    _paid(
        "store.recall",
        "a question about the stored response",
        ask(ASKED),
        f"{_USER}, previous_response_id",
        "store",
    )._replace(answers=_recall),
)

ROWS: dict[str, Probe] = {
    # The plain request waits until something has answered at all: the free requests go first.
    **{id: row._replace(after=ALIVE) if id == "happy" else row for id, row in probes.ROWS.items()},
    **{row.id: row for row in _ROWS},
}
"""The probes of validate, those of smoke among them, by name, in order."""
