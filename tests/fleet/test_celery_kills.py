"""A fleet on Celery with a real RabbitMQ and PostgreSQL, while workers are killed and connections are cut.

Every target has one end in the journal, none is paid for twice, and no queue holds anything in the end.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from chatproof.fleet import closing
from tests import postgres, rabbitmq
from tests.fleet.support import Counting, environ
from tests.fleet.test_celery import KEY, Fleet

KILLS = int(os.environ.get("CHATPROOF_TEST_KILLS", "100"))
EACH = 10  # targets of a round
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(5400)]


class Cable:
    """What a worker's connection to the broker goes through; it can be cut, and be put together again."""

    def __init__(self, port: int) -> None:
        self._to, self._open, self._whole = port, [], True
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._whole = False
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._whole = True

    def stop(self) -> None:
        self.cut()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._to), 5) if self._whole else None
            except OSError:
                far = None
            if far is None:
                near.close()
                continue
            far.settimeout(None)
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def places() -> Iterator[tuple[rabbitmq.Broker, str]]:
    try:
        with rabbitmq.broker() as broker, postgres.server() as url:
            yield broker, url
    except (rabbitmq.Unavailable, postgres.Unavailable) as why:
        pytest.skip(str(why))


def disconnected(url: str) -> None:
    """End every connection to the database, as its restart does."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def test_no_kill_and_no_cut_pays_twice_or_loses_a_target(places: tuple[rabbitmq.Broker, str], tmp_path: Path) -> None:
    broker, url = places
    chance = random.Random(22)
    server, cable = Counting(KEY), Cable(broker.port)
    names = [f"r{number}-t{target}" for number in range(KILLS + 3) for target in range(EACH)]
    fleet = Fleet(tmp_path, broker, server.targets(names, "KEY"), "eu", url)
    wired = broker.url.replace(f":{broker.port}/", f":{cable.port}/")
    fleet.environ = environ(tmp_path, {"KEY": KEY, "CHATPROOF_BROKER": wired})
    try:
        worker = fleet.worker()
        for number in range(KILLS + 3):
            server.seconds = 0.4
            paid = sum(server.paid.values())
            fleet.submit("--select", f"name=r{number}-*", "--batch", "5")
            fleet.until(lambda paid=paid: sum(server.paid.values()) > paid, "a batch is under way")
            time.sleep(chance.random() * 0.5)
            if number < KILLS:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
                worker = fleet.worker()
            elif number == KILLS:
                broker.stop()
                broker.start()
            elif number == KILLS + 1:
                disconnected(url)
                fleet.kept.close()
            else:
                cable.cut()
                time.sleep(3.0)
                cable.mend()
        server.seconds = 0.0
        fleet.until(lambda: not fleet.waiting("chatproof.eu"), "all messages are taken")
        time.sleep(5.0)
        os.killpg(worker.pid, signal.SIGTERM)
        worker.wait(90)
        assert fleet.waiting("chatproof.eu") == 0, "nothing is left in the queue"
        refused = fleet.messages("chatproof.eu.refused")
        closing.close_lost(fleet.kept, 0.0, time.time() + 120)
    finally:
        fleet.end()
        server.stop()
        cable.stop()
    assert refused == []
    twice = {name: count for name, count in server.paid.items() if count > 1}
    assert twice == {}, "paid for twice"
    ends = fleet.ends()
    assert {name: len(verdicts) for name, verdicts in ends.items()} == dict.fromkeys(names, 1), "one end each"
    counts = Counter(verdicts[0] for verdicts in ends.values())
    assert counts["GO"] and counts["UNDECIDED"], f"some ended well, and some were lost: {counts}"
    assert fleet.kept.unfinished("2026-01-01", "2099-01-01") == []
    assert KEY not in fleet.log()
