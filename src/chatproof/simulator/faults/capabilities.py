"""Faults of capabilities, in each of their states: refused clearly, silently not done, done in an unreadable shape."""

import json
from collections.abc import Callable
from typing import Any

from chatproof.simulator import chat
from chatproof.simulator.chat import DONE, event
from chatproof.simulator.fault import (
    GO,
    NO_GO,
    Alter,
    Fault,
    Turn,
    When,
    answer,
    asking,
    choice,
    edited,
    error,
    events,
    granted,
    json_of,
    says,
    streaming,
)
from chatproof.simulator.faults.stream import changed
from chatproof.simulator.wire import Reply, Script

UNSUPPORTED, IGNORED, BROKEN = "unsupported", "ignored", "broken"


# -- which requests ---------------------------------------------------------------------------------------------------


def _where(check: Callable[[dict[str, Any]], bool]) -> When:
    return lambda turn: granted(turn) and turn.reply.status == 200 and check(json_of(turn))


def _format(kind: str) -> When:
    return _where(
        lambda asked: isinstance(asked.get("response_format"), dict) and asked["response_format"]["type"] == kind
    )


def _roles(*roles: str) -> When:
    return _where(lambda asked: [message.get("role") for message in asked["messages"]] == [*roles])


def _forced(stream: bool) -> When:
    return _where(lambda asked: isinstance(asked.get("tool_choice"), dict) and bool(asked.get("stream")) is stream)


_NONE = _where(lambda asked: asked.get("tool_choice") == "none")
_RESULT = _where(lambda asked: asked["messages"][-1].get("role") == "tool")
_UNICODE = _where(lambda asked: not str(asked["messages"][-1].get("content")).isascii())
_IMAGE = _where(lambda asked: isinstance(asked["messages"][-1].get("content"), list))
_USAGE = asking("stream_options")
_SAMPLING = asking("n")


# -- what is made of the answer ---------------------------------------------------------------------------------------


def _refused(parameter: str) -> Alter:
    said = f"Unsupported parameter: '{parameter}' is not supported with this model."
    return error(400, said, "unsupported_parameter", param=parameter)


def _failed(parameter: str) -> Alter:
    """An error under status 200: neither done nor refused."""
    return says(
        200, {"error": {"message": f"{parameter} failed", "type": "api_error", "param": parameter, "code": None}}
    )


def _changed(change: Callable[[dict[str, Any]], object]) -> Alter:
    """The answer to a request that was changed on its way."""

    def alter(turn: Turn) -> Reply | Script:
        asked = json_of(turn)
        change(asked)
        return chat.respond(turn.asked._replace(body=json.dumps(asked).encode()))

    return alter


def _dropped(*names: str) -> Alter:
    return _changed(lambda asked: [asked.pop(name, None) for name in names])


def _last_only(asked: dict[str, Any]) -> None:
    asked["messages"] = asked["messages"][-1:]


def _calls(change: Callable[[dict[str, Any]], object]) -> Alter:
    return edited(lambda value: [change(call) for call in value["choices"][0]["message"]["tool_calls"]])


def _call_pieces(change: Callable[[dict[str, Any]], object]) -> Alter:
    def alter(value: dict[str, Any]) -> None:
        for one in value["choices"]:
            for piece in one["delta"].get("tool_calls", ()):
                change(piece)

    return events(lambda all: (changed(piece, alter) for piece in all))


def _object_content(value: dict[str, Any]) -> None:
    message = value["choices"][0]["message"]
    message["content"] = json.loads(message["content"])


def _mangled(value: dict[str, Any]) -> None:
    message = value["choices"][0]["message"]
    message["content"] = message["content"].encode().decode("latin-1")


def _null_usage(value: dict[str, Any]) -> None:
    if value.get("usage"):
        value["usage"]["total_tokens"] = None


# -- rows -------------------------------------------------------------------------------------------------------------


