"""What goes over the pipe between the process that sends and those that judge: a target's name and raw evidence.

Frames of a length and marshalled plain values, on an anonymous pair of sockets: nothing of it is written or logged. A
request is not among it, nor is a key: who judges plans the same requests itself, and reads the key where the target's
configuration says it is. What a server sent goes over as it came.
"""

import marshal
from collections.abc import Mapping, Sequence
from typing import Any

from chatproof.wire.exchange import Arrival, Certificate, Exchange, Fault, Peer, Request, Response, Timings

HEAD = 8  # bytes of a frame's length

Plain = tuple[Any, ...]
"""Nested tuples of texts, bytes, numbers and None."""


def frame(value: Any) -> bytes:
    """Bytes of one message: its length, then the value."""
    data = marshal.dumps(value)
    return len(data).to_bytes(HEAD, "big") + data


def value_of(data: bytes) -> Any:
    """What a frame holds, without its head."""
    return marshal.loads(data)  # noqa: S302  from a process of our own, over a pair of sockets that nobody else has


def packed(exchange: Exchange) -> Plain:
    """An exchange as plain values, without its request."""
    response, peer = exchange.response, exchange.peer
    return (
        exchange.id,
        exchange.probe,
        exchange.sent_at,
        None if response is None else (*response[:10], tuple(tuple(one) for one in response.arrivals), *response[11:]),
        None if exchange.fault is None else tuple(exchange.fault),
        tuple(exchange.timings),
        None if peer is None else (peer.address, peer.tls_version, peer.certificate and tuple(peer.certificate)),
        exchange.reused,
    )


def unpacked(plain: Plain, planned: Mapping[str, Request]) -> Exchange:
    """The exchange again, with the request that was planned for its probe."""
    id, probe, sent_at, said, fault, timings, peer, reused = plain
    response = None
    if said is not None:
        response = Response._make((*said[:10], tuple(Arrival(*one) for one in said[10]), *said[11:]))
    known = None
    if peer is not None:
        known = Peer(peer[0], peer[1], Certificate(*peer[2]) if peer[2] else None)
    return Exchange(
        id, probe, sent_at, planned[probe], response, Fault(*fault) if fault else None, Timings(*timings), known, reused
    )


def all_packed(exchanges: Sequence[Exchange]) -> Plain:
    return tuple(packed(exchange) for exchange in exchanges)
