"""Looking after a journal: prove its chain, remove what is old, write it out, take runs in."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from chatproof import clock
from chatproof.journal import lines as written
from chatproof.journal.documents import SCHEMA_OF, NoDocument, read
from chatproof.journal.entry import START, Entry, compact, hash_of
from chatproof.journal.events import IMPORTED, PRUNED, SIGNED, STARTED, JournalError
from chatproof.journal.packing import Unreadable, terms_hash, unpack
from chatproof.journal.reading import begun, checked
from chatproof.journal.store import Journal

BLIND = (
    "a chain has no key: anyone who can write the journal can also write a new chain. Keep "
    "the head elsewhere, and check it with --head"
)
TORN = (
    "if this file was copied while runs were written, the copy is incomplete: make a "
    "complete one with `chatproof journal backup FILE`"
)
_MOST = 1000


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
    problems = _Problems(journal.flaws)
    before: Entry | None = None
    count, first, covered, anchored = 0, 0, {}, not anchor
    referred: set[str] = set()
    for entry in journal.entries():
        if entry.seq > seq:  # others may have written meanwhile
            seq, hash = journal.head()
            if entry.seq > seq:
                problems.add([f"entry {entry.seq} comes after entry {seq}, which should be the last"])
                break
        count, first = count + 1, first or entry.seq
        problems.add(_flaws(entry, before))
        if entry.through:
            covered[entry.through] = _removed_hash(journal, entry)
        referred.add(terms_hash(entry.stored))
        anchored = anchored or anchor == f"{entry.seq}:{entry.hash}"
        if before is None:
            beginning = entry
        before = entry
    if before is not None:
        problems.add(_beginning(beginning, covered))
    problems.add(journal.terms_flaws(referred - {""}))
    last, last_hash = (before.seq, before.hash) if before else (0, START)
    if seq > last:
        problems.add([f"entries {last + 1} to {seq} are missing at the end"])
    elif (seq, hash) != (last, last_hash):
        problems.add([f"the stored end is entry {seq}, but the last entry is {last}: one of them was changed"])
    if not anchored:
        problems.add(["no entry has the number and hash of --head: it was changed or removed"])
    return Verified(count, first, f"{last}:{last_hash}", problems.told())


class _Problems:
    """What was found, of which a file that is wrong throughout has more than memory should hold."""

    def __init__(self, first: Iterable[str]) -> None:
        self._told: list[str] = []
        self._more = 0
        self.add(first)

    def add(self, problems: Iterable[str]) -> None:
        for problem in problems:
            if len(self._told) < _MOST:
                self._told.append(problem)
            else:
                self._more += 1

    def told(self) -> list[str]:
        return [*self._told, *([f"{self._more} more problems of this kind"] if self._more else [])]


def _flaws(entry: Entry, before: Entry | None) -> Iterator[str]:
    of = f" of {entry.summary.run_id}" if entry.summary.run_id else ""  # a damaged column can be of any type
    named = f"entry {entry.seq} ({entry.event}{of})"
    if not entry.stored:
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


def _removed_hash(journal: Journal, entry: Entry) -> str:
    try:
        return str(json.loads(journal.text_of(entry))["hash"])
    except (ValueError, KeyError, TypeError, Unreadable):
        return ""


def _beginning(first: Entry, covered: dict[int, str]) -> Iterator[str]:
    """The chain begins at 1, or where a prune that it records left it."""
    if first.seq == 1:
        if first.previous != START:
            yield "entry 1 does not begin the chain"
    elif first.seq - 1 not in covered:
        yield f"entries 1 to {first.seq - 1} are missing, and no prune removed them"
    elif covered[first.seq - 1] != first.previous:
        yield f"entry {first.seq} does not continue the chain that the prune left"


class Pruned(NamedTuple):
    """How many runs were removed; and why none was, or why older ones stayed, as a sentence."""

    removed: int
    why: str


def prune(journal: Journal, *, keep: int = 0, before: str = "", now: str = "") -> Pruned:
    """Remove the oldest runs: all but the newest `keep`, or those that began before a time.

    The journal is a chain, so that whatever lies before the oldest entry of a run that stays is removed, and nothing
    after it. Sign-offs stay. A `pruned` entry says what went, and binds the rest to it. A run that began later than
    `now` was written by a clock that was wrong: it goes with the run that was written after it.
    """
    runs = begun(journal)
    dated = {run_id: at for _, run_id, at in runs}
    stay = {run_id for _, run_id, _ in runs[:keep]} if keep else _younger(runs, before, now or clock.utc())
    last: Entry | None = None
    stopped = ""
    signed: dict[str, dict[str, Any]] = {}
    for entry in journal.entries():
        if entry.summary.run_id in stay:
            stopped = entry.summary.run_id
            break
        if entry.event == SIGNED:
            document = _signed(journal, entry)
            signed[document["clause"]] = document  # the latest of each
        last = entry
    removed = sum(seq <= last.seq for seq, _, _ in runs) if last else 0
    left = sum(run_id not in stay for _, run_id, _ in runs) - removed
    if last is not None and removed:
        said = {"schema": "chatproof.pruned/1", "through": last.seq, "hash": last.hash, "runs": removed}
        journal.remove(PRUNED, said, last.seq, list(signed.values()))
    if removed and not left:
        return Pruned(removed, "")
    return Pruned(removed, _why(len(runs), keep, left, stopped, dated.get(stopped, "")))


def _younger(runs: list[tuple[int, str, str]], before: str, now: str) -> set[str]:
    """Of runs (newest first), those that began at or after a time."""
    stay, stays = set(), True
    for _, run_id, at in runs:
        if at <= now:
            stays = at >= before
        if stays:
            stay.add(run_id)
    return stay


def _why(runs: int, keep: int, left: int, stopped: str, at: str) -> str:
    """Why a prune removed nothing, or left some of what is old enough."""
    if not runs:
        return "there is no run in it"
    if left:
        ran = f"{left} of the runs to be removed are kept" if left > 1 else "one of the runs to be removed is kept"
        return f"{ran}: a prune removes only the beginning, and {stopped} of {at}, which is kept, was written before"
    if keep:
        return f"it contains {runs} run{'s' if runs > 1 else ''}, and {keep} are kept"
    return f"its oldest run, {stopped}, began {at}"


def _signed(journal: Journal, entry: Entry) -> dict[str, Any]:
    """A sign-off's document. Raises JournalError."""
    try:
        return read(journal.text_of(entry), SCHEMA_OF[SIGNED])
    except (NoDocument, Unreadable) as problem:
        detail = f"the document of entry {entry.seq} in {journal.shown} {problem}"
        raise JournalError("journal.corrupt", detail, "see: chatproof journal verify") from None