def _unsupported(capability: str, when: When, parameter: str, name: str = "", *more: str) -> Fault:
    about = f"{parameter} is clearly refused." if parameter[0].isupper() else f"`{parameter}` is clearly refused."
    states = tuple(f"{each}={UNSUPPORTED}" for each in (capability, *more))
    return Fault(f"{name or _words(capability)}-unsupported", about, "", GO, when, _refused(parameter), states=states)


def _blamed(capability: str) -> Fault:
    """One of three that share a request: what the others are is not seen, and that is said."""
    return _unsupported(capability, _SAMPLING, capability)._replace(code="request.unsupported_parameter")


def _ignored(capability: str, when: When, alter: Alter, clause: str, code: str, about: str, name: str = "") -> Fault:
    states = (f"{capability}={IGNORED}",)
    return Fault(f"{name or _words(capability)}-ignored", about, code, GO, when, alter, breaks=(clause,), states=states)


def _broken(
    capability: str, when: When, alter: Alter, clause: str, code: str, about: str, name: str = "", verdict: str = NO_GO
) -> Fault:
    states = (f"{capability}={BROKEN}",)
    return Fault(
        name or f"{_words(capability)}-broken", about, code, verdict, when, alter, breaks=(clause,), states=states
    )


def _words(capability: str) -> str:
    return capability.replace("_", "-")


_CODE = "contract.tools"
TOOLS = (
    _unsupported("tools", asking("tools"), "tools", "", "tools_stream", "tool_choice"),
    _ignored(
        "tools", _forced(False), _dropped("tools", "tool_choice"), "tools.called", _CODE, "A forced call is not made."
    ),
    _broken(
        "tools",
        _forced(False),
        _calls(lambda call: call["function"].update(arguments=json.loads(call["function"]["arguments"]))),
        "tools.readable",
        _CODE,
        "A call's arguments are an object, not a string.",
        "tool-arguments-object",
    ),
    _broken(
        "tools",
        _forced(False),
        _calls(lambda call: call["function"].update(arguments='{"word": "pong"')),
        "tools.arguments",
        _CODE,
        "A call's arguments are JSON that was cut off.",
        "tool-arguments-cut",
    ),
    _ignored(
        "tools",
        _forced(False),
        _calls(lambda call: call["function"].update(arguments='{"term": "pong"}')),
        "tools.forced",
        _CODE,
        "A call's arguments do not satisfy the function's schema.",
        "tool-schema",
    ),
    Fault(
        "tool-finish-length",
        "A reply with a call ends with length.",
        _CODE,
        GO,
        _forced(False),
        choice(finish_reason="length"),
        breaks=("tools.finish_reason",),
        states=("tools=supported",),
    ),
    _broken(
        "tools",
        _RESULT,
        error(400, "Invalid parameter: 'tool_call_id' is unknown.", param="messages"),
        "tools.result",
        _CODE,
        "The tool's result is refused.",
        "tool-result-refused",
    ),
    _ignored(
        "tool_choice",
        _NONE,
        _changed(lambda asked: asked.update(tool_choice="auto")),
        "tools.none",
        _CODE,
        "`tool_choice: none` is ignored.",
    ),
    _unsupported("tool_choice", _NONE, "tool_choice"),
    _broken(
        "tool_choice",
        _NONE,
        _failed("tool_choice"),
        "tools.none",
        _CODE,
        "`tool_choice: none` fails under status 200.",
        verdict=GO,
    ),
    _unsupported("tools_stream", _forced(True), "tools"),
    _ignored(
        "tools_stream",
        _forced(True),
        _dropped("tools", "tool_choice"),
        "tools.stream_called",
        _CODE,
        "A forced call is not made in a stream.",
    ),
    _broken(
        "tools_stream",
        _forced(True),
        _call_pieces(lambda piece: piece.pop("index")),
        "tools.streamed",
        _CODE,
        "The pieces of a streamed call have no index.",
    ),
)

_CODE = "contract.structured_output"


def _structured(kind: str) -> tuple[Fault, ...]:
    return (
        _unsupported(kind, _format(kind), "response_format"),
        _ignored(
            kind, _format(kind), answer(content="Here you are: pong"), f"{kind}.honoured", _CODE, f"{kind} gives prose."
        ),
        _broken(
            kind,
            _format(kind),
            edited(_object_content),
            f"{kind}.readable",
            _CODE,
            f"{kind} gives an object in place of the text.",
        ),
    )


