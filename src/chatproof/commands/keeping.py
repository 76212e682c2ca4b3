"""The journal of a run that a command makes: which one, and what happens when it cannot be written.

A journal that was named (--journal, CHATPROOF_JOURNAL, the config) is wanted: where it cannot be written, nothing is
sent. The default one nobody asked for, so that it never stands in the way of an answer: where there is no place for it,
the run says so in a note; where there is one and it refuses (locked, damaged, newer), the run goes on and exits 4.
docs/decisions/0010 has the reasons.
"""

import argparse
import os
from typing import TYPE_CHECKING, Any

from chatproof import config, journal
from chatproof.exit_status import SIGNAL_EXIT
from chatproof.journal import NONE, JournalError
from chatproof.journal.entry import signature_of
from chatproof.output import warn
from chatproof.usage_error import UsageError

if TYPE_CHECKING:
    from chatproof.journal.store import Journal

FEWEST, MOST = 3, 10
"""How many good runs drift is judged against unasked, and how far back it looks."""
VARIABLE = "CHATPROOF_JOURNAL"


def add_option(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--journal",
        default="",
        metavar="PATH|URL|none",
        help="where runs are kept: an SQLite file (default: in the XDG state folder), FILE.jsonl, postgresql://…",
    )


def named(args: argparse.Namespace) -> str:
    """The journal the user named; empty for the default one."""
    place: str = args.journal or os.environ.get(VARIABLE, "")
    if place:
        return place
    return str(config.settings(getattr(args, "config", "") or os.environ.get("CHATPROOF_CONFIG", ""))["journal"])


class Keeper:
    """Writes one run down, before and after. Never raises once the run has begun."""

    def __init__(self, args: argparse.Namespace) -> None:
        place = named(args)
        self._wanted = place not in ("", NONE)
        self._failed = False
        self._journal: Journal | None = None
        if place == NONE:
            return
        try:
            self._journal = journal.open(place)
        except JournalError as error:
            self._refuse(error)

    def ready(self) -> None:
        """Prove, before anything is sent, that a journal that was named can be written. Raises as `begin` does."""
        if self._journal is not None and self._wanted:
            try:
                self._journal.ready()
            except JournalError as error:
                self._refuse(error)

    def begin(self, document: dict[str, Any]) -> str:
        """Write the started document; return a remark for the run's notes. For a journal that was named, raises
        UsageError where the command line is wrong, JournalError where the journal is in trouble."""
        if self._journal is None:
            return self._remark
        try:
            self._journal.started(document)
        except JournalError as error:
            self._refuse(error)
        return self._remark

    def end(self, document: dict[str, Any]) -> int:
        """Write the run's document before anybody is told. Returns 0; or 4 when the run is not in its journal, a
        signal's status when one came meanwhile."""
        signal = ""
        try:
            self._end(document)
        except KeyboardInterrupt as stop:
            signal = str(stop.args[0]) if stop.args else "SIGINT"
            self._end(document)  # twice writes once; a second signal leaves at once
        return SIGNAL_EXIT[signal] if signal else 4 if self._failed else 0

    def _end(self, document: dict[str, Any]) -> None:
        if self._journal is None:
            return
        try:
            self._journal.finished(document)
        except JournalError as error:
            self._say(error, document["verdict"])

    def drift(self, document: dict[str, Any], against: "list[dict[str, Any]] | None") -> None:
        """Put into the document how its shape differs from the good runs before it: those given, else, where the
        journal holds enough of them, the last ones of this target. One query where nothing differs."""
        if against is None:
            against = self._unlike(document)
        elif not against:
            document["notes"].append("--against: no run of this target was good yet, so that drift was not looked for")
        if against:
            from chatproof import drift

            document["drift"] = drift.found(document, against)
            document["drift_baseline"] = [run["run_id"] for run in against]

    def _unlike(self, document: dict[str, Any]) -> list[dict[str, Any]]:
        """The last good runs, if none of them has this run's signature."""
        if self._journal is None or not document["exchanges"]:
            return []
        try:
            good = self._journal.good(document["target"], MOST)
            if len(good) < FEWEST or signature_of(document) in (signature for _, signature in good):
                return []
            return [*self._journal.documents([number for number, _ in good])]
        except JournalError:
            return []  # writing the run down will say it

    _remark = ""

    def _refuse(self, error: JournalError) -> None:
        """Before a byte is sent: stop for a journal that was named; go on without a default one."""
        if self._wanted:
            if error.is_usage:
                raise UsageError("usage", f"{error.code}: {error.detail}; nothing was sent", error.advice) from None
            raise error
        self._journal = None
        self._remark = f"this run is in no journal: {error.detail} (--journal none: none is wanted)"
        if not error.is_usage:
            self._say(error, "")

    def _say(self, error: JournalError, verdict: str) -> None:
        self._failed = True
        warn(f"chatproof: {verdict and verdict + '; '}{error.code}: {error.detail}\n  next: {error.advice}")


def recorded(args: argparse.Namespace, selector: str) -> dict[str, Any]:
    """The document of a recorded run, by id, prefix, latest or file. Raises UsageError for what the user can correct,
    JournalError for a journal in trouble."""
    try:
        return journal.open(named(args), create=False).find(selector).document
    except JournalError as error:
        if not error.is_usage:
            raise
        raise UsageError("usage", f"{error.code}: {error.detail}", error.advice) from None
