"""The rows of validate: refusals that are due, forms of the key, and what clients use beyond the plain request.

Fifty requests at most by default. What can be asked in one request without blurring the answer shares one: n, seed
and logprobs. Each row but the free ones comes after the happy path, so that a dead endpoint or a rejected key stops
whatever would cost money.
"""

import json
from collections.abc import Callable

from chatproof.contract.probe import (
    ALIVE,
    EMPTY,
    ENTRY,
    INVALID,
    JSON,
    KEY,
    KEY_FORM,
    KEY_REFUSAL,
    REFUSAL,
    Body,
    Probe,
)
from chatproof.surfaces import places
from chatproof.surfaces.chat import probes, probes_cache, probes_more
from chatproof.surfaces.chat.probes import PROMPT, chat
from chatproof.surfaces.text_to_repeat import RULE, TO_REPEAT, UNICODE
from chatproof.surfaces.tool_result import RESULT
from chatproof.wire.urls import CHAT_PATH, MODELS_PATH

FUNCTION = "record_word"
WORD_SCHEMA: Body = {
    "type": "object",
    "properties": {"word": {"type": "string", "description": "the word to record"}},
    "required": ["word"],
    "additionalProperties": False,
}
ANSWER_SCHEMA: Body = {
    "type": "object",
    "properties": {"word": {"type": "string"}, "letters": {"type": "integer"}},
    "required": ["word", "letters"],
    "additionalProperties": False,
}
LINES = "pong naïve\nΩmega Привет"
TWO_LINES = f"Whatever the user says, answer with these two lines alone:\n{LINES}"
"""A system prompt whose answer is outside ASCII and has a line break: so that no more requests are sent for it."""
REPEAT = f"Repeat this line exactly, and nothing else: {UNICODE}"
CAP = 16  # tokens: the smallest that every dialect accepts
COUNT_TO = 100
BEFORE_STOP, STOP_AT = "6", "7"
CHOICES = 2
TOP = 2  # alternatives that are asked for beside each token
_SEED = 7
# One black pixel.
_PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
_COUNT = f"Count from 1 to {COUNT_TO} in digits, separated by commas."
_RECORD = "Record the word pong."
_RECORD_AND_SAY = f"{_RECORD} Then tell me the receipt that you were given for it."


def _tools(stream: bool = False, **more: object) -> Callable[[str], Body]:
    function = {"name": FUNCTION, "description": "Record one word.", "parameters": WORD_SCHEMA}
    return chat(_RECORD, stream, tools=[{"type": "function", "function": function}], **more)


_FORCED = {"type": "function", "function": {"name": FUNCTION}}


def _round_trip(model: str, before: Body) -> Body:
    """The conversation after the call that the server made, with the tool's result."""
    message = _first_message(before)
    calls = [call for call in message.get("tool_calls") or [] if isinstance(call, dict)]  # type: ignore[attr-defined]
    results = [{"role": "tool", "tool_call_id": call.get("id"), "content": RESULT} for call in calls]
    asked = _tools()(model)
    assistant = {"role": "assistant", "content": message.get("content"), "tool_calls": calls}
    asked["messages"] = [{"role": "user", "content": _RECORD_AND_SAY}, assistant, *results]
    return asked


def _first_message(reply: Body) -> Body:
    choices = reply.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    return message if isinstance(message, dict) else {}


def _talk(*messages: tuple[str, object], **more: object) -> Callable[[str], Body]:
    said = [{"role": role, "content": content} for role, content in messages]
    return lambda model: {"model": model, "messages": said, "stream": False, **more}


def _without(name: str) -> Callable[[str], Body]:
    return lambda model: {field: value for field, value in chat()(model).items() if field != name}


def _with(**fields: object) -> Callable[[str], Body]:
    return lambda model: {**chat()(model), **fields}


def _cut_short(model: str) -> bytes:
    return json.dumps(chat()(model), ensure_ascii=False).encode("utf-8", "surrogatepass")[:-2]


def _repeat(model: str) -> Body:
    """A text to repeat in a stream, with a system message: whether that is read in streams as well is seen by it."""
    return _talk(("system", RULE), ("user", TO_REPEAT))(model) | {"stream": True}


def _unknown_model(model: str) -> Body:
    return {**chat()(model), "model": "chatproof-no-such-model"}


