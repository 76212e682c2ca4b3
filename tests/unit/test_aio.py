"""chatproof.aio: the same as the blocking functions, many at once, ended at once by a cancellation."""

from __future__ import annotations

import asyncio
import errno
import gc
import inspect
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import chatproof
from chatproof import Secret, Settings, Target, UsageError, aio, journal, simulator
from chatproof.running import run as running
from chatproof.transport import aio as driver
from tests.support import KEY
from tests.transport_support import DRIVERS, run_loop

LOOPS = DRIVERS[1:]
FAULTS = ("", "quota-429", "html-502", "stream-no-done", "model-not-found-404", "key-rejected")


@pytest.fixture
def start() -> Iterator[Callable[..., Target]]:
    """Simulators, each a target."""
    started: list[simulator.Simulator] = []

    def make(fault: str = "") -> Target:
        started.append(simulator.start(fault))
        return Target(started[-1].base_url, "simulator-mini", Secret(started[-1].key), timeout=20)

    yield make
    for one in started:
        one.stop()


def told(run: chatproof.Run) -> tuple[str, list[str], list[tuple[Any, ...]]]:
    """What a run says, without its times and ids."""
    document = run.document
    rows = [(row["clause"], row["probe"], row["outcome"], row["observed"]) for row in document["findings"]]
    return run.verdict, [row["code"] for row in document["diagnoses"]], rows


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_that_has_ended_is_forgotten(loop: str, start: Callable[..., Target]) -> None:
    """Else a worker of a fleet, which has a loop for each batch, would grow by a quarter of a mebibyte with each."""
    target = start()

    async def checked() -> weakref.ref[asyncio.AbstractEventLoop]:
        assert (await aio.smoke(target, environ={})).verdict == "GO"
        return weakref.ref(asyncio.get_running_loop())

    ended = [run_loop(loop, checked()) for _ in range(3)]
    gc.collect()
    assert [each() for each in ended[:-1]] == [None, None], "asyncio itself remembers the last one"


@pytest.mark.parametrize("loop", LOOPS)
def test_many_at_once_say_what_each_says_alone(loop: str, start: Callable[..., Target]) -> None:
    targets = [start(fault) for fault in FAULTS]
    settings = Settings(stream=True)
    alone = [told(chatproof.smoke(target, settings, environ={})) for target in targets]
    assert len({code for _, codes, _ in alone for code in codes}) >= 4, "the faults differ"

    async def all_of_them() -> list[chatproof.Run]:
        return await asyncio.gather(*(aio.smoke(target, settings, environ={}) for target in targets * 3))

    runs = run_loop(loop, all_of_them())
    assert [told(run) for run in runs] == alone * 3
    assert len({run.document["run_id"] for run in runs}) == len(runs)


def test_validate_says_the_same(start: Callable[..., Target]) -> None:
    target = start("usage-strings")
    awaited = asyncio.run(aio.validate(target, environ={}))
    assert awaited.document["kind"] == "validate"
    codes = [set(told(run)[1]) - {"stream.buffered"} for run in (awaited, chatproof.validate(target, environ={}))]
    assert awaited.verdict == "NO-GO" and codes == [{"contract.usage"}] * 2, "but for what a busy machine may delay"


def test_compare_finds_the_difference(start: Callable[..., Target], tmp_path: Path) -> None:
    place = str(tmp_path / "runs.sqlite3")
    made = asyncio.run(aio.compare(start(), start("html-502"), environ={}, ask_again=4, journal=place))
    assert made.decision == "NO-GO" and "NO-GO" in str(made) and made.document["asked_again"]["limit"] == 4
    assert len(journal.open(place).list()) == 2 and repr(made) == "<Comparison of 2 targets: NO-GO>"
    same = start()
    assert asyncio.run(aio.compare(same, same, environ={})).decision == "GO"
    for wrong, requires in (((), ()), ((same,), ("flying",))):
        with pytest.raises(UsageError):
            asyncio.run(aio.compare(same, *wrong, requires=requires, environ={}))


