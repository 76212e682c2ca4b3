"""The asyncio driver meets every row as the blocking one does: same verdict, findings, faults; same bytes sent.

All rows in nightly, on asyncio's loop and on uvloop; by default a sample that has each kind of step go wrong.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.rogue import must
from tests.rogue.conftest import Suite
from tests.rogue.leaks import strings
from tests.rogue.play import Taken
from tests.rogue.row import Row
from tests.rogue.table import ROWS
from tests.transport_support import DRIVERS

pytestmark = pytest.mark.timeout(300)
LOOPS = DRIVERS[1:]
SAMPLE = (
    "F002-blackhole", "F003-accept-close", "F004-accept-silence", "F005-rst-midbody", "F007-early-response",
    "F008-half-close", "F011-dns-rebind", "F014-tls-wronghost", "F016-tls-on-http", "F018-tls-renegotiate-old-1.0",
    "F022-slow-body", "F056-cl-short", "F068-desync-second-response", "F147-sse-crlf-split", "X02-proxy-refuses",
)  # fmt: skip
ITEMS = [
    pytest.param(row, loop, id=f"{row.name}-{loop}", marks=() if row.name in SAMPLE and loop == LOOPS[-1] else pytest.mark.nightly)
    for row in ROWS
    for loop in LOOPS
]  # fmt: skip


def outcome(taken: Taken) -> dict[str, Any]:
    """What a run says, without its times, ids and how much had come by some moment."""
    document = taken.document
    return {
        "verdict": document["verdict"],
        "status": taken.status,
        "diagnoses": taken.codes,
        "findings": [(row["clause"], row["probe"], row["outcome"]) for row in document["findings"]],
        "faults": {row["probe"]: (row["fault"] or {}).get("code", "") for row in document["exchanges"]},
        "statuses": {
            row["probe"]: row["response"]["status"] if row["response"] else 0 for row in document["exchanges"]
        },
        "seen": sorted(seen.probe for seen in taken.seen),
    }


@pytest.mark.parametrize(("row", "loop"), ITEMS)
def test_the_same_outcome(suite: Suite, row: Row, loop: str) -> None:
    taken, blocking = suite.awaited(row, loop), suite.takes(row)[0]
    document = taken.document
    assert document["verdict"] == row.verdict
    assert taken.codes[:1] == ([row.code] if row.code else []) or set(taken.codes[:1]) & set(row.race)
    text = "\n".join(strings(document))
    assert [words for words in row.says if words not in text] == []
    if not row.race:
        assert outcome(taken) == outcome(blocking)
    assert [*must.keep_the_key(taken, suite.detector)] == []
    assert [*must.send_the_key_once(taken, suite.key, suite.detector)] == []
    took = [exchange["timings_ms"]["total"] / 1000 for exchange in document["exchanges"]]
    assert max(took, default=0) < row.timeout + (5 if row.heavy else 2), "the deadline is of the driver"


def test_the_sample_is_of_rows_that_there_are() -> None:
    assert set(SAMPLE) <= {row.name for row in ROWS} and len(SAMPLE) >= 12
