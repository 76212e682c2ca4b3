"""The monitor without threads, sockets and a clock of its own: what is to run now, may it be paid, and what came of it.

    engine = Engine(configured, store)
    engine.begin(now)                 # → the jobs to run now, each reserved before it is sent
    engine.end([(job, observation, used, phases)], now)   # → what changed
    engine.tick(now)                  # windows, budgets, staleness, runs whose instance died
    engine.next_due(now)              # when `begin` has something to do again

Everything that is decided stands in the store before it is acted upon: a process that is killed at any moment forgets
no streak, loses no incident and exceeds no budget of requests.
"""

import heapq
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from chatproof.monitoring import budgets, windows
from chatproof.monitoring.alerting.outbox import Outbox
from chatproof.monitoring.board import Step
from chatproof.monitoring.budgets import Left, Need, Purse
from chatproof.monitoring.schedule import after_a_pause, upcoming
from chatproof.monitoring.settings import Configured, Watched, price
from chatproof.monitoring.standing import AHEAD, CONFIRM
from chatproof.monitoring.store import TOTAL, Store
from chatproof.monitoring.values import FREE, OPENED, RESOLVED, SMOKE, IncidentChange, Observation, StateChange

SCHEDULED, ASKED = "scheduled", "asked"
_LEASE = 900.0  # a run is over by then: its exchanges have deadlines of their own
_ABANDONED = 3.0  # periods without a run: nobody watches that target any more
_PERIOD = 1200.0  # seconds, of a target that is asked without a schedule


class Job(NamedTuple):
    """A run that was reserved, and must now be sent and brought to `end`."""

    id: str
    target: Watched
    module: str
    need: Need
    why: str
    """SCHEDULED, ASKED (by /probe or `run now`), or CONFIRM, PAID."""
    due: float


class Ended(NamedTuple):
    """What came of a job. `seen` is None for a run that tells nothing: interrupted, or an error of ours."""

    job: Job
    seen: Observation | None
    used: Need
    phases: Mapping[str, float]


