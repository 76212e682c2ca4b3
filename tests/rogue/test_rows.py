"""Every row of the table against the real command line: verdict, diagnosis, evidence, and what must never happen."""

from __future__ import annotations

import pytest

from tests.rogue import must
from tests.rogue.conftest import Suite
from tests.rogue.leaks import strings
from tests.rogue.row import Row
from tests.rogue.table import ROWS

pytestmark = pytest.mark.timeout(300)  # the first test of a row waits for its turn


rows = pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])


@rows
def test_verdict_diagnosis_evidence(suite: Suite, row: Row) -> None:
    document = suite.takes(row)[0].document
    codes = [diagnosis["code"] for diagnosis in document["diagnoses"]]
    assert document["verdict"] == row.verdict
    assert codes[:1] == ([row.code] if row.code else []) or set(codes[:1]) & set(row.race)
    assert set(row.beside) <= set(codes)
    text = "\n".join(strings(document))
    assert [words for words in row.says if words not in text] == []


@rows
def test_must_agree_and_parse(suite: Suite, row: Row) -> None:
    for taken in suite.takes(row):
        assert [*must.parse(taken), *must.be_one_verdict(taken)] == []


@rows
def test_must_speak_plainly(suite: Suite, row: Row) -> None:
    for taken in suite.takes(row):
        assert [*must.speak_plainly(taken), *must.be_printable(taken)] == []


@rows
def test_must_keep_the_key(suite: Suite, row: Row) -> None:
    for taken in suite.takes(row):
        assert [*must.keep_the_key(taken, suite.detector)] == []
        assert [*must.send_the_key_once(taken, suite.key, suite.detector)] == []


@rows
def test_must_keep_the_deadline(suite: Suite, row: Row) -> None:
    late = [words for taken in suite.takes(row) for words in must.be_in_time(taken)]
    if late:  # a busy machine is late with a good server, too; what counts for a heavy row is the lesser CPU of two
        taken, spare = suite.again(row)
        late = [*must.be_in_time(taken, 0.0 if row.heavy else spare)]
    assert late == []


@rows
def test_must_keep_its_memory(suite: Suite, row: Row) -> None:
    for taken in suite.takes(row):
        assert [*must.be_small(taken, suite.baseline)] == []
