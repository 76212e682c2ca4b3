"""Raw bytes of every fault, judged offline as they are live."""

from __future__ import annotations

import pytest

from chatproof.simulator.faults import FAULTS
from tests.captures.playing import captured, differences, live, wire_of

# Whose lines they are, the server's or a terminal's, no capture tells.
PLACES = [
    name for name, row in FAULTS.items() if row.place.listen != "serve" or name in ("bare-line-ends", "head-folded")
]


@pytest.mark.parametrize("name", ["", *(name for name in FAULTS if name not in PLACES)])
def test_raw_responses_are_judged_as_the_live_run_was(name: str) -> None:
    sent = {probe: data for probe, data in wire_of(name).items() if data.startswith(b"HTTP/")}
    if not sent:
        pytest.skip("no HTTP comes back")
    expected = live(sent)
    run = captured(sent)
    assert differences(expected, run) == {}
    if not name:
        decided = {f["clause"] for f in run.findings if f["outcome"] == "holds"}
        assert decided == {f["clause"] for f in run.findings} - {"secret.not_reflected"}


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in PLACES])
def test_a_fault_seen_in_the_bytes_is_seen_in_the_capture(name: str) -> None:
    """Not all is left undecided: raw bytes hold everything but the key and the end of a reply without a length."""
    sent = wire_of(name)
    if not all(data.startswith(b"HTTP/") for data in sent.values()):
        pytest.skip("no reply to some request")
    broken = {
        place for place, outcome in live(sent).items() if outcome == "broken" and place[0] != "secret.not_reflected"
    }
    run = captured(sent)
    seen = {(f["clause"], f["probe"]) for f in run.findings if f["outcome"] == "broken"}
    missing = broken - seen
    ends_with_the_connection = [
        p for p, d in sent.items() if b"content-length" not in d.lower() and b"chunked" not in d.lower()
    ]
    assert {probe for _, probe in missing} <= set(ends_with_the_connection)
