"""The events of a stream, each with its event line."""

from chatproof.evidence.parsed_bodies import is_done
from chatproof.evidence.reply import Reply
from chatproof.wire.strictjson import Json


def count_before_done(reply: Reply) -> int | None:
    """How many events come before the first `[DONE]`; None where none comes. A client that knows it stops there."""
    done = [is_done(event.data) for event in reply.events[0]]
    return done.index(True) if True in done else None


def named_events(reply: Reply) -> list[tuple[str, dict[str, Json]]]:
    """(event line, data) of each event whose data is an object, in order; the line is empty where there is none."""
    events = (event for event in reply.events[0] if not is_done(event.data))
    return [
        (event.name if event.is_named else "", value)
        for event, (value, _) in zip(events, reply.parsed_events, strict=True)
        if isinstance(value, dict)
    ]
