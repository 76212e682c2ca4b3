"""What the parts of the monitor tell each other. Nothing here holds a key, a body, or a text that was not redacted.

Times are seconds since the epoch, UTC, as float; 0.0 is "never". Every value can be kept as JSON (`_asdict`).
"""

from typing import NamedTuple

PASSING = "passing"
DEGRADED = "degraded"
"""GO with warnings: a `should` clause is broken."""
FAILING = "failing"
"""NO-GO: a complete response was observed that breaks a required clause."""
UNKNOWN = "unknown"
"""UNDECIDED, and whose side it is cannot be told."""
UNKNOWN_OURS = "unknown_ours"
"""UNDECIDED, and our own network is the reason: nobody else is to be woken for it."""
UNKNOWN_THEIRS = "unknown_theirs"
"""UNDECIDED, while other origins answer: the trouble is on the way to this one, or its own."""
MAINTENANCE = "maintenance"
"""Within an announced window: recorded, silent."""
BUDGET_SPENT = "budget_spent"
"""What the day may cost is spent: nothing is asked any more, so nothing is known. Never green."""
STALE = "stale"
"""No run for too long, or none yet."""
STATES = (PASSING, DEGRADED, FAILING, UNKNOWN, UNKNOWN_OURS, UNKNOWN_THEIRS, MAINTENANCE, BUDGET_SPENT, STALE)
"""All of them: the values of the label `state` of chatproof_state."""
UNDECIDED_STATES = (UNKNOWN, UNKNOWN_OURS, UNKNOWN_THEIRS)
BAD = (FAILING, *UNDECIDED_STATES)
"""States that open an incident, as DEGRADED does with less weight."""

SMOKE, FREE, VALIDATE = "smoke", "free", "validate"
"""Modules: what is asked. `free` asks what costs nothing (the model list, refusal of a wrong key): it can make a target
failing or unknown, never passing."""
MODULES = (SMOKE, FREE, VALIDATE)

REGION_DEAD = "fleet.region_dead"
"""The cause of an incident that no run showed: nobody works in a region of a fleet."""

GO, NO_GO, UNDECIDED = "GO", "NO-GO", "UNDECIDED"
OURS, THEIRS = "ours", "theirs"
"""Whose network an UNDECIDED run is about. An empty text: it cannot be told."""


class Cause(NamedTuple):
    """Why a target is not passing: the principal diagnosis of the run that showed it."""

    code: str
    """A diagnosis code, such as gateway.error; for warnings without a diagnosis, the clause that is broken."""
    summary: str
    owner: str
    """you, provider, gateway, network or unknown."""
    confidence: str
    """certain, likely or possible."""
    next_step: str
    run_id: str
    """The run that showed it, whose record is the evidence; empty where a fleet's `beat` found it and no run did."""

    @property
    def explained_by(self) -> str:
        """The command that says what the code means."""
        return f"chatproof explain {self.code}"


NO_CAUSE = Cause("", "", "", "", "", "")


class Observation(NamedTuple):
    """What one finished run told of one target. An interrupted run tells nothing, and makes none."""

    target: str
    at: float
    """When the run ended."""
    run_id: str
    module: str
    verdict: str
    cause: Cause = NO_CAUSE
    """Of a NO-GO or UNDECIDED run, or of a GO with warnings."""
    warnings: tuple[str, ...] = ()
    """What makes a GO a degraded one: clause ids, or a sentence of our own."""
    origin: str = ""
    """scheme://host:port that was asked: what targets behind one gateway have in common."""
    reached: bool = False
    """Something at the origin answered: bytes came, whatever they were."""
    side: str = ""
    """Of UNDECIDED: OURS, THEIRS, or empty where it cannot be told. See `sides`."""
    changes: tuple[str, ...] = ()
    """What differs on our own side from the last GO, as sentences; first in an incident's story."""
    requests: int = 0
    billable: int = 0
    tokens: int = 0
    """Reported by the endpoint; 0 where it reported none."""

    @property
    def outcome(self) -> str:
        """G (good), W (good with warnings), F (failing), U (undecided)."""
        if self.verdict == GO:
            return "W" if self.warnings else "G"
        return "F" if self.verdict == NO_GO else "U"


class Incident(NamedTuple):
    """One cause at one origin, with every target that it holds. Stable as long as it lasts: `id` never changes, and
    `revision` grows by one whenever what it says does. An alert that is sent again carries the same two.
    """

    id: str
    revision: int
    group: str
    """What makes two targets' trouble one: see `incidents.group_of`. Not for people."""
    state: str
    """The weightiest state of its targets: failing, unknown…, degraded."""
    cause: Cause
    """Of the newest run that most of its targets agree with."""
    origin: str
    side: str
    """OURS: our own network. Whoever is woken for it, it is not the provider's owner."""
    since: float
    """When the first target was first seen in trouble: before a second look confirmed it."""
    targets: tuple[str, ...]
    """Held now, sorted; after its end, those that it held last. That of a fleet's region never holds any."""
    all_targets: tuple[str, ...]
    """Every target that it ever held, sorted."""
    changes: tuple[str, ...] = ()
    """What changed on our own side before it began; to be shown first."""
    updated: float = 0.0
    """When it last said something new: the time of `revision`."""
    ended: float = 0.0
    """0.0 while it lasts."""

    @property
    def is_open(self) -> bool:
        return not self.ended


OPENED, CHANGED, RESOLVED = "opened", "changed", "resolved"


class IncidentChange(NamedTuple):
    """An incident as it is after something happened to it. Alerts are made from these, and from these only."""

    what: str
    """OPENED, CHANGED (its targets, cause or state) or RESOLVED."""
    incident: Incident


class StateChange(NamedTuple):
    """A target's shown state became another. For logs, `watch` and live pages; alerts follow incidents instead."""

    target: str
    at: float
    before: str
    after: str
    cause: Cause


class Status(NamedTuple):
    """What is shown of a target: the values behind pages, /status.json, metrics and `status`."""

    target: str
    state: str
    since: float
    """When this state began."""
    cause: Cause
    """NO_CAUSE where the state has none."""
    last_go: float
    """The end of the last GO of a paid check."""
    last_run: float
    """The end of the last run of any module."""
    last_run_id: str
    incident: str
    """The id of the open incident that holds it, or empty."""
    flapping: bool
    """It changed between good and bad several times within the last hour."""
    unconfirmed: int
    """Failures that a second look did not confirm, in all."""
