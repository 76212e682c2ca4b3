"""Server-sent events of the APIs whose events have a type: the Responses and the Messages API."""

import json
from typing import Any

from chatproof.simulator import chat


def event(value: dict[str, Any]) -> bytes:
    """A server-sent event whose event line is its type."""
    return f"event: {value.get('type')}\n".encode() + chat.event(value)


def value_of(piece: bytes) -> dict[str, Any]:
    """The value of an event that `event` made."""
    found: dict[str, Any] = json.loads(piece.partition(b"data: ")[2])
    return found
