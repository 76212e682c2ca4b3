"""A monitor on a clock of its own: the real engine, board and store (SQLite), with runs that a table answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chatproof import journal
from chatproof.monitoring.board import Board
from chatproof.monitoring.budgets import Budget, Need
from chatproof.monitoring.engine import Ended, Engine, Happened, Job
from chatproof.monitoring.settings import Configured, Watched, watched
from chatproof.monitoring.store import Store
from chatproof.monitoring.values import (
    FREE,
    GO,
    NO_CAUSE,
    NO_GO,
    UNDECIDED,
    Cause,
    IncidentChange,
    Observation,
    StateChange,
)
from chatproof.target import monitor_fields
from chatproof.target.target import Target, check
from chatproof.wire.exchange import Secret

KEY = "sk-of-the-simulated-monitor-0123456789"
START = 1_795_910_400.0  # 2026-11-29T00:00:00Z


def target(name: str, origin: str = "https://gate.example.com", **said: object) -> Watched:
    """A watched target; `said` is its table in the configuration."""
    made = Target(f"{origin}/v1", "m", Secret(KEY), name=name)
    return watched(name, check(made), monitor_fields.values({}, {"confirm": True, **said}))


NO_LIMIT = Budget()


def configured(*targets: Watched, total: Budget = NO_LIMIT) -> Configured:
    return Configured({t.name: t for t in targets}, total, 30 * 86400.0, 16, (), "", (), ())


class Answer:
    """What a simulated run comes to."""

    def __init__(self, verdict: str = GO, code: str = "", owner: str = "", *, side: str = "", tokens: int = 20,
                 warnings: tuple[str, ...] = (), changes: tuple[str, ...] = ()) -> None:  # fmt: skip
        self.verdict, self.code, self.owner, self.side, self.tokens = verdict, code, owner, side, tokens
        self.warnings, self.changes = warnings, changes


GOOD = Answer()
World = Callable[[Job, float], Answer]


class Simulation:
    """Plays an engine through time. `sent` has every request's moment, `tokens` the sum of the answers by day."""

    def __init__(self, place: Path, config: Configured, at: float = START) -> None:
        self.store = Store(journal.open(str(place)), Board({n: t.policy for n, t in config.targets.items()}))
        self.store.journal.database.query("PRAGMA synchronous = OFF")  # no power is cut here
        self.now = at
        self.engine = Engine(config, self.store, at)
        self.requests: dict[int, int] = {}
        self.tokens: dict[int, int] = {}
        self.states: list[StateChange] = []
        self.incidents: list[IncidentChange] = []
        self.runs: list[tuple[float, str, str]] = []
        self._ticked = at
        self._number = 0
        self.happened(self.engine.tick(at))

    def happened(self, what: Happened) -> None:
        self.states += what.states
        self.incidents += what.incidents

    def until(self, end: float, world: World) -> None:
        """Play until a moment."""
        while True:
            due = min(self.engine.next_due(), self._ticked + 300)
            if due > end:
                self.now = end
                self.happened(self.engine.tick(end))
                self._ticked = end
                return
            self.now = max(self.now, due)
            if self.now - self._ticked >= 300:
                self.happened(self.engine.tick(self.now))
                self._ticked = self.now
            jobs, happened = self.engine.begin(self.now)
            self.happened(happened)
            for job in jobs:
                self.happened(self.engine.end([self.play(job, world(job, self.now))], self.now + 1))

    def play(self, job: Job, answer: Answer) -> Ended:
        """Send it: what it takes is counted at the moment of sending."""
        self._number += 1
        day = int(self.now // 86400)
        tokens = 0 if job.module == FREE else answer.tokens
        self.requests[day] = self.requests.get(day, 0) + job.need.requests
        self.tokens[day] = self.tokens.get(day, 0) + tokens
        self.runs.append((self.now, job.target.name, job.module))
        run_id = f"{job.module}-{self._number}"
        cause = NO_CAUSE
        if answer.code:
            cause = Cause(answer.code, f"what {answer.code} is", answer.owner, "certain", "Do it.", run_id)
        seen = Observation(
            job.target.name, self.now + 1, run_id, job.module, answer.verdict, cause, answer.warnings,
            job.target.origin, side=answer.side, changes=answer.changes, requests=job.need.requests, tokens=tokens,
        )  # fmt: skip
        return Ended(job, seen, Need(job.need.requests, tokens), {"first_byte": 100.0, "total": 120.0})


__all__ = ["GO", "NO_GO", "UNDECIDED"]
