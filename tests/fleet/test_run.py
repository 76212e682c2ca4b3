"""`chatproof fleet run`: the same verdicts as `smoke`, results as they come, and nothing lost when it is stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal, simulator
from chatproof.running.run import smoke
from chatproof.simulator import Simulator
from chatproof.simulator.faults import FAULTS
from chatproof.simulator.pace import Pace
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret
from tests.fleet.support import environ, fleet, interrupted, line_of, simulators, write

LISTED = [name for name, fault in FAULTS.items() if not fault.stream]
"""The fault list as smoke meets it without --stream."""
_KINDS = ("dns-unknown-host", "empty-choices", "tls-wrong-host")
SOME = sorted({*LISTED[::6], *_KINDS})


def smoked(row: dict[str, Any], keys: dict[str, str]) -> tuple[str, str | None, str | None]:
    target = Target(
        row["base_url"],
        model=row["model"],
        key=Secret(keys[row["key_env"]]),
        ca_file=row.get("ca_file", ""),
        proxy=row.get("proxy", ""),
        timeout=float(row.get("timeout", "30000ms").removesuffix("ms")) / 1000,
    )
    document = smoke(target).document
    first = next(iter(document["diagnoses"]), {})
    return document["verdict"], first.get("code"), first.get("owner")


def test_the_rows_of_the_fault_list_come_to_what_smoke_says(tmp_path: Path) -> None:
    _compared(tmp_path, ["", *SOME])


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_every_row_of_the_fault_list_comes_to_what_smoke_says(tmp_path: Path) -> None:
    _compared(tmp_path, ["", *LISTED])


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_every_row_of_the_fault_list_comes_to_the_same_over_one_connection(tmp_path: Path) -> None:
    _compared(tmp_path, ["", *LISTED], "--reuse-connection")


def _compared(folder: Path, faults: list[str], *args: str) -> None:
    with simulators(faults) as (rows, keys):
        place = f"{folder}/runs.sqlite"
        ended = fleet(
            folder, keys, "--targets", write(folder, rows), "--format", "jsonl", "--journal", place, "--per-host", "16",
            *args,
        )  # fmt: skip
        for name in _KINDS:  # loads what all others need: pytest's own import hook is not made for threads
            smoked(next(row for row in rows if row["name"] == name), keys)
        with ThreadPoolExecutor(4) as pool:
            expected = dict(
                zip((row["name"] for row in rows), pool.map(lambda row: smoked(row, keys), rows), strict=True)
            )
    got = {name: (row["verdict"], row["code"], row["owner"]) for name, row in ended.rows.items()}
    assert got == expected
    assert {verdict for verdict, _, _ in got.values()} == {"GO", "NO-GO", "UNDECIDED"}, "all kinds were met"
    assert ended.status == 1
    kept = journal.open(place)
    for name, row in ended.rows.items():
        document = kept.find(row["run_id"]).document
        assert document["target"]["name"] == name and document["verdict"] == row["verdict"]
    for key in keys.values():
        assert key not in ended.stdout + ended.stderr
        assert key.encode() not in Path(place).read_bytes()


def good(number: int, variable: str, started: Simulator) -> dict[str, Any]:
    return line_of(f"t{number}", started, variable)


def test_ten_failures_of_one_cause_read_as_one_and_a_target_without_a_key_costs_only_itself(tmp_path: Path) -> None:
    started = simulator.start("empty-choices")
    try:
        rows = [good(number, "K", started) for number in range(10)] + [good(10, "NOT_SET", started)]
        ended = fleet(tmp_path, {"K": started.key}, "--targets", write(tmp_path, rows), "--journal", "none")
    finally:
        started.stop()
    assert ended.status == 1, ended.stderr
    assert ended.stdout.startswith("NO-GO  0 of 11 targets pass: 10 NO-GO, 1 not checked\n")
    assert ended.stdout.count("×") == 2
    assert "  10 × contract.choices_empty  owner: provider\n" in ended.stdout and " and 5 more" in ended.stdout
    assert "  1 × auth.key_missing  owner: you\n" in ended.stdout and "NOT_SET" in ended.stdout


@pytest.mark.parametrize(
    ("faults", "missing", "status"),
    [
        ([""], False, 0),
        (["", "dns-unknown-host"], False, 3),
        ([""], True, 2),
        (["dns-unknown-host"], True, 2),
        (["dns-unknown-host", "empty-choices"], True, 1),
    ],
)
def test_the_exit_status_is_the_worst_of_the_targets(
    tmp_path: Path, faults: list[str], missing: bool, status: int
) -> None:
    with simulators(faults) as (rows, keys):
        keyless = [{**rows[0], "name": "keyless", "key_env": "NOT_SET"}] if missing else []
        ended = fleet(tmp_path, keys, "--targets", write(tmp_path, [*rows, *keyless]), "--format", "json")
    assert ended.status == status, ended.stdout
    document = json.loads(ended.stdout)
    assert document["schema"] == "chatproof.fleet/1"
    assert document["counts"]["not_checked"] == missing and document["counts"]["targets"] == len(faults) + missing


def test_a_host_sees_no_more_at_once_than_it_may(tmp_path: Path) -> None:
    """Counted by a plain server of the test's own: connections that were accepted and not yet answered."""
    import socket

    answer = b"HTTP/1.1 503 No\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"
    lock, counts = threading.Lock(), {"now": 0, "most": 0, "all": 0}

    def serve(connection: socket.socket) -> None:
        with lock:
            counts["now"] += 1
            counts["all"] += 1
            counts["most"] = max(counts["most"], counts["now"])
        with connection:
            connection.recv(65536)
            time.sleep(0.02)
            with lock:
                counts["now"] -= 1
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0), backlog=200) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        rows = [{"name": f"t{n}", "base_url": url, "model": "m", "key_env": "K"} for n in range(12)]
        ended = fleet(
            tmp_path,
            {"K": "sk-fleet-0123456789"},
            "--targets",
            write(tmp_path, rows),
            "--per-host",
            "3",
            "--journal",
            "none",
        )
        listening.shutdown(socket.SHUT_RDWR)
    assert ended.status == 1 and counts["all"] == 48
    assert 1 < counts["most"] <= 3


