"""Documents that somebody else may have written: in a file, an export, a journal. None is believed unchecked.

What our own reporters rely on is what is asked for here: the published schema, times that are real, exchanges that are
there; and no more values than memory should hold.
"""

import json
from datetime import date, datetime
from typing import Any

from chatproof.evidence.json_schema import problem_of
from chatproof.journal.events import FINISHED, IMPORTED, SIGNED, STARTED
from chatproof.wire.strictjson import crowded

RUN = "run-1"
SCHEMA_OF = {FINISHED: RUN, IMPORTED: RUN, STARTED: "started-1", SIGNED: "signed-1"}
"""By event, the schema of the document it records. Of a prune nothing is read but by `verify`."""
LARGEST = 32 * 1024 * 1024
_VALUES = 200_000  # a run of validate has ten thousand


class NoDocument(Exception):
    """What is wrong with a document, as the end of a sentence that begins with its place."""


def read(text: bytes | str, schema: str = RUN) -> dict[str, Any]:
    """The document in a JSON text. Raises NoDocument."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > LARGEST:
        raise NoDocument(f"is larger than {LARGEST >> 20} MiB")
    if crowded(data, _VALUES):
        raise NoDocument(f"has more than {_VALUES} values")
    try:
        document = json.loads(data, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise NoDocument("is not JSON") from None
    problem = problem_of(document, schema) or _contradiction(document)
    if problem:
        raise NoDocument(f"is not a {schema.partition('-')[0]} document: {problem}")
    return document  # type: ignore[no-any-return]


def _refused(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _contradiction(document: dict[str, Any]) -> str:
    """What a schema cannot say: days that no calendar has, findings on exchanges that are not there."""
    exchanges = document.get("exchanges", ())
    try:
        for name in ("started_at", "finished_at"):
            datetime.fromisoformat(document.get(name, "2000-01-01"))
        for exchange in exchanges:
            datetime.fromisoformat(exchange["sent_at"] or "2000-01-01")
        date.fromisoformat(document.get("signed_on", "2000-01-01"))
    except ValueError:
        return "a time in it cannot be read"
    there = {"", *(exchange["id"] for exchange in exchanges)}
    missing = next((f["exchange"] for f in document.get("findings", ()) if f["exchange"] not in there), "")
    return f"a finding refers to {missing}, an exchange that is missing" if missing else ""
