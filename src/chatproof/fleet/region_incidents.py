"""A dead region as an incident of the monitor: it stands beside its others, and ends when the region works again.

`beat` finds out and writes it down; `chatproof serve` with the same journal shows it and alerts people. It holds no
target: nothing is known of them, for nobody asks them.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from chatproof.fleet.gauges import Queue, death
from chatproof.fleet.ledger import Region
from chatproof.journal.store import Journal
from chatproof.monitoring.board import Board
from chatproof.monitoring.store import Store
from chatproof.monitoring.values import OPENED, REGION_DEAD, RESOLVED, UNKNOWN, Cause, Incident, IncidentChange

_GROUP = "fleet region "


class RegionIncidents:
    """The incidents of dead regions in a journal. Used by one thread."""

    def __init__(self, kept: Journal) -> None:
        self._store = Store(kept, Board({}))

    def known(self) -> list[str]:
        """Regions that were dead at the last look, of whichever beat. Raises JournalError."""
        self._store.change(lambda at: None, 0.0)
        return [incident.group.removeprefix(_GROUP) for incident in _open(self._store.board.incidents)]

    def keep(self, regions: Iterable[Region], queues: Mapping[str, Queue], at: float) -> None:
        """Open an incident for each region that died, end those of regions that work. Raises JournalError."""
        found = list(regions)

        def work(at: float) -> None:
            self._store.board.enter(changes_of(self._store.board.incidents, found, queues, at))

        self._store.change(work, at)


def changes_of(
    known: Mapping[str, Incident], regions: Iterable[Region], queues: Mapping[str, Queue], at: float
) -> list[IncidentChange]:
    """What becomes of the open incidents (by id) of dead regions."""
    lasting = {incident.group: incident for incident in _open(known)}
    changes = []
    for region in regions:
        held = lasting.get(_GROUP + region.name)
        if region.dead_since and held is None:
            changes.append(IncidentChange(OPENED, _opened(region, queues.get(region.name), at)))
        elif held is not None and not region.dead_since:
            over = held._replace(revision=held.revision + 1, ended=at, updated=at)
            changes.append(IncidentChange(RESOLVED, over))
    return changes


def _open(known: Mapping[str, Incident]) -> list[Incident]:
    return [incident for incident in known.values() if incident.is_open and incident.group.startswith(_GROUP)]


def _opened(region: Region, queue: Queue | None, at: float) -> Incident:
    group = _GROUP + region.name
    # The same for every beat that sees the same death.
    id = "inc-" + sha256(f"{group}\n{region.dead_since}".encode()).hexdigest()[:12]
    advice = (
        f"start a worker for it: chatproof fleet worker --region {region.name}; if there is one, see in its log why it "
        "takes nothing"
    )
    cause = Cause(REGION_DEAD, death(region, queue), "you", "certain", advice, "")
    return Incident(id, 1, group, UNKNOWN, cause, group, "", region.dead_since, (), (), (), at)
