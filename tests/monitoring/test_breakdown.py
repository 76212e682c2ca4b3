"""A part of the monitor that breaks down ends it, for whoever starts it again: silence would look like health."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal, simulator
from chatproof.journal.events import JournalError
from chatproof.monitoring import serving
from chatproof.monitoring.check import Outcome, run_check
from chatproof.monitoring.engine import Engine
from chatproof.monitoring.service import Service
from chatproof.monitoring.settings import Configured, watched
from chatproof.target import monitor_fields
from chatproof.target.target import Target, check
from chatproof.wire.exchange import Secret
from tests.monitoring.simulated import configured, target


def test_a_part_that_breaks_down_ends_the_process_with_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: Engine, at: float, most: int = 0) -> None:
        raise KeyError("a bug of ours")

    monkeypatch.setattr(Engine, "begin", broken)
    with serving.demo() as configured:
        place = str(tmp_path / "journal.sqlite3")
        front = serving.Front("127.0.0.1", 0)
        status = serving.serve(
            configured, lambda: journal.open(place), front, None, lambda text: None, lambda text: None
        )
    assert status == 4
    said = capsys.readouterr().err
    assert "internal_error" in said and "KeyError" in said and "a bug of ours" not in said


def with_service(place: Path, config: Configured, work: Callable[[Service], Awaitable[None]], **more: Any) -> None:
    """Do something with a monitor that runs, on a journal of its own."""

    async def whole() -> None:
        service = Service(config, lambda: journal.open(str(place)), environ={}, **more)
        await service.start()
        try:
            await work(service)
        finally:
            await service.close()

    asyncio.run(whole())


def test_a_run_that_cannot_be_read_is_over_and_the_next_one_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else its target would be under way for ever, and never asked again."""
    runs = []

    def unreadable(*args: object, **options: object) -> Outcome:
        runs.append(args)
        return Outcome({})

    async def work(service: Service) -> None:
        for count in (1, 2):
            await service.ask("one", "smoke")
            assert await service.wait_for("one", "smoke", 10)
            assert len(runs) == count

    with_service(tmp_path / "j.sqlite3", configured(target("one", every="0s", every_free="0s")), work, run=unreadable)
    assert capsys.readouterr().err.count("internal_error") == 2


def test_a_journal_in_trouble_puts_a_new_configuration_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ended the monitor, where a changed file was found while another process held the journal."""
    one, two = (target(name, every="0s", every_free="0s") for name in ("one", "two"))
    true, calls = Engine.configure, []

    def locked_once(self: Engine, *args: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            raise JournalError("journal.locked", "held by another process")
        return true(self, *args)

    monkeypatch.setattr(Engine, "configure", locked_once)

    async def work(service: Service) -> None:
        assert not await service.reload()
        assert set(service.configured.targets) == {"one"} and service.ready
        assert (await service.snapshot()).statuses[0].target == "one"
        assert await service.reload(), "it is tried again"
        assert {status.target for status in (await service.snapshot()).statuses} == {"one", "two"}

    with_service(tmp_path / "j.sqlite3", configured(one), work, reload=lambda: configured(one, two))
    assert '"reload_failed"' in capsys.readouterr().err


def test_what_is_read_anew_twice_at_once_is_read_one_after_the_other(tmp_path: Path) -> None:
    """A signal and a changed file: each would begin to send alerts, and one of the two would never end."""
    one = target("one", every="0s", every_free="0s")
    under_way = [0, 0]

    def reload() -> Configured:
        under_way[0] += 1
        under_way[1] = max(under_way)
        return configured(one)

    async def work(service: Service) -> None:
        true = service.when_reloaded

        def ended(config: Configured) -> None:
            true(config)
            under_way[0] -= 1

        service.when_reloaded = ended
        assert all(await asyncio.gather(*(service.reload() for _ in range(4))))

    with_service(tmp_path / "j.sqlite3", configured(one), work, reload=reload)
    assert under_way == [0, 1]


def test_a_run_that_ends_after_its_target_is_gone_leaves_no_metrics(tmp_path: Path) -> None:
    started = simulator.start()
    try:
        resolved = check(Target(started.base_url, started.model, Secret(started.key), name="one"))
        one = watched("one", resolved, monitor_fields.values({}, {"every": "0s", "every_free": "0s"}))
        goes_on = threading.Event()

        def slow(*args: Any, **options: Any) -> Outcome:
            goes_on.wait(10)
            return run_check(*args, **options)

        async def work(service: Service) -> None:
            await service.ask("one", "smoke")
            assert await service.reload()
            goes_on.set()
            assert await service.wait_for("one", "smoke", 10)
            assert b'target="one"' not in service.metrics.exposition()

        with_service(
            tmp_path / "j.sqlite3",
            configured(one),
            work,
            run=slow,
            reload=lambda: configured(target("two", every="0s")),
        )
    finally:
        started.stop()


def test_more_runs_at_once_are_made_when_the_configuration_says_so(tmp_path: Path) -> None:
    targets = [target(name, every="0s", every_free="0s") for name in ("one", "two")]
    both = threading.Barrier(2)

    def meeting(*args: object, **options: object) -> Outcome:
        both.wait(10)  # broken where one runs after the other
        return Outcome({})

    async def work(service: Service) -> None:
        assert await service.reload()
        for name in ("one", "two"):
            await service.ask(name, "smoke")
        assert all([await service.wait_for(name, "smoke", 20) for name in ("one", "two")])
        assert not both.broken

    few, many = (configured(*targets)._replace(runs_at_once=count) for count in (1, 2))
    with_service(tmp_path / "j.sqlite3", few, work, run=meeting, reload=lambda: many)
