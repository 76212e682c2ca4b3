"""What commands that read the journal share: its options, times as people write them, runs by their selectors."""

import argparse
import time

from chatproof import clock, journal
from chatproof.commands.keeping import add_option, named
from chatproof.journal.reading import Found, from_file, is_file
from chatproof.journal.store import Journal
from chatproof.usage_error import UsageError

_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
RUN = "run id, an unambiguous prefix of one, latest, latest:GO, latest:NO-GO, latest:UNDECIDED, or a run's JSON file"


def add_journal(to: argparse.ArgumentParser) -> None:
    """--journal and the --config that may name one."""
    add_option(to)
    to.add_argument("--config", default="", metavar="PATH", help="use this chatproof.toml")


def open_journal(args: argparse.Namespace) -> Journal:
    """The journal to read from: it must be there. Raises JournalError."""
    return journal.open(named(args), create=False)


def find_runs(args: argparse.Namespace, selectors: list[str]) -> list[Found]:
    """Runs by their selectors, in that order. The journal is opened only for what is not a file."""
    kept: Journal | None = None
    found = []
    for selector in selectors:
        if is_file(selector):
            found.append(from_file(selector))
        else:
            kept = kept or open_journal(args)
            found.append(kept.find(selector))
    return found


def days(text: str, option: str) -> float:
    """Seconds from an age such as 90d, 12h or 30m. Raises UsageError."""
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and unit in _UNITS and len(number) <= 6):
        raise UsageError("usage", f"{option}: {text[:40]!r} is no age", "write 90d, 12h, 30m or 4w")
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
    raise UsageError("usage", f"{option}: {text[:40]!r} is no time", "write 2026-11-22, 2026-11-22T10:00 (UTC), or 24h")
