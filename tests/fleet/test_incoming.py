"""What a stranger may put on the broker: it ends no worker, holds none up, and decides nothing."""

from __future__ import annotations

import json
import struct
import uuid
import zlib
from typing import Any

import pytest

pytest.importorskip("celery")

import kombu.message
from amqp.method_framing import frame_handler
from kombu import compression

from chatproof.fleet import batches, incoming, queues
from chatproof.fleet.batches import Batch

BATCH = Batch("eu-1", ("a", "b"), "ab" * 32, "20261129-012400", 2e9)
ID = "0f8e7d6c-5b4a-3928-1706-f5e4d3c2b1a0"
MORE = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


class Channel:
    """Takes what a message tells the broker."""

    no_ack_consumers = None

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def basic_reject(self, tag: int, requeue: bool) -> None:
        self.told.append(("refused", requeue))


def body(said: Any = None, more: Any = None) -> str:
    return json.dumps([[batches.message(BATCH) if said is None else said], {}, MORE if more is None else more])


def message(text: Any = None, *, redelivered: bool = False, kind: str = "application/json", **headers: Any) -> Any:
    return kombu.message.Message(
        body() if text is None else text,
        delivery_tag=1,
        content_type=kind,
        content_encoding="utf-8",
        headers={"task": queues.TASK, "id": ID, **headers},
        properties={"reply_to": "elsewhere", "correlation_id": "c"},
        delivery_info={"redelivered": redelivered},
        channel=Channel(),
    )


def test_a_batch_goes_on_as_it_was_sent() -> None:
    made = message(redelivered=True, **{"x-delivery-count": 2})
    incoming.told_anew(made, queues.TASK)
    (said,), options, more = json.loads(made.body)
    assert batches.read(said) == BATCH and options == more == {}
    assert (made.headers["id"], made.headers["x-delivery-count"]) == (ID, 2)


OBEYED = {
    "eta": "2099-01-01T00:00:00", "expires": "2001-01-01T00:00:00", "timelimit": [0.01, 0.001], "retries": "x",
    "shadow": "\x1b]0;x\x07", "is_eager": True, "get": 1, "ignore_result": False, "group": "g", "stamps": {"a": 1},
    "stamped_headers": ["a"], "replaced_task_nesting": "a", "lang": "java", "compression": "",
}  # fmt: skip


@pytest.mark.parametrize("name", OBEYED)
def test_what_the_sender_says_of_how_to_carry_it_out_is_left_behind(name: str) -> None:
    task = {"task": "celery.map", "args": [], "kwargs": {}, "options": {"queue": "elsewhere"}, "immutable": True}
    made = message(body(more={key: [task] for key in MORE}), **{name: OBEYED[name]})
    incoming.told_anew(made, queues.TASK)
    assert set(made.headers) == {"task", "id", "root_id", "argsrepr", "x-delivery-count"}
    assert made.properties == {} and "elsewhere" not in made.body


@pytest.mark.parametrize("count", [99, "abc", [1], None, True, -1.5])
@pytest.mark.parametrize("redelivered", [False, True])
def test_a_count_of_deliveries_is_the_brokers(count: Any, redelivered: bool) -> None:
    """A batch that was delivered too often ends as interrupted: a sender could end it so."""
    made = message(redelivered=redelivered, **{"x-delivery-count": count})
    incoming.told_anew(made, queues.TASK)
    assert made.headers["x-delivery-count"] == (99 if redelivered and count == 99 else 0)


@pytest.mark.parametrize("id", [None, "x" * 60_000, {"a": 1}, "", "../" * 12, 7, "G" * 36])
def test_a_message_has_an_id_of_a_messages_form(id: Any) -> None:
    made = message(id=id)
    incoming.told_anew(made, queues.TASK)
    assert made.headers["id"] != id and str(uuid.UUID(made.headers["id"])) == made.headers["id"]


