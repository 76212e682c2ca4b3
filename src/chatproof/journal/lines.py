"""An entry as a line of JSON: what `journal export` writes and what a .jsonl journal is made of."""

import json

from chatproof.crowding import crowded
from chatproof.journal.entry import Entry, Summary

_VALUES = 200_000
LONGEST = 32 * 1024 * 1024
"""Characters of one line."""


class NoEntry(Exception):
    """A line that is none of ours."""


def line(entry: Entry) -> str:
    """Without the line's end. The document is written as it was hashed."""
    row = {"seq": entry.seq, "at": entry.at, "event": entry.event, **entry.summary._asdict(), "through": entry.through}
    head = json.dumps({**row, "previous": entry.previous, "hash": entry.hash}, ensure_ascii=True, separators=(",", ":"))
    return f'{head[:-1]},"document":{entry.document or "null"}}}'


def entry(text: str) -> Entry:
    """Raises NoEntry. Hashes are not checked here."""
    if crowded(text.encode("utf-8", "surrogatepass"), _VALUES):
        raise NoEntry
    try:
        row = json.loads(text)
        document = json.dumps(row["document"], ensure_ascii=True, allow_nan=False, separators=(",", ":"))
        summary = Summary(*(str(row[name]) for name in Summary._fields))
        numbers = row["seq"], row["through"]
        if not all(type(number) is int for number in numbers):
            raise NoEntry
        texts = [row[name] for name in ("at", "event", "previous", "hash")]
        if not all(isinstance(each, str) for each in texts):
            raise NoEntry
        at, event, previous, hash = texts
        return Entry(row["seq"], at, event, summary, row["through"], document, previous, hash)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NoEntry from None