# -- forms of the key: the profile's header in, another form of it out ------------------------------------------------


def bare(header: str) -> str:
    """Without the scheme."""
    return header.partition(":")[0] + ":"


def lower_case(header: str) -> str:
    name, _, scheme = header.partition(":")
    return f"{name}: {scheme.strip().lower()}"


def x_api_key(header: str) -> str:
    return "X-API-Key:"


# -- the rows ---------------------------------------------------------------------------------------------------------


def _refusal(name: str, does: str, body: Callable[[str], Body | bytes], media: str = JSON) -> Probe:
    said = f"must be refused: {does}"
    return Probe(f"error.{name}", "POST", CHAT_PATH, KEY, body, does, False, "happy", said, media, role=REFUSAL)


def _paid(
    id: str, does: str, body: Callable[[str], Body], summary: str, after: str = "happy", tokens: int = 40
) -> Probe:
    return Probe(id, "POST", CHAT_PATH, KEY, body, summary, True, after, does, tokens=tokens)


def _variant(name: str, does: str, header: Callable[[str], str] | None = None, tail: str = "") -> Probe:
    summary = f"messages_count=1, stream=false, {does}"
    row = Probe(f"key.{name}", "POST", CHAT_PATH, KEY, chat(), summary, True, "happy", does)
    return row._replace(header=header, tail=tail, tokens=20, role=KEY_FORM)


_CHOICE = ("tool_choice", "choice")  # by which a refusal of a forced call is told from one of tools
_USER = "messages_count=1, stream=false"

