"""An entry as a line of JSON: what `journal export` writes and what a .jsonl journal is made of.

The document stands in it as JSON. Where the journal that it comes from has it packed, the packed bytes stand beside it
as `packed`, in base64: the chain's hash is over what was stored.
"""

import json
from binascii import Error as Malformed
from binascii import a2b_base64, b2a_base64
from typing import Any

from chatproof.journal.entry import Entry, Summary, compact
from chatproof.journal.packing import Unreadable, terms_hash, unpack
from chatproof.wire.strictjson import crowded

_VALUES = 200_000
LONGEST = 32 * 1024 * 1024
"""Characters of one line."""
_DOCUMENT = ',"document":'  # in a text of a line's it would have backslashes


class NoEntry(Exception):
    """A line that is none of ours."""


def line(entry: Entry, text: bytes) -> str:
    """Without the line's end. `text` is the document's JSON text, and stands as it is."""
    row = {"seq": entry.seq, "at": entry.at, "event": entry.event, **entry.summary._asdict(), "through": entry.through}
    head = json.dumps({**row, "previous": entry.previous, "hash": entry.hash}, ensure_ascii=True, separators=(",", ":"))
    packed = b2a_base64(entry.stored, newline=False).decode("ascii") if entry.stored != text else ""
    tail = f',"packed":"{packed}"' if packed else ""
    return f"{head[:-1]}{_DOCUMENT}{text.decode('ascii')}{tail}}}"


def entry(text: str | bytes) -> Entry:
    """Raises NoEntry, also where document and packed bytes do not say the same. Hashes are not checked here."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > LONGEST or crowded(data, _VALUES):
        raise NoEntry
    try:
        row = json.loads(data)
        document = compact(row["document"])
        summary = Summary(*(str(row[name]) for name in Summary._fields))
        numbers = row["seq"], row["through"]
        if not all(type(number) is int for number in numbers):
            raise NoEntry
        texts = [row[name] for name in ("at", "event", "previous", "hash")]
        if not all(isinstance(each, str) for each in texts):
            raise NoEntry
        at, event, previous, hash = texts
        stored, terms = _unpacked(row, document) if "packed" in row else (document, b"")
        return Entry(row["seq"], at, event, summary, row["through"], stored, previous, hash, terms)
    except (ValueError, KeyError, TypeError, RecursionError, Unreadable):
        raise NoEntry from None


def _unpacked(row: dict[str, Any], document: bytes) -> tuple[bytes, bytes]:
    """(the stored bytes, the terms they refer to), proved to mean the document beside them."""
    try:
        stored = a2b_base64(row["packed"], strict_mode=True)
    except Malformed:
        raise NoEntry from None
    terms = compact(row["document"]["terms"]) if terms_hash(stored) else b""
    if unpack(stored, lambda hash: terms) != document:
        raise NoEntry
    return stored, terms


def head(data: bytes) -> dict[str, Any]:
    """What stands before the document, without reading that; empty for a line that is none of ours."""
    at = data.find(_DOCUMENT.encode("ascii"))
    try:
        row = json.loads(data[:at] + b"}") if at > 0 else None
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}
