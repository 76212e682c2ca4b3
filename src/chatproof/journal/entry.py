"""One row of the journal: what a document says in short, and the hash that binds it to the row before."""

import json
from typing import Any, NamedTuple

from chatproof.digest import sha256
from chatproof.printable import cut, escape

START = "0" * 64
"""The `previous` of a journal's first row."""

_TEXT = 300
_MARKS = 4000


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
    codes: str  # |most.important|next|: diagnosis codes, or empty
    clauses: str  # |clause|clause|: those broken or undecided, or empty
    signature: str  # of a GO run: equal where two runs cannot differ in shape


class Entry(NamedTuple):
    """A row as it is stored. `through` is the last row that a `pruned` entry allows to be removed, else 0."""

    seq: int
    at: str
    event: str
    summary: Summary
    through: int
    document: str  # JSON, ASCII
    previous: str
    hash: str


def made(seq: int, at: str, event: str, document: dict[str, Any], previous: str, through: int = 0) -> Entry:
    """The row that comes after the one whose hash is `previous`."""
    text = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    entry = Entry(seq, at, event, summary_of(document), through, text, previous, "")
    return entry._replace(hash=hash_of(entry))


def hash_of(entry: Entry) -> str:
    """SHA-256 over a JSON array of the previous hash, everything in the row, and the document's SHA-256."""
    document = sha256(entry.document.encode("utf-8", "surrogatepass"))
    row = [entry.previous, entry.seq, entry.at, entry.event, *entry.summary, entry.through, document]
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
        _short(target.get("environment")),
        _short(target.get("model")),
        _short(document.get("verdict")),
        _marks([d["code"] for d in document.get("diagnoses", ())]),
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
    return sha256(json.dumps(seen, ensure_ascii=True).encode("ascii"))[:16]


def _short(value: object) -> str:
    return cut(escape(value), _TEXT) if isinstance(value, str) else ""


def _marks(names: list[str]) -> str:
    marks = "|".join(dict.fromkeys(escape(name) for name in names))[:_MARKS]
    return f"|{marks}|" if marks else ""