_STRUCTURED = (
    *_structured("json_object"),
    *_structured("json_schema"),
    Fault(
        "json-schema-violated",
        "Output after a schema lacks a member that the schema requires.",
        _CODE,
        GO,
        _format("json_schema"),
        answer(content='{"word": "pong"}'),
        breaks=("json_schema.honoured",),
        states=(f"json_schema={IGNORED}",),
    ),
)


def _capped(dialect: str) -> tuple[Fault, ...]:
    code = "contract.max_tokens"
    return (
        _unsupported(dialect, asking(dialect), dialect),
        _ignored(
            dialect, asking(dialect), _dropped(dialect), f"{dialect}.honoured", code, f"`{dialect}` caps nothing."
        ),
        _broken(
            dialect,
            asking(dialect),
            _failed(dialect),
            f"{dialect}.honoured",
            code,
            f"`{dialect}` fails under status 200.",
            verdict=GO,
        ),
        Fault(
            f"{_words(dialect)}-finish-stop",
            f"An answer that `{dialect}` cut off claims to be whole.",
            code,
            GO,
            asking(dialect),
            choice(finish_reason="stop"),
            breaks=(f"{dialect}.finish_reason",),
            states=(f"{dialect}=supported",),
        ),
    )


_CODE_P = "contract.parameter"
_PARAMETERS = (
    _unsupported("stop", asking("stop"), "stop"),
    _ignored("stop", asking("stop"), _dropped("stop"), "stop.honoured", _CODE_P, "`stop` stops nothing."),
    _broken("stop", asking("stop"), answer(content=7), "stop.honoured", _CODE_P, "`stop` gives a number.", verdict=GO),
    _blamed("n"),
    _ignored("n", _SAMPLING, _dropped("n"), "n.honoured", _CODE_P, "`n` gives one choice."),
    _broken(
        "n",
        _SAMPLING,
        edited(lambda value: [one.update(index=0) for one in value["choices"]]),
        "n.readable",
        _CODE_P,
        "All choices have the index 0.",
    ),
    _blamed("logprobs"),
    _ignored("logprobs", _SAMPLING, _dropped("logprobs"), "logprobs.honoured", _CODE_P, "`logprobs` gives none."),
    _broken(
        "logprobs",
        _SAMPLING,
        edited(
            lambda value: [
                one.update(logprobs={"tokens": ["pong"], "token_logprobs": [-0.01]}) for one in value["choices"]
            ]
        ),
        "logprobs.readable",
        _CODE_P,
        "Log probabilities have the shape of the older completions API.",
    ),
    _blamed("seed"),
    _broken("seed", _SAMPLING, _failed("seed"), "seed.accepted", _CODE_P, "`seed` fails under status 200.", verdict=GO),
)

