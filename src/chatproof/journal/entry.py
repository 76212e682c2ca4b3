"""One row of the journal: what a document says in short, and the hash that binds it to the row before."""

from __future__ import annotations

import json

from chatproof.journal.packing import pack
from chatproof.printable import cut, escape
from chatproof.secrets.digest import sha256
from chatproof.target.environment import environment_of
from chatproof.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

START = "0" * 64
"""The `previous` of a journal's first row."""

NARROWED = "narrowed"
"""Stands first among a run's codes where less than the whole contract was judged: see run document, `narrowed`."""

OF_API = "api:"
"""Begins the mark, among a run's codes, of another API than chat. No diagnosis code has a colon."""

_TEXT = 300
_MARKS = 4000
CHAT = "chat"
"""The API of a run that names none."""


class Summary(NamedTuple):
    """What lists and filters need of a document, in columns of their own. All strings; empty is not known."""

    run_id: str
    kind: str
    started_at: str
    target: str
    profile: str
    base_url: str
    subject: str
    environment: str
    model: str
    verdict: str
    codes: str  # |most.important|next|: diagnosis codes, or empty; before them `narrowed`, and the API where not chat
    clauses: str  # |clause|clause|: those broken or undecided, or empty
    signature: str  # of a GO run: equal where two runs cannot differ in shape


class Entry(NamedTuple):
    """A row as it is stored. `through` is the last row that a `pruned` entry allows to be removed, else 0."""

    seq: int
    at: str
    event: str
    summary: Summary
    through: int
    stored: bytes  # the document as it is stored: see packing
    previous: str
    hash: str
    terms: bytes = b""  # the terms that `stored` refers to, where they are known


Prepared = tuple[Summary, bytes, bytes]
"""A document's summary, its stored bytes, and the terms that these refer to."""


def prepared(document: dict[str, Any], *, packed: bool) -> Prepared:
    """All of a row that does not depend on its place in the chain: made before a writer has its turn."""
    stored, terms = compact(document), b""
    if packed:
        stored, terms = pack(stored, compact(document["terms"]) if document.get("terms") else b"")
    return summary_of(document), stored, terms


def made(seq: int, at: str, event: str, ready: Prepared, previous: str, through: int = 0) -> Entry:
    """The row that comes after the one whose hash is `previous`."""
    summary, stored, terms = ready
    entry = Entry(seq, at, event, summary, through, stored, previous, "", terms)
    return entry._replace(hash=hash_of(entry))


def compact(value: object) -> bytes:
    """JSON text as it is stored: ASCII, nothing between the tokens."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def hash_of(entry: Entry) -> str:
    """SHA-256 over a JSON array of the previous hash, everything in the row, and the SHA-256 of the stored bytes."""
    row = [entry.previous, entry.seq, entry.at, entry.event, *entry.summary, entry.through, sha256(entry.stored)]
    return sha256(json.dumps(row, ensure_ascii=True, separators=(",", ":")).encode("ascii"))


def summary_of(document: dict[str, Any]) -> Summary:
    """Works for run documents (chatproof.run/1), started documents and the journal's own."""
    target = document.get("target", {})
    broken = [f["clause"] for f in document.get("findings", ()) if f["outcome"] in ("broken", "undecided")]
    return Summary(
        _short(document.get("run_id")),
        _short(document.get("kind")),
        _short(document.get("started_at")),
        _short(target.get("name")),
        _short(target.get("profile")),
        _short(target.get("base_url")),
        _short(subject_of(target)),
        _short(environment_of(document)),
        _short(target.get("model")),
        _short(document.get("verdict")),
        _marks(
            [
                *([NARROWED] if document.get("narrowed") else []),
                *([f"{OF_API}{document['api']}"] if document.get("api", CHAT) != CHAT else []),
                *(d["code"] for d in document.get("diagnoses", ())),
            ]
        ),
        _marks(broken),
        signature_of(document) if document.get("verdict") == "GO" else "",
    )


def subject_of(target: dict[str, Any]) -> str:
    """What makes two runs runs of one endpoint: the base URL. The simulator's port is another each time."""
    return "simulator" if target.get("name") == "simulator" else target.get("base_url", "")


def signature_of(document: dict[str, Any]) -> str:
    """A hash of all that drift looks at, and more: where a good run has the same, there is none."""
    seen = [
        [exchange["probe"], r["status"], r["body"]["kind"], r["body"]["shape"], sorted(r["header_names"])]
        + [value for name, value in r["headers"] if name.lower() in ("server", "via")]
        for exchange in document.get("exchanges", ())
        if (r := exchange["response"]) and exchange["fault"] is None
    ]
    if document.get("upstream"):
        seen.append(document["upstream"])
    return sha256(json.dumps(seen, ensure_ascii=True).encode("ascii"))[:16]


def _short(value: object) -> str:
    return cut(escape(value), _TEXT) if isinstance(value, str) else ""


def _marks(names: list[str]) -> str:
    marks = "|".join(dict.fromkeys(escape(name) for name in names))[:_MARKS]
    return f"|{marks}|" if marks else ""
