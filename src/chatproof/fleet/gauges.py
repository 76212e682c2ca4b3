"""What a fleet on Celery says of its queues, lag and batches, as metrics, and which of its regions are dead.

Labels are names of regions and words of this program; no text of a server or a message is ever in one.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chatproof.fleet.ledger import Region
from chatproof.reporters.metric_lines import GAUGE, Sample, exposition, sample

FAMILIES: dict[str, tuple[str, str]] = {
    "chatproof_fleet_region_dead": (GAUGE, "1 if a batch reached its end time and no worker took it or a later one"),
    "chatproof_fleet_queue_messages": (GAUGE, "messages that wait in a region's queue"),
    "chatproof_fleet_queue_workers": (GAUGE, "connections of workers that receive messages of a region"),
    "chatproof_fleet_refused_messages": (
        GAUGE,
        "messages that were refused, delivered too often or too late, as stored",
    ),
    "chatproof_fleet_batches": (GAUGE, "batches of the last hour (of two periods, if that is longer) by state"),
    "chatproof_fleet_targets": (GAUGE, "targets of these batches by result"),
    "chatproof_fleet_lag_seconds": (GAUGE, "longest time until a worker took a batch, among these batches"),
    "chatproof_fleet_last_taken_timestamp_seconds": (GAUGE, "when a worker last took a batch, in Unix time"),
    "chatproof_fleet_last_beat_timestamp_seconds": (GAUGE, "when this file was written, in Unix time"),
}
_WORDS = frozenset({"GO", "NO-GO", "UNDECIDED", "taken", "not checked", "interrupted", "not begun", "given up",
                    "budget spent", "refused"})  # fmt: skip


class Queue(NamedTuple):
    """What the broker says of a region."""

    messages: int
    workers: int
    refused: int


def text(regions: Iterable[Region], queues: Mapping[str, Queue], at: float) -> str:
    """All of it in Prometheus' text format."""
    lines: list[Sample] = []
    for region in regions:
        name = region.name
        lines.append(sample("chatproof_fleet_region_dead", bool(region.dead_since), region=name))
        if queue := queues.get(name):
            lines.append(sample("chatproof_fleet_queue_messages", queue.messages, region=name))
            lines.append(sample("chatproof_fleet_queue_workers", queue.workers, region=name))
            lines.append(sample("chatproof_fleet_refused_messages", queue.refused, region=name))
        for state in ("waiting", "under_way", "ended", "not_taken", "not_ended"):
            lines.append(sample("chatproof_fleet_batches", getattr(region, state), region=name, state=state))
        for word in sorted(_WORDS & region.outcomes.keys()):
            lines.append(sample("chatproof_fleet_targets", region.outcomes[word], region=name, outcome=word))
        lines.append(sample("chatproof_fleet_lag_seconds", round(region.lag, 3), region=name))
        if region.last_taken:
            made = sample("chatproof_fleet_last_taken_timestamp_seconds", round(region.last_taken, 3), region=name)
            lines.append(made)
    lines.append(
        ("chatproof_fleet_last_beat_timestamp_seconds", f"chatproof_fleet_last_beat_timestamp_seconds {at:.3f}")
    )
    return exposition(lines, FAMILIES)


class Deaths:
    """Which regions were dead at the last look, so that each death and each return is told once."""

    def __init__(self) -> None:
        self._dead: set[str] = set()

    def news(self, regions: Iterable[Region], queues: Mapping[str, Queue]) -> list[str]:
        """A sentence for each region that died, or works again."""
        said = []
        for region in regions:
            if region.dead_since and region.name not in self._dead:
                self._dead.add(region.name)
                said.append(death(region, queues.get(region.name)))
            elif not region.dead_since and region.name in self._dead:
                self._dead.remove(region.name)
                said.append(f"region {region.name} works again")
        return said


def death(region: Region, queue: Queue | None) -> str:
    """Say that a region is dead, since when, and what the broker says of its workers."""
    from chatproof import clock

    many = f"{region.not_taken} batch{'' if region.not_taken == 1 else 'es'}"
    workers = "" if queue is None else "; no worker is connected" if not queue.workers else (
        f"; {queue.workers} are connected, but take nothing"
    )  # fmt: skip
    return (
        f"region {region.name} is dead: {many} ended without a worker, the first at "
        f"{clock.utc(region.dead_since)}{workers}"
    )
