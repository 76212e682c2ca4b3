"""Whole bodies for commands that read the journal: those of one run, and those that no run names any more."""

import argparse
from typing import Any

from chatproof.cli.shared.keeping import keep_of, place_of
from chatproof.cli.shared.reading import open_journal
from chatproof.journal import bodies
from chatproof.journal.filters import ALL
from chatproof.journal.reading import documents
from chatproof.journal.store import Journal
from chatproof.usage_error import UsageError, repeated


def body_of(args: argparse.Namespace, document: dict[str, Any], wanted: str) -> bytes:
    """The body of an exchange, by its id or its probe. Raises UsageError where none is kept, JournalError where it is
    gone or was changed."""
    exchanges = document.get("exchanges", [])
    found = next((e for e in exchanges if wanted in (e["id"], e["probe"])), None)
    if found is None:
        there = ", ".join(f"{e['id']} ({e['probe']})" for e in exchanges) or "none"
        raise UsageError("usage", f"{document['run_id']} has no exchange {repeated(wanted)}", f"there are: {there}")
    kept = _kept(found)
    if not kept.get("sha256"):
        reason = kept.get("reason") or "it had no failure, no reply arrived, or no journal kept it"
        raise UsageError(
            "usage", f"no body of {found['id']} ({found['probe']}) is kept: {reason}", "see: chatproof show -v"
        )
    return bodies.read(bodies.beside(open_journal(args), place_of(args)), kept["sha256"])


def all_of(args: argparse.Namespace, document: dict[str, Any]) -> dict[str, bytes]:
    """Every body of a run that is still kept, by a name for a file: EXCHANGE-PROBE."""
    named = {f"{e['id']}-{e['probe']}": _kept(e).get("sha256", "") for e in document["exchanges"]}
    if not any(named.values()):
        return {}
    store = bodies.beside(open_journal(args), place_of(args))
    there = store.hashes()
    return {name: bodies.read(store, hash) for name, hash in named.items() if hash in there}


def _kept(exchange: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = ((exchange.get("response") or {}).get("body") or {}).get("kept") or {}
    return found


def flaws(args: argparse.Namespace, journal: Journal) -> list[str]:
    """What is wrong with the bodies beside a journal."""
    return [*bodies.flaws(bodies.beside(journal, place_of(args)))]


class Prune:
    """Around a prune: bodies that only the removed runs named go with them, and those that are too old in any case."""

    def __init__(self, args: argparse.Namespace, journal: Journal) -> None:
        self._journal, self._store = journal, bodies.beside(journal, place_of(args))
        self._age = keep_of(args)
        self._before = self._named() if self._store.hashes() else set()

    def finish(self) -> int:
        """Remove them; return how many there are fewer."""
        before = len(self._store.hashes())
        if self._before:
            self._store.remove(self._before - self._named())
        self._store.expire(bodies.first_day(self._age))
        return before - len(self._store.hashes())

    def _named(self) -> set[str]:
        found: set[str] = set()
        for run in documents(self._journal, ALL):
            found |= bodies.named_in(run.document)
        return found
