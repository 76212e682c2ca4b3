"""What belongs together: targets in trouble for one cause at one origin are one incident. Pure.

A target joins when it is judged bad or degraded outside of a maintenance window, and leaves when it is judged good. It
moves when its cause becomes one of another group: a gateway that first refuses connections and then answers 502 is the
same incident; a key that was revoked is another one.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from chatproof.monitoring.standing import Standing
from chatproof.monitoring.values import (
    CHANGED,
    DEGRADED,
    FAILING,
    OPENED,
    OURS,
    RESOLVED,
    UNDECIDED_STATES,
    UNKNOWN_OURS,
    Cause,
    Incident,
    IncidentChange,
)

_WHOLE_ORIGIN = ("net", "http", "limit", "gateway", "server")
"""Families of codes whose cause lies before any model: all targets of an origin share it, whatever the exact code."""
_ONE_TARGET = ("model", "request", "content")
"""Families that are about the model or the request of one target."""
_WEIGHT = {FAILING: 0, **dict.fromkeys(UNDECIDED_STATES, 1), DEGRADED: 2}


def group_of(standing: Standing) -> str:
    """What makes this target's trouble the same as another's: empty where it is in none that is to be told."""
    if standing.silent or not (standing.is_bad or standing.judged == DEGRADED):
        return ""
    if standing.judged == UNKNOWN_OURS:
        return OURS  # one cut of ours is one incident, whatever lies behind it
    family = standing.cause.code.partition(".")[0]
    if standing.judged == DEGRADED:
        return f"degraded {standing.cause.code} {standing.target}"
    if family in _WHOLE_ORIGIN:
        return f"reach {standing.origin}"
    if family in _ONE_TARGET:
        return f"{standing.cause.code} {standing.origin} {standing.target}"
    return f"{standing.cause.code} {standing.origin}"


def regroup(
    known: Mapping[str, Incident], standings: Mapping[str, Standing], touched: Iterable[str], at: float
) -> list[IncidentChange]:
    """What becomes of the open incidents (by id) when some targets' standings were touched: changes, none for none.

    `standings` has every target; a target that is no longer configured has none, and leaves its incident.
    """
    held = {target: incident.id for incident in known.values() if incident.is_open for target in incident.targets}
    by_group = {incident.group: incident.id for incident in known.values() if incident.is_open}
    now = {incident.id: incident for incident in known.values() if incident.is_open}
    members = {id: set(incident.targets) for id, incident in now.items()}
    opened: set[str] = set()
    concerned: set[str] = set()
    for target in touched:
        standing = standings.get(target)
        group = group_of(standing) if standing else ""
        old = held.get(target, "")
        if old:
            concerned.add(old)
        if old and (now[old].group == group or (standing is not None and _stays(standing))):
            continue
        if old:
            members[old].discard(target)
        if not group or standing is None:
            continue
        id = by_group.get(group, "")
        if not id:
            id = _id_of(group, standing, known)
            by_group[group] = id
            now[id] = _opened(id, group, standing, at)
            members[id] = set()
            opened.add(id)
        members[id].add(target)
        held[target] = id
        concerned.add(id)
    changes = []
    for id in sorted(concerned, key=lambda id: now[id].since):
        after = _told(now[id], members[id], standings, at)
        if id in opened:
            changes.append(IncidentChange(OPENED, after))
        elif after.ended:
            changes.append(IncidentChange(RESOLVED, after))
        elif after.revision != now[id].revision:
            changes.append(IncidentChange(CHANGED, after))
    return changes


def _stays(standing: Standing) -> bool:
    """A window began while it was in trouble: what was told stays told until it is over."""
    return standing.silent and (standing.is_bad or standing.judged == DEGRADED)


def _id_of(group: str, standing: Standing, known: Mapping[str, Incident]) -> str:
    """The same for every instance that sees the same run open the same incident; another one where that incident ended
    before, because its target was out of the configuration for a while: who heard of the end must hear of this."""
    said = f"{group}\n{standing.trouble_since}\n{standing.cause.run_id}"
    while (id := "inc-" + sha256(said.encode()).hexdigest()[:12]) in known:
        said = f"{said}\n{known[id].ended}"
    return id


def _opened(id: str, group: str, standing: Standing, at: float) -> Incident:
    since = standing.trouble_since or standing.judged_since
    return Incident(
        id,
        1,
        group,
        standing.judged,
        standing.cause,
        standing.origin,
        standing.side,
        since,
        (),
        (),
        standing.changes,
        at,
    )


def _told(incident: Incident, members: set[str], standings: Mapping[str, Standing], at: float) -> Incident:
    if not members:
        return incident._replace(revision=incident.revision + 1, ended=at, updated=at)
    present = [standings[target] for target in sorted(members) if target in standings]
    state, cause, side = incident.state, incident.cause, incident.side
    if present:  # else those that are left are known to another instance only
        state = min((s.judged for s in present), key=lambda judged: _WEIGHT[judged])
        cause, side = _principal(present, incident.cause)
    since = min([incident.since, *(s.trouble_since or s.judged_since for s in present)])
    after = incident._replace(
        state=state,
        cause=cause if cause.code != incident.cause.code else incident.cause,
        side=side,
        since=since,
        targets=tuple(sorted(members)),
        all_targets=tuple(sorted({*incident.all_targets, *members})),
    )
    if after != incident and incident.targets:
        after = after._replace(revision=incident.revision + 1, updated=at)
    return after


def _principal(present: list[Standing], before: Cause) -> tuple[Cause, str]:
    """The cause that most of the targets have now; the one that was told before, where none has more."""
    count: dict[str, int] = {}
    for standing in present:
        count[standing.cause.code] = count.get(standing.cause.code, 0) + 1
    most = max(count.values())
    best = [code for code, number in count.items() if number == most]
    code = before.code if before.code in best else best[0]
    newest = max((s for s in present if s.cause.code == code), key=lambda s: s.last_run)
    return newest.cause, newest.side
