"""What an alert says of an incident: the same for every receiver. Pure.

Cause, owner, since, next step, run id and the command that explains the code: our own words, and names that the user
gave. Nothing of a reply's body is among them: evidence stays in the run's record.
"""

from typing import Any, NamedTuple

from chatproof import clock
from chatproof.monitoring.values import (
    CHANGED,
    DEGRADED,
    FAILING,
    OPENED,
    RESOLVED,
    UNKNOWN,
    UNKNOWN_OURS,
    UNKNOWN_THEIRS,
    Incident,
)
from chatproof.printable import cut, escape

SCHEMA = "chatproof.alert/1"
PAGE, WARNING, INFO = "page", "warning", "info"
_NAMED = 10  # targets that are named in a text
_LONGEST = 500  # characters of one text


class Notice(NamedTuple):
    """One thing to tell a receiver."""

    what: str
    """OPENED, CHANGED or RESOLVED."""
    incident: Incident
    is_repeat: bool = False
    """This revision was told before: whoever counts by incident and revision counts it once."""
    before: Incident | None = None
    """As it was told last; None where it never was."""
    link: str = ""
    """Base URL of the monitor's pages; empty where they have none that others reach."""

    @property
    def id(self) -> str:
        """The same for each repeat."""
        return f"{self.incident.id}.{self.incident.revision}"


_SEVERITY = {FAILING: PAGE, DEGRADED: INFO}
_STATES = {
    FAILING: "failing",
    UNKNOWN: "cannot be decided",
    UNKNOWN_OURS: "cannot be decided: our own network",
    UNKNOWN_THEIRS: "cannot be reached, while others can",
    DEGRADED: "GO with warnings",
}


def severity(incident: Incident) -> str:
    """How urgent it is: page for what was seen to be broken, warning for what could not be observed, info for
    warnings."""
    return _SEVERITY.get(incident.state, WARNING)


def title(notice: Notice) -> str:
    """One line: who, what, whose."""
    incident = notice.incident
    who = _who(incident)
    if notice.what == RESOLVED:
        return f"over: {who}: {incident.cause.code}"
    owner = f", owner {incident.cause.owner}" if incident.cause.owner else ""
    return f"{_STATES.get(incident.state, incident.state)}: {who}: {incident.cause.code}{owner}"


def lines(notice: Notice) -> list[tuple[str, str]]:
    """(label, text) of everything that is told, in the order in which it is read."""
    incident, cause = notice.incident, notice.incident.cause
    told = [("cause", f"{cause.code}: {cause.summary}"), ("owner", f"{cause.owner} ({cause.confidence})")]
    told += [("changed here", change) for change in incident.changes]
    told.append(("since", _time(incident.since)))
    if notice.what == RESOLVED:
        told.append(("until", _time(incident.ended)))
    else:
        told.append(("next", cause.next_step))
    targets = incident.targets if incident.is_open else incident.all_targets
    more = f" and {len(targets) - _NAMED} more" if len(targets) > _NAMED else ""
    told.append(("targets", f"{', '.join(targets[:_NAMED])}{more}") if targets else ("where", incident.origin))
    told += [("run", cause.run_id)] if cause.run_id else []
    told.append(("explain", cause.explained_by))
    if page := page_of(notice):
        told.append(("page", page))
    told.append(("incident", f"{incident.id}, revision {incident.revision}"))
    return [(label, cut(escape(text), _LONGEST)) for label, text in told]


def text(notice: Notice) -> str:
    """The same as plain text."""
    return "\n".join(f"{label}: {said}" for label, said in lines(notice))


def page_of(notice: Notice) -> str:
    """The incident's page; empty where the monitor has no address that others reach."""
    return f"{notice.link.rstrip('/')}/incidents/{notice.incident.id}" if notice.link else ""


def document(notice: Notice) -> dict[str, Any]:
    """The same for machines: schema chatproof.alert/1."""
    incident, cause = notice.incident, notice.incident.cause
    return {
        "schema": SCHEMA,
        "event": notice.what,
        "repeat": notice.is_repeat,
        "severity": severity(incident),
        "title": cut(escape(title(notice)), _LONGEST),
        "incident": {
            "id": incident.id,
            "revision": incident.revision,
            "state": incident.state,
            "since": _time(incident.since),
            "updated": _time(incident.updated),
            "ended": _time(incident.ended) if incident.ended else None,
            "origin": incident.origin,
            "targets": list(incident.targets),
            "all_targets": list(incident.all_targets),
            "changes": [cut(escape(change), _LONGEST) for change in incident.changes],
        },
        "cause": {
            "code": cause.code,
            "summary": cut(escape(cause.summary), _LONGEST),
            "owner": cause.owner,
            "confidence": cause.confidence,
            "next_step": cut(escape(cause.next_step), _LONGEST),
            "run_id": cause.run_id,
            "explain": cause.explained_by,
        },
        "page": page_of(notice),
    }


def _who(incident: Incident) -> str:
    targets = incident.targets if incident.is_open else incident.all_targets
    if incident.state == UNKNOWN_OURS:
        return f"{len(targets)} target{'' if len(targets) == 1 else 's'}"
    first = cut(escape(targets[0]), 80) if targets else incident.origin
    return first if len(targets) < 2 else f"{first} and {len(targets) - 1} more at {incident.origin}"


def _time(at: float) -> str:
    return clock.utc(at)


EVENTS = (OPENED, CHANGED, RESOLVED)
