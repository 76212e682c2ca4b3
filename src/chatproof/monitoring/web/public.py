"""The static page for the public: chosen targets, their state and how it was; nothing that tells how we are set up.

Left out: base URLs, models, keys, causes and owners, run ids, budgets, the schedule, other targets. What is shown is as
of a moment, and says so: where the monitor has not looked for a while, nothing is green.
"""

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from chatproof import clock
from chatproof.files import package_files
from chatproof.monitoring.board import Board
from chatproof.monitoring.standing import Policy
from chatproof.monitoring.store import Store
from chatproof.monitoring.values import UNKNOWN, UNKNOWN_OURS, UNKNOWN_THEIRS, Incident, Status
from chatproof.monitoring.web import pages, plots

SCHEMA = "chatproof.public/1"
_DAY, _WEEK = 86400.0, 7 * 86400.0
_TOLD = 20  # incidents
_SHOWN = {UNKNOWN_OURS: UNKNOWN, UNKNOWN_THEIRS: UNKNOWN}
"""Whose network it is, is nobody's business but ours."""


class Public(NamedTuple):
    """What the public is shown, as of `at`."""

    at: float
    statuses: tuple[Status, ...]
    incidents: tuple[tuple[Incident, tuple[str, ...]], ...]
    """Each with those of the chosen targets that it held; the newest first."""
    strips: Mapping[str, Mapping[int, str]]


def read(store: Store, names: Sequence[str], stale_after: Mapping[str, float], at: float) -> Public:
    """What a monitor's journal says of these targets now. Nothing is written. Raises JournalError, and KeyError with
    the name of a target that no monitor has watched, and the names of those that one has."""
    store.board = Board({name: Policy(stale_after=stale_after[name]) for name in names})
    known = store.look()
    for name in names:
        if name not in known:
            raise KeyError(name, sorted(known))
    standings = store.board.standings
    silent = {name for name, standing in standings.items() if standing.silent}
    spent = {name for name, standing in standings.items() if standing.spent}
    incidents = [(i, tuple(name for name in names if name in i.all_targets)) for i in store.board.incidents.values()]
    newest = sorted((row for row in incidents if row[1]), key=lambda row: row[0].since, reverse=True)
    store.board.tick(at, silent=silent, spent=spent)
    statuses = [_without_sides(store.board.status(name, at)) for name in names]
    return Public(at, tuple(statuses), tuple(newest[:_TOLD]), store.strips(at - _WEEK, names))


def _without_sides(status: Status) -> Status:
    return status._replace(state=_SHOWN.get(status.state, status.state))


def page(public: Public) -> str:
    """One HTML page, whole in itself: its style is in it, it loads nothing and runs nothing."""
    style = package_files.read(os.path.join(os.path.dirname(__file__), "html", "style.css")).decode("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rows = [
        (
            status,
            plots.strip(public.strips.get(status.target, {}), public.at, 24, 1, "the last 24 hours"),
            plots.strip(public.strips.get(status.target, {}), public.at, 28, 6, "the last 7 days"),
        )
        for status in public.statuses
    ]
    well = sum(status.state == "passing" for status in public.statuses)
    return pages.render_static(
        "public.html", public.at, rows=rows, incidents=public.incidents, well=well,
        style=Markup(style), policy=f"default-src 'none'; style-src 'sha256-{digest}'",  # noqa: S704  a file of ours
    )  # fmt: skip


def document(public: Public) -> dict[str, Any]:
    """The same for programs (schema chatproof.public/1). Times are RFC 3339 UTC, null for never."""
    return {
        "schema": SCHEMA,
        "at": clock.utc(public.at),
        "targets": [
            {"target": s.target, "state": s.state, "since": _stamp(s.since), "last_run": _stamp(s.last_run)}
            for s in public.statuses
        ],
        "incidents": [
            {"since": _stamp(incident.since), "ended": _stamp(incident.ended), "targets": list(names)}
            for incident, names in public.incidents
        ],
    }


def _stamp(at: float) -> str | None:
    return clock.utc(at) if at else None
