"""A comparison that is interrupted says what it has, and both runs end in the journal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatproof import journal, simulator
from chatproof.journal import sqlite
from chatproof.running.dispatch import Stop


@pytest.fixture
def silent() -> Iterator[str]:
    """The base URL of a server that takes connections and says nothing."""
    listening = socket.create_server(("127.0.0.1", 0))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    listening.close()


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_what_it_has_is_told_and_kept(name: str, status: int, silent: str, tmp_path: Path) -> None:
    answering, place = simulator.start(), tmp_path / "runs.sqlite"
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_KEY")}
    keys = {"KEY_A": answering.key, "KEY_B": "ck-live-0123456789abcdefghij", "XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "chatproof", "compare", answering.base_url, silent, "--model", answering.model]
    command += ["--key-env", "KEY_A", "--key-env", "KEY_B", "--journal", str(place), "--format", "json", "--smoke"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**kept, **keys})
    try:
        _until_one_ended(place)
        process.send_signal(getattr(signal, name))
        told, said = process.communicate(timeout=30)
    finally:
        process.kill()
        answering.stop()
    assert process.returncode == status, said
    assert "internal error" not in said
    made = json.loads(told)
    assert made["decision"] == "UNDECIDED"
    assert [run["verdict"] for run in made["runs"]] == ["GO", "UNDECIDED"]
    assert any(note.startswith(f"B: interrupted by {name}") for note in made["notes"])
    rows = journal.open(str(place), create=False).list()
    assert [row.ended for row in rows] == [True, True]


def _until_one_ended(place: Path) -> None:
    """A's run is over, and B's waits for its first reply."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if place.exists():
            found = subprocess.run(
                [sys.executable, "-m", "chatproof", "history", "--journal", str(place)],
                capture_output=True,
                text=True,
                check=False,
            ).stdout
            if "no end" in found and "GO" in found:
                return
        time.sleep(0.1)
    pytest.fail("A's run did not end, or B's did not begin")


def test_a_connection_of_another_thread_is_left_to_it(tmp_path: Path) -> None:
    """Closing it was an internal error: SQLite refuses that, and a write may be under way."""
    opened, may_end, problems = threading.Event(), threading.Event(), []

    def at_work() -> None:
        database = sqlite.Sqlite(str(tmp_path / "runs.sqlite"), own_folder=False, create=True)
        database.query("PRAGMA user_version")
        opened.set()
        may_end.wait(10)
        try:
            database.query("PRAGMA user_version")
            database.close()
        except Exception as error:
            problems.append(error)

    thread = threading.Thread(target=at_work)
    thread.start()
    assert opened.wait(10)
    sqlite.close_all()
    may_end.set()
    thread.join(10)
    assert problems == []


def test_a_stop_ends_a_pause_at_once() -> None:
    stop = Stop()
    threading.Timer(0.05, stop.now, ("SIGTERM",)).start()
    begun = time.monotonic()
    stop.pause(20)
    assert stop.signal == "SIGTERM"
    assert time.monotonic() - begun < 10
