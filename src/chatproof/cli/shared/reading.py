"""What commands that read the journal share: its options, times as people write them, runs by their selectors."""

import argparse
import time

from chatproof import clock, journal
from chatproof.cli.output import warn
from chatproof.cli.shared.keeping import add_option, named
from chatproof.journal import Filters
from chatproof.journal.reading import Found, found_in, from_file
from chatproof.journal.selecting import Scope, find, is_file, is_latest, newer_narrowed, newest_scope, scope_of
from chatproof.journal.store import Journal
from chatproof.surfaces import surface_of
from chatproof.usage_error import UsageError, repeated

_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
RUN = "run id, a beginning of one, latest[:VERDICT][@TARGET][/ENVIRONMENT], or a run's JSON file"


def add_journal(to: argparse.ArgumentParser) -> None:
    """--journal and the --config that may name one."""
    add_option(to)
    to.add_argument("--config", default="", metavar="PATH", help="use this chatproof.toml")


def open_journal(args: argparse.Namespace) -> Journal:
    """The journal to read from: it must be there. Raises JournalError."""
    return journal.open(named(args), create=False)


def add_narrowed(to: argparse.ArgumentParser) -> None:
    """--narrowed and --api, for commands that choose runs."""
    to.add_argument("--api", default="", metavar="NAME", help="runs of this API only: chat, responses, …")
    to.add_argument(
        "--narrowed", action="store_true", help="allow latest to choose a run that left out a part of the contract"
    )


def find_runs(args: argparse.Namespace, selectors: list[str], within: Scope | None = None) -> list[Found]:
    """Runs by their selectors, in that order. The journal is opened only for what is not a file.

    Beside another run, `latest` without a target is of the same target and environment: of the run that is named
    otherwise, else of the newest run. Two runs are never of two targets unless that was said.
    """
    kept: Journal | None = None
    narrowed, api = bool(getattr(args, "narrowed", False)), _api(args)
    found: dict[int, Found] = {}
    for number in sorted(range(len(selectors)), key=lambda number: _rank(selectors[number])):
        selector = selectors[number]
        if is_file(selector):
            found[number] = one = from_file(selector)
        else:
            kept = kept or open_journal(args)
            if within is None and len(selectors) > 1 and _rank(selector) == _BARE:
                within = newest_scope(kept, narrowed=narrowed, api=api)
            found[number] = one = find(kept, selector, within=within, narrowed=narrowed, api=api)
        within = within or scope_of(one.row)
        if kept is not None and is_latest(selector) and not narrowed and (newer := newer_narrowed(kept, one.row)):
            warn(f"chatproof: note: {newer.run_id} is newer, but narrowed; --narrowed includes it")
    return [found[number] for number in range(len(selectors))]


def _api(args: argparse.Namespace) -> str:
    """The API that --api chooses; "" for any. For a command that asks an API --api says that, and chooses no run."""
    api: str = getattr(args, "api", "") if hasattr(args, "narrowed") else ""
    if api:
        surface_of(api)  # raises where there is none
    return api


MOST = 500
"""Runs that a review looks at, the newest."""


def of_newest_target(args: argparse.Namespace) -> list[Found]:
    """The runs of the newest run's target and API, in all its environments, oldest first: what is meant where no run is
    named. Raises UsageError where the journal has none."""
    kept, narrowed = open_journal(args), bool(getattr(args, "narrowed", False))
    scope = newest_scope(kept, narrowed=narrowed, api=_api(args))
    if scope is None:
        raise UsageError("usage", f"there is no run in {kept.shown} yet", "make one: chatproof smoke TARGET")
    found = kept.list(scope.of(Filters(whole=not narrowed, limit=MOST)))
    return [found_in(kept, row) for row in reversed(found)]


def newest_failing(args: argparse.Namespace) -> Found:
    """The newest run that failed, of the newest run's target. Raises UsageError where none of its runs did."""
    kept, narrowed = open_journal(args), bool(getattr(args, "narrowed", False))
    scope = newest_scope(kept, narrowed=narrowed, api=_api(args))
    found = [
        row
        for verdict in ("NO-GO", "UNDECIDED")
        for row in (kept.list(scope.of(Filters(verdict=verdict, whole=not narrowed, limit=1))) if scope else ())
    ]
    if not found:
        named = f" of {scope.target if scope.target != 'url' else scope.subject}" if scope else ""
        raise UsageError("usage", f"no run{named} failed in {kept.shown}", "name a run: chatproof history")
    return found_in(kept, max(found, key=lambda row: row.seq))


def last_good_before(args: argparse.Namespace, found: Found) -> Found:
    """The last good run of the same target, environment and API before this one. Raises UsageError."""
    kept, scope = open_journal(args), scope_of(found.row)
    wanted = scope.of(Filters(verdict="GO", environment=scope.environment, whole=not args.narrowed, limit=MOST))
    before = (row for row in kept.list(wanted) if not found.row.seq or row.seq < found.row.seq)
    if (good := next(before, None)) is None:
        raise UsageError("usage", f"there is no good run of the same target before {found.row.run_id}", "name two runs")
    return found_in(kept, good)


def runs_until(args: argparse.Namespace, found: Found) -> list[Found]:
    """The runs of the same target up to this one, oldest first."""
    kept, scope = open_journal(args), scope_of(found.row)
    rows = kept.list(scope.of(Filters(whole=not args.narrowed, limit=MOST)))
    before = [found_in(kept, row) for row in reversed(rows) if row.seq < found.row.seq]
    return [*before, found]


def newest(args: argparse.Namespace) -> Found:
    """The newest run of all, narrowed or not. Raises UsageError where there is none."""
    kept = open_journal(args)
    found = kept.list(Filters(limit=1, api=_api(args)))
    if not found:
        raise UsageError("usage", f"there is no run in {kept.shown} yet", "make one: chatproof smoke TARGET")
    return found_in(kept, found[0])


_BARE = 2


def _rank(selector: str) -> int:
    """What says itself which target it is of comes first: an id or a file, then `latest@TARGET`, then `latest`."""
    return 0 if not is_latest(selector) else 1 if "@" in selector else _BARE


def days(text: str, option: str) -> float:
    """Seconds from an age such as 90d, 12h or 30m. Raises UsageError."""
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and unit in _UNITS and len(number) <= 6):
        raise UsageError("usage", f"{option}: {repeated(text)} is not an age", "write 90d, 12h, 30m or 4w")
    return float(number) * _UNITS[unit]


def moment(text: str, option: str) -> str:
    """A time to compare run times with: an age counted back from now, or the beginning of an RFC 3339 time in UTC."""
    if not text:
        return ""
    if text[-1] in _UNITS and text[:-1].isdigit():
        return clock.utc(time.time() - days(text, option))
    bare = text.replace(" ", "T").removesuffix("Z")
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"):
        try:
            time.strptime(bare.partition(".")[0], form)
        except ValueError:
            continue
        if len(bare.partition(".")[0]) == len(time.strftime(form, time.gmtime(0))):
            return bare
    raise UsageError(
        "usage", f"{option}: {repeated(text)} is not a time", "write 2026-11-22, 2026-11-22T10:00 (UTC), or 24h"
    )
