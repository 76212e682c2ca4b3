"""Alerts of a running monitor: its engine's outbox, and the thread that sends what stands in it."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chatproof.journal.store import Journal
from chatproof.monitoring import log
from chatproof.monitoring.alerting.delivery import Delivery
from chatproof.monitoring.alerting.outbox import Outbox
from chatproof.monitoring.alerting.receivers import receivers_of

if TYPE_CHECKING:
    from chatproof.monitoring.engine import Engine


class Telling:
    """Whom a monitor tells, as its configuration says. Raises UsageError for our own side."""

    def __init__(
        self, tables: Sequence[Mapping[str, Any]], environ: Mapping[str, str], place: Callable[[], Journal]
    ) -> None:
        """`tables` are those at [[monitor.alerts]]; `place` opens the journal, once for each thread that uses it."""
        self._receivers = receivers_of(tables, environ)
        self._environ, self._place = environ, place
        self._delivery = Delivery(lambda: Outbox(place().database, self._receivers), self._receivers, log.write)

    def join(self, engine: "Engine") -> None:
        """In the engine's thread: let it keep what is to be told, and bring in what was not heard of it. Raises
        JournalError."""
        engine.outbox = Outbox(engine.store.journal.database, self._receivers)
        engine.outbox.catch_up(engine.store.board.incidents.values(), time.time())

    def start(self) -> None:
        """Begin to send."""
        self._delivery.start()

    def wake(self) -> None:
        """There is something to send."""
        self._delivery.wake()

    def stop(self) -> None:
        """End, after what is being sent."""
        self._delivery.stop()

    def replaced(self, tables: Sequence[Mapping[str, Any]]) -> "Telling":
        """The same for another configuration. Raises UsageError, and this one stays as it is."""
        return Telling(tables, self._environ, self._place)
