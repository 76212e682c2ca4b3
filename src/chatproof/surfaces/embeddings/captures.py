"""Captured requests and replies of the Embeddings API: which of our probes they are like."""

from typing import Any

from chatproof.contract.surface import AskedFor
from chatproof.surfaces.embeddings.asked import count_of, encoding_of
from chatproof.surfaces.embeddings.probes import PATH

_HAPPY = "happy"


def near(path: str) -> tuple[str, str] | None:
    """Split a path that was meant to be this API's: a letter is missing or too much."""
    parts = path.rstrip("/").split("/")
    suffix = f"/{parts[-1]}"
    if len(parts) < 2 or suffix == PATH:
        return None
    from difflib import SequenceMatcher

    lowered = suffix.lower()
    if parts[-2:] == ["api", "embed"]:  # Ollama's own API
        return None
    close = lowered in ("/embedding", "/embed") or SequenceMatcher(None, lowered, PATH).ratio() >= 0.85
    return ("/".join(parts[:-1]), suffix) if close else None


def what(value: Any) -> str | None:
    """Say what a JSON value is: empty for embeddings, None where it has nothing to do with this API."""
    return "" if holds_answer(value) else None


def holds_answer(value: Any) -> bool:
    """Say whether a JSON value has items with an embedding. `data` alone is a listing's, too."""
    data = value.get("data") if isinstance(value, dict) else None
    return isinstance(data, list) and bool(data) and isinstance(data[0], dict) and "embedding" in data[0]


def may_be_reply(body: bytes) -> bool:
    """Say whether the bytes speak of an embedding."""
    return b'"embedding"' in body


def alike(asked: AskedFor) -> tuple[str, str]:
    """Name the probe that asks for the same as a request that is none of ours, word for word."""
    body = asked.body or {}
    if asked.fails and asked.status not in (400, 413, 422):
        return _HAPPY, ""  # refused before anybody looked at what is asked
    if not (body.get("input") and isinstance(body.get("model"), str)):
        return "", "the request has no model or no input: a refusal would be valid"
    return _HAPPY, ""


def summary(body: dict[str, Any]) -> str:
    """Describe a request without its texts; empty for what is none."""
    if not isinstance(body.get("input"), str | list):
        return ""
    said = encoding_of(body)
    return f"inputs={count_of(body)}, encoding_format={said if said in ('base64', 'float') else 'other'}"
