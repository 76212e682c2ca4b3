"""What goes over the pipe: everything of an exchange but its request, and no key."""

from __future__ import annotations

from chatproof.fleet.evidence import HEAD, frame, packed, unpacked, value_of
from chatproof.wire.exchange import Arrival, Certificate, Exchange, Fault, Peer, Response, Timings
from tests.support import KEY, request

REQUEST = request("happy")
RESPONSE = Response(
    "1.1", 200, b"OK", ((b"X-A", b"1"), (b"x-a", b"\xff")), b'{"a":1}', 9, "gzip", ((b"T", b"t"),), (100,), b"more",
    (Arrival(1.5, 4), Arrival(2.0, 5)), ((b"E", b"e"),), True,
)  # fmt: skip
WHOLE = Exchange(
    "x1", "happy", "2026-11-29T00:00:00.000Z", REQUEST, RESPONSE, Fault("http.framing", "body", "excess"),
    Timings(0.1, 0.2, None, 3.0, 4.0), Peer("127.0.0.1", "TLSv1.3", Certificate("CN=a", "CN=b", "2027-01-01")), True,
)  # fmt: skip


def over(exchange: Exchange) -> Exchange:
    data = frame(packed(exchange))
    assert int.from_bytes(data[:HEAD], "big") == len(data) - HEAD
    return unpacked(value_of(data[HEAD:]), {"happy": REQUEST})


def test_an_exchange_comes_out_as_it_went_in() -> None:
    for exchange in (
        WHOLE,
        WHOLE._replace(response=None, peer=None),
        WHOLE._replace(fault=None, peer=Peer("::1")),
        WHOLE._replace(response=RESPONSE._replace(arrivals=(), body=b"", trailers=())),
    ):
        came = over(exchange)
        assert came == exchange
        assert type(came.response) is type(exchange.response) and type(came.timings) is Timings
        if came.response is not None:
            assert all(type(arrival) is Arrival for arrival in came.response.arrivals)
        assert came.peer is None or came.peer.certificate is None or type(came.peer.certificate) is Certificate


def test_the_request_and_its_key_stay_here() -> None:
    assert REQUEST.credential is not None and REQUEST.credential.reveal() == KEY
    data = frame(packed(WHOLE))
    assert KEY.encode() not in data and b"messages" not in data and b'{"a":1}' in data
