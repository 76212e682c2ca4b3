"""The journal cannot be written for a while: nothing stays green meanwhile, and nothing of the monitor ends."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatproof import clock, journal
from chatproof.journal.events import JournalError
from chatproof.journal.store import Journal
from chatproof.monitoring import service
from chatproof.monitoring.check import Outcome
from chatproof.monitoring.service import Service
from chatproof.monitoring.settings import Configured
from chatproof.monitoring.values import PASSING, STALE
from chatproof.monitoring.web import pages
from tests import journal_support as runs
from tests.monitoring.simulated import configured, target

PATIENCE = 20.0
NUMBERS = itertools.count()


class Place:
    """A journal that several connections use, and that refuses while it is told to."""

    def __init__(self, path: Path) -> None:
        self.path, self.refuses = str(path), False

    def open(self) -> Journal:
        opened = journal.open(self.path)
        database: Any = opened.database
        transaction = database.transaction

        def guarded(work: Callable[[], None], **options: Any) -> None:
            if self.refuses:
                raise JournalError("journal.unreachable", "no journal", "wait")
            transaction(work, **options)

        database.transaction = guarded
        return opened


def passes(watched: Any, module: str, *, environ: Any, begin: Any, stop: Any) -> Outcome:
    document = runs.run(next(NUMBERS))
    document["finished_at"] = clock.utc()
    begin(runs.opening(document))
    return Outcome(document)


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await holds():
            await asyncio.sleep(0.02)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_TICK", 0.05)


def watching(*names: str) -> Configured:
    """Asked each fifth of a second, and stale half a second later."""
    made = [target(name, every_free="0s", jitter=0.0, confirm=False) for name in names]
    return configured(*(one._replace(every=0.2, policy=one.policy._replace(stale_after=0.7)) for one in made))


@pytest.mark.usefixtures("quick")
def test_what_nobody_looks_at_any_more_is_not_green(tmp_path: Path) -> None:
    place = Place(tmp_path / "j.sqlite3")

    async def played() -> None:
        monitor = Service(watching("a"), place.open, environ={}, run=passes)
        await monitor.start()

        async def state() -> str:
            return (await monitor.snapshot()).statuses[0].state

        async def is_(wanted: str) -> bool:
            return await state() == wanted

        await until(lambda: is_(PASSING))
        place.refuses = True
        await until(lambda: is_(STALE))
        said = json.dumps(pages.status(await monitor.snapshot()))
        assert PASSING not in said

        async def tells() -> bool:
            text = monitor.metrics.exposition().decode()
            return 'chatproof_state{target="a",state="stale"} 1' in text and "\nprobe_success{" not in text

        await until(tells)
        assert b"\nprobe_success{" not in monitor.metrics.probe("a", cached=True, pending=False)
        place.refuses = False
        await until(lambda: is_(PASSING))
        assert not monitor.failed.is_set()
        await monitor.close()

    asyncio.run(played())


@pytest.mark.usefixtures("quick")
def test_a_configuration_that_changes_meanwhile_is_taken_in_later(tmp_path: Path) -> None:
    place = Place(tmp_path / "j.sqlite3")
    files = [tmp_path / name for name in ("old.toml", "new.toml")]
    for file in files:
        file.write_text("")
    old, new = (
        watching(*names)._replace(files=(str(file),)) for names, file in zip((("a",), ("a", "b")), files, strict=True)
    )

    async def played() -> None:
        monitor = Service(old, place.open, environ={}, run=passes, reload=lambda: new)
        await monitor.start()
        place.refuses = True
        files[0].write_text("changed")
        assert not await monitor.reload(), "a signal asks for it, too"
        await asyncio.sleep(0.3)
        assert not monitor.failed.is_set(), "it goes on"
        assert [*monitor.configured.targets] == ["a"], "all of the old one is in force"
        place.refuses = False

        async def is_new() -> bool:
            return {status.target: status.state for status in (await monitor.snapshot()).statuses} == {
                "a": PASSING, "b": PASSING,
            }  # fmt: skip

        await until(is_new)
        await monitor.close()

    asyncio.run(played())