def test_an_interrupted_fleet_keeps_what_it_has_and_goes_on_from_there(tmp_path: Path) -> None:
    slow, quick = simulator.start(pace=Pace(latency=30.0)), simulator.start()
    try:
        rows = [good(number, "QUICK", quick) for number in range(6)]
        rows += [{**good(10 + number, "SLOW", slow)} for number in range(2)]
        keys = {"QUICK": quick.key, "SLOW": slow.key}
        place = str(tmp_path / "runs.sqlite")
        args = ("--targets", write(tmp_path, rows), "--format", "jsonl", "--journal", place, "--per-host", "40")
        first = interrupted(tmp_path, keys, 6, *args)
        assert first.status == 130, first.stderr
        assert set(first.rows) == {f"t{number}" for number in range(6)}, "lines come as targets end"
        assert "2 interrupted" in first.stderr and "--resume" in first.stderr
        cut = [run for run in journal.open(place).list() if run.target in ("t10", "t11")]
        assert len(cut) == 2, "what was under way is in the journal"
        for run in cut:
            assert any(
                "interrupted by SIGINT" in note for note in journal.open(place).find(run.run_id).document["notes"]
            )
    finally:
        slow.stop()
    try:
        again = simulator.start(port=int(slow.base_url.rpartition(":")[2].partition("/")[0]), key=Secret(slow.key))
        others = [fleet(tmp_path, keys, *args, "--resume", more) for more in ("--strict", "--reuse-connection")]
        others.append(fleet(tmp_path, keys | {"CHATPROOF_MODEL": "another"}, *args, "--resume"))
        for other in others:
            assert other.status == 2 and "no stopped run" in other.stderr, "what passed then may not pass now"
        second = fleet(tmp_path, keys, *args, "--resume")
        again.stop()
        assert set(second.rows) == {"t10", "t11"}, "only what was not done is asked"
        assert second.status == 0, second.stderr
        assert "8 of 8 targets pass" in second.stderr, "the summary is about all of them"
        third = fleet(tmp_path, keys, *args, "--resume")
        assert third.status == 2 and "no stopped run" in third.stderr, "there is nothing to go on from"
    finally:
        quick.stop()


