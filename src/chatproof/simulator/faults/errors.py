"""Faults of the error contract: what must be refused is answered, or refused in a way that no client can use.

Four rows for each wrong request that validate sends: answered, refused with a page, refused as a failure of the
server, refused without a word about the field. And three for the empty key.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from chatproof.simulator import chat
from chatproof.simulator.answers import ROLES
from chatproof.simulator.chat import CHAT_PATH, MODEL
from chatproof.simulator.fault import (
    GO,
    NO_GO,
    Fault,
    Turn,
    When,
    body,
    chatting,
    empty_key,
    json_of,
    let_in,
    no_key,
    page,
    says,
    wrong_key,
)
from chatproof.simulator.wire import GOOD, JSON, Reply

_CODE = "contract.validation"


def _answered(turn: Turn) -> Reply:
    """What a good request would have got."""
    good = b'{"model":"%s","messages":[{"role":"user","content":"Say pong"}]}' % MODEL.encode()
    return chat.respond(turn.asked._replace(method="POST", path=CHAT_PATH, body=good, media=JSON))


def _posted(check: Callable[[dict[str, Any]], bool]) -> When:
    """A chat request with the good key whose JSON object is like this."""
    return lambda turn: (
        chatting(turn)
        and turn.asked.credential == GOOD
        and turn.asked.method == "POST"
        and turn.reply.status >= 400
        and bool(json_of(turn))
        and check(json_of(turn))
    )


def _messages(check: Callable[[dict[str, Any]], bool]) -> When:
    return _posted(lambda asked: isinstance(asked.get("messages"), list) and any(map(check, asked["messages"])))


def _malformed(turn: Turn) -> bool:
    return chatting(turn) and turn.asked.credential == GOOD and turn.asked.body != b"" and not json_of(turn)


class _Wrong(NamedTuple):
    name: str
    about: str  # "A request …"
    when: When
    must: bool = False  # that it is refused
    must_read: bool = True  # that the refusal is JSON
    field: bool = True  # there is one to name
    lenient: bool = False  # to answer it breaks nothing


def _is_unanswered(asked: dict[str, Any]) -> bool:
    """A call, and then the user's next word."""
    messages = asked.get("messages")
    held = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    return [m.get("role") for m in held] == ["user", "assistant", "user"] and bool(held[1].get("tool_calls"))


_WRONG = (
    _Wrong("malformed_json", "whose JSON is cut off", _malformed, must=True, field=False),
    _Wrong("missing_messages", "without messages", _posted(lambda asked: "messages" not in asked), must=True),
    _Wrong("missing_model", "without a model", _posted(lambda asked: "model" not in asked)),
    _Wrong("empty_messages", "with empty messages", _posted(lambda asked: asked.get("messages") == [])),
    _Wrong("message_without_role", "with a message without role", _messages(lambda message: "role" not in message)),
    _Wrong("wrong_role", "with an unknown role", _messages(lambda message: message.get("role", "user") not in ROLES)),
    _Wrong(
        "wrong_content_type",
        "whose content is a number",
        _messages(lambda message: isinstance(message.get("content"), int)),
    ),
    _Wrong(
        "temperature_string",
        "whose temperature is a word",
        _posted(lambda asked: isinstance(asked.get("temperature"), str)),
    ),
    _Wrong("temperature_range", "whose temperature is 99", _posted(lambda asked: asked.get("temperature") == 99)),
    _Wrong("stream_string", "whose stream is a word", _posted(lambda asked: isinstance(asked.get("stream"), str))),
    _Wrong("unknown_model", "for an unknown model", _posted(lambda asked: asked.get("model") not in (None, MODEL))),
    _Wrong(
        "wrong_media_type",
        "declared as text/plain",
        lambda turn: chatting(turn) and turn.asked.media.startswith("text/") and turn.asked.credential == GOOD,
        must_read=False,
        field=False,
    ),
    _Wrong(
        "get_endpoint",
        "with the method GET",
        lambda turn: chatting(turn) and turn.asked.method == "GET",
        must_read=False,
        field=False,
    ),
    _Wrong(
        "unknown_path",
        "to an unknown path",
        lambda turn: turn.asked.path.startswith(f"{CHAT_PATH}/"),
        must_read=False,
        field=False,
    ),
    _Wrong(
        "wrong_call_id",
        "with a result for a call that was not made",
        _messages(lambda message: message.get("tool_call_id") == "z9y8x7w6v"),
        field=False,
        lenient=True,
    ),
    _Wrong(
        "unanswered_call", "with a tool call that has no result", _posted(_is_unanswered), field=False, lenient=True
    ),
)


