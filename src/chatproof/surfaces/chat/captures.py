"""Captured chat requests and replies: which of our probes they are like, and what else such JSON may be."""

from typing import Any

from chatproof.contract.surface import AskedFor
from chatproof.wire.urls import CHAT_PATH

_HAPPY, _STREAM = "happy", "stream"
# What a request may ask for that makes a reply without text a good one.
_OTHER_ANSWERS = ("tools", "tool_choice", "functions", "function_call", "modalities", "audio", "stop")
_ENOUGH_TOKENS = 16  # a smaller cap may leave no room for text


def near(path: str) -> tuple[str, str] | None:
    """Split a path that was meant to be the chat path: a letter is missing or too much, or a part of it."""
    if "/chat/" in path:
        before, _, after = path.partition("/chat/")
        return before, f"/chat/{after}"
    parts = path.rstrip("/").split("/")
    for count in (2, 1):
        suffix = "/" + "/".join(parts[-count:])
        if len(parts) > count and _resembles(suffix):
            return "/".join(parts[:-count]), suffix
    return None


def _resembles(suffix: str) -> bool:
    from difflib import SequenceMatcher

    lowered = suffix.lower()
    if lowered in ("/chat", "/completions", "/completion"):
        return True
    return SequenceMatcher(None, lowered, CHAT_PATH).ratio() >= 0.85


def what(value: Any) -> str | None:
    """Say what a JSON value is: empty for a reply of chat completions, None where it has nothing to do with them."""
    if isinstance(value, list):
        first = value[0] if value and isinstance(value[0], dict) else {}
        return "a list of messages: only a part of a request" if "role" in first and "content" in first else None
    if not isinstance(value, dict):
        return None
    if "choices" in value and "messages" not in value:
        if value.get("object") == "chat.completion.chunk":
            said = "one event of a stream (chat.completion.chunk), without its `data:`"
            return f"{said}; give the complete stream, with --as stream"
        return ""
    if isinstance(value.get("messages"), list) and "choices" not in value and not _is_envelope(value):
        return "the body of a request (it has messages and no choices)"
    return None


def _is_envelope(value: dict[str, Any]) -> bool:
    """Cloudflare's own JSON around what its API says: its messages are for people, and no conversation."""
    return isinstance(value.get("success"), bool) and isinstance(value.get("errors"), list)


def holds_answer(value: Any) -> bool:
    """Say whether a JSON value has choices, whatever is in them."""
    return isinstance(value, dict) and "choices" in value


def may_be_reply(body: bytes) -> bool:
    """Say whether the bytes speak of choices."""
    return b'"choices"' in body


def alike(asked: AskedFor) -> tuple[str, str]:
    """Name the probe that asks for the same as a chat request that is none of ours, word for word."""
    body = asked.body or {}
    other = next((name for name in _OTHER_ANSWERS if body.get(name)), "")
    if other and asked.fails:
        return _HAPPY, f"the request has {other}; a refusal is a valid answer to it"
    if other:
        return "", f"the request has {other}: a reply without text may be valid"
    caps = [body.get(name) for name in ("max_tokens", "max_completion_tokens")]
    if any(isinstance(cap, int) and cap < _ENOUGH_TOKENS for cap in caps):
        return "", "the request caps the answer at a few tokens: a reply without text may be valid"
    if asked.fails and asked.status not in (400, 413, 422):
        return _HAPPY, ""  # refused before anybody looked at what is asked
    messages = body.get("messages")
    if not (isinstance(messages, list) and messages and isinstance(body.get("model"), str)):
        return "", "the request has no model or no messages: a refusal would be valid"
    return (_STREAM if body.get("stream") is True else _HAPPY), ""


def summary(body: dict[str, Any]) -> str:
    """Describe a chat request without its texts; empty for what is none."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return ""
    return f"messages_count={len(messages)}, stream={str(body.get('stream') is True).lower()}"
