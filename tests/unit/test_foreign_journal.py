"""Journals and run documents that somebody else wrote: nothing in them is believed, shown raw, or a reason to crash."""

from __future__ import annotations

import copy
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chatproof import clock, journal, reporters
from chatproof.analysis.escalation import bundle
from chatproof.analysis.incident.review import review
from chatproof.analysis.run_diff import differences
from chatproof.captures import Unreadable
from chatproof.captures import read as read_capture
from chatproof.cli.commands import diff
from chatproof.journal import JournalError
from chatproof.journal.reading import checked
from chatproof.journal.upkeep import verify
from chatproof.usage_error import UsageError
from tests.journal_support import fresh_place, opening, run
from tests.unit.test_history_cli import cli

RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff]")
EVIL = 'GO\x1b[31mX\u202e\x9b\n::error::pwned\r\t"<script>'
COLUMNS = ("run_id", "started_at", "kind", "target", "base_url", "environment", "model", "verdict", "codes", "clauses")


@pytest.fixture
def place(tmp_path: Path) -> str:
    """A journal of two runs whose guards against changes were removed."""
    path = str(tmp_path / "theirs.sqlite3")
    kept = journal.open(path)
    for document in (run(1), run(2, "NO-GO")):
        kept.started(opening(document))
        kept.finished(document)
    kept.close()
    with sqlite3.connect(path) as theirs:
        for (name,) in theirs.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            theirs.execute(f"DROP TRIGGER {name}")
    return path


def put(place: str, column: str, value: object, table: str = "chatproof_entries") -> None:
    with sqlite3.connect(place) as theirs:
        theirs.execute(f"UPDATE {table} SET {column} = ? WHERE seq = 4", (value,))


@pytest.mark.parametrize("format", ["text", "json", "csv"])
def test_a_column_is_shown_escaped(place: str, format: str) -> None:
    for column in COLUMNS:
        put(place, column, EVIL)
    done = cli("history", "--journal", place, "--format", format)
    assert done.returncode == 0 and not RAW.search(done.stdout) and "\\x1b" in done.stdout, done.stderr
    assert not any(line.lstrip().startswith("::") for line in done.stdout.splitlines())


@pytest.mark.parametrize("formula", ["=1+1", " =1+1", "|calc", "%x"])
def test_no_column_is_a_formula(place: str, formula: str) -> None:
    put(place, "model", formula)
    cell = next(
        line.split(",")[5] for line in cli("history", "--journal", place, "--format", "csv").stdout.splitlines()[1:]
    )
    assert cell.startswith("'")


@pytest.mark.parametrize("column", [*COLUMNS, "signature"])
@pytest.mark.parametrize("args", [["history"], ["history", "--format", "csv"], ["review", "--since", "2026-01-01"]])
def test_a_column_of_another_type_is_damage(place: str, column: str, args: list[str]) -> None:
    put(place, column, b"\xff\x00")
    done = cli(*args, "--journal", place)
    assert done.returncode == 4 and "journal.corrupt" in done.stderr, done.stdout + done.stderr


