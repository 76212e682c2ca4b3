"""SIGKILL at random moments: every report is absent, the old one, or the new one; and whoever says PASS has a record."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from chatproof import journal
from tests.leaks.rogue import Rogue
from tests.leaks.runs import environment
from tests.leaks.scanner import DECOY, KEY, scan

OLD = b"the report of another day\n"
FILES = {"json": "r.json", "yaml": "r.yaml", "text": "r.txt"}


@pytest.fixture(scope="module")
def slow() -> Iterator[Rogue]:
    server = Rogue(delay=0.05)  # else the window between sending and writing is hardly ever hit
    yield server
    server.stop()


def state(name: str, content: bytes | None) -> str:
    """absent, old or new; raises for a torn one."""
    if content is None or content == OLD:
        return "absent" if content is None else "old"
    if name == "json":
        document = json.loads(content)
        assert document["schema"] == "chatproof.run/1" and document["smoke_test_run"] and content.endswith(b"}\n")
        assert len(document["exchanges"]) == 4 and document["verdict"] == "GO"
    elif name == "yaml":
        record = yaml.safe_load(content)["smoke_test_run"]
        assert len(record) == 15 and list(record)[-1] == "notes" and content.endswith(b'"\n')
        assert record["pass_fail"] == "PASS" and record["run_id"] and record["http_status"] == "200"
    else:
        text = content.decode()
        assert text.startswith("GO  ") and "  run   " in text.splitlines()[-1] and text.endswith("Z\n")
    return "new"


def start(slow: Rogue, folder: Path) -> subprocess.Popen[bytes]:
    reports = [word for name, file in FILES.items() for word in ("--report", f"{name}={file}")]
    args = ["smoke", slow.url("good"), "--model", "m", "--environment", DECOY.value, "--format", "json", *reports]
    return subprocess.Popen(
        [sys.executable, "-m", "chatproof", *args], cwd=folder / "work", env=environment(folder),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def kill_once(slow: Rogue, folder: Path, chance: random.Random, usual: float, told: list[str]) -> str:
    """One killed run; what it left, as a word for the tally. Adds the id of a run whose verdict was printed to `told`."""
    work = folder / "work"
    had_old = chance.random() < 0.5
    for file in FILES.values():
        with suppress(FileNotFoundError):
            (work / file).unlink()
        if had_old:
            (work / file).write_bytes(OLD)
    child = start(slow, folder)
    # Half of them over the whole run, half where reports are written.
    wait = chance.uniform(0, usual * 1.1) if chance.random() < 0.5 else chance.uniform(usual * 0.75, usual * 1.15)
    if chance.random() < 0.5:
        time.sleep(wait)
    else:  # the moment when the first report is renamed, or just after it
        until = time.monotonic() + usual * 2
        while time.monotonic() < until and child.poll() is None:
            with suppress(OSError):
                if (work / "r.json").read_bytes() not in (OLD, b""):
                    break
        time.sleep(chance.uniform(0, 0.004))
    child.send_signal(signal.SIGKILL)
    out, err = child.communicate(timeout=20)
    states = []
    for name, file in FILES.items():
        path = work / file
        states.append(state(name, path.read_bytes() if path.exists() else None))
        assert had_old is False or states[-1] != "absent"
    if out:  # a verdict on standard output is a whole record
        assert json.loads(out)["smoke_test_run"]["pass_fail"] == "PASS"
        told.append(json.loads(out)["run_id"])
    assert "new" not in states or out, "a report without the verdict that comes before it"
    for path in work.iterdir():
        if path.name in FILES.values():
            continue
        assert path.name.endswith(".tmp"), path.name
        assert path.stat().st_mode & 0o777 == 0o600
        assert scan(path, KEY) == []
        path.unlink()
    assert scan(work, KEY) == [] and scan(out + err, KEY) == []
    if "new" in states:
        assert scan(work, DECOY) or states[:2] == ["old", "old"]
    return "done" if child.returncode == 0 else "/".join(states)


def kill_many(slow: Rogue, folder: Path, times: int) -> Counter[str]:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")
    chance = random.Random(seed)
    usual = []
    environment(folder)
    for _ in range(3):
        begun = time.monotonic()
        child = start(slow, folder)
        out, _ = child.communicate(timeout=30)
        usual.append(time.monotonic() - begun)
        assert child.returncode == 0 and scan(out, DECOY)
    told: list[str] = []
    tally = Counter(kill_once(slow, folder, chance, sorted(usual)[1], told) for _ in range(times))
    check_journal(folder, told, chance_of_a_half=times >= 100)
    return tally


def check_journal(folder: Path, told: list[str], *, chance_of_a_half: bool) -> None:
    """Whole after all kills, the chain unbroken; a verdict that was printed is in it, and nothing says PASS by halves."""
    place = folder / "home" / ".local" / "state" / "chatproof" / "journal.sqlite3"
    verified = subprocess.run(
        [sys.executable, "-m", "chatproof", "journal", "verify"], cwd=folder / "work", env=environment(folder),
        capture_output=True, timeout=120,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stdout + verified.stderr
    kept = journal.open(str(place))
    rows = kept.list()
    finished = {row.run_id for row in rows if row.event == journal.FINISHED}
    assert set(told) <= finished
    for id in finished:
        document = kept.find(id).document
        assert document["smoke_test_run"]["pass_fail"] == "PASS" and len(document["exchanges"]) == 4
    # Of twenty kills on a busy machine, none may fall between a run's start and its end.
    assert len(rows) > len(finished) or not chance_of_a_half, "no run was killed between its start and its end"
    kept.close()
    assert scan(place, KEY) == [] and scan(place, DECOY)


def test_twenty_kills(slow: Rogue, tmp_path: Path) -> None:
    tally = kill_many(slow, tmp_path, 20)
    assert any(word != "done" for word in tally)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_two_hundred_kills(slow: Rogue, tmp_path: Path) -> None:
    tally = kill_many(slow, tmp_path, 200)
    print(dict(tally))
    assert sum(count for word, count in tally.items() if word != "done") >= 60
    assert len(tally) >= 4  # before, during and after the writing
