"""Connections that end where a request does not come, or its answer is not taken.

Uvicorn waits for ever for the first request, and for the rest of each. There is room for a few hundred connections: who
opens so many and says nothing would keep out everybody, Prometheus and the probe of /healthz first, without a token.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_UNBOUNDED = "/events"  # a stream that lasts as long as its page


class Impatient(H11Protocol):  # type: ignore[misc]  # untyped where the extra is not looked at
    """Uvicorn's reader of HTTP/1.1, with deadlines that no byte puts off."""

    request_seconds = 10.0
    """From a connection's beginning, or a request's first byte, to the request's last byte."""
    answer_seconds = 150.0
    """From there until the answer is taken: more than /probe may wait for."""
    _timer: asyncio.TimerHandle | None = None
    _wanted = False
    """The timer is that of an answer, not of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait(self.request_seconds)

    def data_received(self, data: bytes) -> None:
        """Read on; wait for the rest of the request, or for its answer to be taken."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Go on with what came meanwhile. Where nothing did, Uvicorn's own time to keep a connection alive counts."""
        if not self.transport.get_write_buffer_size():  # else it is written, and not taken yet
            self._stop()
        super().on_response_complete()
        if self.conn.trailing_data[0]:
            self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop()
        super().connection_lost(exc)

    def _look(self) -> None:
        is_whole = self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)
        if self._timer is not None and is_whole == self._wanted:
            return
        self._stop()
        if not is_whole:
            self._wait(self.request_seconds)
        elif self.cycle is not None and self.scope["path"] != _UNBOUNDED:
            self._wait(self.answer_seconds)
            self._wanted = True

    def _wait(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._end)

    def _end(self) -> None:
        if self._wanted and self.cycle.response_complete and not self.transport.get_write_buffer_size():
            self._stop()  # it was taken since
        else:
            self.transport.abort()

    def _stop(self) -> None:
        self._wanted = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