DOCUMENTS = {
    "null": "null",
    "array": "[]",
    "nothing": "",
    "empty": "{}",
    "number": "5",
    "not a number": "NaN",
    "five thousand digits": "1" * 5000,
    "deep": "[" * 100_000,
    "deep and closed": "[" * 900 + "]" * 900,
    "blob": b"\xff\xfe",
    "only a schema": '{"schema":"chatproof.run/1"}',
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize(
    "args",
    [
        ["show", "latest"],
        ["diff", "latest:GO", "latest:NO-GO"],
        ["escalate", "latest"],
        ["review", "--since", "2026-01-01"],
    ],
    ids=lambda args: args[0],
)
def test_a_document_that_is_none_is_damage(place: str, name: str, args: list[str]) -> None:
    put(place, "document", DOCUMENTS[name], "chatproof_documents")
    done = cli(*args, "--journal", place)
    assert done.returncode == 4 and "journal.corrupt" in done.stderr, done.stdout + done.stderr


def test_a_row_that_says_go_of_a_run_that_failed_is_damage(place: str) -> None:
    put(place, "verdict", "GO")
    with pytest.raises(JournalError) as error:
        journal.open(place).find("latest:GO")
    assert error.value.code == "journal.corrupt"


def test_a_damaged_beginning_is_no_run(place: str) -> None:
    with sqlite3.connect(place) as theirs:
        theirs.execute("DELETE FROM chatproof_entries WHERE seq = 4")
        theirs.execute("UPDATE chatproof_documents SET document = '{}' WHERE seq = 3")
    done = cli("show", "latest", "--journal", place)
    assert done.returncode == 4 and "journal.corrupt" in done.stderr


@pytest.mark.parametrize(("column", "value"), [("model", b"\xff"), ("model", None)])
def test_an_export_stops_at_damage(place: str, column: str, value: object) -> None:
    if value is None:
        put(place, "document", '{"a":"\x1b[2J"}', "chatproof_documents")
    else:
        put(place, column, value)
    done = cli("journal", "export", "--journal", place)
    assert done.returncode == 4 and "entry 4" in done.stderr and not RAW.search(done.stdout)


def test_a_signature_with_no_such_day_is_damage(place: str) -> None:
    kept = journal.open(place)
    says = {"clause": "happy.status_200", "owner": "o", "source": "https://x.test", "says": "s"}
    kept.append(journal.SIGNED, [{"schema": "chatproof.signed/1", **says, "signed_on": "2026-02-31"}])
    with pytest.raises(JournalError) as error:
        list(kept.of_event(journal.SIGNED))
    assert error.value.code == "journal.corrupt"


def test_verify_still_names_what_was_changed(place: str) -> None:
    put(place, "verdict", b"\xff")
    put(place, "document", "null", "chatproof_documents")
    assert any("entry 4" in problem for problem in verify(journal.open(place)).problems)


# -- documents in files -----------------------------------------------------------------------------------------------


def whole() -> dict[str, Any]:
    """A run with every optional part."""
    document = run(2, "NO-GO")
    clause = document["findings"][0]["clause"]
    waiver = {"reason": "r", "source": "s", "own": True, "expires": "2027-01-01", "expired": False}
    about = {"clause": clause, "level": "must", "layer": "schema", "area": "a", "says": "s", "why": "w", "source": "u"}
    document["terms"] = [{**about, "accessed": "2026-11-22", "capability": "tools", "grave": False, "waiver": waiver}]
    document["capabilities"] = [
        {"name": "tools", "state": "broken", "required": False, "clauses": [clause], "said": "x"}
    ]
    document["drift"] = [
        {"kind": "status", "probe": "happy", "path": "status", "change": "changed", "before": 1, "after": 2}
    ]
    document["drift_baseline"] = [run(1)["run_id"]]
    document["environment"]["captures"] = [{"file": "f", "format": "HAR"}]
    document["target"]["place"] = "chatproof.toml:3"
    return document


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Each place in a document once: of an array its first item stands for all."""
    if path:
        yield path, value
    parts = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, part in parts:
        yield from spots(part, (*path, name))


def changed(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> str:
    made: Any = copy.deepcopy(document)
    at = made
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return json.dumps(made)


def sinks(document: dict[str, Any], other: dict[str, Any]) -> Iterator[tuple[str, Callable[[], str]]]:
    style = reporters.Style(False, 100, 2)
    for of, made in (("", lambda: document), ("review", lambda: review([document, other], clock.utc()))):
        for format in reporters.formats(of):
            reporters.load(format, of)
            yield f"{of} {format}", lambda f=format, o=of, m=made: reporters.render(f, m(), style, o)  # type: ignore[misc]
    for format in reporters.formats("escalation"):
        reporters.load(format, "escalation")
        yield (
            f"escalation {format}",
            lambda f=format: reporters.render(f, bundle(document, clock.utc()), style, "escalation"),
        )  # type: ignore[misc]
    yield "diff", lambda: diff._text(document, other, differences(document, other))
    yield "diff back", lambda: diff._text(other, document, differences(other, document))


ODD: list[Any] = [
    EVIL,
    "",
    "\ud800",
    "a:" + "9" * 5000,
    "9999-99-99T99:99:99.999Z",
    "9999-12-31T23:59:59.999Z",
    "2026-02-31T00:00:00.000Z",
    "2026-02-31",
    -1,
    10**400,
    1e308,
    float("inf"),
    None,
    {},
    [[]],
    {EVIL: EVIL},
]


BY_DAY = (EVIL, "\ud800", 10**400, None, {})
"""One of each kind: every sink shows every spot of a document with it, two seconds each. The others are for the night."""
EACH: list[Any] = [odd if odd in BY_DAY else pytest.param(odd, marks=pytest.mark.nightly) for odd in ODD]


@pytest.mark.parametrize("odd", EACH, ids=lambda odd: repr(odd)[:24])
def test_a_document_with_one_odd_value_is_refused_or_shown_safely(odd: Any) -> None:
    """Whatever one value in it is: refused with its place, or every report of it is text that nothing acts on."""
    good, other = whole(), run(1)
    checked(json.dumps(good), "good")
    for path, _ in spots(good):
        try:
            document = checked(changed(good, path, odd), "theirs")
        except JournalError as error:
            assert error.code == "run.malformed" and not RAW.search(error.detail)
            continue
        for name, render in sinks(document, other):
            try:
                text = render()
            except UsageError:
                continue
            found = RAW.search(text.replace("\r\n", "\n"))
            assert not found, f"{name} shows {path} raw: {text[max(found.start() - 40, 0) : found.end() + 9]!r}"


def test_a_sentence_of_the_contract_is_no_markup() -> None:
    """What our own tables say is code spans and plain URLs; a document of somebody else's may say more."""
    document = whole()
    markup = "![x](https://evil.test/p) [y](javascript:1) <img src=x> @everybody | `code`"
    document["terms"][0].update(says=markup, source=markup)
    document["target"]["support"] = markup
    reporters.load("decision")
    text = reporters.render("decision", checked(json.dumps(document), "theirs"), reporters.Style(False, 100, 2))
    assert text.count("`code`") == 3
    assert not any(mark in text for mark in ("](https://evil", "](javascript", "<img", "@everybody"))


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:24])
def test_a_run_as_a_capture_is_read_or_refused(odd: Any) -> None:
    good = whole()
    for path, _ in spots(good):
        try:
            read_capture(changed(good, path, odd).encode())
        except Unreadable:
            continue


