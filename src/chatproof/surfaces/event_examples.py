"""Pieces of streams for the examples of clauses: an event on the wire, and changes of one."""

import json
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]


def event(value: Event, name: str | None = None) -> bytes:
    """One event on the wire, with its event line; without one where `name` is empty."""
    line = value.get("type") if name is None else name
    return (f"event: {line}\n" if line else "").encode() + b"data: " + json.dumps(value).encode() + b"\n\n"


def drop(*path: str | int) -> Callable[[Event], object]:
    """A change that takes a member away."""
    return lambda value: _inside(value, path[:-1]).pop(path[-1])


def put(value: object, *path: str | int) -> Callable[[Event], object]:
    """A change that gives a member another value."""
    return lambda event: _inside(event, path[:-1]).__setitem__(path[-1], value)


def _inside(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value
