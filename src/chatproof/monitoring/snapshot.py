"""What the running monitor hands to its pages and routes."""

from collections.abc import Mapping
from typing import NamedTuple

from chatproof.monitoring.budgets import Left
from chatproof.monitoring.values import Incident, Status
from chatproof.reporters.metric_lines import Sample


class Last(NamedTuple):
    """The last run of a module of a target."""

    at: float
    lines: tuple[Sample, ...]
    """Its metrics, where they are not in /metrics."""


class Snapshot(NamedTuple):
    """What pages show of everything at one moment."""

    at: float
    statuses: tuple[Status, ...]
    left: Mapping[str, Left]
    next_runs: Mapping[str, float]
    incidents: tuple[Incident, ...]
    """Open ones, then those that are over, the newest first."""