def export(journal: Journal) -> Iterator[str]:
    """Every entry as a line of JSON, oldest first. The lines are a .jsonl journal of their own."""
    for entry in journal.entries():
        try:
            text = journal.text_of(entry) if _exportable(entry) else b""
        except Unreadable:
            text = b""
        if not text.isascii() or not text.decode("ascii", "replace").isprintable() or not text:
            detail = f"entry {entry.seq} in {journal.shown} is damaged, and later entries were not exported"
            raise JournalError("journal.corrupt", detail, "see: chatproof journal verify")
        yield written.line(entry, text) + "\n"


def _exportable(entry: Entry) -> bool:
    """It goes into one line as it is."""
    texts = (entry.at, entry.event, *entry.summary, entry.previous, entry.hash)
    return all(isinstance(text, str) for text in texts) and isinstance(entry.through, int)


class Taken(NamedTuple):
    added: int
    known: int  # runs that were there already


def take(journal: Journal, texts: Iterable[tuple[str, str]]) -> Taken:
    """Take in runs from (name, text) pairs: a run's JSON, or an export's lines. Nothing is written unless all are good.

    They are entered as `imported`: another journal saw them, this one did not. Raises JournalError run.malformed.
    """
    runs: dict[str, dict[str, Any]] = {}
    opened: dict[str, dict[str, Any]] = {}
    signed: list[dict[str, Any]] = []
    for name, text in texts:
        for event, document in _read(name, text):
            if event == SIGNED:
                signed.append(document)
            elif event == STARTED:
                opened[document["run_id"]] = document
            else:
                runs[document["run_id"]] = document
    journal.ready()
    there = {run_id for _, run_id, _ in begun(journal)}
    fresh = [document for run_id, document in runs.items() if run_id not in there]
    # A run without an end stays one: its beginning is all there is.
    fresh_begun = [document for run_id, document in opened.items() if run_id not in there and run_id not in runs]
    journal.append(IMPORTED, fresh)
    journal.append(STARTED, fresh_begun)
    known_signed = {journal.text_of(entry) for entry in journal.entries() if entry.event == SIGNED}
    journal.append(SIGNED, [document for document in signed if compact(document) not in known_signed])
    added = len(fresh) + len(fresh_begun)
    return Taken(added, len(runs | opened) - added)


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
            raise JournalError("run.malformed", f"{place} is not an entry of a journal", "give an export") from None
        if hash_of(entry) != entry.hash:
            raise JournalError("run.malformed", f"{place} does not match its hash: it was changed", "export it again")
        document = json.loads(unpack(entry.stored, lambda hash, found=entry: found.terms))  # type: ignore[misc]
        if entry.event in (SIGNED, STARTED):
            yield entry.event, _known(document, entry.event, place)
        elif entry.event != PRUNED:
            yield IMPORTED, checked(json.dumps(document), place)


def _known(document: Any, event: str, place: str) -> dict[str, Any]:
    try:
        return read(json.dumps(document), SCHEMA_OF[event])
    except NoDocument as problem:
        raise JournalError("run.malformed", f"{place} {problem}", "give an export") from None
