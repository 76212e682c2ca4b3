"""What the faults of the Messages API are made of: which requests, and what becomes of the answer."""

import json
from collections.abc import Callable

from chatproof.simulator import messages
from chatproof.simulator.common_faults import Rows, Value, each_event
from chatproof.simulator.fault import Alter, Turn, When, json_of
from chatproof.simulator.messages import credential
from chatproof.simulator.typed_events import event, value_of
from chatproof.simulator.wire import GOOD, MISSING, WRONG, Reply


def asking(turn: Turn) -> bool:
    """Any request for a message."""
    return turn.asked.path.endswith("/messages")


def granted(turn: Turn) -> bool:
    """A request for a message that is answered, plain or streamed."""
    return asking(turn) and credential(turn.asked) == GOOD and turn.reply.status == 200


def plain(turn: Turn) -> bool:
    """A request that is answered, and asks for no stream."""
    return granted(turn) and not turn.reply.events


def streaming(turn: Turn) -> bool:
    """A request that is answered with a stream."""
    return granted(turn) and bool(turn.reply.events)


def refused(turn: Turn) -> bool:
    """A request with a wrong key or none."""
    return asking(turn) and credential(turn.asked) != GOOD


def with_bearer(turn: Turn) -> bool:
    """A request with something in the Authorization header."""
    return asking(turn) and turn.asked.credential != MISSING


def with_api_key(turn: Turn) -> bool:
    """A request with something in the x-api-key header."""
    return asking(turn) and turn.asked.api_key != MISSING


def wrong_bearer(turn: Turn) -> bool:
    """A request with a wrong key in the Authorization header."""
    return asking(turn) and turn.asked.credential == WRONG


def wrong_api_key(turn: Turn) -> bool:
    """A request with a wrong key in the x-api-key header."""
    return asking(turn) and turn.asked.api_key == WRONG


def of_version(version: str) -> When:
    """A request with the good key and this version."""
    return lambda turn: asking(turn) and credential(turn.asked) == GOOD and turn.asked.api_version == version


def with_text(turn: Turn) -> bool:
    """A plain request that is answered with a text."""
    return plain(turn) and b'"type": "text"' in turn.reply.body


def with_call(turn: Turn) -> bool:
    """A plain request that is answered with a call."""
    return plain(turn) and b'"tool_use", "id"' in turn.reply.body


def with_thinking(turn: Turn) -> bool:
    """A plain request that is answered with thinking."""
    return plain(turn) and b'"type": "thinking"' in turn.reply.body


def streaming_text(turn: Turn) -> bool:
    """A request that is answered with a stream of a text, and nothing else."""
    return _streams(turn, b"text_delta") and not _streams(turn, b"thinking_delta")


def streaming_call(turn: Turn) -> bool:
    """A request that is answered with a stream of a call."""
    return _streams(turn, b"input_json_delta")


def _streams(turn: Turn, what: bytes) -> bool:
    return streaming(turn) and any(what in piece for piece in turn.reply.events)


def sent(check: Callable[[Value], bool], stream: bool | None = None) -> When:
    """A request with the good key, whose body is such."""

    def when(turn: Turn) -> bool:
        body = json_of(turn)
        wanted = stream is None or bool(body.get("stream")) is stream
        return asking(turn) and credential(turn.asked) == GOOD and wanted and check(body)

    return when


# -- what becomes of the answer -------------------------------------------------------------------------------------


def let_in(turn: Turn) -> Reply:
    """What the good key would have got."""
    return messages.respond(turn.asked._replace(credential=GOOD))


def says(status: int, message: str, type: str = "") -> Alter:
    """A JSON error in this API's shape."""
    return lambda turn: messages.error(turn.asked, status, message, type)


def events(change: Callable[[list[Value]], list[Value]]) -> Alter:
    """The good stream with other events."""

    def alter(turn: Turn) -> Reply:
        made = change([value_of(piece) for piece in turn.reply.events])
        return turn.reply._replace(events=tuple(map(event, made)))

    return alter


def without(*types: str) -> Alter:
    """The good stream without the events of these types."""
    return events(lambda all: [one for one in all if one["type"] not in types])


def each(type: str, change: Callable[[Value], object]) -> Alter:
    """The good stream after `change` was applied to each event of a type. Its line stays as it is."""
    return each_event(type, change)


def instead(**fields: object) -> Alter:
    """What the request would have got without some of its members, or with others."""

    def alter(turn: Turn) -> Reply:
        asked = {**json.loads(turn.asked.body), **fields}
        asked = {name: value for name, value in asked.items() if value is not None}
        return messages.respond(turn.asked._replace(body=json.dumps(asked).encode()))

    return alter


# -- rows -----------------------------------------------------------------------------------------------------------

ROWS = Rows("messages")
must, should = ROWS.must, ROWS.should
