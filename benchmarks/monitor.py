"""What a monitor of many targets costs: how late its checks begin, memory, and what a scrape costs.

    python benchmarks/monitor.py [--targets 1000] [--every 60] [--seconds 150] [--check]

`chatproof serve` watches so many distinct targets of one server on loopback (fleet_server.py), each once in `--every`
seconds with all four requests, its journal in SQLite. Lag is read from chatproof_schedule_lag_seconds, as the first
bucket that holds 99 of 100 checks, and counts from the second period on. CPU is user and system time of the one
process. A scrape's is what twenty in a row cost beyond what the process costs anyway. `--check` ends with status 1
where a goal of an idle machine is missed.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from fleet_server import KEY, MODEL

from fleet import VARIABLE, Server

GOALS = {"lag_p99_s": 1.0, "scrape_cpu_ms": 100.0, "scrape_mb": 4.0, "memory_mib": 150.0}
_SCRAPES = 20
_BUCKET = re.compile(r'chatproof_schedule_lag_seconds_bucket\{le="([^"]+)"\} (\S+)')


class Monitor:
    def __init__(self, folder: str, server: Server, targets: int, every: int) -> None:
        parts = [f'[monitor]\nevery = "{every}s"\nevery_free = "0s"\nbudget_tokens = 0\nbudget_requests = 0']
        for number in range(targets):
            url = f"{server.urls['http']}/t{number}/v1"
            parts.append(
                f'[targets.t{number}]\nbase_url = "{url}"\nmodel = "{MODEL}"\nkey_env = "{VARIABLE}"\n'
                f"[targets.t{number}.monitor]\nbudget_tokens = 0\nbudget_requests = 0"
            )
        config = Path(folder) / "watch.toml"
        config.write_text("\n".join(parts) + "\n")
        command = [sys.executable, "-m", "chatproof", "serve", "--config", str(config), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [*command, "--journal", f"{folder}/journal.sqlite3"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, VARIABLE: KEY},
        )  # fmt: skip
        assert self.process.stdout is not None
        line = next(line for line in self.process.stdout if line.startswith("listening"))
        self.base = line.split()[-1]

    def scrape(self) -> str:
        with urllib.request.urlopen(f"{self.base}/metrics", timeout=30) as reply:
            return str(reply.read().decode())

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """MiB at the most so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def buckets(text: str) -> dict[float, float]:
    return {float(edge): float(count) for edge, count in _BUCKET.findall(text)}


def p99(before: dict[float, float], after: dict[float, float]) -> tuple[float, int]:
    """(upper edge of the bucket that holds the 99th percentile, checks)."""
    counts = {edge: after[edge] - before.get(edge, 0.0) for edge in after}
    whole = counts[float("inf")]
    return next(edge for edge in sorted(counts) if counts[edge] >= 0.99 * whole), int(whole)


def measured(targets: int, every: int, seconds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        monitor = Monitor(folder, server, targets, every)
        try:
            time.sleep(every)  # until all have been asked once
            before, cpu, at = buckets(monitor.scrape()), monitor.cpu(), time.monotonic()
            time.sleep(seconds)
            text = monitor.scrape()
            lag, checks = p99(before, buckets(text))
            rate = (monitor.cpu() - cpu) / (time.monotonic() - at)
            cpu, at = monitor.cpu(), time.monotonic()
            for _ in range(_SCRAPES):
                monitor.scrape()
            scrape = (monitor.cpu() - cpu - rate * (time.monotonic() - at)) / _SCRAPES
            return {
                "targets": targets, "checks": checks, "checks_a_minute": checks / seconds * 60,
                "cores": rate, "ms_a_check": rate * seconds / checks * 1000, "lag_p99_s": lag,
                "scrape_cpu_ms": scrape * 1000, "scrape_mb": len(text) / 1e6, "memory_mib": monitor.memory(),
            }  # fmt: skip
        finally:
            monitor.stop()
            server.stop()


def main() -> int:
    to = argparse.ArgumentParser()
    to.add_argument("--targets", type=int, default=1000)
    to.add_argument("--every", type=int, default=60)
    to.add_argument("--seconds", type=int, default=150)
    to.add_argument("--check", action="store_true")
    args = to.parse_args()
    found = measured(args.targets, args.every, args.seconds)
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    missed = [name for name, goal in GOALS.items() if found[name] > goal]
    for name in missed:
        print(f"{name} {found[name]:.3g}, goal {GOALS[name]:g}")
    return 1 if missed and args.check else 0


if __name__ == "__main__":
    sys.exit(main())