SPY = """
import sys
from chatproof.fleet import evidence, judging, local
plain = evidence.frame
def spied(value):
    data = plain(value)
    with open(sys.argv[1], "ab") as file:
        file.write(data)
    return data
judging.frame = local.frame = spied
from chatproof.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


def test_no_key_of_ours_is_on_the_pipe(tmp_path: Path) -> None:
    """Both ends write down what they put on it. A server that sends the key back would be another matter."""
    with simulators(["", "empty-choices"]) as (rows, keys):
        keys["TENANT"] = "tenant-secret-of-the-gateway"
        for row in rows:
            row["headers"] = {"X-Tenant": "env:TENANT"}
        spied = tmp_path / "spied"
        args = ["fleet", "run", "--targets", write(tmp_path, rows), "--journal", str(tmp_path / "runs.sqlite")]
        done = subprocess.run(
            [sys.executable, "-c", SPY, str(spied), *args],
            env=environ(tmp_path, keys),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1, done.stderr
    data = spied.read_bytes()
    assert data.count(b"pong") >= 1 and data.count(rows[0]["name"].encode()) >= 4, "the spy saw both directions"
    for secret in keys.values():
        assert secret.encode() not in data and secret.encode().hex().encode() not in data
    assert b'"messages"' not in data, "requests stay where they are"
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path != spied]
    assert left and all(secret.encode() not in path.read_bytes() for path in left for secret in keys.values())


def test_a_key_that_changes_meanwhile_is_not_judged(tmp_path: Path) -> None:
    """Who judges could not take out of the reply the key that was sent: nothing of it is kept."""
    script = """
import os, sys
from chatproof.fleet import judging
run = judging.Judge.run
def other(self):
    open(os.environ["KEY_FILE"], "w").write("sk-another-0123456789abcdef")
    return run(self)
from chatproof.fleet import ready
made = ready.Fleet.ready
def first(self, name, held={}):
    if os.getpid() == main_pid and name not in held:
        held[name] = made(self, name)
        return held[name]
    open(os.environ["KEY_FILE"], "w").write("sk-another-0123456789abcdef")
    return made(self, name)
