"""A journal of 100,000 runs opens and lists as one of ten does."""

import json
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.journal.packing import unpack
from tests.journal_support import keep, run
from tests.pace import within

RUNS = 100_000
SECONDS = 0.5


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made behind the journal's back, from one real row: the chain does not matter here, the sizes do."""
    path = tmp_path_factory.mktemp("large") / "j.sqlite3"
    kept = journal.open(str(path))
    keep(kept, run(1), run(2, "NO-GO"))
    kept.close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA synchronous = OFF")
        columns = [row[1] for row in raw.execute("PRAGMA table_info(chatproof_entries)")]
        rows = {row[2]: list(row) for row in raw.execute("SELECT * FROM chatproof_entries WHERE run_id LIKE '%000001'")}
        document = unpack(raw.execute("SELECT document FROM chatproof_documents WHERE seq = 2").fetchone()[0]).decode()
        seq, run_id, started = (columns.index(name) for name in ("seq", "run_id", "started_at"))

        def made() -> object:
            for number in range(3, RUNS + 1):
                at = f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}T{number % 24:02d}:{number % 60:02d}:00.000Z"
                for offset, event in enumerate(("started", "finished")):
                    row = rows[event]
                    row[seq], row[run_id], row[started] = number * 2 + offset, f"smoke-20250101-000000-{number:06x}", at
                    yield tuple(row)

        places = ", ".join("?" * len(columns))
        raw.executemany(f"INSERT INTO chatproof_entries VALUES ({places})", made())
        filler = json.dumps({"filler": document[:3000]})  # what a run takes at least
        documents = ((number, filler) for number in range(7, RUNS * 2, 2))
        raw.executemany("INSERT INTO chatproof_documents VALUES (?, ?)", documents)
        last = document.replace(json.loads(document)["run_id"], f"smoke-20250101-000000-{RUNS:06x}")
        raw.execute("INSERT INTO chatproof_documents VALUES (?, ?)", (RUNS * 2 + 1, last))
        raw.execute("UPDATE chatproof_head SET seq = (SELECT max(seq) FROM chatproof_entries)")
        raw.commit()
    return path


@pytest.mark.parametrize(
    ("args", "runs"),
    [
        (["--verdict", "NO-GO"], 1),
        *(  # each process that asks one of them makes the journal
            pytest.param(args, runs, marks=pytest.mark.nightly)
            for args, runs in (
                ([], 20),
                (["--clause", "happy.choices_non_empty"], 1),
                (["--code", "net"], 0),
                (["--target", "https://llm.test/v1", "--limit", "50"], 50),
                (["--since", "2026-01-01"], 2),
                (["--verdict", "none"], 0),
                (["--environment", "nowhere"], 0),
            )
        ),
    ],
)
def test_history_of_100000_runs(large: Path, args: list[str], runs: int) -> None:
    """The whole command, as a process. Its CPU time, which a busy machine does not stretch; alone, that is the wall's."""
    command = [sys.executable, "-m", "chatproof", "history", "--format", "json", "--journal", str(large), *args]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["runs"]) == runs
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < SECONDS


def test_a_run_among_100000(large: Path) -> None:
    kept = journal.open(str(large))
    with within(SECONDS):
        assert kept.find("latest:NO-GO").document == run(2, "NO-GO")
        assert kept.find("smoke-20250101-000000-0186a0").row.run_id.endswith("0186a0")
        assert len(kept.good(run(1)["target"], 10)) == 10
    with within(0.3):  # some 0.05 alone
        keep(kept, run(3, day="2026-11-23"))
    kept.close()
