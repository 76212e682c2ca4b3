"""A PostgreSQL whose administrator set other defaults than PostgreSQL's own keeps the same runs."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from chatproof import journal
from chatproof.journal import upkeep
from chatproof.journal.events import JournalError
from tests import journal_support as runs

DEFAULTS = {
    "repeatable read": "default_transaction_isolation = 'repeatable read'",
    "serializable": "default_transaction_isolation = 'serializable'",
    "another encoding": "client_encoding = 'SQL_ASCII'",
    "quoted otherwise": "standard_conforming_strings = off",
    "bytes otherwise": "bytea_output = 'escape'",
}


def database(url: str, more: str = "") -> str:
    name = f"j{os.urandom(6).hex()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} {more}")  # type: ignore[arg-type]
    return f"{url.rpartition('/')[0]}/{name}"


def written(place: str, first: int, many: int, environment: str) -> None:
    kept = journal.open(place)
    for number in range(first, first + many):
        document = runs.run(number, environment=environment)
        kept.started(runs.opening(document))
        kept.finished(document)
    kept.close()


@pytest.mark.parametrize("what", DEFAULTS)
def test_defaults_of_a_database_lose_no_run(what: str, postgres: str) -> None:
    place = database(postgres)
    with psycopg.connect(place, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {place.rpartition('/')[2]} SET {DEFAULTS[what]}")  # type: ignore[arg-type]
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(written, place, first, 5, "größer") for first in (0, 100, 200, 300)]:
            each.result()
    kept = journal.open(place)
    assert len(kept.list()) == 20 and {row.environment for row in kept.list()} == {"größer"}
    assert upkeep.verify(kept).problems == []


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_what_an_encoding_cannot_hold_is_told(encoding: str, postgres: str) -> None:
    place = database(postgres, f"ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    written(place, 0, 1, "größer")
    if encoding == "LATIN1":
        with pytest.raises(JournalError, match="encoding"):
            written(place, 1, 1, "大")
    kept = journal.open(place)
    assert [row.environment for row in kept.list()] == ["größer"]
    assert upkeep.verify(kept).problems == []
