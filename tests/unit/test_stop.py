"""One scheduler for both kinds of run, and the stop that it asks between two waves: nothing is raised in a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from chatproof import Secret, Settings, Target
from chatproof.running.dispatch import Stop
from chatproof.running.run import carry
from chatproof.simulator.chat import respond
from chatproof.simulator.server import Server
from chatproof.simulator.wire import HANG, Asked, Reply, Script
from chatproof.target.target import check
from tests.support import KEY


class Watched:
    """The conformant server, which tells of what was asked; `on` is called with the number of each request."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.on: Any = lambda number: None
        self.hangs = False
        self._server = Server(self._answer, KEY)
        self.base_url = f"http://127.0.0.1:{self._server.port}/v1"
        self.stop = self._server.stop

    def _answer(self, asked: Asked) -> Reply | Script:
        self.asked.append(asked)
        self.on(len(self.asked))
        return Script((), end=HANG) if self.hangs else respond(asked)


@pytest.fixture
def server() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    watched.stop()


def run(server: Watched, stop: Stop, kind: str, **more: Any) -> dict[str, Any]:
    target = Target(server.base_url, "simulator-mini", Secret(KEY), timeout=20)
    settings = Settings(stream=True, kind=kind, **more)
    return carry(check(target), settings, environ={}, stop=stop).run.document


@pytest.mark.parametrize("kind", ["smoke", "validate"])
def test_after_a_stop_no_further_wave_is_sent(server: Watched, kind: str) -> None:
    stop = Stop()
    server.on = lambda number: stop.now("SIGTERM")
    document = run(server, stop, kind)
    assert len(server.asked) <= 5, "the first wave, or the first few of it"
    assert document["verdict"] != "GO" and any("interrupted by SIGTERM" in note for note in document["notes"])
    assert any("interrupted by SIGTERM" in finding["reason"] for finding in document["findings"])


@pytest.mark.parametrize("kind", ["smoke", "validate"])
def test_a_reply_that_does_not_come_is_not_waited_for(server: Watched, kind: str) -> None:
    stop, server.hangs = Stop(), True
    server.on = lambda number: threading.Timer(0.1, stop.now, ("SIGINT",)).start()
    document = run(server, stop, kind)
    total = [exchange["timings_ms"]["total"] for exchange in document["exchanges"]]
    assert total == [] and any("interrupted by SIGINT" in note for note in document["notes"])


def test_smoke_sends_at_once_what_waits_for_nothing_and_the_rest_one_by_one(server: Watched) -> None:
    document = run(server, Stop(), "smoke")
    assert document["verdict"] == "GO", document["diagnoses"]
    streamed = [b'"stream": true' in asked.body for asked in server.asked]
    assert streamed == [False] * 4 + [True]


def test_two_runs_in_two_threads_share_nothing(server: Watched) -> None:
    made: dict[str, dict[str, Any]] = {}
    threads = [
        threading.Thread(target=lambda kind=kind: made.update({kind: run(server, Stop(), kind)}))
        for kind in ("smoke", "validate")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [made[kind]["verdict"] for kind in ("smoke", "validate")] == ["GO", "GO"]
    assert "burst.1" not in {exchange["probe"] for exchange in made["smoke"]["exchanges"]}
