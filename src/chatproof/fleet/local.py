"""A fleet in one process that sends, and others that judge.

The sending process does nothing but that, so that a busy moment delays no first byte. Before a target's first byte goes
out, a judging process has written down that its run begins; what came back goes there by a pipe, and its result comes
back once the run is in the journal.
"""

import asyncio
import errno
import gc
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from chatproof import clock
from chatproof.fleet import judging
from chatproof.fleet.evidence import HEAD, all_packed, frame, value_of
from chatproof.fleet.ready import Fleet, Ready
from chatproof.fleet.targets import Listed
from chatproof.fleet.turns import Turns
from chatproof.printable import place_of
from chatproof.running.dispatch import Stop
from chatproof.running.run import new_id
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Exchange

WIDTH = 4
"""Requests of a target at once: what smoke sends."""
_DIGITS = 16
_OBJECTS = 20_000  # made between two collections: a document has a thousand, hardly any in a cycle
_TOGETHER = 64  # runs that are begun in one message at most
INTERNAL, TAKEN = "internal", "taken"
LATE = "its deadline"
"""What ends a fleet that has one, where a record names a signal otherwise."""


class Result(NamedTuple):
    """What became of a target. `verdict` and `run_id` are empty where nothing was asked, for `code` says why; `unkept`:
    why its run is not in the journal. `requests` were sent, and `tokens` reported."""

    name: str
    verdict: str
    code: str
    owner: str
    run_id: str
    summary: str
    next_step: str
    unkept: str = ""
    requests: int = 0
    tokens: int = 0


class Limits(NamedTuple):
    """`at_once` and `per_host` are requests at the same time, `rate` requests a second (0: any), `judges` processes."""

    at_once: int
    per_host: int
    rate: float
    judges: int


class Ended(NamedTuple):
    """How a fleet's run ended. `signal` is what ended it early, `interrupted` the targets whose runs it cut short,
    `left` how many were not begun; `failure` says why our own side gave up, with what to do."""

    signal: str
    interrupted: tuple[str, ...]
    left: int
    failure: tuple[str, str, str] | None


class _Judge:
    """A judging process as the sending one sees it."""

    def __init__(self, pid: int, pipe: socket.socket) -> None:
        self.pid = pid
        self.pipe = pipe
        self.names: set[str] = set()  # of the targets that it is to say something of
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter


class _Run(NamedTuple):
    host: str
    ready: Ready
    options: Any
    run_id: str
    at: str


def run(
    fleet: Fleet,
    limits: Limits,
    place: str,
    told: Callable[[Result], None],
    *,
    rows: Iterable[Listed] | None = None,
    beside: AbstractContextManager[Any] | None = None,
    ids: Callable[[str], str] | None = None,
    seconds: float = 0.0,
) -> Ended:
    """Ask all targets, or those of `rows`; `told` gets each result as it comes. `place` is the journal, empty for none.

    The processes that judge are made before a key is read here: they read the keys themselves. `beside` is entered once
    they are made: a thread must not be there when a process is forked. `ids` gives the id of a target's run. After so
    many `seconds` what is under way is ended in order; then no signal is looked for.
    """
    gc.freeze()  # a hundred thousand targets stay until the end: no collection, here or in a judge, looks at them again
    threshold = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *threshold[1:])
    made: list[_Judge] = []
    for _ in range(limits.judges):
        made.append(_Judge(*judging.start(fleet, place, [each.pipe for each in made])))
    sweep = _Sweep(fleet, limits, made, told, fleet.rows.values() if rows is None else rows, ids, seconds)
    loop = _new_loop()
    try:
        asyncio.set_event_loop(loop)
        with beside or nullcontext():
            loop.run_until_complete(sweep.run())
    finally:
        for each in made:
            each.pipe.close()
        asyncio.set_event_loop(None)
        loop.close()
        gc.set_threshold(*threshold)
        gc.unfreeze()  # a worker goes on with other batches
    for each in made:
        os.waitpid(each.pid, 0)
    return sweep.ended()


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed (the extra `fleet`), else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


