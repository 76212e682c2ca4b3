"""Faults of capabilities, in each of their states: refused clearly, silently not done, done in an unreadable shape."""

import json
from typing import Any

from chatproof.simulator.chat import DONE, event
from chatproof.simulator.fault import (
    GO,
    NO_GO,
    Fault,
    answer,
    asking,
    choice,
    edited,
    error,
    events,
    streaming,
)
from chatproof.simulator.faults.capability import (
    BROKEN,
    IGNORED,
    IMAGE,
    MANGLED,
    NO_CHOICE,
    NO_PROBS,
    PLAIN_STREAM,
    RESULT,
    SAMPLING,
    UNICODE,
    UNSUPPORTED,
    USAGE,
    blamed,
    broken,
    call_pieces,
    calls,
    dropped,
    failed,
    forced,
    formed,
    ignored,
    last_only,
    misheard,
    null_usage,
    object_content,
    refused,
    roles,
    unsupported,
    words,
)
from chatproof.simulator.faults.stream import changed

_CODE = "contract.tools"
TOOLS = (
    unsupported("tools", asking("tools"), "tools", "", "tools_stream", "tool_choice"),
    ignored(
        "tools", forced(False), dropped("tools", "tool_choice"), "tools.called", _CODE, "A forced call is not made."
    ),
    broken(
        "tools",
        forced(False),
        calls(lambda call: call["function"].update(arguments=json.loads(call["function"]["arguments"]))),
        "tools.readable",
        _CODE,
        "A call's arguments are an object, not a string.",
        "tool-arguments-object",
    ),
    broken(
        "tools",
        forced(False),
        calls(lambda call: call["function"].update(arguments='{"word": "pong"')),
        "tools.arguments",
        _CODE,
        "A call's arguments are incomplete JSON.",
        "tool-arguments-cut",
    ),
    ignored(
        "tools",
        forced(False),
        calls(lambda call: call["function"].update(arguments='{"term": "pong"}')),
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
        forced(False),
        choice(finish_reason="length"),
        breaks=("tools.finish_reason",),
        states=("tools=supported",),
    ),
    broken(
        "tools",
        RESULT,
        error(400, "Invalid parameter: 'tool_call_id' is unknown.", param="messages"),
        "tools.result",
        _CODE,
        "The tool's result is refused.",
        "tool-result-refused",
    ),
    ignored(
        "tool_choice",
        NO_CHOICE,
        misheard(lambda asked: asked.update(tool_choice="auto")),
        "tools.none",
        _CODE,
        "`tool_choice: none` is ignored.",
    ),
    unsupported("tool_choice", NO_CHOICE, "tool_choice"),
    broken(
        "tool_choice",
        NO_CHOICE,
        failed("tool_choice"),
        "tools.none",
        _CODE,
        "`tool_choice: none` fails under status 200.",
        verdict=GO,
    ),
    unsupported("tools_stream", forced(True), "tools"),
    ignored(
        "tools_stream",
        forced(True),
        dropped("tools", "tool_choice"),
        "tools.stream_called",
        _CODE,
        "A forced call is not made in a stream.",
    ),
    broken(
        "tools_stream",
        forced(True),
        call_pieces(lambda piece: piece.pop("index")),
        "tools.streamed",
        _CODE,
        "The pieces of a streamed call have no index.",
    ),
)

_CODE = "contract.structured_output"


def _structured(kind: str) -> tuple[Fault, ...]:
    return (
        unsupported(kind, formed(kind), "response_format"),
        ignored(
            kind, formed(kind), answer(content="Here you are: pong"), f"{kind}.honoured", _CODE, f"{kind} gives prose."
        ),
        broken(
            kind,
            formed(kind),
            edited(object_content),
            f"{kind}.readable",
            _CODE,
            f"{kind} returns an object instead of the text.",
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
        formed("json_schema"),
        answer(content='{"word": "pong"}'),
        breaks=("json_schema.honoured",),
        states=(f"json_schema={IGNORED}",),
    ),
)