ready.Fleet.ready = first
main_pid = os.getpid()
from chatproof.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
    started = simulator.start()
    try:
        file = tmp_path / "key"
        file.write_text(started.key)
        file.chmod(0o600)
        row = line_of("t", started, "")
        del row["key_env"]
        row["key_file"] = str(file)
        args = ["fleet", "run", "--targets", write(tmp_path, [row]), "--journal", "none", "--format", "json"]
        done = subprocess.run(
            [sys.executable, "-c", script, *args],
            env=environ(tmp_path, {"KEY_FILE": str(file)}),
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        started.stop()
    assert done.returncode == 4, done.stdout + done.stderr
    [cause] = json.loads(done.stdout)["causes"]
    assert cause["code"] == "internal" and "the key was changed" in cause["summary"]


def test_a_judging_process_that_dies_is_told_and_costs_only_what_it_held(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from chatproof.fleet import judging
judge = judging.Judge._judge
def dying(self, name, *rest):
    if name == "t3":
        os.kill(os.getpid(), signal.SIGKILL)
    return judge(self, name, *rest)
judging.Judge._judge = dying
from chatproof.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
    started = simulator.start()
    try:
        rows = [good(number, "K", started) for number in range(8)]
        args = ["fleet", "run", "--targets", write(tmp_path, rows), "--journal", "none", "--judges", "2"]
        args += ["--format", "json", "--at-once", "4", "--per-host", "4"]
        done = subprocess.run(
            [sys.executable, "-c", script, *args],
            env=environ(tmp_path, {"K": started.key}),
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        started.stop()
    assert done.stdout, done.stderr
    document = json.loads(done.stdout)
    rows_by_name = {row["name"]: row for row in document["targets"]}
    assert done.returncode == 4 and rows_by_name["t3"]["code"] == "internal"
    assert len(rows_by_name) == 8
    assert [name for name, row in rows_by_name.items() if row["verdict"] == "GO"].__len__() >= 4


BROKEN = """
import sys
from chatproof.fleet import local
where, name = {place}
def broken(*args):
    raise KeyError("a text that may hold a key")
setattr(where, name, broken)
from chatproof.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("place", ['local._Sweep, "_hear"', 'local, "value_of"', 'local, "all_packed"'])
def test_an_error_of_our_own_ends_a_fleet_in_order(tmp_path: Path, place: str) -> None:
    """It had waited without end for results that nobody took."""
    started = simulator.start()
    try:
        args = ["fleet", "run", "--targets", write(tmp_path, [good(number, "K", started) for number in range(4)])]
        done = subprocess.run(
            [sys.executable, "-c", BROKEN.format(place=place), *args, "--journal", "none", "--judges", "2"],
            env=environ(tmp_path, {"K": started.key}),
            capture_output=True,
            text=True,
            timeout=30,
        )
    finally:
        started.stop()
    assert done.returncode == 4 and "KeyError at fleet/" in done.stderr + done.stdout
    assert "may hold a key" not in done.stdout + done.stderr


def test_a_fleet_needs_no_standard_output(tmp_path: Path) -> None:
    started = simulator.start()
    try:
        args = ["fleet", "run", "--targets", write(tmp_path, [good(0, "K", started)]), "--journal", "none"]
        words = [sys.executable, "-m", "chatproof", *args]
        environment = environ(tmp_path, {"K": started.key})
        done = subprocess.run(
            ["sh", "-c", '"$@" >&-', "sh", *words], env=environment, stderr=subprocess.PIPE, text=True, timeout=30
        )
    finally:
        started.stop()
    assert (done.returncode, done.stderr) == (0, "")


def test_the_cost_is_shown_before_anything_is_sent(tmp_path: Path) -> None:
    started = simulator.start()
    try:
        rows = [good(number, "K", started) for number in range(3)] + [good(3, "NOT_SET", started)]
        ended = fleet(tmp_path, {"K": started.key}, "--targets", write(tmp_path, rows), "--plan")
    finally:
        started.stop()
    assert ended.status == 0
    assert ended.stdout.startswith("4 targets: 12 requests, 3 of them billable\n1 targets cannot be asked")


def test_a_journal_that_cannot_be_written_stops_it_before_anything_is_sent(tmp_path: Path) -> None:
    seen: list[Any] = []
    started = simulator.start("empty-choices", seen=seen.append)
    try:
        args = ("--targets", write(tmp_path, [good(1, "K", started)]), "--journal", str(tmp_path / "none" / "j"))
        ended = fleet(tmp_path, {"K": started.key}, *args)
    finally:
        started.stop()
    assert ended.status == 2 and "journal.unwritable" in ended.stderr and not seen


def test_descriptors_that_are_short_lower_how_many_are_asked_at_once(tmp_path: Path) -> None:
    started = simulator.start()
    try:
        path = write(tmp_path, [good(1, "K", started)])
        command = f"ulimit -n 100; exec {sys.executable} -m chatproof fleet run --targets {path} --journal none"
        done = subprocess.run(
            ["sh", "-c", f"{command} --at-once 500 --judges 1"],
            env=environ(tmp_path, {"K": started.key}),
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        started.stop()
    assert done.returncode == 0, done.stderr
    assert "--at-once is lowered to 35: this process can open only 100 files" in done.stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--targets", "nowhere.jsonl"], "cannot read nowhere.jsonl"),
        (["--at-once", "0"], "--at-once must be at least 1"),
        (["--fail-on", "drift"], "can fail only on broken and undecided"),
        (["--select", "colour=red"], "FIELD=VALUE"),
        ([], "there are no targets"),
        (["--api", "nonsense"], "there is no API"),
    ],
)
def test_a_wrong_command_line_ends_with_2(tmp_path: Path, args: list[str], words: str) -> None:
    ended = fleet(tmp_path, {}, *args)
    assert ended.status == 2 and words in ended.stderr, ended.stderr
    assert os.listdir(tmp_path) in ([], ["state"])
