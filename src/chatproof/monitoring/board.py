"""All targets together: observations and the passing of time in, changes out. No I/O; the time is an argument.

    board = Board(policies)                       # target → Policy
    step = board.fold(observation)                # after each run
    step = board.tick(now, silent=…, spent=…)     # windows, budgets, staleness
    step.states, step.incidents                   # StateChange, IncidentChange: for logs, pages and alerts
    step.ask                                      # CONFIRM or PAID: what this target wants at once, or empty
    board.status("shop", now)                     # Status

`state()` and `restore()` carry everything over a restart: the values are JSON.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from chatproof.monitoring.incidents import regroup
from chatproof.monitoring.standing import Policy, Standing, is_flapping, observe, set_right, show
from chatproof.monitoring.values import NO_CAUSE, Cause, Incident, IncidentChange, Observation, StateChange, Status

_ENDED = 200  # incidents that are over and still at hand, for pages


class Step(NamedTuple):
    """What became of an observation, or of a moment."""

    states: tuple[StateChange, ...] = ()
    incidents: tuple[IncidentChange, ...] = ()
    ask: str = ""


class Board:
    """Holds what is known of every target. Used by one thread."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self.policies = dict(policies)
        self.standings = {target: Standing(target) for target in self.policies}
        self.incidents: dict[str, Incident] = {}
        """By id, the open ones and the newest that are over."""

    def fold(self, seen: Observation, *, can_confirm: bool = True) -> Step:
        """Take in what a run told. `can_confirm`: a second look can be paid."""
        before = self.standings.get(seen.target)
        if before is None:  # it was taken out of the configuration while it ran
            return Step()
        policy = self.policies[seen.target]
        after, ask = observe(before, seen, policy, can_confirm=can_confirm)
        after = show(after, seen.at, policy, silent=before.silent, spent=before.spent)
        self.standings[seen.target] = after
        return Step(_changed(before, after, seen.at), self._regroup([seen.target], seen.at), ask)

    def tick(self, at: float, *, silent: Collection[str] = (), spent: Collection[str] = ()) -> Step:
        """Let time pass: `silent` are the targets within a maintenance window, `spent` those without a budget left."""
        changes: list[StateChange] = []
        touched = []
        for target, before in self.standings.items():
            after = show(before, at, self.policies[target], silent=target in silent, spent=target in spent)
            if after != before:
                self.standings[target] = after
                changes += _changed(before, after, at)
                touched.append(target)
        return Step(tuple(changes), self._regroup(touched, at) if touched else ())

    def set_right(self, at: float) -> None:
        """Take moments that are to come out of what is known: see `standing.set_right`."""
        for target, before in self.standings.items():
            self.standings[target] = set_right(before, at)

    def configure(self, policies: Mapping[str, Policy], at: float) -> Step:
        """Take another configuration into force: what is known of targets that stay is kept."""
        gone = [target for target in self.standings if target not in policies]
        self.policies = dict(policies)
        self.standings = {target: self.standings.get(target, Standing(target)) for target in policies}
        return self.release(gone, at)

    def release(self, gone: Collection[str], at: float) -> Step:
        """Take targets that nobody watches any more out of their incidents."""
        return Step((), self._regroup(gone, at) if gone else ())

    def status(self, target: str, at: float) -> Status:
        """What is shown of a target now. Raises KeyError for a target that is not configured."""
        return self._status(target, at, self._holders())

    def statuses(self, at: float) -> list[Status]:
        """What is shown of every target, in the configuration's order."""
        holders = self._holders()
        return [self._status(target, at, holders) for target in self.standings]

    def _holders(self) -> dict[str, str]:
        return {target: incident.id for incident in self.open_incidents() for target in incident.targets}

    def _status(self, target: str, at: float, holders: Mapping[str, str]) -> Status:
        s = self.standings[target]
        # Nobody ticks while the journal cannot be written, and what was seen then ages all the same.
        s = show(s, at, self.policies[target], silent=s.silent, spent=s.spent)
        held = holders.get(target, "")
        cause = s.cause if s.shown == s.judged else NO_CAUSE
        return Status(
            target, s.shown, s.shown_since, cause, s.last_go, s.last_run, s.last_run_id, held,
            is_flapping(s, at), s.unconfirmed,
        )  # fmt: skip

    def open_incidents(self) -> list[Incident]:
        """Those that last, the oldest first."""
        return sorted((i for i in self.incidents.values() if i.is_open), key=lambda i: (i.since, i.id))

    def state(self) -> dict[str, Any]:
        """Everything that a restart needs, as JSON values."""
        return {
            "standings": {target: s._asdict() | {"cause": s.cause._asdict()} for target, s in self.standings.items()},
            "incidents": [i._asdict() | {"cause": i.cause._asdict()} for i in self.incidents.values()],
        }

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Continue from what `state` gave. Targets that are no longer configured stay out; unknown fields are ignored,
        so that an older version can read what a newer one kept."""
        for target, said in kept.get("standings", {}).items():
            if target in self.standings:
                self.standings[target] = standing_from(said)
        for said in kept.get("incidents", ()):
            incident = incident_from(said)
            self.incidents[incident.id] = incident

    def _regroup(self, touched: Collection[str], at: float) -> tuple[IncidentChange, ...]:
        changes = regroup(self.incidents, self.standings, touched, at)
        self.enter(changes)
        return tuple(changes)

    def enter(self, changes: Iterable[IncidentChange]) -> None:
        """Take in what became of incidents; forget the oldest that are over."""
        for change in changes:
            self.incidents[change.incident.id] = change.incident
        over = sorted((i for i in self.incidents.values() if not i.is_open), key=lambda i: i.ended)
        for old in over[:-_ENDED]:
            del self.incidents[old.id]


def _changed(before: Standing, after: Standing, at: float) -> tuple[StateChange, ...]:
    if before.shown == after.shown:
        return ()
    cause = after.cause if after.shown == after.judged else NO_CAUSE
    return (StateChange(after.target, at, before.shown, after.shown, cause),)


def standing_from(said: Mapping[str, Any]) -> Standing:
    """A Standing of its JSON form."""
    known = _known(said, Standing._fields)
    return Standing(**known | {"turns": tuple(known.get("turns", ())), "changes": tuple(known.get("changes", ()))})


def incident_from(said: Mapping[str, Any]) -> Incident:
    """An Incident of its JSON form."""
    known = _known(said, Incident._fields)
    lists = {name: tuple(known[name]) for name in ("targets", "all_targets", "changes")}
    return Incident(**known | lists)


def _known(said: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    found = {name: value for name, value in said.items() if name in fields}
    found["cause"] = Cause(**{name: v for name, v in said["cause"].items() if name in Cause._fields})
    return found
