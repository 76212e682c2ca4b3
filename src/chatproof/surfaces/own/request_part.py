"""What one part of a chat request is: its name for people, and what can be sent in its place."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Request = dict[str, Any]
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class Part(NamedTuple):
    """`words` are those by which an error blames it; `needed`: the request is another one without it; `by_name`: tried
    only where an error names it, for other servers refuse what is put in its place."""

    name: str  # for people: "`parallel_tool_calls`"
    instead: str  # "without it", "with 16"
    words: tuple[str, ...]
    change: Callable[[Request], None]  # changes a copy
    needed: bool = False
    by_name: bool = False


def shown_name(name: str) -> str:
    """A field's name as it may be shown: names are the API's; what is no name may be a text."""
    return f"`{name}`" if 0 < len(name) <= 40 and set(name) <= _NAME else "an unknown field"


def messages_of(body: Request) -> list[Request]:
    """The messages that are objects."""
    found = body.get("messages")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Those of a list that are objects; none of what is no list."""
    yield from (item for item in (value if isinstance(value, list) else ()) if isinstance(item, dict))


def on_each_message(change: Callable[[Request], object]) -> Callable[[Request], None]:
    """Change a request by changing each of its messages."""

    def on_all(body: Request) -> None:
        for message in messages_of(body):
            change(message)

    return on_all
