"""Captured requests and replies of the Responses API: which of our probes they are like, and what else such JSON is."""

from typing import Any

from chatproof.contract.surface import AskedFor
from chatproof.surfaces.responses.probes import PATH

_HAPPY, _STREAM = "happy", "stream"
# What a request may ask for that makes a response without text a good one.
_OTHER_ANSWERS = ("tools", "tool_choice", "background", "prompt")
_ENOUGH_TOKENS = 16  # a smaller cap is none that the API takes


def near(path: str) -> tuple[str, str] | None:
    """Split a path that was meant to be this API's: a letter is missing or too much."""
    parts = path.rstrip("/").split("/")
    suffix = f"/{parts[-1]}"
    if len(parts) < 2 or suffix == PATH:
        return None
    from difflib import SequenceMatcher

    lowered = suffix.lower()
    close = lowered == "/response" or SequenceMatcher(None, lowered, PATH).ratio() >= 0.85
    return ("/".join(parts[:-1]), suffix) if close else None


def what(value: Any) -> str | None:
    """Say what a JSON value is: empty for a response, None where it has nothing to do with this API."""
    if not isinstance(value, dict):
        return None
    if value.get("object") == "response" and isinstance(value.get("output"), list):
        return ""
    kind = value.get("type")
    if isinstance(kind, str) and kind.startswith("response.") and "output" not in value:
        return f"one event of a stream ({kind[:60]}), without its `data:`; give the complete stream, with --as stream"
    return None


def holds_answer(value: Any) -> bool:
    """Say whether a JSON value has the member `output`, whatever is in it; not what /responses/compact answers."""
    return isinstance(value, dict) and "output" in value and value.get("object") != "response.compaction"


def may_be_reply(body: bytes) -> bool:
    """Say whether the bytes speak of output, or of events of a response."""
    return (b'"output"' in body or b'"response.' in body) and b'"response.compaction"' not in body


def alike(asked: AskedFor) -> tuple[str, str]:
    """Name the probe that asks for the same as a request that is none of ours, word for word."""
    body = asked.body or {}
    text = body.get("text")
    other = next((name for name in _OTHER_ANSWERS if body.get(name)), "")
    if other and asked.fails:
        return _HAPPY, f"the request has {other}; a refusal is a valid answer to it"
    if other:
        return "", f"the request has {other}: a reply without text may be valid"
    cap = body.get("max_output_tokens")
    if isinstance(cap, int) and cap <= _ENOUGH_TOKENS and not asked.fails:
        return "", "the request caps the answer at a few tokens: a reply without text may be valid"
    if asked.fails and asked.status not in (400, 413, 422):
        return _HAPPY, ""  # refused before anybody looked at what is asked
    if not (body.get("input") and isinstance(body.get("model"), str)):
        return "", "the request has no model or no input: a refusal would be valid"
    if isinstance(text, dict) and text.get("format") and asked.fails:
        return _HAPPY, "the request has text.format; a refusal is a valid answer to it"
    return (_STREAM if body.get("stream") is True else _HAPPY), ""


def summary(body: dict[str, Any]) -> str:
    """Describe a request without its texts; empty for what is none."""
    given = body.get("input")
    if not isinstance(given, str | list):
        return ""
    said = "text" if isinstance(given, str) else f"{len(given)} items"
    return f"input={said}, stream={str(body.get('stream') is True).lower()}"