def test_a_finding_on_an_exchange_that_is_not_there_is_refused() -> None:
    document = run(2, "NO-GO")
    document["findings"][0]["exchange"] = "x77"
    with pytest.raises(JournalError, match="x77"):
        checked(json.dumps(document), "theirs")


@pytest.mark.parametrize("depth", [200, 260, 900, 100_000])
def test_nesting_is_shown_or_refused(depth: int) -> None:
    text = json.dumps(whole()).replace('"before": 1', f'"before": {"[" * depth}{"]" * depth}')
    try:
        document = checked(text, "theirs")
    except JournalError as error:
        assert error.code == "run.malformed"
    else:
        assert all(render() for _, render in sinks(document, run(1)))


# -- size, devices, pipes ---------------------------------------------------------------------------------------------

MANY = {
    "arrays": b"[" + b"[]," * 6_000_000 + b"[]]",
    "numbers": b"[" + b"0.5," * 7_000_000 + b"0]",
    "strings": b"[" + b'"ab",' * 6_000_000 + b'""]',
    "objects": b"[" + b'{"a":{}},' * 490_000 + b"0]",
    "a HAR of numbers": b'{"log":{"x":[' + b"0.5," * 7_000_000 + b'0],"entries":[]}}',
    "a run of objects": b'{"schema":"chatproof.run/1","x":[' + b'{"a":1},' * 3_000_000 + b"0]}",
    "a line of an export": b'{"seq":1,"document":[' + b"0.5," * 7_000_000 + b"0]}\n",
}
PEAK = """
import re, sys
from chatproof.cli import main as cli
def high(): return int(re.search("VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
before = high()
status = cli.main(sys.argv[1:])
print("PEAK", (high() - before) // 1024, status)
"""


def peak(*args: str) -> tuple[int, int]:
    """(MiB above what the interpreter had, exit status)."""
    done = subprocess.run([sys.executable, "-c", PEAK, *args], capture_output=True, text=True, timeout=60)
    mib, status = done.stdout.rpartition("PEAK ")[2].split()
    return int(mib), int(status)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in ("objects", "a run of objects") else pytest.mark.nightly) for name in MANY],
)
def test_a_file_of_many_values_costs_little_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "many.json"
    path.write_bytes(MANY[name])
    for args in (["show"], ["judge"], ["journal", "import", "--journal", str(tmp_path / "j.sqlite3")]):
        mib, status = peak(*args, str(path))
        assert mib < 150 and status in (2, 3), f"{args[0]}: {mib} MiB, exit status {status}"


