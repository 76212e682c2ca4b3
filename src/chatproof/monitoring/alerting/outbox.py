"""What is still to be told, in a table beside the journal's: an alert is kept before it is sent, so that none is lost.

A row is one revision of an incident for one receiver. Rows go out in order; a change that a later one overtakes is left
out, its beginning and its end never. Whoever sends takes a row for a while: a process that dies while it sends leaves
it to the next one, and the receiver sees the same incident and revision again. The rows of an incident for a receiver
that were not told yet are due together, the first of them first.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from chatproof.journal.database import Database
from chatproof.monitoring.board import incident_from
from chatproof.monitoring.values import CHANGED, OPENED, RESOLVED, Incident, IncidentChange

_TABLES = (
    "CREATE TABLE IF NOT EXISTS chatproof_monitor_outbox (receiver TEXT NOT NULL, incident TEXT NOT NULL, "
    "revision BIGINT NOT NULL, what TEXT NOT NULL, said TEXT NOT NULL, due DOUBLE PRECISION NOT NULL, "
    "attempts BIGINT NOT NULL, delivered DOUBLE PRECISION NOT NULL, PRIMARY KEY (receiver, incident, revision))",
    "CREATE INDEX IF NOT EXISTS chatproof_monitor_outbox_due ON chatproof_monitor_outbox (receiver, due)",
)
NEVER = 1e15
LEASE = 60.0
"""Seconds for which a row is the business of whoever took it."""
_REMEMBERED = 30 * 86400.0  # seconds for which it is known that an end was told
_DAY = 86400.0  # no receiver is asked again later than that
_PAIRS = 500  # looked at in one turn


class Wants(Protocol):
    """What the outbox asks of a receiver."""

    @property
    def resend(self) -> float:
        """Seconds after which an open incident is told again; 0.0: never."""

    @property
    def pause(self) -> float:
        """Seconds between two messages that differ in the incident's targets only."""

    def wants(self, incident: Incident) -> bool:
        """It is to be told of this one."""


class Claim(NamedTuple):
    """A row that was taken, to be sent and then brought to `sent` or `failed`."""

    receiver: str
    what: str
    incident: Incident
    is_repeat: bool
    before: Incident | None
    attempts: int