_CODE_M = "contract.messages"
_SYSTEM, _DEVELOPER = _roles("system", "user"), _roles("developer", "user")
_TURNS = _roles("user", "assistant", "user")
_MESSAGES = (
    _unsupported("system", _SYSTEM, "role system"),
    _ignored("system", _SYSTEM, _changed(_last_only), "system.heard", _CODE_M, "System messages are dropped."),
    _broken(
        "system", _SYSTEM, _failed("role"), "system.heard", _CODE_M, "A system message fails under 200.", verdict=GO
    ),
    _unsupported("developer", _DEVELOPER, "role developer"),
    _ignored(
        "developer", _DEVELOPER, _changed(_last_only), "developer.heard", _CODE_M, "Developer messages are dropped."
    ),
    _broken(
        "developer",
        _DEVELOPER,
        _failed("role"),
        "developer.heard",
        _CODE_M,
        "A developer message fails under 200.",
        verdict=GO,
    ),
    _unsupported("multi_turn", _TURNS, "role assistant"),
    _ignored("multi_turn", _TURNS, _changed(_last_only), "multi_turn.heard", _CODE_M, "Only the last message is read."),
    _broken(
        "multi_turn",
        _TURNS,
        _failed("messages"),
        "multi_turn.heard",
        _CODE_M,
        "A conversation of several turns fails under 200.",
        verdict=GO,
    ),
    _broken(
        "unicode",
        _UNICODE,
        error(400, "invalid unicode code point at line 1 column 60"),
        "unicode.accepted",
        _CODE_M,
        "Text outside of ASCII is refused.",
        "unicode-refused",
    ),
    _ignored("unicode", _UNICODE, edited(_mangled), "unicode.intact", _CODE_M, "Text is encoded twice.", "unicode"),
    Fault(
        "image-supported",
        "An image part is taken.",
        "",
        GO,
        lambda turn: False,
        states=("image=supported",),
        extras=("image",),
    ),
    _unsupported("image", _IMAGE, "image_url")._replace(extras=("image",)),
    _ignored("image", _IMAGE, answer(content=""), "image.accepted", _CODE_M, "An image gets no answer.")._replace(
        extras=("image",)
    ),
    _broken(
        "image", _IMAGE, _failed("image_url"), "image.accepted", _CODE_M, "An image fails under 200.", verdict=GO
    )._replace(extras=("image",)),
)

_PLAIN_STREAM = _where(lambda asked: asked.get("stream") is True and set(asked) == {"model", "messages", "stream"})
_LOST = {"message": "upstream connection lost", "type": "upstream_error", "param": "", "code": "bad_response"}


def _wordless(value: dict[str, Any]) -> None:
    for one in value["choices"]:
        one["delta"].pop("content", None)


_STREAMS = (
    Fault(
        "plain-stream-error",
        "An error arrives in a plain stream after its words.",
        "stream.error",
        NO_GO,
        _PLAIN_STREAM,
        events(lambda all: (*all[:-1], event({"error": _LOST}), DONE)),
        breaks=("stream.no_error",),
        states=(f"stream={BROKEN}",),
    ),
    Fault(
        "plain-stream-empty",
        "A plain stream carries no text.",
        "content.empty",
        NO_GO,
        _PLAIN_STREAM,
        events(lambda all: (changed(piece, _wordless) for piece in all)),
        breaks=("stream.content_non_empty",),
        states=(f"stream={BROKEN}",),
    ),
    Fault(
        "stream-unsupported",
        "Streaming is clearly refused.",
        "request.unsupported_parameter",
        NO_GO,
        streaming,
        _refused("stream"),
        breaks=("stream.media_type",),
        states=(f"stream={UNSUPPORTED}",),
    ),
    Fault(
        "stream-ignored",
        "`stream: true` is ignored where nothing else is asked for.",
        "stream.not_streamed",
        NO_GO,
        _PLAIN_STREAM,
        _dropped("stream"),
        breaks=("stream.media_type",),
        states=(f"stream={IGNORED}",),
    ),
    Fault(
        "stream-broken",
        "An event of a plain stream is no JSON.",
        "stream.malformed",
        NO_GO,
        _PLAIN_STREAM,
        events(lambda all: (*all[:1], b'data: {"choices": [{"delta"\n\n', *all[2:])),
        breaks=("stream.events_parse",),
        states=(f"stream={BROKEN}",),
    ),
    _unsupported("stream_usage", _USAGE, "stream_options"),
    _ignored(
        "stream_usage",
        _USAGE,
        _dropped("stream_options"),
        "stream.usage",
        "contract.usage",
        "A stream does not carry the usage that was asked for.",
    ),
    _broken(
        "stream_usage",
        _USAGE,
        events(lambda all: (changed(piece, _null_usage) if piece != DONE else piece for piece in all)),
        "stream.usage",
        "contract.usage",
        "A stream's usage is not in integers.",
        verdict=GO,
    ),
)

ROWS = (
    *TOOLS,
    *_STRUCTURED,
    *_capped("max_tokens"),
    *_capped("max_completion_tokens"),
    *_PARAMETERS,
    *_MESSAGES,
    *_STREAMS,
)
