"""The arithmetic of docs/scale.md, and the simulation that checks it: python -m tools.scale [--targets 1000000]

What is measured is named with its source; everything else follows from it. The table in the document is what this prints,
and a test compares them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import NamedTuple

from chatproof.monitoring.schedule import slot

BATCH = 100
"""Targets in a message."""
RUN_CPU = 5.4e-3
"""Seconds of one core for an https run of four requests, judging and journal included: benchmarks/fleet.py, 2026-11-28."""
JOURNAL = 0.41e-3
"""Seconds that a run holds the one writers' lock of its journal, in batches: benchmarks/journal_writers.py, 2026-11-28."""
RUN_BYTES = 3_000
"""Bytes of a run's two entries in the journal, with its indexes: fleet run into SQLite."""
ENTRIES = 2
"""Of a run in the journal: begun, ended."""
ROLLED_UP = 200
"""Bytes of an hour of one target that is kept after its runs are pruned."""
CORES = 2
"""Of a vantage point: one sends, one judges."""


class Plan(NamedTuple):
    """A fleet on paper. Each target is asked from `sides` of the regions once in `every` seconds."""

    targets: int
    regions: int
    sides: int
    every: int
    days: int  # that runs are kept


PLANS = (
    Plan(1_000, 1, 1, 300, 90),
    Plan(10_000, 3, 1, 300, 90),
    Plan(10_000, 3, 3, 300, 90),
    Plan(100_000, 10, 2, 300, 30),
    Plan(1_000_000, 100, 2, 600, 14),
    Plan(1_000_000, 1_000, 3, 600, 7),
)


class Needs(NamedTuple):
    runs: float  # a second
    messages: float  # a second
    entries: float  # a day
    stored: float  # bytes
    cores: float
    journals: int  # chains, so that none of them is held more than half of the time
    paid: float  # requests a day


def needs(plan: Plan) -> Needs:
    """What a plan needs in all."""
    runs = plan.targets * plan.sides / plan.every
    a_day = runs * 86_400
    return Needs(
        runs,
        runs / BATCH,
        a_day * ENTRIES,
        a_day * plan.days * RUN_BYTES,
        runs * RUN_CPU,
        max(-(-round(runs * JOURNAL * 1e6) // 500_000), 1),
        a_day,
    )


def peak(targets: int, every: float, window: float = 1.0) -> tuple[float, float]:
    """(the most runs that begin in one window, their mean) over a period, as the monitor's schedule places them."""
    begun: Counter[int] = Counter()
    for number in range(targets):
        begun[int(slot(f"target-{number}", every, 5).due // window)] += 1
    return float(max(begun.values())), targets * window / every


def table() -> str:
    """The document's table."""
    heads = ("targets", "regions", "asked from", "every", "runs/s", "messages/s", "paid requests a day",
             "journal entries a day", "kept", "stored", "cores", "journals")  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for plan in PLANS:
        found = needs(plan)
        cells = (
            f"{plan.targets:,}",
            f"{plan.regions:,}",
            str(plan.sides),
            f"{plan.every // 60} min",
            f"{found.runs:,.0f}",
            f"{found.messages:,.1f}",
            f"{found.paid:,.0f}",
            f"{found.entries:,.0f}",
            f"{plan.days} d",
            f"{found.stored / 1e9:,.0f} GB",
            f"{found.cores:,.1f}",
            f"{found.journals}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    to = argparse.ArgumentParser()
    to.add_argument("--targets", type=int, default=1_000_000)
    to.add_argument("--every", type=float, default=600.0)
    args = to.parse_args()
    print(table())
    most, mean = peak(args.targets, args.every)
    print(
        f"\n{args.targets:,} targets, every {args.every:g} s: at most {most:,.0f} begin in a second, on average {mean:,.0f}"
    )


if __name__ == "__main__":
    main()
