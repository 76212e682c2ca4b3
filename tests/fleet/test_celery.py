"""A fleet on Celery, with a real RabbitMQ: Debian's, on loopback."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.fleet import closing
from chatproof.fleet.ledger import Ledger
from chatproof.fleet.region_incidents import RegionIncidents
from tests import rabbitmq
from tests.fleet.support import Counting, environ, write
from tests.fleet.test_broker import canaries, left_by_canaries

KEY = "sk-fleet-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
PATIENCE = 90.0


@pytest.fixture(scope="module")
def broker() -> Iterator[rabbitmq.Broker]:
    try:
        with rabbitmq.broker() as running:
            yield running
    except rabbitmq.Unavailable as why:
        pytest.skip(str(why))


class Fleet:
    """A folder with targets, a journal and the commands on both ends of the broker."""

    def __init__(
        self, folder: Path, broker: rabbitmq.Broker, rows: list[dict[str, Any]], region: str, place: str
    ) -> None:
        self.folder, self.broker, self.region, self.place = folder, broker, region, place
        folder.mkdir(exist_ok=True)
        self.targets = write(folder, rows)
        self.kept = journal.open(place)
        self.kept.ready()
        # Celery's own variables name another broker and code of the working folder: they change nothing.
        self.environ = environ(folder, canaries(folder, 1) | {"KEY": KEY, "CHATPROOF_BROKER": broker.url})
        self.workers: list[subprocess.Popen[str]] = []

    def command(self, what: str, *args: str) -> list[str]:
        common = ["--targets", self.targets, "--region", self.region]
        return [sys.executable, "-m", "chatproof", "fleet", what, *common, *args]

    def submit(self, *args: str) -> str:
        command = self.command("submit", *args)
        done = subprocess.run(
            command, env=self.environ, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def worker(self, *args: str) -> subprocess.Popen[str]:
        command = self.command("worker", "--journal", self.place, "--judges", "1", "--per-host", "4", "-v", *args)
        with (self.folder / "worker.log").open("a") as log:
            process = subprocess.Popen(
                command, env=self.environ, cwd=self.folder, stdout=log, stderr=log, text=True, start_new_session=True
            )
        self.workers.append(process)
        return process

    def log(self) -> str:
        return (self.folder / "worker.log").read_text()

    def ends(self) -> dict[str, list[str]]:
        """By target, the verdicts of its runs that have an end."""
        found: dict[str, list[str]] = {}
        for row in self.kept.list():
            if row.verdict:
                found.setdefault(row.target, []).append(row.verdict)
        return found

    def until(self, holds: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"{what}: {self.log()[-3000:]}"
            time.sleep(0.3)

    def messages(self, queue: str) -> list[Any]:
        """What is in a queue, which stays there."""
        import kombu

        with kombu.Connection(self.broker.url) as connection:
            channel = connection.channel()
            found = []
            while (message := channel.basic_get(queue)) is not None:
                found.append(message)
            return found  # unacknowledged: they go back when the connection is closed

    def waiting(self, queue: str) -> int:
        """How many messages are in a queue, without taking any: each taking would count as a delivery."""
        import kombu

        with kombu.Connection(self.broker.url) as connection:
            return int(connection.channel().queue_declare(queue, passive=True).message_count)

    def end(self) -> None:
        for process in self.workers:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        assert not left_by_canaries(self.folder)


@pytest.mark.timeout(400)
def test_a_fleet_on_celery_from_message_to_journal(broker: rabbitmq.Broker, tmp_path: Path) -> None:
    """Messages hold names and no key; each target is asked once, however often it is asked for; what a killed worker had
    begun is never asked again, and ends as interrupted; a message for a different configuration is refused and kept."""
    server = Counting(KEY)
    names = [f"t{number}" for number in range(7)]
    fleet = Fleet(tmp_path, broker, server.targets(names, "KEY"), "eu", str(tmp_path / "runs.sqlite"))
    try:
        said = fleet.submit("--batch", "3", "--every", "50m", "--journal", fleet.place)
        assert "7 targets in 3 batches to eu" in said
        (region,) = Ledger(fleet.kept).regions(["eu"], time.time(), 60.0)
        assert (region.waiting, region.dead_since) == (3, 0.0), "a batch that nobody takes will be seen"
        waiting = fleet.messages("chatproof.eu")
        assert len(waiting) == 3
        for message in waiting:
            everything = repr((message.body, message.headers, message.properties))
            assert message.content_type == "application/json" and '"names": ["t' in str(message.body)
            assert KEY not in everything and "127.0.0.1:" not in everything.replace(f"127.0.0.1:{broker.port}", "")
            assert "http" not in everything and "base_url" not in everything

        worker = fleet.worker()
        fleet.until(lambda: len(fleet.ends()) == 7, "all targets have an end")
        assert fleet.ends() == {name: ["GO"] for name in names}
        assert server.paid == dict.fromkeys(names, 1)

        fleet.submit("--batch", "3", "--every", "50m")
        fleet.until(lambda: fleet.log().count("taken") == 3, "the second asking was met")
        assert server.paid == dict.fromkeys(names, 1), "a slot is paid for once"
        assert KEY not in fleet.log() and rabbitmq.PASSWORD not in fleet.log()

        # Held up until the worker is killed: what was begun has an unknown end.
        server.seconds = 60.0
        fleet.submit("--select", "name=t[012]")
        fleet.until(lambda: sum(server.paid.values()) > 7, "the first paid request came")
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        server.seconds = 0.0
        paid = server.paid.copy()
        begun = [name for name in names if paid[name] == 2]
        before = fleet.log().count("slot ")
        fleet.worker()
        fleet.until(lambda: fleet.log().count("slot ") > before, "the message came back")
        assert all(server.paid[name] == paid[name] for name in begun), "nothing is paid for twice"
        lost = closing.close_lost(fleet.kept, 0.0, time.time() + 120)
        assert lost >= len(begun) >= 1
        ends = fleet.ends()
        assert {name: len(verdicts) for name, verdicts in ends.items()} == {
            name: 2 if name in ("t0", "t1", "t2") else 1 for name in names
        }, "every slot has one end"
        assert all("UNDECIDED" in ends[name] for name in begun)

        other = Fleet(tmp_path / "other", broker, server.targets(["t0"], "KEY"), "eu", fleet.place)
        other.submit()
        fleet.until(lambda: "a different configuration" in fleet.log(), "the refusal is logged")
        fleet.until(lambda: len(fleet.messages("chatproof.eu.refused")) == 1, "what is refused is kept")
    finally:
        fleet.end()
        server.stop()
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.nightly
@pytest.mark.timeout(400)
def test_a_region_where_nobody_works_is_told_and_so_is_its_return(broker: rabbitmq.Broker, tmp_path: Path) -> None:
    """No worker until a batch is over: the log and the metrics say so; then one comes."""
    server = Counting(KEY)
    fleet = Fleet(tmp_path, broker, server.targets(["d0"], "KEY"), "dead", str(tmp_path / "runs.sqlite"))
    metrics = tmp_path / "fleet.prom"
    command = fleet.command("beat", "--journal", fleet.place, "--every", "5s", "--metrics-file", str(metrics))
    log = tmp_path / "beat.log"
    incidents = RegionIncidents(journal.open(fleet.place))

    def said(line: str) -> bool:
        return metrics.exists() and line in metrics.read_text().splitlines()

    try:
        with log.open("w") as out:
            beat = subprocess.Popen(
                command, env=fleet.environ, cwd=tmp_path, stdout=out, stderr=out, start_new_session=True
            )
        fleet.workers.append(beat)  # type: ignore[arg-type]
        fleet.until(lambda: "region dead is dead: " in log.read_text(), "the death is told")
        assert "no worker is connected" in log.read_text()
        fleet.until(lambda: said('chatproof_fleet_region_dead{region="dead"} 1'), "the metrics say so")
        fleet.until(lambda: incidents.known() == ["dead"], "so does an incident in the journal")
        assert said('chatproof_fleet_queue_workers{region="dead"} 0')
        fleet.worker()
        fleet.until(lambda: "region dead works again" in log.read_text(), "the return is told")
        fleet.until(lambda: said('chatproof_fleet_region_dead{region="dead"} 0'), "the metrics say that, too")
        fleet.until(lambda: incidents.known() == [], "the incident is over")
        fleet.until(lambda: said('chatproof_fleet_queue_workers{region="dead"} 1'), "a worker is connected")
        fleet.until(lambda: 'outcome="GO"' in metrics.read_text(), "and what it found")
    finally:
        fleet.end()
        server.stop()
    assert log.read_text().count("region dead is dead") == 1, "once"
    assert KEY not in metrics.read_text() + log.read_text()


@pytest.mark.nightly
@pytest.mark.timeout(400)
def test_two_beats_ask_each_target_once_a_period(broker: rabbitmq.Broker, tmp_path: Path) -> None:
    server = Counting(KEY)
    names = [f"b{number}" for number in range(4)]
    fleet = Fleet(tmp_path, broker, server.targets(names, "KEY"), "beat", str(tmp_path / "runs.sqlite"))
    command = fleet.command("beat", "--journal", fleet.place, "--every", "8s")
    try:
        fleet.worker()
        beats = [
            subprocess.Popen(
                command, env=fleet.environ, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True
            )
            for _ in range(2)
        ]
        fleet.workers += beats
        fleet.until(lambda: min(len(fleet.ends().get(name, ())) for name in names) >= 2, "two periods were asked")
        for beat in beats:
            os.killpg(beat.pid, signal.SIGTERM)
        said = [beat.communicate(timeout=30)[0] for beat in beats]
        fleet.until(lambda: not fleet.waiting("chatproof.beat"), "all messages are taken")
        fleet.until(
            lambda: sum(server.paid.values()) == sum(map(len, fleet.ends().values())), "each paid request has an end"
        )
    finally:
        fleet.end()
        server.stop()
    assert all("targets in 1 batches to beat" in text for text in said), "both beats sent"
    assert [beat.returncode for beat in beats] == [143, 143]
    runs = [row.run_id for row in fleet.kept.list()]
    assert len(runs) == len(set(runs))
    assert server.paid == {name: len(ends) for name, ends in fleet.ends().items()}, "one paid request a slot"


@pytest.mark.nightly
@pytest.mark.timeout(400)
def test_a_strangers_messages_end_no_worker_and_hold_none_up(broker: rabbitmq.Broker, tmp_path: Path) -> None:
    """Who may publish can fill the queue of the refused; the worker takes the next batch all the same."""
    import amqp
    import kombu

    server = Counting(KEY)
    fleet = Fleet(tmp_path, broker, server.targets(["s0", "s1"], "KEY"), "odd", str(tmp_path / "runs.sqlite"))
    task = {"task": "chatproof.batch", "id": "1"}
    good = json.dumps([[{}], {}, {}])
    bomb = zlib.compress(b" " * 300_000_000, 9)
    odd: list[amqp.Message] = [
        amqp.Message(text, application_headers=task | headers, content_type="application/json", **more)
        for text, headers, more in (
            ("", {}, {}),
            ("[[],{}]", {}, {}),
            (good, {"eta": "2099-01-01T00:00:00"}, {}),
            (good, {"timelimit": [1]}, {}),
            (good, {"task": ["x"]}, {}),
            (bomb, {"compression": "application/x-gzip"}, {}),
            ("abc-" + "9" * 300_000, {}, {"content_encoding": "punycode"}),
        )
    ]
    odd.append(amqp.Message("{}"))
    odd[-1]._serialize_properties = lambda: struct.pack(">H", 1 << 15) + b"\x02\xff\xfe"  # a kind that is no text
    try:
        worker = fleet.worker()
        fleet.until(lambda: "ready" in fleet.log(), "the worker is there")
        with kombu.Connection(broker.url) as connection:
            for message in odd:
                connection.default_channel.basic_publish(message, exchange="chatproof", routing_key="odd")
        fleet.submit()
        fleet.until(lambda: len(fleet.ends()) == 2, "all targets have an end")
        assert worker.poll() is None and fleet.ends() == {"s0": ["GO"], "s1": ["GO"]}
        fleet.until(lambda: fleet.waiting("chatproof.odd.refused") == len(odd), "what is refused is kept")
        peak = Path(f"/proc/{worker.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
        assert int(peak) < 150_000, "kB: nothing was unpacked"
    finally:
        fleet.end()
        server.stop()