def _capped(dialect: str) -> tuple[Fault, ...]:
    code = "contract.max_tokens"
    return (
        unsupported(dialect, asking(dialect), dialect),
        ignored(dialect, asking(dialect), dropped(dialect), f"{dialect}.honoured", code, f"`{dialect}` caps nothing."),
        broken(
            dialect,
            asking(dialect),
            failed(dialect),
            f"{dialect}.honoured",
            code,
            f"`{dialect}` fails under status 200.",
            verdict=GO,
        ),
        Fault(
            f"{words(dialect)}-finish-stop",
            f"An answer that `{dialect}` ended is labelled as complete.",
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
    unsupported("stop", asking("stop"), "stop"),
    ignored("stop", asking("stop"), dropped("stop"), "stop.honoured", _CODE_P, "`stop` has no effect."),
    broken("stop", asking("stop"), answer(content=7), "stop.honoured", _CODE_P, "`stop` returns a number.", verdict=GO),
    blamed("n"),
    ignored("n", SAMPLING, dropped("n"), "n.honoured", _CODE_P, "`n` returns one choice."),
    broken(
        "n",
        SAMPLING,
        edited(lambda value: [one.update(index=0) for one in value["choices"]]),
        "n.readable",
        _CODE_P,
        "All choices have the index 0.",
    ),
    blamed("logprobs"),
    ignored("logprobs", SAMPLING, NO_PROBS, "logprobs.honoured", _CODE_P, "`logprobs` returns none."),
    broken(
        "logprobs",
        SAMPLING,
        edited(
            lambda value: [
                one.update(logprobs={"tokens": ["pong"], "token_logprobs": [-0.01]}) for one in value["choices"]
            ]
        ),
        "logprobs.readable",
        _CODE_P,
        "Log probabilities have the shape of the older completions API.",
    ),
    blamed("seed"),
    broken("seed", SAMPLING, failed("seed"), "seed.accepted", _CODE_P, "`seed` fails under status 200.", verdict=GO),
)

_CODE_M = "contract.messages"
_SYSTEM, _DEVELOPER = roles("system", "user"), roles("developer", "user")
_TURNS = roles("user", "assistant", "user")
_MESSAGES = (
    unsupported("system", _SYSTEM, "role system"),
    ignored("system", _SYSTEM, misheard(last_only), "system.heard", _CODE_M, "System messages are dropped."),
    broken("system", _SYSTEM, failed("role"), "system.heard", _CODE_M, "A system message fails under 200.", verdict=GO),
    unsupported("developer", _DEVELOPER, "role developer"),
    ignored(
        "developer",
        _DEVELOPER,
        misheard(last_only),
        "developer.heard",
        _CODE_M,
        "Developer messages are dropped.",
    ),
    broken(
        "developer",
        _DEVELOPER,
        failed("role"),
        "developer.heard",
        _CODE_M,
        "A developer message fails under 200.",
        verdict=GO,
    ),
    unsupported("multi_turn", _TURNS, "role assistant"),
    ignored(
        "multi_turn",
        _TURNS,
        misheard(last_only),
        "multi_turn.heard",
        _CODE_M,
        "Only the last message is read.",
    ),
    broken(
        "multi_turn",
        _TURNS,
        failed("messages"),
        "multi_turn.heard",
        _CODE_M,
        "A conversation of several turns fails under 200.",
        verdict=GO,
    ),
    broken(
        "unicode",
        UNICODE,
        error(400, "invalid unicode code point at line 1 column 60"),
        "unicode.accepted",
        _CODE_M,
        "Text outside ASCII is refused.",
        "unicode-refused",
    ),
    ignored("unicode", UNICODE, MANGLED, "unicode.intact", _CODE_M, "A streamed text is encoded twice.", "unicode"),
    Fault(
        "image-supported",
        "An image part is accepted.",
        "",
        GO,
        lambda turn: False,
        states=("image=supported",),
        extras=("image",),
    ),
    unsupported("image", IMAGE, "image_url")._replace(extras=("image",)),
    ignored("image", IMAGE, answer(content=""), "image.accepted", _CODE_M, "An image gets no answer.")._replace(
        extras=("image",)
    ),
    broken(
        "image", IMAGE, failed("image_url"), "image.accepted", _CODE_M, "An image fails under 200.", verdict=GO
    )._replace(extras=("image",)),
)

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
        PLAIN_STREAM,
        events(lambda all: (*all[:-1], event({"error": _LOST}), DONE)),
        breaks=("stream.no_error",),
        states=(f"stream={BROKEN}",),
    ),
    Fault(
        "plain-stream-empty",
        "A plain stream has no text.",
        "content.empty",
        NO_GO,
        PLAIN_STREAM,
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
        refused("stream"),
        breaks=("stream.media_type",),
        states=(f"stream={UNSUPPORTED}",),
    ),
    Fault(
        "stream-ignored",
        "`stream: true` is ignored in a plain request.",
        "stream.not_streamed",
        NO_GO,
        PLAIN_STREAM,
        dropped("stream"),
        breaks=("stream.media_type",),
        states=(f"stream={IGNORED}",),
    ),
    Fault(
        "stream-broken",
        "An event of a plain stream is not JSON.",
        "stream.malformed",
        NO_GO,
        PLAIN_STREAM,
        events(lambda all: (*all[:1], b'data: {"choices": [{"delta"\n\n', *all[2:])),
        breaks=("stream.events_parse",),
        states=(f"stream={BROKEN}",),
    ),
    unsupported("stream_usage", USAGE, "stream_options"),
    ignored(
        "stream_usage",
        USAGE,
        dropped("stream_options"),
        "stream.usage",
        "contract.usage",
        "A stream has no usage although the request asks for it.",
    ),
    broken(
        "stream_usage",
        USAGE,
        events(lambda all: (changed(piece, null_usage) if piece != DONE else piece for piece in all)),
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
