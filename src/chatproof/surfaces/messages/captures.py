"""Captured requests and replies of the Messages API: which of our probes they are like, and what else such JSON is."""

from typing import Any

from chatproof.contract.surface import AskedFor
from chatproof.surfaces.messages.kinds import EVENTS
from chatproof.surfaces.messages.probes import PATH

_HAPPY, _STREAM = "happy", "stream"
# What a request may ask for that makes a message without text a good one.
_OTHER_ANSWERS = ("tools", "tool_choice", "stop_sequences", "mcp_servers")
_ENOUGH_TOKENS = 16  # a smaller cap may leave no room for text


def near(path: str) -> tuple[str, str] | None:
    """Split a path that was meant to be this API's: a letter is missing or too much."""
    parts = path.rstrip("/").split("/")
    suffix = f"/{parts[-1]}"
    if len(parts) < 2 or suffix == PATH:
        return None
    from difflib import SequenceMatcher

    close = SequenceMatcher(None, suffix.lower(), PATH).ratio() >= 0.85
    return ("/".join(parts[:-1]), suffix) if close else None


def what(value: Any) -> str | None:
    """Say what a JSON value is: empty for a message, None where it has nothing to do with this API."""
    if not isinstance(value, dict):
        return None
    kind = value.get("type")
    if kind == "message" and ("content" in value or "stop_reason" in value):
        return ""
    if (
        isinstance(kind, str)
        and kind in EVENTS - {"error"}
        and ("message" in value or "index" in value or "delta" in value)
    ):
        return f"one event of a stream ({kind}), without its lines; give the complete stream, with --as stream"
    return None


def holds_answer(value: Any) -> bool:
    """Say whether a JSON value has the member `content` of a message: other APIs' messages have one, too."""
    return isinstance(value, dict) and "content" in value and ("stop_reason" in value or value.get("type") == "message")


def may_be_reply(body: bytes) -> bool:
    """Say whether the bytes speak of why a message ended, or of events of one."""
    return b'"stop_reason"' in body or b'"message_start"' in body


def alike(asked: AskedFor) -> tuple[str, str]:
    """Name the probe that asks for the same as a request that is none of ours, word for word."""
    body = asked.body or {}
    other = next((name for name in _OTHER_ANSWERS if body.get(name)), "")
    if other and asked.fails:
        return _HAPPY, f"the request has {other}; a refusal is a valid answer to it"
    if other:
        return "", f"the request has {other}: a reply without text may be valid"
    cap = body.get("max_tokens")
    if isinstance(cap, int) and cap < _ENOUGH_TOKENS and not asked.fails:
        return "", "the request caps the answer at a few tokens: a reply without text may be valid"
    if asked.fails and asked.status not in (400, 413, 422):
        return _HAPPY, ""  # refused before anybody looked at what is asked
    messages = body.get("messages")
    if not (isinstance(messages, list) and messages and isinstance(body.get("model"), str)):
        return "", "the request has no model or no messages: a refusal would be valid"
    if "max_tokens" not in body and asked.fails:
        return "", "the request has no max_tokens: a refusal would be valid"
    return (_STREAM if body.get("stream") is True else _HAPPY), ""


def summary(body: dict[str, Any]) -> str:
    """Describe a request without its texts; empty for what is none."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return ""
    return f"messages_count={len(messages)}, stream={str(body.get('stream') is True).lower()}"
