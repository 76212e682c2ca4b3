"""A broker that is not there: a sentence within seconds, never a wait for ever."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("celery")

from chatproof.cli.shared import fleet_celery
from chatproof.fleet import queues
from chatproof.fleet.broker import Broker
from chatproof.usage_error import UsageError


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