def _rows(wrong: _Wrong) -> tuple[Fault, ...]:
    name, probe = wrong.name.replace("_", "-"), f"error.{wrong.name}"
    failed = {"message": "Invalid request.", "type": "invalid_request_error", "param": None, "code": None}
    rows = [
        Fault(
            f"{name}-answered",
            f"A request {wrong.about} is answered.",
            _CODE,
            NO_GO if wrong.must else GO,
            wrong.when,
            says(200, {"error": failed}) if wrong.lenient else _answered,
            breaks=(f"{probe}.refused",),
        ),
        Fault(
            f"{name}-page",
            f"A request {wrong.about} is refused with a web page.",
            _CODE,
            NO_GO if wrong.must_read else GO,
            wrong.when,
            page(400, "Bad Request"),
            breaks=(f"{probe}.readable",),
        ),
        Fault(
            f"{name}-500",
            f"A request {wrong.about} is refused with a server error.",
            _CODE,
            GO,
            wrong.when,
            lambda turn: chat.json_reply(_named(turn, failed), 500),
            breaks=(f"{probe}.not_retried",),
        ),
    ]
    if wrong.field:
        rows.append(
            Fault(
                f"{name}-unnamed",
                f"A request {wrong.about} is refused without naming the field.",
                _CODE,
                GO,
                wrong.when,
                says(400, {"error": {**failed, "message": "Bad request."}}),
                breaks=(f"{probe}.field_named",),
            )
        )
    return tuple(rows)


def _named(turn: Turn, failed: dict[str, Any]) -> dict[str, Any]:
    """The conformant error's words under another type, so that only the status is wrong."""
    import json

    try:
        said = json.loads(turn.reply.body)["error"]
    except (ValueError, LookupError, TypeError):
        said = failed
    return {"error": said}


def _broken_by_502(wrong: _Wrong) -> tuple[str, ...]:
    return ("not_retried", "field_named") if wrong.field else ("not_retried",)


def _unreadable(name: str, about: str, when: When, probe: str) -> tuple[Fault, ...]:
    """A refusal of the key that no client can read."""
    code = "auth.error_body"
    return (
        Fault(
            f"{name}-page",
            f"{about} is refused with a web page.",
            code,
            NO_GO,
            when,
            page(401, "401 Authorization Required"),
            breaks=(f"{probe}.body_json",),
        ),
        Fault(
            f"{name}-no-error",
            f"{about} is refused without an error.",
            code,
            NO_GO,
            when,
            body(b'{"status": 401}', JSON, 401),
            breaks=(f"{probe}.error_present",),
        ),
    )


KEY = (
    Fault(
        "empty-key-accepted",
        "A request with an empty key is answered.",
        "auth.not_enforced",
        NO_GO,
        empty_key,
        let_in,
        breaks=("auth.empty_key.rejected",),
    ),
    *_unreadable("empty-key", "A request with an empty key", empty_key, "auth.empty_key"),
    *_unreadable("missing-key", "A request without a key", no_key, "auth.missing_key"),
    *_unreadable("wrong-key", "A request with a wrong key", wrong_key, "auth.invalid_key"),
)

_BODIES = tuple(
    wrong
    for wrong in _WRONG
    if not wrong.lenient and wrong.name not in ("wrong_media_type", "get_endpoint", "unknown_path")
)

MISTAKES_DOWN = Fault(
    "mistakes-answered-502",
    "Each request with a mistake in its body is answered with an upstream error; correct ones are answered.",
    _CODE,
    GO,
    lambda turn: any(wrong.when(turn) for wrong in _BODIES),
    says(502, {"error": {"message": "Error processing upstream provider response", "type": "upstream_error"}}),
    breaks=tuple(f"error.{wrong.name}.{clause}" for wrong in _BODIES for clause in _broken_by_502(wrong)),
)

ROWS = (*KEY, MISTAKES_DOWN, *(row for wrong in _WRONG for row in _rows(wrong)))