class Happened(NamedTuple):
    """What changed: for logs, pages and alerts."""

    states: tuple[StateChange, ...] = ()
    incidents: tuple[IncidentChange, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    """(target, module) that no budget covers."""


class Engine:
    """Used by one thread: the store's."""

    def __init__(self, configured: Configured, store: Store, at: float, outbox: Outbox | None = None) -> None:
        """`outbox` keeps what people are to be told of, together with what it tells of."""
        self.store = store
        self.outbox = outbox
        self.configured = configured
        self._queue: list[tuple[float, int, str, str, int, str]] = []
        self._count = 0
        self._running: set[tuple[str, str]] = set()
        self._heard: dict[str, int] = {}  # incidents that others found, with the revision that was told
        self._latest = at
        self._plan(configured.targets, at)

    # -- the schedule -------------------------------------------------------------------------------------------------

    def _plan(self, targets: Iterable[str], at: float) -> None:
        taken: dict[tuple[str, str], tuple[int, float]] = {}

        def read(at: float) -> None:
            nonlocal taken
            self._set_right(at)
            taken = self.store.turns()

        self.store.change(read, at)
        for name in targets:
            target = self.configured.targets[name]
            for module, every in ((SMOKE, target.every), (FREE, target.every_free)):
                if every:
                    last, _ = taken.get((name, module), (-1, 0.0))
                    turn = after_a_pause(f"{name}\n{module}", every, at, last, target.jitter)
                    self._push(turn.due, name, module, turn.number, SCHEDULED)
            standing = self.store.board.standings.get(name)
            if standing and standing.pending in target.needs:  # this process's predecessor did not come to it
                self._push(at, name, standing.pending, 0, CONFIRM)

    def _set_right(self, at: float) -> bool:
        """Forget what a clock that was ahead has written, in the store and of the day to come; whether there was any.
        Else nothing would be asked, and the last word would stand, until that day."""
        self.store.board.set_right(at)
        there = self.store.forget_turns_to_come(at + AHEAD)
        if self.outbox is not None:
            self.outbox.set_right(at, at + AHEAD)
        return there

    def _push(self, due: float, name: str, module: str, turn: int, why: str) -> None:
        self._count += 1
        heapq.heappush(self._queue, (due, self._count, name, module, turn, why))

    def _next_turn(self, name: str, module: str, turn: int, at: float) -> None:
        target = self.configured.targets.get(name)
        every = 0.0 if target is None else target.every if module == SMOKE else target.every_free
        if target is not None and every:
            following = upcoming(f"{name}\n{module}", every, at, turn, target.jitter)
            self._push(following.due, name, module, following.number, SCHEDULED)

    def next_due(self) -> float:
        """When the next job is due; infinity where nothing is planned."""
        return self._queue[0][0] if self._queue else float("inf")

    def next_run(self, name: str, module: str = SMOKE) -> float:
        """When a target's next check of a module is due; 0.0 for none."""
        return min((due for due, _, n, m, _, _ in self._queue if n == name and m == module), default=0.0)

    def next_runs(self, module: str = SMOKE) -> dict[str, float]:
        """The same of all targets."""
        found: dict[str, float] = {}
        for due, _, name, of, _, _ in self._queue:
            if of == module and due < found.get(name, float("inf")):
                found[name] = due
        return found

    # -- what to run now ----------------------------------------------------------------------------------------------

    def begin(self, at: float, most: int = 1_000_000) -> tuple[list[Job], Happened]:
        """The jobs that are due, at most so many, reserved in the budgets. What cannot be paid is left out."""
        due: list[tuple[float, int, str, str, int, str]] = []
        while self._queue and self._queue[0][0] <= at and len(due) < most:
            due.append(heapq.heappop(self._queue))
        if not due:
            return [], Happened()
        jobs: list[Job] = []
        refused: list[tuple[str, str]] = []
        ids = [_id() for _ in due]

        def work(at: float) -> None:
            jobs.clear()
            refused.clear()
            for id, (planned, _, name, module, turn, why) in zip(ids, due, strict=True):
                target = self.configured.targets.get(name)
                if target is None or (name, module) in self._running:
                    continue
                if why == SCHEDULED and not self.store.is_held(id):
                    if self.store.turn_of(name, module)[0] >= turn:
                        continue  # another instance took it
                    self.store.take(name, module, turn, at)
                job = self._reserve(id, target, module, why, planned, at)
                if job is None:
                    refused.append((name, module))
                else:
                    jobs.append(job)

        try:
            self.store.change(work, at)
        except BaseException:
            for row in due:  # nothing of it was kept: try again in a while
                self._push(at + 5.0, row[2], row[3], row[4], row[5])
            raise
        for _, _, name, module, turn, why in due:
            if why == SCHEDULED:
                self._next_turn(name, module, turn, at)
        self._running |= {(job.target.name, job.module) for job in jobs}
        return jobs, Happened(refused=tuple(refused))

    def ask(self, name: str, module: str, at: float, fresh: float = 0.0) -> Job | None:
        """One run beside the schedule, for whoever asked for it: None where it is under way, where any instance began
        one within `fresh` seconds, or where no budget covers it. Raises KeyError for a target that is not watched."""
        target = self.configured.targets[name]
        if (name, module) in self._running:
            return None
        found: list[Job | None] = []
        id = _id()

        def work(at: float) -> None:
            turn, began = self.store.turn_of(name, module)
            found[:] = [None]
            if at - began >= fresh or self.store.is_held(id):
                found[:] = [self._reserve(id, target, module, ASKED, at, at)]
            if found[0] is not None:
                self.store.take(name, module, turn, at)

        self.store.change(work, at)
        job = found[0]
        if job is not None:
            self._running.add((name, module))
        return job

    def is_running(self, name: str, module: str) -> bool:
        """A run of this module is under way in this process."""
        return (name, module) in self._running

    def _need(self, target: Watched, module: str) -> Need:
        """What a run is expected to take: by the probe table, or as much as the largest run of this target took."""
        need = target.needs[module]
        if not need.tokens:
            return need
        tokens = max(need.tokens, self.store.purses.get(target.name, Purse()).largest)
        for budget in (target.budget, self.configured.total):
            tokens = min(tokens, budget.tokens or tokens)  # else one answer beyond it would end all days to come
        return Need(need.requests, tokens, price(target.resolved.prices, tokens))

    def _reserve(self, id: str, target: Watched, module: str, why: str, due: float, at: float) -> Job | None:
        need = self._need(target, module)
        if self.store.is_held(id):
            return Job(id, target, module, need, why, due)
        own = budgets.reserve(self.store.purses.get(target.name, Purse()), target.budget, need, at)
        everyone = budgets.reserve(self.store.purses.get(TOTAL, Purse()), self.configured.total, need, at)
        if own is None or everyone is None:
            return None
        self.store.purses |= {target.name: own, TOTAL: everyone}
        job = Job(id, target, module, need, why, due)
        self.store.hold(job.id, target.name, module, need, at + _LEASE)
        return job

    # -- what came of it ----------------------------------------------------------------------------------------------

    def end(self, ended: Iterable[Ended], at: float) -> Happened:
        """Settle finished runs, take in what they told, and keep it. A job is told once; again, it changes nothing."""
        given = list(ended)
        steps: list[tuple[Job, Step]] = []

        def work(at: float) -> None:
            steps.clear()
            for job, seen, used, phases in given:
                if self.store.release(job.id):
                    self._settle(job.target.name, job.need, used, at)
                if seen is None:
                    continue
                self.store.ran(seen, phases)
                can_confirm = self._can_pay(job.target, job.module, at)
                steps.append((job, self.store.board.fold(seen, can_confirm=can_confirm)))
            self._tell((step for _, step in steps), at)

        self.store.change(work, at)
        for job, _, _, _ in given:
            self._running.discard((job.target.name, job.module))
        for job, step in steps:
            if step.ask and job.target.name in self.configured.targets:
                self._push(at, job.target.name, job.module if step.ask == CONFIRM else SMOKE, 0, step.ask)
        return _joined(step for _, step in steps)

    def _settle(self, name: str, need: Need, used: Need, at: float) -> None:
        for purse in (name, TOTAL):
            self.store.purses[purse] = budgets.settle(self.store.purses.get(purse, Purse()), need, used, at)

    def _tell(self, steps: Iterable[Step], at: float) -> None:
        """Within the transaction that keeps what changed."""
        if self.outbox is not None:
            self.outbox.enter([change for step in steps for change in step.incidents], at)

    def _can_pay(self, target: Watched, module: str, at: float) -> bool:
        need, purses = self._need(target, module), self.store.purses
        return not (
            budgets.is_spent(purses.get(target.name, Purse()), target.budget, need, at)
            or budgets.is_spent(purses.get(TOTAL, Purse()), self.configured.total, need, at)
        )

    def tick(self, at: float) -> Happened:
        """Let time pass. Runs that were reserved long ago, by a process that died, count as spent."""
        targets = self.configured.targets
        silent = {name for name, target in targets.items() if windows.is_open(target.windows, at)}
        steps: list[Step] = []

        went_back = at < self._latest - AHEAD
        self._latest = at

        def work(at: float) -> None:
            nonlocal went_back
            steps.clear()
            went_back = self._set_right(at) or went_back
            for id, name, _, need, until in self.store.held():
                if until < at or until > at + _LEASE + AHEAD:
                    self.store.release(id)
                    self._settle(name, need, need, at)
            spent = {name for name, target in targets.items() if not self._can_pay(target, SMOKE, at)}
            steps.append(self.store.board.tick(at, silent=silent, spent=spent))
            steps.append(self.store.board.release(self._abandoned(at), at))
            steps.append(Step(incidents=tuple(self._news())))
            self._tell(steps, at)

        self.store.change(work, at)
        if went_back:
            self._queue = []
            self._plan(targets, at)
        for step in steps[2:]:
            self._heard.update((change.incident.id, change.incident.revision) for change in step.incidents)
        return _joined(steps)

    def _abandoned(self, at: float) -> list[str]:
        """Targets of open incidents that our configuration does not name, and that no other instance has asked for
        three periods: nobody would ever see them recover."""
        held = {target for incident in self.store.board.open_incidents() for target in incident.targets}
        unknown = held - self.configured.targets.keys()
        if not unknown:
            return []
        # Turns are counted from the epoch: the number of one, and when it was taken, tell the period.
        asked = {
            name
            for (name, _), (turn, taken) in self.store.turns().items()
            if at - taken <= _ABANDONED * (taken / turn if turn > 0 else _PERIOD)
        }
        return sorted(unknown - asked)

    def _news(self) -> Iterator[IncidentChange]:
        """What a fleet's `beat` wrote of its regions beside our own, and was not told yet."""
        for incident in self.store.board.incidents.values():
            if incident.all_targets or self._heard.get(incident.id) == incident.revision:
                continue
            if incident.is_open or incident.id in self._heard:  # one that began and ended unseen is no news
                yield IncidentChange(OPENED if incident.is_open else RESOLVED, incident)

    def clean(self, at: float) -> None:
        """Remove the figures that are older than the configuration keeps them."""
        self.store.change(lambda at: self.store.forget(at - self.configured.keep), at)

    def configure(self, configured: Configured, at: float) -> Happened:
        """Take another configuration into force; states, streaks and budgets of targets that stay are kept, and those
        of targets that come back are as they were. Raises JournalError, and the one before stays in force."""
        before, board = self.configured, self.store.board
        known = board.policies
        steps: list[Step] = []
        policies = {name: target.policy for name, target in configured.targets.items()}

        def work(at: float) -> None:
            steps[:] = [board.configure(policies, at)]
            self.store.recall(configured.targets.keys() - before.targets.keys())
            self._tell(steps, at)

        try:
            self.store.change(work, at)
        except BaseException:
            board.policies = known
            raise
        self.configured = configured  # not before all of it is kept: a journal in trouble changes nothing
        same = {
            name
            for name, target in configured.targets.items()
            if (old := before.targets.get(name)) and (old.every, old.every_free) == (target.every, target.every_free)
        }
        self._queue = [row for row in self._queue if row[2] in same]
        heapq.heapify(self._queue)
        self._plan(configured.targets.keys() - same, at)
        return _joined(steps)

    # -- what is shown ------------------------------------------------------------------------------------------------

    def left(self, name: str, at: float) -> Left:
        """What is left of a target's budget; of that of all together for TOTAL."""
        budget = self.configured.total if name == TOTAL else self.configured.targets[name].budget
        return budgets.left(self.store.purses.get(name, Purse()), budget, at)


def _id() -> str:
    return os.urandom(8).hex()


def _joined(steps: Iterable[Step]) -> Happened:
    every = list(steps)
    return Happened(
        tuple(change for step in every for change in step.states),
        tuple(change for step in every for change in step.incidents),
    )
