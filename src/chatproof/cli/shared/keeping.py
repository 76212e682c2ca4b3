"""The journal of a run that a command makes: which one, and what happens when it cannot be written.

A journal that was named (--journal, CHATPROOF_JOURNAL, the config) is wanted: where it cannot be written, nothing is
sent. The default one nobody asked for, so that it never stands in the way of an answer: where there is no place for it,
the run says so in a note (on standard error, where -q leaves the notes out); where there is one already and it refuses
(locked, damaged, newer, read-only), the run goes on. A run that is not in the journal it belongs into exits 4 where its
verdict is GO; what the endpoint did is worth more, and keeps its own status.
docs/decisions/0010 has the reasons.
"""

from __future__ import annotations

import argparse
import os

from chatproof import journal
from chatproof.cli.exit_status import SIGNAL_EXIT
from chatproof.cli.output import warn
from chatproof.journal import NONE, JournalError
from chatproof.journal.entry import CHAT, signature_of
from chatproof.target import config_files
from chatproof.usage_error import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from chatproof.journal.store import Journal
    from chatproof.record.whole_bodies import WholeBody

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
    """The journal the user named; empty for the default one.

    Raises UsageError where a file names it that nobody approved: a journal's URL gets a password.
    """
    place: str = args.journal or os.environ.get(VARIABLE, "")
    if place:
        return place
    said = _configured(args)
    if said["journal"]:
        config_files.gate(said, "journal")
    return str(said["journal"])


def _configured(args: argparse.Namespace) -> dict[str, Any]:
    return config_files.settings(getattr(args, "config", ""), os.environ.get(config_files.VARIABLE, ""))


def _in_force(args: argparse.Namespace, name: str) -> Any:
    """A setting about whole bodies; None where none is said, or only by a file that nobody approved: a stranger's file
    neither removes what is kept nor shares it."""
    said = _configured(args)
    try:
        config_files.gate(said, name)
    except UsageError:
        return None
    return said[name]


def place_of(args: argparse.Namespace) -> str:
    """The path or URL of the journal in force, the default one included."""
    return named(args) or journal.default_place(os.environ)


def keep_of(args: argparse.Namespace) -> str:
    """How long whole bodies are kept, as it is written: 30d."""
    from chatproof.journal.bodies import KEEP

    return str(_in_force(args, "keep") or KEEP)


class Keeper:
    """Writes one run down, before and after. Never raises once the run has begun."""

    def __init__(self, args: argparse.Namespace) -> None:
        place = named(args)
        self._args = args
        self._place = place or journal.default_place(os.environ)
        self._wanted = place not in ("", NONE)
        self._quiet = bool(getattr(args, "quiet", False))
        self._failed = False
        self._journal: Journal | None = None
        if place == NONE:
            return
        try:
            self._journal = journal.open(place)
        except JournalError as error:
            self._refuse(error)

    @property
    def whole_bodies(self) -> bool:
        """Whole bodies go into this journal: it is a local one, or the configuration says so of a shared one."""
        return self._journal is not None and ("://" not in self._place or bool(_in_force(self._args, "bodies")))

    @property
    def place(self) -> str:
        """The path or URL of the journal that runs go into; empty where they go into none."""
        return self._place if self._journal is not None else ""

    @property
    def remarks(self) -> list[str]:
        """Why runs go into no journal, where they should."""
        return [self._remark] if self._remark else []

    def ready(self, *, default: bool = False) -> None:
        """Prove, before anything is sent, that a journal that was named can be written; with `default`, the one that
        nobody named, too. Raises as `begin` does."""
        if self._journal is not None and (self._wanted or default):
            try:
                self._journal.ready()
                self._journal.close()  # SQLite: the run may go on in another thread, which opens it anew
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

    def end(self, document: dict[str, Any], bodies: tuple[WholeBody, ...] = ()) -> int:
        """Write the run's document before anybody is told. Returns 0; or 4 when the run is not in its journal, a
        signal's status when one came meanwhile: see Outlet.publish."""
        signal = ""
        try:
            self._end(document, bodies)
        except KeyboardInterrupt as stop:
            signal = str(stop.args[0]) if stop.args else "SIGINT"
            self._end(document, bodies)  # twice writes once; a second signal leaves at once
        return SIGNAL_EXIT[signal] if signal else 4 if self._failed else 0

    def _end(self, document: dict[str, Any], bodies: tuple[WholeBody, ...]) -> None:
        if self._journal is None:
            return
        if bodies:
            self._keep_bodies(self._journal, document, bodies)
        try:
            self._journal.finished(document, leave=True)
        except JournalError as error:
            self._say(error, document["verdict"])

    def _keep_bodies(self, to: Journal, document: dict[str, Any], bodies: tuple[WholeBody, ...]) -> None:
        """Before the document, which names them. A body that cannot be kept costs no record."""
        from chatproof.journal import bodies as store
        from chatproof.journal.entry import subject_of

        beside = store.beside(to, self._place)
        try:
            age = keep_of(self._args)
        except UsageError:  # of a file that this run needed for nothing else
            age = store.KEEP
        responses = {exchange["id"]: exchange["response"] for exchange in document["exchanges"]}
        for body in bodies:
            hash, refused = (
                "",
                body.refused or ("the configuration says that none is kept" if not store.days(age) else ""),
            )
            try:
                if not refused:
                    hash, refused = store.keep(beside, subject_of(document["target"]), body.data, age)
            except JournalError as error:
                refused = f"{error.code}: {error.detail}"
                warn(f"chatproof: the body of {body.exchange} is not kept: {refused}\n  next: {error.advice}")
            said = {"sha256": hash, "bytes": len(body.data) if hash else 0, "whole": bool(hash) and body.whole}
            responses[body.exchange]["body"]["kept"] = {**said, "reason": refused}

    def drift(self, document: dict[str, Any], against: list[dict[str, Any]] | None) -> None:
        """Put into the document how its shape differs from the good runs before it: those given, else, where the
        journal holds enough of them, the last ones of this target. One query where nothing differs."""
        if against is None:
            against = self._unlike(document)
        elif not against:
            document["notes"].append("--against: this target has no good run yet, so drift was not checked")
        if against:
            from chatproof.analysis import drift, upstream

            document["notes"] += upstream.since(document, against)
            document["drift"] = drift.found(document, against)
            document["drift_baseline"] = [run["run_id"] for run in against]

    def _unlike(self, document: dict[str, Any]) -> list[dict[str, Any]]:
        """The last good runs, if none of them has this run's signature."""
        if self._journal is None or not document["exchanges"]:
            return []
        try:
            good = self._journal.good(document["target"], MOST, document.get("api", CHAT))
            if len(good) < FEWEST or signature_of(document) in (signature for _, signature in good):
                return []
            return list(self._journal.documents([number for number, _ in good]))
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
        self._remark = f"this run is not in a journal: {error.detail} (to run without one: --journal none)"
        if not error.is_usage or os.path.lexists(journal.default_place(os.environ)):
            self._say(error, "")
        elif self._quiet:
            warn(f"chatproof: note: {self._remark}")

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
