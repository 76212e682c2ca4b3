"""What a target costs in a fleet, against clients that send the same and judge nothing. Ratios only.

    python benchmarks/fleet.py [--targets 1000] [--rounds 5] [--growth] [--first-byte] [--json FILE]

CPU is user and system time of a process and all that it waited for, so of the judging processes as well. All contenders
run in each round, in an order of its own; a figure is the median over the rounds of the ratio to the same round's bare
loop. `--growth` asks more and more targets; `--first-byte` lets the server wait 200 ms and compares the first byte's
times at 500 requests at once. What is not installed (pip install aiohttp pycurl) is left out and named.
"""

import argparse
import importlib.util
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fleet_server import KEY, MODEL

HERE = Path(__file__).parent
VARIABLE = "BENCH_KEY"
CHATPROOF = {
    "fleet run": ("--journal", "none"),
    "fleet run, journal": ("--journal", "JOURNAL"),
    "fleet run, judgement reused": ("--journal", "none", "--reuse-judgement"),
    "fleet run, one connection": ("--journal", "none", "--reuse-connection"),
}


class Server:
    def __init__(self, folder: str, delay: float = 0.0) -> None:
        command = [sys.executable, str(HERE / "fleet_server.py"), folder, str(delay)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.urls = {scheme: f"{scheme}://127.0.0.1:{said[scheme]}" for scheme in ("http", "https")}
        self.ca_file = said["ca_file"]

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def measured(command: list[str], environ: dict[str, str]) -> tuple[float, float, int, str, int]:
    """(CPU seconds, seconds, KiB of the largest process, standard output, status)."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        begun = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environ)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode not in (0,):
            raise SystemExit(f"{command[1:4]}: status {process.returncode}\n{err.read()[-2000:]}{out.read()[-2000:]}")
        return used.ru_utime + used.ru_stime, time.monotonic() - begun, used.ru_maxrss, out.read(), process.returncode


class Bench:
    def __init__(self, folder: str, server: Server, scheme: str, at_once: int) -> None:
        self.folder, self.server, self.scheme, self.at_once = folder, server, scheme, at_once
        self.environ = {**os.environ, VARIABLE: KEY, "XDG_STATE_HOME": folder}

    def client(self, which: str, targets: int) -> list[str]:
        url = f"{self.server.urls[self.scheme]}/v1"
        tail = [self.server.ca_file] if self.scheme == "https" else []
        return [sys.executable, str(HERE / "fleet_clients.py"), which, url, str(targets), str(self.at_once), *tail]

    def chatproof(self, which: str, targets: int) -> list[str]:
        path = Path(self.folder) / f"{self.scheme}-{targets}.jsonl"
        if not path.exists():
            rows = [
                {
                    "name": f"t{number}",
                    "base_url": f"{self.server.urls[self.scheme]}/t{number}/v1",
                    "model": MODEL,
                    "key_env": VARIABLE,
                    **({"ca_file": self.server.ca_file} if self.scheme == "https" else {}),
                }
                for number in range(targets)
            ]
            path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        self.journal = f"{self.folder}/{random.randrange(10**9)}.sqlite"
        tail = [self.journal if word == "JOURNAL" else word for word in CHATPROOF[which]]
        command = [sys.executable, "-m", "chatproof", "fleet", "run", "--targets", str(path), "-q", *tail]
        return [*command, "--at-once", str(self.at_once), "--per-host", str(self.at_once), "--judges", "1"]

    def command(self, which: str, targets: int) -> list[str]:
        return self.chatproof(which, targets) if which in CHATPROOF else self.client(which, targets)


def contenders() -> list[str]:
    found = ["bare", *CHATPROOF]
    for name in ("aiohttp", "pycurl"):
        # Looked for and not imported: a child's largest size begins with that of the process that made it.
        if importlib.util.find_spec(name):
            found.append(name)
        else:
            print(f"{name} is not installed, and left out")
    return found


def compared(bench: Bench, targets: int, rounds: int) -> dict[str, Any]:
    """Median of each contender's CPU over the same round's bare loop, with the smallest and largest; MiB of its largest
    process. Each figure goes to standard error as it comes: a round of 10,000 takes long."""
    ratios: dict[str, list[float]] = {}
    each: dict[str, list[float]] = {}
    most: dict[str, float] = {}
    for number in range(rounds + 1):
        order = contenders() if not number else list(each)
        random.Random(number).shuffle(order)
        cpu = {}
        for name in order:
            # The first round warms files and byte code.
            asked = targets if number else min(targets, 100)
            cpu[name], _, kib, _, _ = measured(bench.command(name, asked), bench.environ)
            most[name] = max(most.get(name, 0.0), kib / 1024)
            said = (
                f"{bench.scheme} {name}: {asked} targets, {cpu[name] / asked * 1000:.2f} ms each, {kib / 1024:.0f} MiB"
            )
            print(said, file=sys.stderr)
        for name, seconds in cpu.items():
            each.setdefault(name, [])
            if number:
                each[name].append(seconds / targets * 1000)
                ratios.setdefault(name, []).append(seconds / cpu["bare"])
    return {
        name: {
            "ms": statistics.median(each[name]),
            "ratio": statistics.median(found),
            "of": [min(found), max(found)],
            "mib": most[name],
        }
        for name, found in ratios.items()
    }


def first_byte(folder: str) -> dict[str, Any]:
    """p50 and p99 of the first byte of a server that waits 200 ms, at 500 requests at once."""
    from chatproof import journal

    server = Server(folder, 200.0)
    bench = Bench(folder, server, "http", 500)
    try:
        bare = json.loads(measured(bench.client("bare", 1000), bench.environ)[3])
        measured(bench.chatproof("fleet run, journal", 1000), bench.environ)
        times: list[float] = []
        for document in journal.open(bench.journal).of_event("finished"):
            times += [row["timings_ms"]["first_byte"] for row in document["exchanges"]]
        times.sort()
    finally:
        server.stop()
    ours = {"p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)]}
    return {"bare": bare, "fleet run": ours, "p99 ratio": ours["p99"] / bare["p99"]}


def main() -> None:
    to = argparse.ArgumentParser()
    to.add_argument("--targets", type=int, default=1000)
    to.add_argument("--rounds", type=int, default=5)
    to.add_argument("--at-once", type=int, default=200)
    to.add_argument("--schemes", default="http,https")
    to.add_argument("--growth", action="store_true")
    to.add_argument("--first-byte", action="store_true")
    to.add_argument("--json", default="")
    args = to.parse_args()
    found: dict[str, Any] = {"targets": args.targets}
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            for scheme in args.schemes.split(","):
                rows = found[scheme] = compared(Bench(folder, server, scheme, args.at_once), args.targets, args.rounds)
                print(f"\n{scheme}, {args.targets} targets, {args.rounds} rounds: CPU over the bare loop's; memory")
                for name, row in sorted(rows.items(), key=lambda one: one[1]["ratio"]):
                    least, most = row["of"]
                    print(f"  {name:26} {row['ratio']:6.2f} [{least:.2f}–{most:.2f}]  {row['mib']:4.0f} MiB")
            if args.growth:
                bench = Bench(folder, server, "http", args.at_once)
                print("\ngrowth: CPU a target over that at 100 targets, and MiB of the largest process")
                base = 0.0
                for targets in (100, 1000, 10_000):
                    cpu, _, kib, _, _ = measured(bench.command("fleet run", targets), bench.environ)
                    base = base or cpu / targets
                    found[f"growth {targets}"] = {"ratio": cpu / targets / base, "mib": kib / 1024}
                    print(f"  {targets:7} {cpu / targets / base:5.2f}  {kib / 1024:.0f} MiB")
        finally:
            server.stop()
        if args.first_byte:
            found["first byte"] = first_byte(folder)
            print(f"\nfirst byte of a 200 ms server, 500 at once: {json.dumps(found['first byte'])}")
    if args.json:
        Path(args.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