class _Sweep:
    def __init__(
        self,
        fleet: Fleet,
        limits: Limits,
        judges: list[_Judge],
        told: Callable[[Result], None],
        rows: Iterable[Listed],
        ids: Callable[[str], str] | None,
        seconds: float,
    ) -> None:
        from chatproof.fleet.sending import Carrier

        self._fleet = fleet
        self._limits = limits
        self._judges = judges
        self._told = told
        self._turns = Turns(rows, limits.per_host, 1 if fleet.reuse else WIDTH)
        self._ids = ids
        self._seconds = seconds
        self._carrier = Carrier(fleet.environ)
        self._stop = Stop()
        self._room = max(limits.at_once // self._turns.width, 1)  # targets at once
        self._runs: dict[str, _Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Future[None]] = set()
        self._cut: list[str] = []
        self._failure: tuple[str, str, str] | None = None
        self._wake: asyncio.Event
        self._next = 0.0  # when the rate lets another target begin
        self._is_held = False  # by the rate, and by nothing else

    def ended(self) -> Ended:
        return Ended(self._stop.signal, tuple(self._cut), self._turns.left, self._failure)

    # -- the loop ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        for judge in self._judges:
            judge.reader, judge.writer = await asyncio.open_connection(sock=judge.pipe, limit=1 << 20)
            self._start(self._listen(judge))
        if self._seconds:
            loop.call_later(self._seconds, self._end, LATE)
        for number in () if self._seconds else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._interrupt, signal.Signals(number).name)
        listening = set(self._tasks)
        while True:
            self._begin()
            if self._is_done():
                break
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), self._pause())
            except TimeoutError:
                pass
        for judge in self._judges:
            if not judge.writer.is_closing():
                judge.writer.write_eof()
        await asyncio.wait(listening)

    def _is_done(self) -> bool:
        waiting = any(judge.names for judge in self._judges)
        return not waiting and not self._runs and (not self._turns.left or self._stop.asked or bool(self._failure))

    def _start(self, work: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail_of(error)
        self._wake.set()

    def _interrupt(self, name: str) -> None:
        """The first signal ends the fleet in order, a second one leaves at once."""
        if self._stop.asked:
            os._exit(128 + signal.Signals[name].value)
        self._end(name)

    def _end(self, by: str) -> None:
        self._stop.now(by)
        self._cancel()

    def _cancel(self) -> None:
        for sending in self._sending:
            sending.cancel()
        self._wake.set()

    def _fail_of(self, error: BaseException) -> None:
        """What goes wrong on our own side while a request is sent. No exception's text is shown: it may hold a key."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            self._fail(INTERNAL, "no file descriptor is free", "lower --at-once, or raise the limit (ulimit -n)")
        else:
            self._fail(INTERNAL, f"{type(error).__name__} at {place_of(error)}", "please report it")

    def _fail(self, code: str, detail: str, advice: str) -> None:
        """Our own side cannot go on: what is under way is ended in order, and nothing more begins."""
        if self._failure is None:
            self._failure = (code, detail, advice)
            self._cancel()

    # -- beginning --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin as many targets as there is room for; they go to the judging processes in turn, some together."""
        waiting: deque[_Run] = deque()
        self._is_held = False
        while not (self._stop.asked or self._failure) and len(self._runs) < self._room:
            if self._limits.rate and time.monotonic() < self._next:
                self._is_held = True
                break
            taken = self._turns.take()
            if taken is None:
                break
            run = self._prepare(*taken)
            if run is not None:
                waiting.append(run)
                self._runs[run.ready.name] = run
                if self._limits.rate:
                    self._next = max(time.monotonic(), self._next) + WIDTH / self._limits.rate
        alive = [judge for judge in self._judges if not judge.writer.is_closing()]
        while waiting and alive:
            judge = min(alive, key=lambda each: len(each.names))
            share = [waiting.popleft() for _ in range(min(_TOGETHER, len(waiting)))]
            judge.names.update(run.ready.name for run in share)
            judge.writer.write(frame((judging.BEGIN, tuple((run.ready.name, run.run_id, run.at) for run in share))))
        for run in waiting:  # every process is gone, and its end not heard of yet
            self._turns.ended(run.host)
            self._cut.append(self._runs.pop(run.ready.name).ready.name)

    def _pause(self) -> float | None:
        """Seconds until the rate lets the next target begin; None where only something that ends makes room."""
        return max(self._next - time.monotonic(), 0.0) if self._is_held and self._turns.left else None

    def _prepare(self, host: str, row: Listed) -> _Run | None:
        """What is wrong on our own side costs this target only."""
        try:
            ready = self._fleet.ready(row.name)
            options = self._carrier.options_of(ready)
        except UsageError as error:
            self._turns.ended(host)
            self._told(Result(row.name, "", error.code, "you", "", error.detail, error.advice))
            return None
        at = clock.utc()
        run_id = self._ids(row.name) if self._ids else new_id(self._fleet.settings.kind, at, _DIGITS)
        return _Run(host, ready, options, run_id, at)

    # -- between the processes --------------------------------------------------------------------------------------

    async def _listen(self, judge: _Judge) -> None:
        """Take what a judging process says, until it ends, or until what it says cannot be taken: nothing more will
        come of its targets then."""
        try:
            while True:
                try:
                    head = await judge.reader.readexactly(HEAD)
                    message = value_of(await judge.reader.readexactly(int.from_bytes(head, "big")))
                except (asyncio.IncompleteReadError, ConnectionError):
                    break
                self._hear(judge, *message)
                self._wake.set()
        except Exception as error:
            self._fail_of(error)
        judge.writer.close()
        lost = [*judge.names]
        judge.names.clear()  # whatever becomes of the next lines, nobody waits for these
        for name in lost:
            self._lost(judge, name, INTERNAL, "the process that judges ended")
        if all(each.writer.is_closing() for each in self._judges) and not self._is_done():
            self._fail(INTERNAL, "the processes that judge ended", "look for what ended them, such as the OOM killer")

    def _hear(self, judge: _Judge, kind: str, *rest: Any) -> None:
        if kind == judging.BEGUN:
            for name in rest[0]:
                self._start(self._carry(judge, self._runs[name]))
        elif kind == judging.TAKEN:
            for name in rest[0]:
                self._lost(judge, name, TAKEN, "its run belongs to another process")
        elif kind == judging.REFUSED:
            for name in rest[0]:
                self._lost(judge, name)
            self._fail(*rest[1:])
        elif kind == judging.FAILED:
            self._lost(judge, rest[0], INTERNAL, rest[1])
        else:
            for name, verdict, code, owner, run_id, summary, next_step, requests, tokens, cut in rest[0]:
                judge.names.discard(name)
                if cut:
                    self._cut.append(name)
                else:
                    self._told(
                        Result(name, verdict, code, owner, run_id, summary, next_step, rest[1], requests, tokens)
                    )

    def _lost(self, judge: _Judge, name: str, code: str = "", why: str = "") -> None:
        """A target that nothing will be known of; without a code, because nothing was sent to it."""
        judge.names.discard(name)
        run = self._runs.pop(name, None)
        if run is not None:
            self._turns.ended(run.host)
        if code:
            self._told(Result(name, "", code, "unknown", run.run_id if run else "", why, "please report it"))
        else:
            self._cut.append(name)

    async def _carry(self, judge: _Judge, run: _Run) -> None:
        """Send one target's requests, and have them judged. What goes wrong on our own side ends the fleet in order."""
        try:
            await self._send(judge, run)
        except Exception as error:
            self._fail_of(error)
            self._lost(judge, run.ready.name)

    async def _send(self, judge: _Judge, run: _Run) -> None:
        """Send one target's requests; whatever came back goes to be judged, also when a signal cuts it short."""
        exchanges: list[Exchange] = []
        again: list[tuple[str, str]] = []
        ready = run.ready
        if not (self._stop.asked or self._failure):
            # A task of its own: this one goes on when that is cancelled.
            if self._fleet.reuse:
                work = self._carrier.in_turn(ready, run.options, exchanges, again)
            else:
                work = self._carrier.exchanges_of(ready, run.options, self._turns.width, exchanges)
            sending = asyncio.ensure_future(work)
            self._sending.add(sending)
            await asyncio.wait((sending,))
            self._sending.discard(sending)
            if not sending.cancelled() and (error := sending.exception()) is not None:
                self._fail_of(error)
        by = self._stop.signal or ("our own failure" if self._failure else "")
        done = {exchange.probe for exchange in exchanges}
        not_sent = {probe: f"interrupted by {by}" for probe in ready.planned if probe not in done}
        order = list(ready.planned)
        plain = all_packed(sorted(exchanges, key=lambda exchange: order.index(exchange.probe)))
        by = by if not_sent else ""
        told = (ready.name, run.run_id, run.at, ready.key, plain, not_sent, by, tuple(again))
        judge.writer.write(frame((judging.EVIDENCE, *told)))
        try:
            await judge.writer.drain()
        except ConnectionError:
            return  # the process is gone: its listener says so of all its targets
        finally:
            if self._runs.pop(ready.name, None) is not None:
                self._turns.ended(run.host)