@pytest.mark.parametrize("args", [["journal", "import"], ["show"], ["judge"], ["history", "--journal"]])
def test_a_device_without_end_is_not_read_to_its_end(tmp_path: Path, args: list[str]) -> None:
    link = tmp_path / "zero.jsonl"
    os.symlink("/dev/zero", link)
    more = ["--journal", str(tmp_path / "j.sqlite3")] if args[-1] == "import" else []
    mib, status = peak(*args, str(link), *more)
    assert mib < 150 and status == 2


@pytest.mark.parametrize("name", ["pipe.jsonl", "pipe.sqlite3"])
@pytest.mark.parametrize("args", [["history"], ["smoke", "simulator"], ["journal", "verify"]])
def test_a_journal_in_a_pipe_is_refused_at_once(tmp_path: Path, name: str, args: list[str]) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    done = cli(*args, "--journal", str(path))
    assert done.returncode == 2 and "journal.unwritable" in done.stderr


def test_a_file_whose_only_line_is_not_ours_and_not_ended_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('{"mine":1}')
    with pytest.raises(JournalError) as error:
        journal.open(str(path)).finished(run(1))
    assert error.value.code == "journal.foreign" and path.read_text() == '{"mine":1}'


def test_a_first_line_that_was_torn_is_no_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    for torn in ('{"se', '{"seq":1,"at":"2026'):
        path.write_text(torn)
        kept = journal.open(str(path))
        kept.finished(run(1))
        assert [row.run_id for row in kept.list()] == [run(1)["run_id"]]


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with open(path, "wb") as file:
        file.write(b'{"seq":1,"at":"')
        file.truncate(8 << 30)
    mib, status = peak("history", "--journal", str(path))
    assert mib < 150 and status == 2


# -- a database server that is not what it seems ----------------------------------------------------------------------

GREETING = b"R\0\0\0\x08\0\0\0\0" + b"S\0\0\0\x19client_encoding\0UTF8\0" + b"Z\0\0\0\x05I"


@contextmanager
def silent(greeting: bytes) -> Iterator[str]:
    """The URL of a server that greets as PostgreSQL does, and says nothing to what it is asked."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)
            while len(asked := connection.recv(4096)) == 8:  # for encryption
                connection.sendall(b"N")
            if asked:
                connection.sendall(greeting)

    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"postgresql://u@127.0.0.1:{listener.getsockname()[1]}/x"
        for connection in held:
            connection.close()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("greeting", [b"", GREETING], ids=["at once", "after a greeting"])
def test_a_database_that_says_nothing_is_unreachable(greeting: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    from chatproof.journal import postgres

    monkeypatch.setattr(postgres, "_SECONDS", 2)
    monkeypatch.setattr(postgres, "_ANSWER_SECONDS", 1)
    begun = time.monotonic()
    with silent(greeting) as url:
        for use in (lambda kept: kept.list(), lambda kept: kept.ready()):
            with pytest.raises(JournalError) as error:
                use(journal.open(url))
            assert error.value.code == "journal.unreachable" and url.partition("@")[2] in error.value.detail
    assert time.monotonic() - begun < 10


def test_a_database_that_takes_for_ever_is_left(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view in the place of the table may sleep at each row."""
    from chatproof.journal import postgres

    url = fresh_place(request, tmp_path, "postgresql")
    kept = journal.open(url)
    kept.finished(run(1))
    import psycopg

    with psycopg.connect(url, autocommit=True) as theirs:
        theirs.execute("ALTER TABLE chatproof_entries RENAME TO real")
        theirs.execute("CREATE VIEW chatproof_entries AS SELECT real.* FROM real WHERE pg_sleep(60) IS NOT NULL")
    monkeypatch.setattr(postgres, "_ANSWER_SECONDS", 1)
    begun = time.monotonic()
    with pytest.raises(JournalError) as error:
        journal.open(url).list()
    assert error.value.code == "journal.unreachable" and time.monotonic() - begun < 10
