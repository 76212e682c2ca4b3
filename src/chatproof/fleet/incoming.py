"""What comes from the broker, before Celery sees it: one batch, told anew, and nothing else that its sender chose.

Celery obeys the headers of whoever sends: a time until which a message is held, with no other taken meanwhile; limits
after which a process is killed; further tasks; a compression that makes gigabytes of a kilobyte. Its worker ends at a
message of a form that it does not expect, comes back, and ends again. So each message is read here. What goes on to
Celery is made of its batch; what is none goes to the queue of refused messages.
"""

import json
import logging
import struct
import uuid
from collections.abc import Callable
from typing import Any

import celery.app.amqp
import kombu
from amqp.basic_message import Message
from amqp.exceptions import AMQPError
from amqp.method_framing import frame_handler
from celery.worker import consumer
from kombu import compression
from kombu.transport import pyamqp

from chatproof.fleet import batches
from chatproof.fleet.batches import Batch, Refused

LARGEST = 4 * 1024 * 1024
"""Bytes of a message: a thousand names of two hundred letters, escaped, are fewer."""
_HEADER = 2  # the kind of a frame that holds a message's properties
_HEAD = 12  # bytes of a content header that stand before the flags of its properties
log = logging.getLogger("chatproof.fleet")


def batch_of(message: Any) -> Batch:
    """The batch of a message as kombu has it. Raises Refused, also for one that Celery could not read."""
    if message.content_type != "application/json" or message.headers.get("compression"):
        raise Refused("it is not JSON as it stands")
    body = message.body if isinstance(message.body, bytes | str) else bytes(message.body or b"")
    if len(body) > LARGEST:
        raise Refused(f"it is larger than {LARGEST >> 20} MiB")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("it is not JSON") from None
    if not isinstance(said, list) or len(said) != 3 or not isinstance(said[0], list) or len(said[0]) != 1 or said[1]:
        raise Refused("it is not one batch")
    return batches.read(said[0][0])


def told_anew(message: Any, task: str) -> None:
    """Leave of a message its batch and how often the broker delivered it. Raises Refused."""
    if message.headers.get("task") != task:
        raise Refused("it is for another task")
    batch = batch_of(message)
    said, id = message.headers.get("id"), str(uuid.uuid4())
    if isinstance(said, str) and len(said) == len(id) and set(said) <= set("0123456789abcdef-"):
        id = said
    # A quorum queue counts from the second delivery on. What stands there at the first one, the sender wrote.
    count = message.headers.get("x-delivery-count") if message.delivery_info.get("redelivered") else 0
    count = count if isinstance(count, int) and not isinstance(count, bool) else 0
    message.headers = {"task": task, "id": id, "root_id": id, "argsrepr": "(…)", "x-delivery-count": count}
    message.properties = {}
    message.body = json.dumps([[batches.message(batch)], {}, {}])
    message.content_type, message.content_encoding = "application/json", "utf-8"


def consumer_of(task: str) -> type[consumer.Consumer]:
    """Celery's consumer, which takes messages of this task only, and refuses what Celery would fall over."""

    class Consumer(consumer.Consumer):  # type: ignore[misc]  # celery has no types
        def create_task_handler(self, *args: Any) -> Callable[[Any], None]:
            handle = super().create_task_handler(*args)

            def take(message: Any) -> None:
                try:
                    told_anew(message, task)
                except Refused as why:
                    self.refuse(message, str(why))
                else:
                    handle(message)

            return take

        def on_decode_error(self, message: Any, exc: Exception) -> None:
            self.refuse(message, "it is not JSON as it stands")

        def refuse(self, message: Any, why: str) -> None:
            log.warning("a message is refused: %s", why)
            message.reject_log_error(log, self.connection_errors)

    return Consumer


def unpack_nothing() -> None:
    """Let kombu decompress no message of this process: it does so before anybody can look at the size."""
    for kind in compression.encoders():
        compression.register(compression.get_encoder(kind)[0], _refuse, kind)


def _refuse(data: bytes) -> bytes:
    raise ValueError("messages are not compressed")


class Channel(pyamqp.Channel):  # type: ignore[misc]
    """Leaves a body as it came: py-amqp reads it by whatever codec its sender names, some of which take minutes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.auto_decode = False


class Wire(pyamqp.Connection):  # type: ignore[misc]
    """Reads a message whose properties cannot be read as one that has none, where py-amqp would raise."""

    Channel = Channel

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, frame_handler=frames_of, **options)


def frames_of(*connection: Any) -> Callable[[Any], bool]:
    """What takes the frames of a connection: py-amqp's own, which gets no properties that it could not read."""
    handle: Callable[[Any], bool] = frame_handler(*connection)

    def take(frame: tuple[int, int, Any]) -> bool:
        kind, channel, data = frame
        if kind == _HEADER and not _is_read(data):
            return handle((kind, channel, bytes(data[:_HEAD]) + b"\0\0"))
        return handle(frame)

    return take


def _is_read(data: Any) -> bool:
    try:
        Message().inbound_header(data)
    except (ValueError, ArithmeticError, LookupError, TypeError, RecursionError, OSError, struct.error, AMQPError):
        return False  # no text, no time, no number, too deep, too short, an unknown type
    return True


class Transport(pyamqp.Transport):  # type: ignore[misc]
    Connection = Wire


class Connection(kombu.Connection):  # type: ignore[misc]
    """A connection to a RabbitMQ broker over such a wire."""

    def get_transport_cls(self) -> type[Transport]:
        return Transport


class AMQP(celery.app.amqp.AMQP):  # type: ignore[misc]
    """What a Celery app makes connections and messages with."""

    Connection = Connection
