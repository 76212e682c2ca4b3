"""What the faults of the Responses API are made of: which requests, and what becomes of the answer."""

import json
from collections.abc import Callable

from chatproof.simulator import responses
from chatproof.simulator.common_faults import Rows, Value, each_event
from chatproof.simulator.fault import Alter, Turn, When, json_of
from chatproof.simulator.typed_events import event, value_of
from chatproof.simulator.wire import GOOD, WRONG, Reply


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


def free_text(turn: Turn) -> bool:
    """A plain request that is answered with a text of no form: parse() reads each part of a formed one alone."""
    return with_text(turn) and "text" not in json_of(turn)


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


def has(name: str, stream: bool | None = None) -> When:
    """A request that is answered, and has this field."""
    return sent(lambda asked: name in asked, stream)


# -- what becomes of the answer -------------------------------------------------------------------------------------


def let_in(turn: Turn) -> Reply:
    """What the good key would have got."""
    return responses.respond(turn.asked._replace(credential=GOOD))


def asked_as(*names: str, **fields: object) -> Alter:
    """What the same request would get without these fields, or with others."""

    def alter(turn: Turn) -> Reply:
        body = {name: value for name, value in json.loads(turn.asked.body).items() if name not in names}
        return let_in(turn._replace(asked=turn.asked._replace(body=json.dumps({**body, **fields}).encode())))

    return alter


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
    return each_event(f"response.{type}", change)


# -- rows -----------------------------------------------------------------------------------------------------------

ROWS = Rows("responses")
must, should = ROWS.must, ROWS.should
