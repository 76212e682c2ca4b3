"""A broker that is not there: a sentence within seconds, never a wait for ever."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("celery")

from chatproof.cli.commands import fleet as fleet_command
from chatproof.cli.shared import fleet_celery
from chatproof.fleet import queues
from chatproof.fleet.broker import Broker
from chatproof.usage_error import UsageError
from tests.fleet.support import write


@pytest.fixture(params=["nobody listens", "never answers"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        if request.param == "never answers":
            held.listen()
        yield held.getsockname()[1]


def test_submit_and_worker_say_so(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "REACHED_WITHIN", 0.3)
    app = queues.app_of(Broker(f"amqp://u:a-password-of-the-broker@127.0.0.1:{port}//", ""), ["here"], 60)
    began = time.monotonic()
    with pytest.raises(UsageError, match="the broker cannot be reached") as error, fleet_celery.reached():
        queues.declare(app, ["here"])
    assert time.monotonic() - began < 10
    assert "password" not in repr(error.value)


def test_the_deadline_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some versions of kombu have none where they are told none."""
    app = queues.app_of(Broker("amqp://u:p@127.0.0.1:1//", ""), ["here"], 60)
    told = app.connection_for_write()._extract_failover_opts()
    assert told["timeout"] == queues.REACHED_WITHIN


class Over(Exception):
    """The time of a test."""


def test_a_beat_outlives_a_broker_and_sends_what_it_could_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One minute in two there is no broker. What is due then is sent when it is back; what is too old is told."""
    now, asked = [1_780_000_000.0], list[tuple[str, tuple[str, ...]]]()
    away = [(300, 400), (900, 2600)]
    began = now[0]

    def submit(args: Any, fleet: Any, names: list[str], app: Any, slot: str, deadline: float) -> list[Any]:
        assert deadline > now[0]
        if any(start <= now[0] - began < end for start, end in away):
            raise UsageError("usage", "the broker cannot be reached", "wait")
        asked.append((slot, tuple(names)))
        return []

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] - began > 3600:
            raise Over

    place = str(tmp_path / "j.sqlite3")
    rows = [{"name": f"t{n}", "base_url": "http://127.0.0.1:9/v1", "model": "m", "key_env": "K"} for n in range(4)]
    monkeypatch.setenv("CHATPROOF_BROKER", "amqp://u:p@127.0.0.1:1//")
    monkeypatch.setattr(fleet_celery, "_submit", submit)
    monkeypatch.setattr(queues, "declare", lambda app, regions: None)
    monkeypatch.setattr(queues, "looked_at", lambda app, regions: {})
    monkeypatch.setattr(fleet_celery, "time", SimpleNamespace(time=lambda: now[0], sleep=sleep))
    command = ["beat", "--targets", write(tmp_path, rows), "--region", "eu", "--every", "10m", "--journal", place]
    with pytest.raises(Over):
        fleet_command.main(command)
    told = capsys.readouterr().err
    slots = Counter(slot for slot, names in asked for name in names)
    assert "the broker cannot be reached" in told and "were not asked in it" in told
    assert max(Counter(asked).values()) == 1, "nobody is sent twice"
    assert sum(slots.values()) >= 4 * 4, "only what was away for a period is not sent"