class Hanging:
    """Accepts, reads and never answers; `gone` counts the connections that the client has closed."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.asked, self.gone = threading.Semaphore(0), threading.Semaphore(0)
        self.target = Target(f"http://127.0.0.1:{self.socket.getsockname()[1]}/v1", "m", Secret(KEY), timeout=60)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            peer.recv(65536)
            self.asked.release()
            try:
                while peer.recv(65536):
                    pass
            except OSError:
                pass
            self.gone.release()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    server = Hanging()
    yield server
    server.socket.close()


@pytest.mark.parametrize("loop", LOOPS)
def test_a_cancelled_run_closes_its_connections_and_is_recorded(loop: str, hanging: Hanging, tmp_path: Path) -> None:
    place = str(tmp_path / "runs.sqlite3")

    async def cancelled() -> None:
        task = asyncio.create_task(aio.smoke(hanging.target, environ={}, journal=place))
        for _ in range(4):
            await asyncio.to_thread(hanging.asked.acquire)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert all([await asyncio.to_thread(hanging.gone.acquire, timeout=10) for _ in range(4)])

    run_loop(loop, cancelled())
    (row,) = journal.open(place).list()
    document = journal.open(place).find(row.run_id).document
    assert document["verdict"] == "UNDECIDED" and document["exchanges"] == []
    assert "interrupted by cancellation before all requests were answered" in document["notes"]


def test_a_comparison_that_is_cancelled_records_each_run(hanging: Hanging, tmp_path: Path) -> None:
    place = str(tmp_path / "runs.sqlite3")
    other = Hanging()

    async def cancelled() -> None:
        task = asyncio.create_task(aio.compare(hanging.target, other.target, environ={}, journal=place))
        for server in (hanging, other):
            await asyncio.to_thread(server.asked.acquire)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    other.socket.close()
    rows = journal.open(place).list()
    assert [row.verdict for row in rows] == ["UNDECIDED", "UNDECIDED"]


def test_a_second_cancellation_waits_for_nothing(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    release, judged = threading.Event(), threading.Event()

    def slow(*args: Any, **named: Any) -> Any:
        release.wait(20)
        judged.set()
        raise ZeroDivisionError

    monkeypatch.setattr(running, "judge", slow)

    async def cancelled() -> None:
        task = asyncio.create_task(aio.smoke(hanging.target, environ={}))
        await asyncio.to_thread(hanging.asked.acquire)
        task.cancel()
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not judged.is_set(), "it did not wait for the record"
        release.set()

    asyncio.run(cancelled())


def test_judging_is_not_done_by_the_loop(start: Callable[..., Target], monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[str] = set()
    for name in ("judge", "plan", "contract_for"):
        inner = getattr(running, name)
        told_by = lambda *a, inner=inner, **n: threads.add(threading.current_thread().name) or inner(*a, **n)  # noqa: E731
        monkeypatch.setattr(running, name, told_by)
    assert asyncio.run(aio.smoke(start(), environ={})).verdict == "GO"
    assert threads == {"chatproof-judge_0"}


def test_what_is_wrong_on_our_own_side_is_raised(start: Callable[..., Target], tmp_path: Path) -> None:
    target = start()
    with pytest.raises(UsageError):
        asyncio.run(aio.smoke(target._replace(base_url="ftp://x"), environ={}))
    with pytest.raises(journal.JournalError):
        asyncio.run(aio.smoke(target, environ={}, journal=str(tmp_path)))


def test_a_shortage_of_descriptors_is_no_fault_of_the_server(
    start: Callable[..., Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Short(socket.socket):
        def __init__(self, *rest: Any, **more: Any) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

    target = start()

    async def smoke() -> None:
        monkeypatch.setattr(driver.socket, "socket", Short)
        try:
            await aio.smoke(target, environ={})
        finally:
            monkeypatch.undo()

    with pytest.raises(OSError, match="Too many open files"):
        asyncio.run(smoke())


def test_the_signatures_are_those_of_the_blocking_functions() -> None:
    for name in ("smoke", "validate"):
        blocking = inspect.signature(getattr(chatproof, name)).parameters
        awaited = inspect.signature(getattr(aio, name)).parameters
        assert list(awaited) == [*blocking, "journal"]
