"""The monitor as a process: an event loop, one thread for the journal, a pool of threads for the runs.

What is decided is `engine`'s; what is sent, `check`'s. Here things are only brought together: when something is due it
is begun, what a run told is kept before anybody hears of it, and whoever listens (pages, metrics, logs, alerts) is told
after it was kept.
"""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from chatproof.journal.events import FINISHED, STARTED, JournalError
from chatproof.journal.store import Journal
from chatproof.monitoring import log
from chatproof.monitoring.alerting.telling import Telling
from chatproof.monitoring.board import Board
from chatproof.monitoring.budgets import Left
from chatproof.monitoring.carrier import Carrier, Run
from chatproof.monitoring.check import run_check
from chatproof.monitoring.engine import Ended, Engine, Happened, Job
from chatproof.monitoring.metrics import Metrics
from chatproof.monitoring.observation import changes_between, seconds_of
from chatproof.monitoring.settings import Configured, changed_at
from chatproof.monitoring.snapshot import Last, Snapshot
from chatproof.monitoring.store import Store
from chatproof.monitoring.values import GO, SMOKE, Status
from chatproof.reporters.metric_lines import samples
from chatproof.running.dispatch import Stop
from chatproof.usage_error import UsageError

T = TypeVar("T")
_TICK = 5.0
_CLEAN = 3600.0
Listener = Callable[[Happened], None]


