"""The rows of validate that ask what clients send every day, several things in one request, and what agents rely on.

What is refused of a request with several things in it is found by asking smaller ones: see `smallest_refusal`.
"""

from chatproof.contract.probe import KEY, REFUSAL, Body, Probe
from chatproof.surfaces import everyday, places
from chatproof.surfaces.chat.probes import PROMPT
from chatproof.wire.urls import CHAT_PATH

# Literals that a gateway may rewrite on their way: another registry, another host, another file.
URL = "https://files.example.com/Archive/a%20b.tar.gz?part=1&sum=0af3#top"
PATH = "/srv/Données_2026/raw  v2.csv"  # with two spaces
PACKAGE = "@acme/Left_Pad==1.3.0rc1"
RECORD, INSTALL = "record_link", "install_package"
PART = 7
SEVERAL = (
    f'Record part {PART} of the link "{URL}" and its file "{PATH}" with {RECORD}, and install the package "{PACKAGE}" '
    f"with {INSTALL}. Call both functions, and copy the texts exactly."
)
USUAL = "usual."
"""How the names of the probes begin whose refusal is explained part by part."""
SDK_HEADERS = (
    ("User-Agent", "OpenAI/Python 2.8.1"),
    ("X-Stainless-Lang", "python"),
    ("X-Stainless-Package-Version", "2.8.1"),
    ("X-Stainless-OS", "Linux"),
    ("X-Stainless-Arch", "x64"),
    ("X-Stainless-Runtime", "CPython"),
    ("X-Stainless-Runtime-Version", "3.12.3"),
    ("X-Stainless-Async", "false"),
    ("X-Stainless-Retry-Count", "0"),
    ("X-Stainless-Read-Timeout", "600"),
)
"""What openai-python sends with each request beside its key (openai/_base_client.py, read 2026-11-28)."""


def _function(name: str, does: str, *fields: str) -> Body:
    kinds = {name: {"type": "integer" if name == "part" else "string"} for name in fields}
    parameters = {"type": "object", "properties": kinds, "required": [*fields]}
    return {"type": "function", "function": {"name": name, "description": does, "parameters": parameters}}


_TWO = [_function(RECORD, "Record a link.", "url", "path", "part"), _function(INSTALL, "Install a package.", "package")]
_TYPICAL: Body = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1, "description": "a city"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 14, "default": 1},
        "until": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "places": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
    },
    "required": ["city"],
    "additionalProperties": False,
}
_CALL = {"id": "a1b2c3d4e", "type": "function", "function": {"name": RECORD, "arguments": "{}"}}


def _asked(messages: list[Body], stream: bool = False, **more: object) -> "Body":
    return {"messages": messages, "stream": stream, **more}


def _user(content: object, **more: object) -> Body:
    return {"role": "user", "content": content, **more}


_EVERYDAY = {"messages": [_user(everyday.GIVEN), _user(everyday.ASKED)]}
"""A request as applications write it by hand: no `stream`."""


def _row(id: str, does: str, body: Body, summary: str, after: str = "happy", tokens: int = 60) -> Probe:
    return Probe(
        id, "POST", CHAT_PATH, KEY, lambda model: {"model": model, **body}, summary, True, after, does, tokens=tokens
    )


def _refused(name: str, does: str, *messages: Body) -> Probe:
    body = _asked(
        [_user("Record a link."), {"role": "assistant", "content": "I will.", "tool_calls": [_CALL]}, *messages]
    )
    row = _row(f"error.{name}", does, {**body, "tools": _TWO}, f"must be refused: {does}", "tools")
    return row._replace(billable=False, role=REFUSAL)


_ONE, _PLAIN = "messages_count=1", [_user(PROMPT)]
_ROWS = (
    _refused(
        "wrong_call_id",
        "a tool's result for a call that was not made",
        {"role": "tool", "tool_call_id": "z9y8x7w6v", "content": "recorded"},
    ),
    _refused("unanswered_call", "a call without its result", _user("And now?")),
    _row(
        "tools.parallel",
        "two tools at once, with texts to copy",
        _asked([_user(SEVERAL)], tools=_TWO, tool_choice="auto"),
        f"{_ONE}, stream=false, tools=2, tool_choice=auto",
        "tools",
        160,
    ),
    _row(
        "tools.parallel.stream",
        "two tools at once, streamed",
        _asked([_user(SEVERAL)], True, tools=_TWO, tool_choice="auto"),
        f"{_ONE}, stream=true, tools=2, tool_choice=auto",
        "tools.stream",
        160,
    ),
    _row(
        f"{USUAL}parameters",
        "fields that clients send every day, including null and empty ones",
        _asked(
            _PLAIN,
            temperature=0.7,
            top_p=0.9,
            presence_penalty=0.1,
            frequency_penalty=0.1,
            user="chatproof",
            response_format={"type": "text"},
            seed=None,
            logit_bias={},
        ),
        f"{_ONE}, stream=false, temperature=0.7 and other common fields",
    ),
    _row(
        f"{USUAL}messages",
        "content as a list of parts, a name, and a system message after other messages",
        _asked(
            [
                _user([{"type": "text", "text": places.said(place)} for place in (0, 1)], name="tester"),
                {"role": "assistant", "content": "Noted."},
                {"role": "system", "content": places.said(2)},
                _user(places.ASKED),
            ]
        ),
        "messages_count=4, stream=false, name, content parts, system later",
    ),
    _row(
        f"{USUAL}tools",
        "a tool with common schema keywords, and parallel_tool_calls",
        _asked(
            _PLAIN,
            tools=[
                {
                    "type": "function",
                    "function": {"name": "get_forecast", "description": "The weather.", "parameters": _TYPICAL},
                }
            ],
            tool_choice="auto",
            parallel_tool_calls=True,
        ),
        f"{_ONE}, stream=false, tools=1, tool_choice=auto, parallel_tool_calls",
        "tools",
    ),
    _row(
        f"{USUAL}sdk",
        "the plain request as an official SDK sends it",
        _asked(_PLAIN),
        f"{_ONE}, stream=false, headers of openai-python",
        tokens=20,
    )._replace(headers=SDK_HEADERS),
    _row(
        everyday.PROBE,
        "a request as applications write it",
        {**_EVERYDAY, everyday.TEMPERATURE: 0},
        "messages_count=2, temperature=0",
    )._replace(otherwise=lambda model: {"model": model, **_EVERYDAY}, blamed=(everyday.TEMPERATURE,)),
)

ROWS = tuple(row._replace(parts=row.id.startswith(USUAL)) for row in _ROWS)
