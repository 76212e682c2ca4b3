"""The journal as commands keep it: which one, in which order with the sending, and what its trouble does to a run."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.cli import main as cli
from chatproof.journal import JournalError
from chatproof.journal.store import Journal
from tests.support import KEY

CLI = [sys.executable, "-m", "chatproof"]


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "CHATPROOF_API_KEY": KEY, **env}
    done = subprocess.run([*CLI, *args], env=environ, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr and KEY not in done.stdout + done.stderr
    return done


def rows(path: Path) -> list[tuple[str, str]]:
    return [(row.event, row.verdict) for row in journal.open(str(path), create=False).list()]


def test_the_default_journal_is_in_the_state_folder(tmp_path: Path) -> None:
    done = run("smoke", "simulator", XDG_STATE_HOME=str(tmp_path / "state"))
    assert done.returncode == 0 and "journal" not in done.stdout + done.stderr
    assert rows(tmp_path / "state/chatproof/journal.sqlite3") == [("finished", "GO")]
    (tmp_path / "home").mkdir()
    assert run("smoke", "simulator", "--fault", "html-502", HOME=str(tmp_path / "home")).returncode == 1
    assert rows(tmp_path / "home/.local/state/chatproof/journal.sqlite3") == [("finished", "NO-GO")]


def test_none_is_asked_for(tmp_path: Path) -> None:
    for extra, env in ((["--journal", "none"], {}), ([], {"CHATPROOF_JOURNAL": "none"})):
        done = run("smoke", "simulator", *extra, XDG_STATE_HOME=str(tmp_path), **env)
        assert done.returncode == 0 and "journal" not in done.stdout and list(tmp_path.iterdir()) == []


def test_one_that_is_named(tmp_path: Path) -> None:
    flag, variable, file = (tmp_path / name for name in ("flag.sqlite3", "variable.sqlite3", "file.sqlite3"))
    config = tmp_path / "chatproof.toml"
    config.write_text(f'journal = "{file}"')
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    named = ["smoke", "simulator", "--config", str(config)]
    assert run(*named, "--journal", str(flag), **state, CHATPROOF_JOURNAL=str(variable)).returncode == 0
    assert flag.exists() and not variable.exists() and not file.exists()
    assert run(*named, **state, CHATPROOF_JOURNAL=str(variable)).returncode == 0
    assert variable.exists() and not file.exists()
    assert run(*named, **state).returncode == 0 and file.exists() and not (tmp_path / "state").exists()
    config.write_text('journal = "postgresql://u:hunter2@db.test/x"')
    done = run(*named, **state)
    assert done.returncode == 2 and "a password does not belong" in done.stderr and "hunter2" not in done.stderr


@pytest.mark.parametrize("place", ["no/folder/j.sqlite3", ".", "https://x.test/j"])
def test_one_that_is_named_and_cannot_be_stops_before_anything_is_sent(counting: list[str], place: str) -> None:
    done = run("smoke", counting[0], "--model", "m", "--journal", place)
    assert done.returncode == 2 and "nothing was sent" in done.stderr and done.stdout == "" and counting[1:] == []


def test_a_named_one_in_trouble_stops_with_4(counting: list[str], tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    assert run("smoke", "simulator", "--journal", str(path)).returncode == 0
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE chatproof_head SET version = 99")
    for model in ("m", "auto"):
        done = run("smoke", counting[0], "--model", model, "--journal", str(path))
        assert done.returncode == 4 and "journal.newer" in done.stderr and done.stdout == "" and counting[1:] == []


def test_no_place_for_the_default_one_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for env in ({}, {"HOME": "/nonexistent"}, {"XDG_STATE_HOME": str(tmp_path / "file")}):
        done = run("smoke", "simulator", **env)
        assert done.returncode == 0 and "this run is not in a journal" in done.stdout and done.stderr == ""
    assert not Path("/nonexistent").exists()


def test_a_default_one_in_trouble_exits_4_with_the_verdict(tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path)}
    path = tmp_path / "chatproof/journal.sqlite3"
    assert run("smoke", "simulator", **env).returncode == 0
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE chatproof_head SET version = 99")
    done = run("smoke", "simulator", **env)
    assert done.returncode == 4 and done.stdout.startswith("GO  simulator")
    assert "this run is not in a journal" in done.stdout and "journal.newer" in done.stderr
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE chatproof_head SET version = 3")
    assert rows(path) == [("finished", "GO")]


def test_no_place_for_the_default_one_is_told_under_q_too(tmp_path: Path) -> None:
    for fault, status in (("", 0), ("html-502", 1)):
        done = run("smoke", "simulator", "--fault", fault, "-q")
        assert (
            done.returncode == status and done.stdout.count("\n") < 8
        )  # the verdict; else its cause, owner and next step
        assert (
            done.stderr.startswith("chatproof: note: this run is not in a journal: ") and done.stderr.count("\n") == 1
        )


def foreign(place: Path) -> None:
    with sqlite3.connect(place) as raw:
        raw.execute("CREATE TABLE mine (x)")


@pytest.mark.parametrize("make", [foreign, Path.mkdir, lambda place: place.write_text("no database" * 99)])
@pytest.mark.parametrize(("fault", "status"), [("", 4), ("html-502", 1), ("connection-refused", 3)])
def test_a_default_one_that_is_there_and_refuses(
    make: Callable[[Path], object], fault: str, status: int, tmp_path: Path
) -> None:
    (tmp_path / "chatproof").mkdir()
    make(tmp_path / "chatproof/journal.sqlite3")
    done = run("smoke", "simulator", "--fault", fault, "-q", XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == status and "chatproof: journal." in done.stderr and done.stdout


@pytest.mark.parametrize("place", ["", "named.sqlite3", "named.jsonl"])
@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("smoke simulator", 4),
        ("smoke simulator --fault html-502", 1),
        ("smoke simulator --fault connection-refused", 3),
        ("smoke simulator --fault html-502 --exit-zero", 4),
        ("smoke simulator --fault connection-refused --fail-on broken", 4),
        ("compare simulator simulator --smoke", 4),
        ("compare simulator simulator --smoke --fault html-502", 3),
    ],
)
def test_a_write_that_fails_at_the_end_hides_no_verdict(
    words: str,
    status: int,
    place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("CHATPROOF_JOURNAL", place)

    def full(self: Journal, document: object, **how: object) -> None:
        raise JournalError("journal.unwritable", "the disk is full", "make room")

    monkeypatch.setattr(Journal, "finished", full)
    assert cli.main(words.split()) == status
    shown = capsys.readouterr()
    assert "the disk is full" in shown.err and shown.out.startswith(("GO", "NO-GO", "UNDECIDED"))


@pytest.fixture
def counting() -> list[str]:
    """[base URL, then one entry for each connection]."""
    server = socket.create_server(("127.0.0.1", 0))
    seen = [f"http://127.0.0.1:{server.getsockname()[1]}/v1"]

    def accept() -> None:
        while True:
            client, _ = server.accept()
            seen.append("connected")
            client.close()

    threading.Thread(target=accept, daemon=True).start()
    return seen


@pytest.fixture
def asking(tmp_path: Path) -> list[object]:
    """[base URL, then for each connection the runs that the journal held when it came]; it never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    seen: list[object] = [f"http://127.0.0.1:{server.getsockname()[1]}/v1"]
    clients = []

    def accept() -> None:
        while True:
            clients.append(server.accept()[0])
            seen.append(rows(tmp_path / "j.sqlite3"))

    threading.Thread(target=accept, daemon=True).start()
    return seen


def test_started_is_durable_before_the_first_byte_and_a_killed_run_has_no_end(
    asking: list[object], tmp_path: Path
) -> None:
    path = tmp_path / "j.sqlite3"
    for number, status in ((signal.SIGKILL, -9), (signal.SIGTERM, 143)):
        before = len(asking)
        child = subprocess.Popen(
            [*CLI, "smoke", str(asking[0]), "--model", "m", "--journal", str(path), "-q"],
            env={"PATH": os.environ["PATH"], "CHATPROOF_API_KEY": KEY}, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 20
        while len(asking) < before + 3 and time.monotonic() < until:
            time.sleep(0.02)
        child.send_signal(number)
        assert child.wait(20) == status
    assert all(held[0] == ("started", "") for held in asking[1:])  # type: ignore[index]
    assert rows(path) == [("finished", "UNDECIDED"), ("started", "")]
