"""The ledger of `chatproof contract`: what the journal adds to the table, sign-offs, and two contracts compared."""

import argparse
import json
import os
from itertools import islice
from typing import Any

from chatproof import clock, journal
from chatproof.analysis import ledger
from chatproof.cli.output import say, say_json
from chatproof.cli.shared.keeping import named
from chatproof.cli.shared.reading import days, open_journal
from chatproof.files import special_files
from chatproof.journal import SIGNED, JournalError
from chatproof.journal.filters import Filters
from chatproof.journal.reading import documents
from chatproof.printable import cut, escape
from chatproof.usage_error import UsageError, near, repeated

_LOOK_BACK = 200  # runs: whoever has more than this without one that held wants to see that


def observe(document: dict[str, Any], args: argparse.Namespace, target: str) -> None:
    """Add to each clause of a contract's table: age_days, stale, owner, last_held, last_judged; and what was looked at.

    Without a journal nothing was observed, which is said and is no error.
    """
    stale_days = days(args.stale_after, "--stale-after") / 86400
    today = clock.utc()[:10]
    seen: dict[str, dict[str, dict[str, str]]] = {}
    signed: dict[str, dict[str, Any]] = {}
    shown = ""
    try:
        kept = open_journal(args)
        shown = kept.shown
        ids = [row["id"] for row in document["clauses"]]
        ended = (found.document for found in documents(kept, Filters(target=target)) if found.row.ended)
        seen = ledger.observed(islice(ended, _LOOK_BACK), ids)
        signed = ledger.signatures(kept.of_event(SIGNED))
    except JournalError as error:
        if error.code != "journal.missing":
            raise
    for row in document["clauses"]:
        age, owner = ledger.age(row["accessed"], signed.get(row["id"]), row["check"], today)
        at = seen.get(row["id"], {})
        row.update(age_days=age, stale=age > stale_days, owner=owner)
        row.update(last_held=at.get("held"), last_judged=at.get("last"))
    document["observed"] = {"target": target, "journal": shown, "stale_after_days": int(stale_days)}


def line(row: dict[str, Any]) -> str:
    """What the ledger knows of one clause, in words."""
    held, last = row["last_held"], row["last_judged"]
    if last is None:
        seen = "not observed on this target"
    elif held is None:
        seen = f"never observed to pass; {last['outcome']} in {last['run_id']}"
    else:
        seen = f"held {held['at'][:10]} in {held['run_id']}"
        if last["run_id"] != held["run_id"]:
            seen += f"; since then {last['outcome']} in {last['run_id']}"
    by = f" by {row['owner']}" if row["owner"] else ""
    stale = f"; STALE: the source was read{by} {row['age_days']} days ago" if row["stale"] else ""
    signed = f"; signed{by}" if row["owner"] and not row["stale"] else ""
    return escape(seen + signed + stale)


def sign(document: dict[str, Any], args: argparse.Namespace) -> int:
    """Record that somebody read a clause's documentation again and found that it still says so."""
    row = next((row for row in document["clauses"] if row["id"] == args.second), None)
    if row is None:
        raise UsageError(
            "usage",
            f"there is no clause {repeated(args.second, 80)}",
            near(args.second, (row["id"] for row in document["clauses"]), "see: chatproof contract --validate"),
        )
    source = args.source or row["source"]
    if not args.owner.strip():
        raise UsageError("usage", "a sign-off needs --owner", "name the reader: --owner NAME")
    if not source.startswith(("https://", "http://")):
        raise UsageError("usage", "--source must be an http(s) URL", "give the page that was read")
    signed = {
        "schema": "chatproof.signed/1",
        "clause": row["id"],
        "owner": cut(escape(args.owner.strip()), 120),
        "source": cut(escape(source), 300),
        "signed_on": clock.utc()[:10],
        "says": row["says"],
        "check": row["check"],
    }
    kept = journal.open(named(args))
    kept.append(SIGNED, [signed])
    say(f"signed: {signed['clause']} by {signed['owner']} on {signed['signed_on']}, from {signed['source']}\n")
    return 0


def recorded(path: str) -> dict[str, Any]:
    """A contract that `contract --format json` wrote. Raises UsageError."""
    try:
        with special_files.opened(path) as file:
            document: dict[str, Any] = json.loads(file.read(16 * 1024 * 1024))
        whole = all(isinstance(document[name], list) for name in ("clauses", "facts", "quirks"))
        whole = whole and all(isinstance(row["id"], str) for row in document["clauses"])
        whole = whole and all(isinstance(row["name"], str) for row in document["facts"])
        whole = whole and all(isinstance(row["text"], str) for row in document["quirks"])
    except OSError as error:
        raise UsageError("usage", f"cannot read {path}: {error.strerror}", "check the path") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        whole = False
    if not whole:
        raise UsageError("usage", f"{path} is not a contract", "write one: chatproof contract --format json > FILE")
    return document


def is_file(name: str) -> bool:
    return "/" in name or os.path.isfile(name)


def diff(a: dict[str, Any], b: dict[str, Any], format: str) -> int:
    """Show what differs between two contracts."""
    rows = ledger.between(a, b)
    if format == "json":
        sides = {side: document.get("profile") for side, document in (("a", a), ("b", b))}
        say_json({"schema": "chatproof.judging.contract-diff/1", **sides, "differences": rows})
        return 0
    lines = [f"a  {a.get('profile')}", f"b  {b.get('profile')}", ""]
    for row in rows:
        name = " ".join(filter(None, (row["id"] or row["part"], row["field"])))
        if row["a"] is None or row["b"] is None:
            side, value = ("a", row["a"]) if row["b"] is None else ("b", row["b"])
            lines.append(f"{name}: only in {side}: {value}")
        else:
            lines.append(f"{name}: {row['a'] or '–'} → {row['b'] or '–'}")
    say("".join(f"{escape(text)}\n" for text in (lines if rows else [*lines, "nothing differs"])))
    return 0
