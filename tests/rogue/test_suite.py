"""The suite itself: nothing of faults.json is missing, differences have reasons, and the detectors detect."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest

from chatproof.diagnosis.failure_modes import ALONGSIDE, every_mode
from tests.rogue import bombs, must
from tests.rogue.codes import ANY, ASKED, CODES
from tests.rogue.conftest import Suite
from tests.rogue.leaks import Detector, canary
from tests.rogue.rows_output import ENCODINGS
from tests.rogue.table import NOT_HERE, ROWS, differs, markdown
from tests.rogue.wire import ANSWER

FACTS = Path(__file__).parents[3] / "shared" / "facts" / "faults.json"


def test_no_row_is_missing() -> None:
    ours = {row.id for row in ROWS if not row.id.startswith("X")}
    assert ours | set(NOT_HERE) == set(ASKED)
    assert not ours & set(NOT_HERE)


@pytest.mark.skipif(not FACTS.exists(), reason="faults.json is not beside the repository")
def test_the_table_asks_what_the_facts_ask() -> None:
    facts = {row["id"]: row["must_report"] for row in json.loads(FACTS.read_text())}
    assert {id: f"{must['outcome']} {must['code']}" for id, must in facts.items()} == ASKED


def test_rows_are_well_formed() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
    known = {mode.code for mode in (*every_mode(), *ALONGSIDE)}
    for row in ROWS:
        assert {row.code, *row.race, *row.beside} - {""} <= known, row.name
        assert bool(row.code) == (row.verdict != "GO"), row.name
        assert row.does.endswith("."), row.name
        assert row.why or not differs(row), f"{row.name} differs from faults.json without a reason"
    assert {code for codes in CODES.values() for code in codes} - {"", ANY} <= known
    assert {asked.partition(" ")[2] for asked in ASKED.values()} == set(CODES)


def test_the_page_has_every_row_and_nothing_live() -> None:
    page = markdown()
    assert all(row.name in page for row in ROWS)
    assert "<" not in page
    assert all(char == "\n" or char.isprintable() for char in page)


def test_the_bombs_are_bombs() -> None:
    layer = zlib.decompressobj(31).decompress(bombs.GZIP_GZIP)
    inner = zlib.decompressobj(31)
    assert inner.decompress(layer, 1 << 20) == b"\0" * (1 << 20)
    assert len(layer) > 1_000_000
    assert int.from_bytes(layer[-4:], "little") == bombs.SIZE
    assert bombs.zstd().startswith(b"\x28\xb5\x2f\xfd")
    assert len(ANSWER) == 145


@pytest.mark.parametrize("case", ENCODINGS)
def test_the_detector_finds_each_encoding(case: str) -> None:
    key = canary()
    written = ENCODINGS[case][1](key)
    detector = Detector(key)
    assert detector.find(b"before " + written + b" after")
    assert not detector.find(ENCODINGS[case][1](canary()))


def test_the_detector_finds_pieces() -> None:
    key = canary()
    detector = Detector(key)
    assert "plain" in detector.find(key[12:20].encode())
    assert "plain" in detector.find("\n".join(key).encode())
    assert detector.find(json.dumps({"a": key[20:29]}).encode())
    assert detector.find(key.encode("utf-16-le"))
    assert not detector.find(b"sk-CANARY and " + key[9:16].encode())


def test_the_baseline_is_good_and_the_key_was_in_play(suite: Suite) -> None:
    taken = suite.baseline
    assert taken.status == 0
    assert taken.document["verdict"] == "GO"
    assert [*must.send_the_key_once(taken, suite.key, suite.detector)] == []
    happy = next(seen for seen in taken.seen if seen.probe == "happy")
    assert "plain" in suite.detector.find(happy.data)
    assert {seen.probe for seen in taken.seen} == {"happy", "auth.invalid_key", "auth.missing_key", "models", "stream"}
