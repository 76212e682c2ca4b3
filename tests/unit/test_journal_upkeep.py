"""The chain proves what it says it proves; prune, export and import keep it; PostgreSQL's password is never said."""

import json
import resource
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.journal import FINISHED, SIGNED, JournalError
from chatproof.journal import postgres as postgres_journal
from chatproof.journal.store import Journal
from chatproof.journal.upkeep import export, prune, take, verify
from tests.journal_support import fresh_place, ids, keep, opening, run
from tests.postgres import PASSWORD
from tests.unit.test_journal_cli import run as cli


@pytest.fixture(params=["sqlite3", "jsonl", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return fresh_place(request, tmp_path, request.param)


@pytest.fixture
def kept(place: str) -> Any:
    opened = journal.open(place)
    keep(opened, *(run(number) for number in range(1, 6)))
    yield opened
    opened.close()


def tamper(place: str, *statements: str) -> None:
    """Change a journal behind its back, triggers and all."""
    if place.startswith("postgresql"):
        import psycopg

        with psycopg.connect(place, autocommit=True) as raw:
            raw.execute("SET session_replication_role = replica")
            for statement in statements:
                raw.execute(statement)
        return
    with closing(sqlite3.connect(place, isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)


ENTRIES, DOCUMENTS = "chatproof_entries", "chatproof_documents"


@pytest.mark.parametrize("place", ["sqlite3", "postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (f"UPDATE {ENTRIES} SET verdict = 'NO-GO' WHERE seq = 4", "entry 4 (finished of smoke-20261122-000002-000002) does not match"),
        (f"UPDATE {ENTRIES} SET at = '2020' WHERE seq = 1", "entry 1 (started"),
        (f"UPDATE {DOCUMENTS} SET document = (SELECT document FROM {DOCUMENTS} WHERE seq = 4) WHERE seq = 2", "entry 2"),
        (f"DELETE FROM {DOCUMENTS} WHERE seq = 6", "entry 6 (finished of smoke-20261122-000003-000003) has lost its document"),
        (f"DELETE FROM {ENTRIES} WHERE seq = 5", "entry 5 is missing"),
        (f"DELETE FROM {ENTRIES} WHERE seq IN (5, 6)", "entries 5 to 6 are missing"),
        (f"DELETE FROM {ENTRIES} WHERE seq < 3", "entries 1 to 2 are missing, and no prune removed them"),
        (f"DELETE FROM {ENTRIES} WHERE seq > 8", "entries 9 to 10 are missing at the end"),
        ("UPDATE chatproof_head SET hash = previous FROM chatproof_entries e WHERE e.seq = 10", "the stored end is entry 10"),
    ],
)  # fmt: skip
def test_verify_finds(kept: Journal, place: str, statement: str, words: str) -> None:
    assert verify(kept).problems == []
    kept.close()
    tamper(place, statement)
    found = verify(journal.open(place))
    assert any(words in problem for problem in found.problems), found.problems


@pytest.mark.parametrize("place", ["sqlite3"], indirect=True)
def test_a_new_chain_is_found_only_by_a_head_that_was_kept(kept: Journal, tmp_path: Path) -> None:
    head = verify(kept).head
    other = journal.open(str(tmp_path / "other.sqlite3"))
    keep(other, *(run(number) for number in range(1, 6)))
    assert verify(other).problems == [] and verify(kept, head).problems == []
    assert "number and hash of --head" in verify(other, head).problems[0]
    keep(kept, run(6))
    assert verify(kept, head).problems == [], "an older head is still part of the chain"


@pytest.mark.parametrize("place", ["jsonl"], indirect=True)
def test_a_flipped_byte_anywhere_in_a_file_of_lines(kept: Journal, place: str) -> None:
    whole = Path(place).read_bytes()
    for at in range(10, len(whole), 997):
        spoilt = bytearray(whole)
        spoilt[at] ^= 1
        Path(place).write_bytes(spoilt)
        assert verify(journal.open(place)).problems, at
    Path(place).write_bytes(whole)
    assert verify(journal.open(place)).problems == []


@pytest.mark.parametrize("place", ["jsonl"], indirect=True)
def test_a_torn_line_costs_itself_only(kept: Journal, place: str) -> None:
    """Killed while writing: the entry was never acknowledged, and the next one stands on a line of its own."""
    with open(place, "ab") as file:
        file.write(b'{"seq":11,"at":"2026')
    again = journal.open(place)
    keep(again, run(7))
    assert ids(again) == [7, 5, 4, 3, 2, 1] and again.head()[0] == 12
    assert verify(again).problems == ["line 11 is not an entry: it was only partly written, or changed later"]


@pytest.mark.parametrize("place", ["jsonl"], indirect=True)
def test_a_full_disk_leaves_no_torn_line(kept: Journal, place: str) -> None:
    """Half an entry would look like damage for ever, to everybody who verifies the journal later."""
    before, (soft, hard) = Path(place).read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))
    try:
        with pytest.raises(JournalError):
            keep(kept, run(7))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert Path(place).read_bytes() == before and verify(journal.open(place)).problems == []


@pytest.mark.parametrize("text", ["hello\n", '{"a":1}\n', "[]\n"])
def test_a_file_of_other_lines_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(text)
    for use in (lambda j: j.finished(run(1)), lambda j: j.list()):
        with pytest.raises(JournalError) as error:
            use(journal.open(str(path)))
        assert error.value.code == "journal.foreign" and path.read_text() == text


def test_prune_keeps_the_chain(kept: Journal, place: str) -> None:
    kept.append(SIGNED, [signed("happy.status_200", "ann"), signed("happy.status_200", "ben")])
    keep(kept, run(6))
    assert prune(kept, keep=9).removed == 0 and len(ids(kept)) == 6
    assert prune(kept, keep=2) == (4, "") and ids(kept) == [6, 5]
    assert verify(kept).problems == [] and verify(kept).first == 9
    assert prune(kept, keep=1).removed == 1 and ids(kept) == [6]
    owners = [json.loads(kept.text_of(entry))["owner"] for entry in kept.entries() if entry.event == SIGNED]
    assert owners == ["ben"], "the latest sign-off of a clause stays"
    keep(kept, run(7))
    kept.close()
    assert verify(journal.open(place)).problems == [] and ids(journal.open(place)) == [7, 6]


def signed(clause: str, owner: str) -> dict[str, str]:
    return {
        "schema": "chatproof.signed/1", "clause": clause, "owner": owner, "source": "https://d.test/x",
        "signed_on": "2026-11-22", "says": "it says",
    }  # fmt: skip


def test_prune_by_age(kept: Journal) -> None:
    keep(kept, run(1, day="2026-11-24"))
    assert prune(kept, before="2026-11-23").removed == 5 and ids(kept) == [1]
    assert prune(kept, before="2027").removed == 1 and ids(kept) == [] and verify(kept).problems == []
    keep(kept, run(9))
    assert ids(kept) == [9] and verify(kept).problems == []


@pytest.mark.parametrize("place", ["sqlite3", "postgresql"], indirect=True)
def test_rows_removed_beyond_what_the_prune_says_are_missed(kept: Journal, place: str) -> None:
    prune(kept, keep=3)
    kept.close()
    tamper(place, f"DELETE FROM {ENTRIES} WHERE seq < 7", f"DELETE FROM {DOCUMENTS} WHERE seq < 7")
    assert "entries 1 to 6 are missing, and no prune removed them" in verify(journal.open(place)).problems


@pytest.mark.parametrize("place", ["sqlite3"], indirect=True)
def test_what_was_pruned_is_gone_from_the_files(kept: Journal, tmp_path: Path) -> None:
    keep(kept, run(8, model="a-model-that-must-go"), run(9))
    assert any(b"must-go" in path.read_bytes() for path in tmp_path.iterdir())
    prune(kept, keep=1)
    assert not any(b"must-go" in path.read_bytes() for path in tmp_path.iterdir())


def test_export_and_import(kept: Journal, tmp_path: Path) -> None:
    kept.append(SIGNED, [signed("happy.body_json", "ann")])
    kept.started(opening(run(9)))
    lines = list(export(kept))
    copy = tmp_path / "copy.jsonl"
    copy.write_text("".join(lines))
    assert verify(journal.open(str(copy))) == verify(kept), "an export is a journal"
    other = journal.open(str(tmp_path / "other.sqlite3"))
    keep(other, run(2))
    assert take(other, [("copy", copy.read_text()), ("run", json.dumps(run(8)))]) == (6, 1)
    assert take(other, [("copy", copy.read_text())]) == (0, 6)
    assert ids(other) == [9, 8, 5, 4, 3, 1, 2] and verify(other).problems == [], "in the order they were entered"
    assert [row.event for row in other.list()] == ["started", *["imported"] * 5, "finished"]
    assert other.find("latest:GO").document == run(8)


@pytest.mark.parametrize("change", [lambda t: t.replace('"GO"', '"NO-GO"', 1), lambda t: t[:-9], lambda t: '{"x":1}'])
@pytest.mark.parametrize("place", ["sqlite3"], indirect=True)
def test_import_takes_nothing_that_was_changed(kept: Journal, tmp_path: Path, change: Any) -> None:
    other = journal.open(str(tmp_path / "other.sqlite3"))
    with pytest.raises(JournalError) as error:
        take(other, [("x", change("".join(export(kept))))])
    assert error.value.code == "run.malformed"


def test_the_command(kept: Journal, place: str, tmp_path: Path) -> None:
    kept.close()
    named = ["--journal", place]
    done = cli("journal", "verify", *named)
    assert (
        done.returncode == 0 and done.stdout.startswith("the chain holds: 10 entries in ") and "no key" in done.stdout
    )
    document = json.loads(cli("journal", "verify", "--format", "json", *named).stdout)
    assert document["holds"] is True and document["entries"] == 10
    assert cli("journal", "verify", "--head", document["head"], *named).returncode == 0
    assert cli("journal", "verify", "--head", "9:" + "0" * 64, *named).returncode == 1
    exported = str(tmp_path / "out.jsonl")
    assert cli("journal", "export", exported, *named).returncode == 0
    assert cli("journal", "export", *named).stdout == Path(exported).read_text()
    assert "3 runs removed" in cli("journal", "prune", "--keep", "2", *named).stdout
    assert "3 runs added, 2 already there" in cli("journal", "import", exported, *named).stdout
    assert len(ids(journal.open(place))) == 5
    for args in (["prune"], ["prune", "--keep", "1", "--older-than", "1d"], ["prune", "--older-than", "soon"], ["import"],
                 ["verify", "x"], ["verify", "--keep", "1"], ["import", "no/such"], ["drop"]):  # fmt: skip
        assert cli("journal", *args, *named).returncode == 2, args


def test_a_run_is_kept_anywhere(place: str) -> None:
    done = cli("smoke", "simulator", "--journal", place)
    assert done.returncode == 0 and done.stderr == ""
    assert [(row.event, row.verdict) for row in journal.open(place).list()] == [("finished", "GO")]
    assert cli("history", "--journal", place).stdout.count("simulator-mini") == 1


# -- PostgreSQL's password ---------------------------------------------------------------------------------------------


@pytest.fixture
def with_password(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    import psycopg

    place = fresh_place(request, tmp_path, "postgresql")
    with psycopg.connect(place, autocommit=True) as raw:
        raw.execute("DROP ROLE IF EXISTS asked")
        raw.execute(f"CREATE ROLE asked LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
    return place.replace("postgres@", f"asked:{PASSWORD}@")


def test_the_password_of_a_url_is_never_shown(with_password: str) -> None:
    place = with_password
    said = ""
    for args in (["smoke", "simulator"], ["smoke", "simulator", "--format", "json"], ["history"], ["journal", "verify"],
                 ["show", "latest"], ["journal", "export"], ["history", "--format", "json"], ["show", "nope"]):  # fmt: skip
        done = cli(*args, CHATPROOF_JOURNAL=place)
        assert done.returncode in (0, 2), done.stderr
        said += done.stdout + done.stderr
    assert "postgresql://asked@127.0.0.1" in said and PASSWORD not in said
    for wrong in (
        place.replace(PASSWORD, f"{PASSWORD}x"), place.replace("asked", "nobody"), place + "x",
        place.replace("127.0.0.1:", "127.0.0.1:1"), place.replace("127.0.0.1", "no.such.invalid"),
        place + "?password=" + PASSWORD + "&bad=1", place.replace("@", "/@"), place.replace("://", "://["),
        f"postgresql://u:{PASSWORD}@127.0.0.1:port/x", f"postgresql://u:{PASSWORD}%zz@127.0.0.1:1/x",
    ):  # fmt: skip
        done = cli("smoke", "http://127.0.0.1:1/v1", "--model", "m", CHATPROOF_JOURNAL=wrong)
        assert done.returncode in (2, 4) and "journal." in done.stderr and done.stdout == "", wrong
        assert PASSWORD not in done.stderr and "internal" not in done.stderr


def test_postgresql_in_trouble(place: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = fresh_place(request, tmp_path, "postgresql")
    with pytest.raises(JournalError) as error:
        journal.open(url, create=False).list()
    assert error.value.code == "journal.missing"
    kept = journal.open(url)
    keep(kept, run(1))
    import psycopg

    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute("UPDATE chatproof_head SET version = 99")
        with pytest.raises(JournalError) as error:
            kept.finished(run(2))
        assert error.value.code == "journal.newer"
        raw.execute("UPDATE chatproof_head SET version = 3")
        raw.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        kept.finished(run(2))
    fresh = journal.open(url)
    keep(fresh, run(2))
    assert ids(fresh) == [2, 1] and fresh.list()[0].event == FINISHED
    fresh.close()
    kept.close()


def test_a_server_that_was_there_is_waited_for_a_moment(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is restarted, a new connection is refused as the old one is ended; whoever looked for it meanwhile, or
    opened the journal before, makes no difference."""
    url = fresh_place(request, tmp_path, "postgresql")
    kept = journal.open(url)
    keep(kept, run(1))
    import psycopg

    calls: list[str] = []

    def away(to: Any, times: int) -> None:
        dial = to.database._dial
        calls.clear()

        def dialled() -> Any:
            calls.append("")
            if len(calls) <= times:
                raise psycopg.OperationalError("connection refused")
            return dial()

        monkeypatch.setattr(to.database, "_dial", dialled)

    kept.close()
    away(kept, 3)
    with pytest.raises(JournalError):
        kept.list()
    kept.finished(run(1))
    other = journal.open(url)
    away(other, 3)
    keep(other, run(2))
    assert ids(other) == [2, 1] and other.list()[1].event == FINISHED

    monkeypatch.setattr(postgres_journal, "_BACK_SECONDS", 0.3)
    kept.close()
    away(kept, 1000)
    with pytest.raises(JournalError, match="nothing listens there"):
        kept.finished(run(3))
    assert len(calls) > 2, "it was waited for"
    calls.clear()
    with pytest.raises(JournalError):
        kept.finished(run(3))
    assert len(calls) == 1, "and no more, once that was for nothing"
    for each in (kept, other):
        each.close()
