"""Looking after a journal: prove its chain, remove what is old, write it out, take runs in."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from chatproof.journal import IMPORTED, PRUNED, SIGNED, STARTED, JournalError
from chatproof.journal import lines as written
from chatproof.journal.documents import SCHEMA_OF, NoDocument, read
from chatproof.journal.entry import START, Entry, hash_of
from chatproof.journal.filters import ALL
from chatproof.journal.reading import checked, rows
from chatproof.journal.store import Journal

BLIND = (
    "a chain has no key: whoever can write the journal can also write a new one. Keep the head elsewhere, and prove it "
    "with --head"
)
_MOST = 20


class Verified(NamedTuple):
    """What the proof found. `problems` is empty where the chain holds; `head` is SEQ:HASH."""

    entries: int
    first: int
    head: str
    problems: list[str]


def verify(journal: Journal, anchor: str = "") -> Verified:
    """Follow the chain from its beginning, or from the last prune. `anchor` is a head that was kept elsewhere.

    Finds a changed byte, a row that is missing, changed or put in, and rows cut off the end (in a .jsonl file only with
    an anchor). Raises JournalError where the journal cannot be read at all.
    """
    seq, hash = journal.head()
    problems = list(journal.flaws)
    before: Entry | None = None
    count, first, covered, anchored = 0, 0, {}, not anchor
    for entry in journal.entries():
        count, first = count + 1, first or entry.seq
        problems += _flaws(entry, before)
        if entry.through:
            covered[entry.through] = _removed_hash(entry)
        anchored = anchored or anchor == f"{entry.seq}:{entry.hash}"
        if before is None:
            beginning = entry
        before = entry
    if before is not None:
        problems += _beginning(beginning, covered)
    last, last_hash = (before.seq, before.hash) if before else (0, START)
    if seq > last:
        problems.append(f"entries {last + 1} to {seq} are missing at the end")
    elif (seq, hash) != (last, last_hash):
        problems.append(f"the head says entry {seq}, and the last entry is {last}: one of them was changed")
    if not anchored:
        problems.append("no entry has the number and hash given with --head: what it named was changed or removed")
    return Verified(count, first, f"{last}:{last_hash}", problems)


def _flaws(entry: Entry, before: Entry | None) -> Iterator[str]:
    of = f" of {entry.summary.run_id}" if entry.summary.run_id else ""  # a damaged column can be of any type
    named = f"entry {entry.seq} ({entry.event}{of})"
    if not entry.document:
        yield f"{named} has lost its document"
    elif not _matches(entry):
        yield f"{named} does not match its hash: it was changed"
    if before is None:
        return
    if entry.seq != before.seq + 1:
        many = entry.seq - before.seq - 1
        missing = f"entry {before.seq + 1} is" if many == 1 else f"entries {before.seq + 1} to {entry.seq - 1} are"
        yield f"{missing} missing"
    elif entry.previous != before.hash:
        yield f"{named} does not follow entry {before.seq}: one of them was changed"


def _matches(entry: Entry) -> bool:
    try:
        return hash_of(entry) == entry.hash
    except (TypeError, AttributeError):
        return False


def _removed_hash(entry: Entry) -> str:
    try:
        return str(json.loads(entry.document)["hash"])
    except (ValueError, KeyError, TypeError):
        return ""


def _beginning(first: Entry, covered: dict[int, str]) -> Iterator[str]:
    """The chain begins at 1, or where a prune that it records left it."""
    if first.seq == 1:
        if first.previous != START:
            yield "entry 1 does not begin the chain"
    elif first.seq - 1 not in covered:
        yield f"entries 1 to {first.seq - 1} are missing, and no prune removed them"
    elif covered[first.seq - 1] != first.previous:
        yield f"entry {first.seq} does not follow what the prune left"


def prune(journal: Journal, *, keep: int = 0, before: str = "") -> int:
    """Remove the oldest runs: all but the newest `keep`, or those that began before a time. Returns how many.

    The journal is a chain, so that whatever lies before the oldest entry of a run that stays is removed, and nothing
    after it. Sign-offs stay. A `pruned` entry says what went, and binds the rest to it.
    """
    runs = rows(journal, ALL)
    stay = {row.run_id for row in (runs[:keep] if keep else [row for row in runs if row.started_at >= before])}
    last: Entry | None = None
    signed: dict[str, dict[str, Any]] = {}
    for entry in journal.entries():
        if entry.summary.run_id in stay:
            break
        if entry.event == SIGNED:
            document = json.loads(entry.document)
            signed[document["clause"]] = document  # the latest of each
        last = entry
    removed = sum(row.seq <= last.seq for row in runs) if last else 0
    if last is None or not removed:
        return 0
    said = {"schema": "chatproof.pruned/1", "through": last.seq, "hash": last.hash, "runs": removed}
    journal.remove(PRUNED, said, last.seq, list(signed.values()))
    return removed


def export(journal: Journal) -> Iterator[str]:
    """Every entry as a line of JSON, oldest first. The lines are a .jsonl journal of their own."""
    for entry in journal.entries():
        if not _exportable(entry):
            detail = f"entry {entry.seq} in {journal.shown} is damaged, and what follows was not exported"
            raise JournalError("journal.corrupt", detail, "see: chatproof journal verify")
        yield written.line(entry) + "\n"


def _exportable(entry: Entry) -> bool:
    """It goes into one line as it is. Documents are written in printable ASCII."""
    texts = (entry.at, entry.event, *entry.summary, entry.previous, entry.hash, entry.document)
    whole = all(isinstance(text, str) for text in texts) and isinstance(entry.through, int)
    return whole and entry.document.isascii() and entry.document.isprintable()


class Taken(NamedTuple):
    added: int
    known: int  # runs that were there already


def take(journal: Journal, texts: Iterable[tuple[str, str]]) -> Taken:
    """Take in runs from (name, text) pairs: a run's JSON, or an export's lines. Nothing is written unless all are good.

    They are entered as `imported`: another journal saw them, this one did not. Raises JournalError run.malformed.
    """
    runs: dict[str, dict[str, Any]] = {}
    begun: dict[str, dict[str, Any]] = {}
    signed: list[dict[str, Any]] = []
    for name, text in texts:
        for event, document in _read(name, text):
            if event == SIGNED:
                signed.append(document)
            elif event == STARTED:
                begun[document["run_id"]] = document
            else:
                runs[document["run_id"]] = document
    journal.ready()
    there = {row.run_id for row in rows(journal, ALL)}
    fresh = [document for run_id, document in runs.items() if run_id not in there]
    # A run without an end stays one: its beginning is all there is.
    fresh_begun = [document for run_id, document in begun.items() if run_id not in there and run_id not in runs]
    journal.append(IMPORTED, fresh)
    journal.append(STARTED, fresh_begun)
    known_signed = {entry.document for entry in journal.entries() if entry.event == SIGNED}
    compact = [json.dumps(document, ensure_ascii=True, separators=(",", ":")) for document in signed]
    journal.append(SIGNED, [d for d, text in zip(signed, compact, strict=True) if text not in known_signed])
    added = len(fresh) + len(fresh_begun)
    return Taken(added, len(runs | begun) - added)


def _read(name: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if not text.lstrip().startswith('{"seq":'):
        yield IMPORTED, checked(text, name)
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        place = f"{name}, line {number}"
        try:
            entry = written.entry(line)
        except written.NoEntry:
            raise JournalError("run.malformed", f"{place} is no entry of a journal", "give an export") from None
        if hash_of(entry) != entry.hash:
            raise JournalError("run.malformed", f"{place} does not match its hash: it was changed", "export it again")
        document = json.loads(entry.document)
        if entry.event in (SIGNED, STARTED):
            yield entry.event, _known(document, entry.event, place)
        elif entry.event != PRUNED:
            yield IMPORTED, checked(json.dumps(document), place)


def _known(document: Any, event: str, place: str) -> dict[str, Any]:
    try:
        return read(json.dumps(document), SCHEMA_OF[event])
    except NoDocument as problem:
        raise JournalError("run.malformed", f"{place} {problem}", "give an export") from None