_ROWS = (
    Probe(
        "auth.empty_key",
        "POST",
        CHAT_PATH,
        EMPTY,
        chat(),
        _USER,
        False,
        "",
        "the same with an empty key",
        role=KEY_REFUSAL,
    ),
    Probe(
        "model",
        "GET",
        MODELS_PATH + "/{model}",
        KEY,
        None,
        "no body",
        False,
        "",
        "look up the model by its id, on the connection of the model list",
        reuses_connection_of="models",
        role=ENTRY,
    ),
    Probe(
        "auth.invalid_stream",
        "POST",
        CHAT_PATH,
        INVALID,
        chat(stream=True),
        "messages_count=1, stream=true",
        False,
        "",
        "the same with a wrong key, streamed",
        role=KEY_REFUSAL,
    ),
    _refusal("malformed_json", "a body that is cut off", _cut_short),
    _refusal("missing_messages", "no messages", _without("messages"))._replace(
        shown_as="the refusal of a request without messages"
    ),
    _refusal("missing_model", "no model", _without("model")),
    _refusal("empty_messages", "messages is an empty array", _with(messages=[])),
    _refusal("message_without_role", "a message without role", _with(messages=[{"content": PROMPT}])),
    _refusal("wrong_role", "an unknown role", _with(messages=[{"role": "chatproof", "content": PROMPT}])),
    _refusal("wrong_content_type", "content is a number", _with(messages=[{"role": "user", "content": 7}])),
    _refusal("temperature_string", "temperature is a word", _with(temperature="warm")),
    _refusal("temperature_range", "temperature is 99", _with(temperature=99)),
    _refusal("stream_string", "stream is a word", _with(stream="maybe")),
    _refusal("unknown_model", "a model that does not exist", _unknown_model),
    _refusal("wrong_media_type", "the body is declared as text/plain", chat(), "text/plain"),
    Probe(
        "error.get_endpoint",
        "GET",
        CHAT_PATH,
        KEY,
        None,
        "no body",
        False,
        "happy",
        "must be refused: GET",
        role=REFUSAL,
    ),
    Probe(
        "error.unknown_path",
        "POST",
        CHAT_PATH + "/chatproof-no-such-path",
        KEY,
        chat(),
        _USER,
        False,
        "happy",
        "must be refused: a path that does not exist",
        role=REFUSAL,
    ),
    _variant("no_scheme", "the key without its scheme", bare),
    _variant("lower_case_scheme", "the scheme in lower case", lower_case),
    _variant("trailing_space", "a space after the key", tail=" "),
    _variant("x_api_key", "the key in X-API-Key only", x_api_key),
    _paid(
        "stream.usage",
        "a longer stream that asks for its usage",
        chat("Count from 1 to 60 in digits, separated by commas.", stream=True, stream_options={"include_usage": True}),
        "messages_count=1, stream=true, include_usage",
        tokens=220,
    )._replace(shown_as="the chunks of a stream with usage"),
    _paid(
        "tools",
        "a forced tool call",
        _tools(tool_choice=_FORCED),
        f"{_USER}, tools=1, tool_choice={FUNCTION}",
    )._replace(shown_as="a reply to a forced tool call", otherwise=_tools(tool_choice="auto"), blamed=_CHOICE),
    _paid(
        "tools.none", "tools with tool_choice none", _tools(tool_choice="none"), f"{_USER}, tools=1, tool_choice=none"
    ),
    _paid(
        "tools.stream",
        "a forced tool call, streamed",
        _tools(tool_choice=_FORCED, stream=True),
        "messages_count=1, stream=true, tools=1",
    )._replace(otherwise=_tools(tool_choice="auto", stream=True), blamed=_CHOICE),
    _paid(
        "tools.result",
        "the conversation with the tool's result",
        _tools(),
        "messages_count=3, stream=false, tools=1",
        "tools",
        tokens=80,
    )._replace(answers=_round_trip),
    _paid(
        "json_object",
        "JSON mode",
        chat(
            'Answer with a JSON object that has one member, word, with the value "pong".',
            response_format={"type": "json_object"},
        ),
        f"{_USER}, response_format=json_object",
    ),
    _paid(
        "json_schema",
        "output that must follow a JSON Schema",
        chat(
            "Name the word pong and say how many letters it has.",
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": ANSWER_SCHEMA},
            },
        ),
        f"{_USER}, response_format=json_schema",
    ),
    _paid("max_tokens", "a tiny token cap", chat(_COUNT, max_tokens=CAP), f"{_USER}, max_tokens={CAP}"),
    _paid(
        "max_completion_tokens",
        "a tiny token cap, max_completion_tokens",
        chat(_COUNT, max_completion_tokens=CAP),
        f"{_USER}, max_completion_tokens={CAP}",
    ),
    _paid(
        "stop",
        "a stop sequence",
        chat("Count from 1 to 9 in digits, separated by spaces.", stop=[STOP_AT]),
        f"{_USER}, stop=1",
    ),
    _paid(
        "sampling",
        "two choices, a seed and log probabilities",
        chat(n=CHOICES, seed=_SEED, logprobs=True, top_logprobs=TOP),
        f"{_USER}, n={CHOICES}, seed, logprobs",
    ),
    _paid(
        "role.system",
        "a system message",
        _talk(("system", TWO_LINES), ("user", "Hello.")),
        "messages_count=2, stream=false",
    ),
    _paid(
        "role.developer",
        "a developer message",
        _talk(("developer", "Whatever the user says, answer with the single word pong."), ("user", "Hello.")),
        "messages_count=2, stream=false",
    ),
    _paid(
        "multi_turn",
        "a conversation of three messages",
        _talk(
            ("user", places.around_a_story(1, 2)),
            ("assistant", places.said(3)),
            ("user", places.ASKED),
        ),
        "messages_count=3, stream=false",
        tokens=900,
    ),
    _paid(
        "unicode",
        "text outside ASCII, including emoji, streamed",
        _repeat,
        "messages_count=2, stream=true, non-ASCII text, system",
        tokens=100,
    )._replace(otherwise=chat(REPEAT, stream=True), blamed=("system", "role")),
    _paid(
        "image",
        "an image part",
        _talk(
            (
                "user",
                [
                    {"type": "text", "text": "Which colour is this? Answer with one word."},
                    {"type": "image_url", "image_url": {"url": _PIXEL}},
                ],
            )
        ),
        f"{_USER}, image parts=1",
        tokens=200,
    )._replace(opt_in=True),
    *probes_more.ROWS,
)


ROWS: dict[str, Probe] = {
    # The happy path waits until something has answered at all: the free requests go first.
    **{id: row._replace(after=ALIVE) if id == "happy" else row for id, row in probes.ROWS.items()},
    **{row.id: row for row in (*_ROWS, *probes_cache.ROWS)},
}
"""The probes of validate, those of smoke among them, by name, in order."""
