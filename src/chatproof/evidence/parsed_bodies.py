"""Bodies that are parsed once: the values of a few large ones are kept, and given back."""

from __future__ import annotations

from collections.abc import Callable

from chatproof.wire import strictjson
from chatproof.wire.strictjson import Json, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic, TypeVar

    from chatproof.wire import sse

    _Value = TypeVar("_Value")
    Events = tuple[list[sse.Event], bytes, str]
else:  # the base class below is `object`; what stands in its brackets is for mypy
    _Value, Generic = 0, (object,)
    Events = object

_FEW = 4
_ROOM = 4 * 1024 * 1024
"""Bytes of all the bodies in such a memory, but for a single larger one. One character beyond the BMP makes every
character of its string take four bytes."""
Parsed = list[tuple[Json, Problem | None]]


def read_stream(body: bytes) -> tuple[Events, Parsed]:
    """The events of a stream, and the data of each as strict JSON, `[DONE]` left out."""
    from chatproof.wire import sse  # most runs read no stream

    events = sse.read_events(body)
    return events, strictjson.parse_each(event.data for event in events[0] if not is_done(event.data))


class _Recent(Generic[_Value]):
    """What was made of the last few bodies. What must go goes before its successor is made, which needs the room."""

    def __init__(self, make: Callable[[bytes], _Value]) -> None:
        self._make = make
        self._kept: dict[bytes, _Value] = {}

    def __call__(self, body: bytes) -> _Value:
        kept = self._kept
        if body in kept:
            kept[body] = kept.pop(body)  # the latest is the last
            return kept[body]
        while kept and (len(kept) == _FEW or sum(map(len, kept)) + len(body) > _ROOM):
            del kept[next(iter(kept))]
        kept[body] = self._make(body)
        return kept[body]

    def clear(self) -> None:
        """Give the room back; what is asked for again is made again."""
        self._kept.clear()


class Memory:
    """What was parsed of the large bodies of one judgement: its replies share it, and it goes with them.

    Not shared between threads: each judgement has its own.
    """

    def __init__(self) -> None:
        self.json = _Recent(strictjson.parse)
        self.stream = _Recent(read_stream)


def is_done(data: bytes) -> bool:
    """The terminator as clients match it: openai-python looks at the beginning only."""
    return data.strip().startswith(b"[DONE]")
