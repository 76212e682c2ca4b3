"""What the monitor remembers, in tables of its own beside the journal's: states, incidents, budgets, turns, and figures
for the pages. Every change is one transaction alone among writers, so that several instances share one schedule.

Each row that an instance writes gets a number; before an instance works on the state it reads what others have numbered
since it last looked. A run is reserved by a row before it is sent, and the row goes when the run is settled: one whose
instance died is found by its age, and counts as spent.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from chatproof.journal.store import Journal
from chatproof.monitoring.board import Board, incident_from, standing_from
from chatproof.monitoring.budgets import Need, Purse
from chatproof.monitoring.standing import Standing
from chatproof.monitoring.values import Incident, Observation

TOTAL = ""
"""The name of the purse of all targets together. No target is called so."""
TABLES = (
    "CREATE TABLE IF NOT EXISTS chatproof_monitor_rows (kind TEXT NOT NULL, name TEXT NOT NULL, said TEXT NOT NULL, "
    "number BIGINT NOT NULL, PRIMARY KEY (kind, name))",
    "CREATE INDEX IF NOT EXISTS chatproof_monitor_news ON chatproof_monitor_rows (number)",
    "CREATE TABLE IF NOT EXISTS chatproof_monitor_held (id TEXT NOT NULL PRIMARY KEY, target TEXT NOT NULL, "
    "module TEXT NOT NULL, need TEXT NOT NULL, until DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE IF NOT EXISTS chatproof_monitor_turns (target TEXT NOT NULL, module TEXT NOT NULL, "
    "turn BIGINT NOT NULL, at DOUBLE PRECISION NOT NULL, PRIMARY KEY (target, module))",
    "CREATE TABLE IF NOT EXISTS chatproof_monitor_runs (target TEXT NOT NULL, at DOUBLE PRECISION NOT NULL, "
    "module TEXT NOT NULL, outcome TEXT NOT NULL, code TEXT NOT NULL, run_id TEXT NOT NULL, requests BIGINT NOT NULL, "
    "tokens BIGINT NOT NULL, phases TEXT NOT NULL, hour BIGINT NOT NULL, first_byte DOUBLE PRECISION)",
    "CREATE INDEX IF NOT EXISTS chatproof_monitor_by_target ON chatproof_monitor_runs (target, at)",
    "CREATE INDEX IF NOT EXISTS chatproof_monitor_by_time ON chatproof_monitor_runs (at)",
)
_STANDING, _INCIDENT, PURSE = "standing", "incident", "purse"
PUT = (
    "INSERT INTO chatproof_monitor_rows (kind, name, said, number) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (kind, name) DO UPDATE SET said = excluded.said, number = excluded.number"
)


class Ran(NamedTuple):
    """A run in the figures: what the strips and plots of the pages are made of."""

    target: str
    at: float
    module: str
    outcome: str
    code: str
    run_id: str
    requests: int
    tokens: int
    phases: Mapping[str, float]
    """Milliseconds of the plain request: dns, connect, tls, first_byte, total."""


class Store:
    """The tables, and this instance's picture of them: `board` and `purses`. Used by one thread."""

    def __init__(self, journal: Journal, board: Board) -> None:
        self._database = journal.database
        self.board = board
        self.purses: dict[str, Purse] = {}
        self._seen = -1
        self._made = self._again = False
        self.journal = journal

    def change(self, work: Callable[[float], None], at: float) -> None:
        """Run `work` alone among all instances, on a fresh picture, and keep what it changed; or nothing of it.

        Where the server was lost meanwhile, `work` is run once more, on a picture that is read anew: nobody knows
        whether the first time was kept. Raises JournalError, and the picture is read anew the next time."""
        if not self._made:
            self.journal.ready()
        policies, tried = self.board.policies, False

        def transaction() -> None:
            nonlocal tried
            self._again, tried = tried, True
            if self._again:
                self._seen, self.board.policies = -1, policies
            if not self._made:
                for statement in TABLES:
                    self._database.query(statement)
            self._refresh()
            standings, incidents = dict(self.board.standings), dict(self.board.incidents)
            purses = dict(self.purses)
            work(at)
            self._keep(standings, incidents, purses)

        try:
            self._database.transaction(transaction)
            self._made = True
        except BaseException:
            self._seen = -1
            raise
        finally:
            self._again = False

    def look(self) -> set[str]:
        """Read everything, in no transaction, for whoever only shows it; return the names of all targets that were ever
        watched. Raises JournalError where no monitor has worked with this journal."""
        self._seen = -1
        self._refresh()
        sql = "SELECT name FROM chatproof_monitor_rows WHERE kind = ?"
        return {name for (name,) in self._database.query(sql, (_STANDING,))}

    def recall(self, names: Collection[str]) -> None:
        """Within `change`: read what is known of targets that came to the board just now. An instance may have watched
        them before this one did."""
        for name in names:
            sql = "SELECT said FROM chatproof_monitor_rows WHERE kind = ? AND name = ?"
            for (said,) in self._database.query(sql, (_STANDING, name), large=True):
                self.board.standings[name] = standing_from(json.loads(said))

    def _refresh(self) -> None:
        if self._seen < 0:
            policies = self.board.policies
            self.board.standings = {target: Standing(target) for target in policies}
            self.board.incidents, self.purses = {}, {}
        sql = "SELECT kind, name, said, number FROM chatproof_monitor_rows WHERE number > ? ORDER BY number"
        for kind, name, said, number in self._database.query(sql, (self._seen,), large=True):
            value = json.loads(said)
            self._seen = number
            if kind == PURSE:
                self.purses[name] = Purse(**{k: v for k, v in value.items() if k in Purse._fields})
            elif kind == _INCIDENT:
                self.board.incidents[name] = incident_from(value)
            elif name in self.board.standings:
                self.board.standings[name] = standing_from(value)
        self._seen = max(self._seen, 0)

    def _keep(
        self, standings: Mapping[str, Standing], incidents: Mapping[str, Incident], purses: Mapping[str, Purse]
    ) -> None:
        """Write the rows that differ from before."""
        changed: list[tuple[str, str, Any]] = []
        for name, standing in self.board.standings.items():
            if standings.get(name) is not standing and standings.get(name) != standing:
                changed.append((_STANDING, name, standing._asdict() | {"cause": standing.cause._asdict()}))
        for id, incident in self.board.incidents.items():
            if incidents.get(id) is not incident and incidents.get(id) != incident:
                changed.append((_INCIDENT, id, incident._asdict() | {"cause": incident.cause._asdict()}))
        for name, purse in self.purses.items():
            if purses.get(name) != purse:
                changed.append((PURSE, name, purse._asdict()))
        for kind, name, value in changed:
            self._seen += 1
            said = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
            self._database.query(PUT, (kind, name, said, self._seen), large=True)
        for id in incidents.keys() - self.board.incidents.keys():
            self._database.query("DELETE FROM chatproof_monitor_rows WHERE kind = ? AND name = ?", (_INCIDENT, id))

    # -- within `change` ----------------------------------------------------------------------------------------------

    def turns(self) -> dict[tuple[str, str], tuple[int, float]]:
        """(target, module) → (number of the newest turn that was taken, when)."""
        rows = self._database.query("SELECT target, module, turn, at FROM chatproof_monitor_turns")
        return {(target, module): (turn, at) for target, module, turn, at in rows}

    def turn_of(self, target: str, module: str) -> tuple[int, float]:
        """The newest turn of one target that any instance took; (-1, 0.0) for none."""
        sql = "SELECT turn, at FROM chatproof_monitor_turns WHERE target = ? AND module = ?"
        rows = self._database.query(sql, (target, module))
        return (rows[0][0], rows[0][1]) if rows else (-1, 0.0)

    def take(self, target: str, module: str, turn: int, at: float) -> None:
        """Keep that a turn is taken."""
        sql = (
            "INSERT INTO chatproof_monitor_turns (target, module, turn, at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (target, module) DO UPDATE SET turn = excluded.turn, at = excluded.at"
        )
        self._database.query(sql, (target, module, turn, at))

    def forget_turns_to_come(self, after: float) -> bool:
        """Remove turns that were taken later than can be; whether there was one."""
        there = bool(self._database.query("SELECT 1 FROM chatproof_monitor_turns WHERE at > ? LIMIT 1", (after,)))
        if there:
            self._database.query("DELETE FROM chatproof_monitor_turns WHERE at > ?", (after,))
        return there

    def is_held(self, id: str) -> bool:
        """Whether a run is reserved already: by a transaction that was kept, and whose end nobody was told."""
        return self._again and bool(self._database.query("SELECT 1 FROM chatproof_monitor_held WHERE id = ?", (id,)))

    def hold(self, id: str, target: str, module: str, need: Need, until: float) -> None:
        """Keep that a run is about to be sent; it is over by `until`, whatever happens."""
        sql = "INSERT INTO chatproof_monitor_held (id, target, module, need, until) VALUES (?, ?, ?, ?, ?)"
        self._database.query(sql, (id, target, module, json.dumps(need), until))

    def held(self) -> list[tuple[str, str, str, Need, float]]:
        """(id, target, module, need, until) of every run that was reserved and is not settled."""
        rows = self._database.query("SELECT id, target, module, need, until FROM chatproof_monitor_held")
        return [(id, target, module, Need(*json.loads(need)), until) for id, target, module, need, until in rows]

    def release(self, id: str) -> bool:
        """Take a reservation off; false where another instance did so already."""
        there = bool(self._database.query("SELECT 1 FROM chatproof_monitor_held WHERE id = ?", (id,)))
        self._database.query("DELETE FROM chatproof_monitor_held WHERE id = ?", (id,))
        return there

    def ran(self, seen: Observation, phases: Mapping[str, float]) -> None:
        """Add a run to the figures, once."""
        same = "SELECT 1 FROM chatproof_monitor_runs WHERE target = ? AND at = ? AND run_id = ?"
        if self._again and self._database.query(same, (seen.target, seen.at, seen.run_id)):
            return
        sql = f"INSERT INTO chatproof_monitor_runs VALUES ({', '.join('?' * (len(Ran._fields) + 2))})"
        values = (seen.target, seen.at, seen.module, seen.outcome, seen.cause.code, seen.run_id, seen.requests,
                  seen.tokens, json.dumps(phases), int(seen.at // 3600), phases.get("first_byte"))  # fmt: skip
        self._database.query(sql, values)

    def forget(self, before: float) -> None:
        """Remove figures older than a moment."""
        self._database.query("DELETE FROM chatproof_monitor_runs WHERE at < ?", (before,))

    # -- for the pages: reads, in no transaction ----------------------------------------------------------------------

    def runs(self, target: str, since: float, limit: int = 5000) -> list[Ran]:
        """The runs of a target in the figures, the newest first."""
        sql = (
            f"SELECT {', '.join(Ran._fields)} FROM chatproof_monitor_runs WHERE target = ? AND at >= ? "
            f"ORDER BY at DESC LIMIT {int(limit)}"
        )
        return [Ran._make((*row[:-1], json.loads(row[-1]))) for row in self._database.query(sql, (target, since))]

    def strips(self, since: float, names: Sequence[str]) -> dict[str, dict[int, str]]:
        """Target → hour since the epoch → the worst outcome of all its runs in it: F, U, W or G."""
        found: dict[str, dict[int, str]] = {}
        if names:
            sql = (
                "SELECT target, hour, MIN(CASE outcome WHEN 'F' THEN 0 WHEN 'U' THEN 1 WHEN 'W' THEN 2 ELSE 3 END) "
                f"FROM chatproof_monitor_runs WHERE target IN ({_marks(names)}) AND at >= ? GROUP BY target, hour"
            )
            for target, hour, worst in self._database.query(sql, (*names, since)):
                found.setdefault(target, {})[hour] = "FUWG"[worst]
        return found

    def first_bytes(self, since: float, names: Sequence[str]) -> dict[str, list[float]]:
        """Target → milliseconds to the first byte of its paid checks, sorted."""
        found: dict[str, list[float]] = {}
        if names:
            sql = (
                f"SELECT target, first_byte FROM chatproof_monitor_runs WHERE target IN ({_marks(names)}) AND at >= ? "
                "AND module = 'smoke' AND first_byte IS NOT NULL ORDER BY first_byte"
            )
            for target, ms in self._database.query(sql, (*names, since)):
                found.setdefault(target, []).append(ms)
        return found


def _marks(names: Sequence[str]) -> str:
    return ", ".join("?" * len(names))