class Service:
    """A running monitor. Made and used in the event loop's thread, but for what runs in its own threads."""

    def __init__(
        self,
        configured: Configured,
        place: Callable[[], Journal],
        *,
        environ: Mapping[str, str] | None = None,
        run: Run = run_check,
        reload: Callable[[], Configured] | None = None,
    ) -> None:
        """`place` opens the journal: once for each thread that uses it. `reload` reads the configuration anew."""
        self.configured = configured
        self.metrics = Metrics()
        self.listeners: list[Listener] = []
        self.when_reloaded: Callable[[Configured], None] = lambda configured: None
        self.ready = False
        self.trouble = ""
        """Why the journal could not be written the last time; empty where it could."""
        self._place, self._reload = place, reload
        self._journal_thread = ThreadPoolExecutor(1, "journal")
        self._reading_thread = ThreadPoolExecutor(1, "reading")
        self._pool = ThreadPoolExecutor(configured.runs_at_once, "run")
        self._pending: deque[tuple[str, dict[str, Any], Future[None]]] = deque()
        self._ended: list[tuple[Ended, dict[str, Any] | None]] = []
        self._last: dict[tuple[str, str], Last] = {}
        self._waiting: dict[tuple[str, str], asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._runs: set[asyncio.Task[None]] = set()
        self._running = 0
        self._stop = Stop()
        environ = os.environ if environ is None else environ
        self._carrier = Carrier(run, environ, self._record, self._stop)
        self._telling = Telling(configured.alerts, environ, place)
        self._mark = changed_at(configured.files)
        self._local = threading.local()
        self._reloading = asyncio.Lock()

    async def start(self) -> None:
        """Open the journal, read what is known, and begin. Raises JournalError."""
        self._wake, self._news, self.failed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        await self.in_journal(self._open)
        self._telling.start()
        self.ready = True
        await self._tick()
        for work in (self._schedule, self._ticking, self._ending, self._cleaning, self._looking_at_files):
            self._keep(work())

    def _open(self) -> None:
        policies = {name: target.policy for name, target in self.configured.targets.items()}
        self._journal = self._place()
        self._engine = Engine(self.configured, Store(self._journal, Board(policies)), time.time())
        self._telling.join(self._engine)

    async def close(self) -> None:
        """Stop: runs under way are ended between two replies, recorded as interrupted, and told nothing of."""
        self.ready = False
        self._stop.now("SIGTERM")
        for task in self._tasks:
            task.cancel()
        while self._running and not self.trouble:
            await asyncio.sleep(0.02)
        await self._flush()
        await asyncio.get_running_loop().run_in_executor(None, self._telling.stop)
        await self.in_journal(self._journal.close)
        for pool in (self._journal_thread, self._reading_thread, self._pool):
            pool.shutdown(wait=False, cancel_futures=True)

    # -- threads ------------------------------------------------------------------------------------------------------

    async def in_journal(self, work: Callable[[], T]) -> T:
        """Do something in the journal's thread, which is the engine's."""
        return await asyncio.get_running_loop().run_in_executor(self._journal_thread, work)

    async def reading(self, work: Callable[[Store], T]) -> T:
        """Read for a page, on a connection of its own: what is written does not wait for it."""

        def call() -> T:
            if not hasattr(self._local, "store"):
                self._local.store = Store(self._place(), Board({}))
            return work(self._local.store)

        return await asyncio.get_running_loop().run_in_executor(self._reading_thread, call)

    def _record(self, event: str, document: dict[str, Any]) -> None:
        """Called in a run's thread: durable when it returns. Documents that wait are written together."""
        done: Future[None] = Future()
        self._pending.append((event, document, done))
        self._journal_thread.submit(self._write)
        done.result()

    def _write(self) -> None:
        taken = []
        while self._pending:
            taken.append(self._pending.popleft())
        for event in (STARTED, FINISHED):
            rows = [row for row in taken if row[0] == event]
            if not rows:
                continue
            try:
                self._journal.append(event, [document for _, document, _ in rows])
            except BaseException as error:
                for _, _, done in rows:
                    done.set_exception(error)
            else:
                for _, _, done in rows:
                    done.set_result(None)

    def _keep(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end_of)

    def _end_of(self, task: "asyncio.Task[None]") -> None:
        """None of these ends but when it is cancelled: a monitor that went on without one would be silent."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.write("internal_error", what=type(error).__name__)
            self.ready = False
            self.failed.set()

    # -- the loop -----------------------------------------------------------------------------------------------------

    async def _schedule(self) -> None:
        while True:
            self._wake.clear()
            free = self.configured.runs_at_once - self._running
            if free > 0:
                await self._guarded(partial(self._begin, free))
            due = await self.in_journal(self._engine.next_due)
            wait = min(max(due - time.time(), 0.005), 1.0) if free > 0 else 1.0
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                pass

    async def _begin(self, free: int) -> None:
        jobs, happened = await self.in_journal(lambda: self._engine.begin(time.time(), free))
        for name, module in happened.refused:
            log.write("not_sent", target=name, module=module, why="budget")
        for job in jobs:
            self._start(job)

    def _start(self, job: Job) -> None:
        self._running += 1
        self.metrics.started(time.time() - job.due)
        self._waiting[(job.target.name, job.module)] = asyncio.Event()
        self._keep_run(self._one(job))

    def _keep_run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._runs.add(task)
        task.add_done_callback(self._run_ended)

    def _run_ended(self, task: "asyncio.Task[None]") -> None:
        self._runs.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.write("internal_error", what=type(error).__name__)

    async def _one(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        try:
            ended, document = await loop.run_in_executor(self._pool, self._carrier.carry, job, self.configured)
            self._ended.append((ended, document if ended.seen and ended.seen.verdict != GO else None))
            if document is not None and job.target.name in self.configured.targets:
                self._take_in(job, document, ended)
        finally:
            self._running -= 1
            self._news.set()
            self._wake.set()

    def _take_in(self, job: Job, document: dict[str, Any], ended: Ended) -> None:
        lines = tuple(samples(document, job.target.name)) if job.module != SMOKE else ()
        self._last[(job.target.name, job.module)] = Last(seconds_of(document["finished_at"]), lines)
        self.metrics.ran(job.target.name, document, paid=job.module == SMOKE, phases=ended.phases)

    async def _ending(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._guarded(self._flush)

    async def _flush(self) -> None:
        while self._ended:
            taken, self._ended = self._ended, []
            try:
                happened = await self.in_journal(partial(self._settle, taken))
            except BaseException:
                self._ended = [*taken, *self._ended]
                self._news.set()
                raise
            await self._tell(happened, {ended.job.target.name for ended, _ in taken})
            for ended, _ in taken:
                key = (ended.job.target.name, ended.job.module)
                if event := self._waiting.pop(key, None):
                    event.set()
            self._wake.set()

    def _settle(self, taken: list[tuple[Ended, dict[str, Any] | None]]) -> Happened:
        """In the journal's thread: with what changed on our own side where a run is not good."""
        told = []
        for ended, document in taken:
            seen = ended.seen
            if seen is not None and document is not None:
                seen = seen._replace(changes=self._changes(document))
            told.append(ended._replace(seen=seen))
        return self._engine.end(told, time.time())

    def _changes(self, document: dict[str, Any]) -> tuple[str, ...]:
        try:
            good = self._journal.good(document["target"], 1)
            return changes_between(next(self._journal.documents([good[0][0]])), document) if good else ()
        except JournalError:
            return ()

    async def _ticking(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            await self._guarded(self._tick)
            if self.trouble:  # nothing is asked now, and what is known ages
                await self._tell(Happened(), set(self.configured.targets))

    async def _tick(self) -> None:
        happened = await self.in_journal(lambda: self._engine.tick(time.time()))
        await self._tell(happened, set(self.configured.targets))

    async def _cleaning(self) -> None:
        while True:
            await self._guarded(lambda: self.in_journal(lambda: self._engine.clean(time.time())))
            await asyncio.sleep(_CLEAN)

    async def _guarded(self, work: Callable[[], Any]) -> None:
        """A journal in trouble stops nothing for good: nothing is sent meanwhile, and it is tried again."""
        try:
            await work()
            if self.trouble:
                log.write("journal_back")
            self.trouble = ""
        except JournalError as error:
            if error.code != self.trouble:
                log.write("journal_trouble", code=error.code, why=error.detail)
            self.trouble = error.code
            await asyncio.sleep(1.0)

    async def _tell(self, happened: Happened, touched: set[str]) -> None:
        shown = await self.in_journal(partial(self._shown, touched))
        for status, left, succeeds in shown:
            self.metrics.shown(status, left, succeeds=succeeds)
        for change in happened.states:
            log.write("state", target=change.target, before=change.before, after=change.after, code=change.cause.code,
                      owner=change.cause.owner, run=change.cause.run_id)  # fmt: skip
        for told in happened.incidents:
            of = told.incident
            log.write("incident", what=told.what, id=of.id, revision=of.revision, state=of.state, code=of.cause.code,
                      owner=of.cause.owner, origin=of.origin, targets=len(of.targets))  # fmt: skip
        if happened.incidents:
            self._telling.wake()
        for listener in self.listeners:
            listener(happened)

    def _shown(self, touched: set[str]) -> list[tuple[Status, Left, bool]]:
        at, board = time.time(), self._engine.store.board
        found = []
        for status in board.statuses(at):
            if status.target in touched:
                standing = board.standings[status.target]
                good = standing.paid[-1:] in ("G", "W") and not standing.is_bad and not standing.pending
                found.append((status, self._engine.left(status.target, at), good))
        return found

    # -- the configuration --------------------------------------------------------------------------------------------

    async def _looking_at_files(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            if (mark := changed_at(self.configured.files)) != self._mark:
                self._mark = mark
                await self.reload()

    async def reload(self) -> bool:
        """Read the configuration anew; true where it came into force. One that is bad, or cannot be kept because the
        journal is in trouble, changes nothing, and the log says so: the latter is tried again."""
        if self._reload is None:
            return False
        async with self._reloading:  # a signal and a changed file may come at once
            return await self._read_anew(self._reload)

    async def _read_anew(self, reload: Callable[[], Configured]) -> bool:
        in_thread = asyncio.get_running_loop().run_in_executor
        try:
            configured = await in_thread(None, reload)
            telling = self._telling.replaced(configured.alerts)
            happened = await self.in_journal(lambda: self._engine.configure(configured, time.time()))
        except (UsageError, JournalError) as error:
            log.write("reload_failed", why=error.detail, next=error.advice)
            self.metrics.reload_ok.set(0)
            if isinstance(error, JournalError):
                self._mark = ()
            return False
        if configured.runs_at_once != self.configured.runs_at_once:
            before, self._pool = self._pool, ThreadPoolExecutor(configured.runs_at_once, "run")
            before.shutdown(wait=False)  # what it has begun goes on
        gone = self.configured.targets.keys() - configured.targets.keys()
        self.configured, self._mark = configured, changed_at(configured.files)
        await in_thread(None, self._telling.stop)
        self._telling = telling
        await self._guarded(lambda: self.in_journal(lambda: telling.join(self._engine)))
        if self.trouble:  # who is new may not have been told yet
            self._mark = ()
        telling.start()
        for name in gone:
            self.metrics.forget(name)
        self.metrics.reload_ok.set(1)
        self.when_reloaded(configured)
        log.write("reloaded", targets=len(configured.targets))
        await self._tell(happened, set(configured.targets))
        self._wake.set()
        return True

    # -- for the routes -----------------------------------------------------------------------------------------------

    async def ask(self, name: str, module: str, fresh: float = 0.0) -> bool:
        """Start a run beside the schedule; false where none was started: see Engine.ask. Raises JournalError."""
        job = await self.in_journal(lambda: self._engine.ask(name, module, time.time(), fresh))
        if job is not None:
            self._start(job)
        return job is not None

    def last(self, name: str, module: str) -> "Last | None":
        """The last run of a module in this process."""
        return self._last.get((name, module))

    async def wait_for(self, name: str, module: str, seconds: float) -> bool:
        """Wait for the run under way; false where it takes longer, true where it ended or there is none."""
        event = self._waiting.get((name, module))
        if event is None:
            return True
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def snapshot(self) -> Snapshot:
        """What everything is shown as now."""
        return await self.in_journal(self._snapshot)

    def _snapshot(self) -> Snapshot:
        at, engine = time.time(), self._engine
        board = engine.store.board
        over = sorted((i for i in board.incidents.values() if not i.is_open), key=lambda i: -i.ended)
        left = {name: engine.left(name, at) for name in ["", *engine.configured.targets]}
        return Snapshot(at, tuple(board.statuses(at)), left, engine.next_runs(), (*board.open_incidents(), *over))
