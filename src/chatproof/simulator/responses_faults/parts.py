"""What the faults of the Responses API are made of: which requests, and what becomes of the answer."""

from collections.abc import Callable
from typing import Any

from chatproof.simulator import responses
from chatproof.simulator.fault import GO, NO_GO, Alter, Fault, Turn, When, edited, json_of
from chatproof.simulator.responses import event, value_of
from chatproof.simulator.wire import GOOD, WRONG, Reply

Value = dict[str, Any]


def asking(turn: Turn) -> bool:
    """Any request to this API."""
    return turn.asked.path.endswith("/responses")


def plain(turn: Turn) -> bool:
    """A request that is answered, and asks for no stream."""
    return asking(turn) and turn.asked.credential == GOOD and turn.reply.status == 200 and not turn.reply.events


def streaming(turn: Turn) -> bool:
    """A request that is answered with a stream."""
    return asking(turn) and turn.asked.credential == GOOD and bool(turn.reply.events)


def refused(turn: Turn) -> bool:
    """A request with a wrong key or none."""
    return asking(turn) and turn.asked.credential != GOOD


def wrong_key(turn: Turn) -> bool:
    """A request with a wrong key."""
    return asking(turn) and turn.asked.credential == WRONG


def with_text(turn: Turn) -> bool:
    """A plain request that is answered with a text."""
    return plain(turn) and b'"output_text"' in turn.reply.body


def with_call(turn: Turn) -> bool:
    """A plain request that is answered with a call."""
    return plain(turn) and b'"function_call"' in turn.reply.body


def streaming_text(turn: Turn) -> bool:
    """A request that is answered with a stream of a text."""
    return streaming(turn) and any(b"output_text.delta" in piece for piece in turn.reply.events)


def streaming_call(turn: Turn) -> bool:
    """A request that is answered with a stream of a call."""
    return streaming(turn) and any(b"function_call_arguments.delta" in piece for piece in turn.reply.events)


def sent(check: Callable[[Value], bool], stream: bool | None = None) -> When:
    """A request that is answered, and whose body is such."""

    def when(turn: Turn) -> bool:
        body = json_of(turn)
        wanted = stream is None or bool(body.get("stream")) is stream
        return asking(turn) and turn.asked.credential == GOOD and wanted and check(body)

    return when


# -- what becomes of the answer -------------------------------------------------------------------------------------


def let_in(turn: Turn) -> Reply:
    """What the good key would have got."""
    return responses.respond(turn.asked._replace(credential=GOOD))


def put(value: object, *path: str | int) -> Alter:
    """The good response with another value in one place."""
    return edited(lambda body: inside(body, path[:-1]).__setitem__(path[-1], value))


def drop(*path: str | int) -> Alter:
    """The good response without one member."""
    return edited(lambda body: inside(body, path[:-1]).pop(path[-1]))


def inside(value: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path."""
    for step in path:
        value = value[step]
    return value


def events(change: Callable[[list[Value]], list[Value]]) -> Alter:
    """The good stream with other events; they are numbered anew."""

    def alter(turn: Turn) -> Reply:
        made = change([value_of(piece) for piece in turn.reply.events])
        numbered = ({**one, "sequence_number": number} for number, one in enumerate(made))
        return turn.reply._replace(events=tuple(map(event, numbered)))

    return alter


def without(*types: str) -> Alter:
    """The good stream without the events of these types."""
    gone = {f"response.{type}" for type in types}
    return events(lambda all: [one for one in all if one["type"] not in gone])


def each(type: str, change: Callable[[Value], object]) -> Alter:
    """The good stream after `change` was applied to each event of a type. Numbers and lines stay as they are."""

    def alter(turn: Turn) -> Reply:
        made = []
        for piece in turn.reply.events:
            value = value_of(piece)
            if value["type"] == f"response.{type}":
                change(value)
                made.append(piece.partition(b"\n")[0] + b"\n" + event(value).partition(b"\n")[2])
            else:
                made.append(piece)
        return turn.reply._replace(events=tuple(made))

    return alter


def set_in(value: object, *path: str | int) -> Callable[[Value], object]:
    """A change that gives a member of an event another value."""
    return lambda one: inside(one, path[:-1]).__setitem__(path[-1], value)


def gone_from(*path: str | int) -> Callable[[Value], object]:
    """A change that takes a member away from an event."""
    return lambda one: inside(one, path[:-1]).pop(path[-1])


# -- rows -----------------------------------------------------------------------------------------------------------


def must(name: str, about: str, code: str, when: When, alter: Alter, *breaks: str, stream: bool = False) -> Fault:
    """A fault that breaks a required clause."""
    ids = tuple(f"responses.{id}" for id in breaks)
    return Fault(name, about, code, NO_GO, when, alter, breaks=ids, stream=stream)


def should(name: str, about: str, code: str, when: When, alter: Alter, *breaks: str, stream: bool = False) -> Fault:
    """A fault that is a warning."""
    ids = tuple(f"responses.{id}" for id in breaks)
    return Fault(name, about, code, GO, when, alter, breaks=ids, stream=stream)