class Outbox:
    """Used by the one thread that opened its database."""

    def __init__(self, database: Database, receivers: Mapping[str, Wants]) -> None:
        self._database = database
        self._receivers = dict(receivers)
        self._is_made = False

    def put(self, changes: Iterable[IncidentChange], at: float) -> None:
        """Keep what is to be told, in a transaction of its own. Durable when this returns. Raises JournalError."""
        self._alone(lambda: self.enter(changes, at))

    def enter(self, changes: Iterable[IncidentChange], at: float) -> None:
        """The same within a transaction that is open: what is told and what is so are kept together, or neither."""
        given = list(changes)
        if given:
            self._make()
        for what, incident in given:
            for name, receiver in self._receivers.items():
                known = self._rows(name, incident.id)
                if any(row.revision >= incident.revision for row in known):
                    continue  # another instance put it in
                if known or receiver.wants(incident):
                    self._insert(name, what, incident, self._due(name, known, what, incident, at))

    def catch_up(self, incidents: Iterable[Incident], at: float) -> None:
        """Bring in what a process that died, or a receiver that is new, has not heard: of incidents that last, and the
        end of those that were told. Raises JournalError."""
        given = list(incidents)

        def work() -> None:
            self._make()
            for incident in given:
                for name, receiver in self._receivers.items():
                    known = self._rows(name, incident.id)
                    if not known and incident.is_open and receiver.wants(incident):
                        self._insert(name, OPENED, incident, at)
                    elif known and known[-1].revision < incident.revision:
                        self._insert(name, CHANGED if incident.is_open else RESOLVED, incident, at)

        self._alone(work)

    def set_right(self, at: float, ahead: float) -> None:
        """Within a transaction that is open: let nothing wait for a day that a clock which was ahead has named. `ahead`
        is as far as a moment may be to come."""
        self._make()
        longest = ahead + _DAY + max((receiver.pause for receiver in self._receivers.values()), default=0.0)
        set_right = "UPDATE chatproof_monitor_outbox SET"
        self._database.query(f"{set_right} delivered = ? WHERE delivered > ?", (at, ahead))
        self._database.query(f"{set_right} due = ? WHERE delivered = 0 AND due > ?", (at, longest))

    def next_due(self) -> float:
        """When there is something to send; NEVER for nothing. Raises JournalError."""
        if not self._is_made:
            self._alone(self._make)
        marks = self._marks()
        rows = self._database.query(
            f"SELECT MIN(due) FROM chatproof_monitor_outbox WHERE receiver IN ({marks})", (*self._receivers,)
        )
        return NEVER if not rows or rows[0][0] is None else float(rows[0][0])

    def claim(self, at: float, most: Mapping[str, int]) -> list[Claim]:
        """Take what is due, in order, at most so many of each receiver. Raises JournalError."""
        taken: list[Claim] = []

        def work() -> None:
            taken.clear()
            self._make()
            sql = (
                "SELECT receiver, incident FROM chatproof_monitor_outbox "
                f"WHERE due <= ? AND receiver IN ({self._marks()}) GROUP BY receiver, incident "
                f"ORDER BY MIN(due) LIMIT {_PAIRS}"
            )
            count = dict.fromkeys(self._receivers, 0)
            for receiver, incident in self._database.query(sql, (at, *self._receivers)):
                if count[receiver] < most.get(receiver, 1):
                    claim = self._take(receiver, incident, at)
                    if claim is not None:
                        taken.append(claim)
                        count[receiver] += 1

        self._alone(work)
        return taken

    def sent(self, claim: Claim, at: float) -> None:
        """A receiver has it. Raises JournalError."""
        receiver = self._receivers[claim.receiver]
        again = at + receiver.resend if receiver.resend and claim.incident.is_open else NEVER

        def work() -> None:
            key = (claim.receiver, claim.incident.id, claim.incident.revision)
            self._database.query(
                "UPDATE chatproof_monitor_outbox SET delivered = ?, due = ?, attempts = 0 "
                "WHERE receiver = ? AND incident = ? AND revision = ?",
                (at, again, *key),
            )
            waiting = [row for row in self._rows(claim.receiver, claim.incident.id) if not row.delivered]
            is_small = all(_is_small(row.what, row.incident, claim.incident) for row in waiting)
            self._move(claim.receiver, claim.incident.id, at + (receiver.pause if is_small else 0.0))
            self._database.query(
                "DELETE FROM chatproof_monitor_outbox "
                "WHERE receiver = ? AND incident = ? AND revision < ? AND delivered > 0",
                key,
            )
            old = at - _REMEMBERED
            self._database.query(
                "DELETE FROM chatproof_monitor_outbox WHERE (delivered > 0 AND delivered < ?) OR due < ?", (old, old)
            )

        self._alone(work)

    def failed(self, claim: Claim, at: float, wait: float) -> None:
        """A receiver did not take it: try again in so many seconds. Raises JournalError."""
        key = (claim.receiver, claim.incident.id, claim.incident.revision)

        def work() -> None:
            self._move(claim.receiver, claim.incident.id, at + wait)
            self._database.query(
                "UPDATE chatproof_monitor_outbox SET due = ?, attempts = attempts + 1 "
                "WHERE receiver = ? AND incident = ? AND revision = ?",
                (at + wait, *key),
            )

        self._alone(work)

    def close(self) -> None:
        """Leave the database."""
        self._database.close()

    # -- within a transaction -----------------------------------------------------------------------------------------

    def _make(self) -> None:
        if not self._is_made:
            for statement in _TABLES:
                self._database.query(statement)

    def _insert(self, receiver: str, what: str, incident: Incident, due: float) -> None:
        self._database.query(  # what was told last is not told again: this is
            "UPDATE chatproof_monitor_outbox SET due = ? WHERE receiver = ? AND incident = ? AND delivered > 0",
            (NEVER, receiver, incident.id),
        )
        said = json.dumps(incident._asdict() | {"cause": incident.cause._asdict()}, separators=(",", ":"))
        self._database.query(
            "INSERT INTO chatproof_monitor_outbox (receiver, incident, revision, what, said, due, attempts, delivered) "
            "VALUES (?, ?, ?, ?, ?, ?, 0, 0) ON CONFLICT (receiver, incident, revision) DO NOTHING",
            (receiver, incident.id, incident.revision, what, said, due),
            large=True,
        )

    def _due(self, receiver: str, known: "list[_Row]", what: str, incident: Incident, at: float) -> float:
        """When a row that comes after others is to be told. A gateway that dies under fifty models is no hundred
        messages: where only the targets differ, they are told of together, after a pause."""
        waiting = [row for row in known if not row.delivered]
        if known and _is_small(what, incident, known[-1].incident):
            told = max((row.delivered for row in known), default=0.0)
            return max([at, told + self._receivers[receiver].pause, *(row.due for row in waiting)])
        # Rows that wait for the end of a pause are overtaken. One that somebody sends now is due before that.
        held = [row for row in waiting if row.what == CHANGED and not row.attempts and row.due > at + LEASE]
        for row in held:
            self._remove(receiver, incident.id, row.revision)
        return max([at, *(row.due for row in waiting if row not in held)])

    def _rows(self, receiver: str, incident: str) -> "list[_Row]":
        sql = (
            "SELECT revision, what, said, due, attempts, delivered FROM chatproof_monitor_outbox "
            "WHERE receiver = ? AND incident = ? ORDER BY revision"
        )
        return [_Row(*row) for row in self._database.query(sql, (receiver, incident), large=True)]

    def _take(self, receiver: str, incident: str, at: float) -> Claim | None:
        rows = self._rows(receiver, incident)
        told = next((row for row in reversed(rows) if row.delivered), None)
        waiting = [row for row in rows if not row.delivered]
        while len(waiting) > 1 and waiting[0].what == CHANGED and waiting[0].due <= at:
            self._remove(receiver, incident, waiting.pop(0).revision)
        row = waiting[0] if waiting else told
        if row is None or row.due > at:
            return None
        self._move(receiver, incident, at + LEASE)
        self._database.query(
            "UPDATE chatproof_monitor_outbox SET due = ? WHERE receiver = ? AND incident = ? AND revision = ?",
            (at + LEASE, receiver, incident, row.revision),
        )
        before = told.incident if told else None
        return Claim(receiver, row.what, row.incident, bool(row.delivered), before, row.attempts)

    def _move(self, receiver: str, incident: str, due: float) -> None:
        """What was not told yet of an incident is due then."""
        self._database.query(
            "UPDATE chatproof_monitor_outbox SET due = ? WHERE receiver = ? AND incident = ? AND delivered = 0",
            (due, receiver, incident),
        )

    def _remove(self, receiver: str, incident: str, revision: int) -> None:
        self._database.query(
            "DELETE FROM chatproof_monitor_outbox WHERE receiver = ? AND incident = ? AND revision = ?",
            (receiver, incident, revision),
        )

    def _alone(self, work: Callable[[], Any]) -> None:
        """Within a transaction, alone among writers. Only when one was kept, the tables are known to be there."""
        self._database.transaction(work)
        self._is_made = True

    def _marks(self) -> str:
        return ", ".join("?" * len(self._receivers)) or "''"


def _is_small(what: str, incident: Incident, before: Incident) -> bool:
    """Only the targets are others than before, or how long it lasts."""
    same = ("state", "side", "changes")
    return (
        what == CHANGED
        and incident.cause.code == before.cause.code
        and incident.cause.owner == before.cause.owner
        and (all(getattr(incident, name) == getattr(before, name) for name in same))
    )


class _Row(NamedTuple):
    revision: int
    what: str
    said: str
    due: float
    attempts: int
    delivered: float

    @property
    def incident(self) -> Incident:
        return incident_from(json.loads(self.said))