BAD = {
    "nothing": message(""),
    "no bytes": message(b""),
    "a number": message("1"),
    "null": message("null"),
    "two of three": message("[[],{}]"),
    "no batch": message("[[],{},{}]"),
    "arguments by name": message(json.dumps([[batches.message(BATCH)], {"task": 1}, {}])),
    "two batches": message(json.dumps([[batches.message(BATCH)] * 2, {}, {}])),
    "the first protocol": message(json.dumps({"task": queues.TASK, "id": "1", "args": [batches.message(BATCH)]})),
    "deep": message("[" * 100_000 + "]" * 100_000),
    "no text": message(b"\xff\xfe["),
    "many digits": message("[[%s],{},{}]" % ("9" * 5000)),
    "large": message(" " * (incoming.LARGEST + 1)),
    "another region's form": message(body({**batches.message(BATCH), "region": "../x"})),
    "pickled": message(kind="application/x-python-serialize"),
    "bytes": message(kind="application/data"),
    "no kind": message(kind=""),
    "compressed": message(compression="nobody's"),
    "another task": message(task="celery.chord"),
    "a task that is a list": message(task=[None]),
    "a task that is bytes": message(task=b"abc"),
    "no task": message(task=None),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_batch_is_refused_and_kept(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """By Celery's consumer, which would have ended the worker, or taken it for done, and logged all of it."""
    made = incoming.consumer_of(queues.TASK)
    one = object.__new__(made)
    one.strategies, one.connection_errors, one.on_task_message = {}, (), set()  # a strategy would be a KeyError
    one.call_soon_ack = None
    one.create_task_handler()(BAD[name])
    assert BAD[name].channel.told == [("refused", False)]
    other = message()
    one.on_decode_error(other, ValueError("of the sender's"))
    assert other.channel.told == [("refused", False)]
    first, second = caplog.messages
    assert first.startswith("a message is refused: ") and second == "a message is refused: it is not JSON as it stands"
    assert not any(said in first for said in ("celery.", "nobody", "abc", "../x", "x-python", "data")), "nothing of it"


def test_nothing_is_unpacked() -> None:
    """A kilobyte that is a gigabyte would be in memory before anybody could look."""
    known = {kind: compression.get_decoder(kind) for kind in compression.encoders()}
    try:
        assert message(zlib.compress(b"x" * 100), compression="zlib").body == b"x" * 100, "the control"
        incoming.unpack_nothing()
        for kind in known:
            made = message(compression.get_encoder(kind)[0](b"x" * 100), compression=kind)
            assert made.errors and len(made.body or b"") < 200
        assert message(zlib.compress(b"x" * 100), compression="zlib").errors, "by its other name, too"
    finally:
        for kind, decoder in known.items():
            compression.register(compression.get_encoder(kind)[0], decoder, kind)


def short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def table(value: bytes) -> bytes:
    data = short(b"a") + value
    return struct.pack(">H", 1 << 13) + struct.pack(">I", len(data)) + data  # only headers


def nested(depth: int) -> bytes:
    value = b"V"
    for _ in range(depth):
        value = b"A" + struct.pack(">I", len(value)) + value
    return value


PROPERTIES = {
    "a kind that is no text": struct.pack(">H", 1 << 15) + short(b"\xff\xfe"),
    "a time that is none": table(b"T" + struct.pack(">Q", 2**60)),
    "a time that no system knows": table(b"T" + struct.pack(">Q", 2**64 - 1)),
    "too deep": table(nested(1500)),
    "cut": struct.pack(">H", 1 << 13) + struct.pack(">I", 9) + short(b"a") + b"S",
    "of no type": table(b"?"),
    "nothing": b"",
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_properties_that_nobody_can_read_are_none(name: str) -> None:
    """py-amqp raises where the connection is read, which ends the worker or its connection, each time it comes back."""

    class Connection:
        bytes_recv = 0

    taken: list[Any] = []
    head = struct.pack(">HHQ", 60, 0, 2) + PROPERTIES[name]
    frames: list[tuple[int, int, Any]] = [(1, 1, struct.pack(">HH", 60, 60)), (2, 1, head), (3, 1, b"{}")]
    plain = frame_handler(Connection(), lambda *said: taken.append(said))
    plain(frames[0])
    with pytest.raises(Exception):  # noqa: B017  the control: of many kinds
        plain(frames[1])
    ours = incoming.frames_of(Connection(), lambda *said: taken.append(said))
    for frame in frames:
        ours(frame)
    ((_, _, _, content),) = taken
    assert content.properties == {} and bytes(content.body) == b"{}"


def test_properties_that_can_be_read_are_left_as_they_are() -> None:
    taken: list[Any] = []

    class Connection:
        bytes_recv = 0

    ours = incoming.frames_of(Connection(), lambda *said: taken.append(said))
    good = struct.pack(">H", 1 << 15) + short(b"application/json")
    ours((1, 1, struct.pack(">HH", 60, 60)))
    ours((2, 1, struct.pack(">HHQ", 60, 0, 0) + good))
    assert taken[0][3].properties == {"content_type": "application/json"}


def test_a_body_is_not_read_by_a_codec_that_its_sender_names() -> None:
    """One of them takes minutes for a hundred kilobytes."""
    assert incoming.Connection("amqp://a@127.0.0.1//").get_transport_cls().Connection.Channel is incoming.Channel
    assert queues.App.amqp_cls.Connection is incoming.Connection
