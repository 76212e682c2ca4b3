"""Cold `chatproof smoke` against bare Python, an equal curl + jq script and the peers that install: ratios, in one run.

    .venv/bin/python benchmarks/smoke_cold.py [--rounds N] [--json PATH] [--check] [--no-peers] [--jq PATH]

See README.md for what is measured and how to read it.
"""

import argparse
import contextlib
import json
import os
import platform
import random
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from contenders import (
    BENCH,
    HERE,
    JAQ,
    NOT_MEASURED,
    PEERS,
    Contender,
    Server,
    baselines,
    chatproof,
    install,
    peers,
    program,
    scripts,
)
from server import FAULTS

SLOW_MS = 200
WARNS_ONLY = ("unlisted",)  # a model that is not listed is a warning; every other fault must fail the check
BARE = "bare python -I -c pass"
REPEATED = {"bare": 3, "chatproof": 3, "script": 3}  # runs in each round, by kind: cheap, and what the goals rest on


class Sample(NamedTuple):
    """What one run of one command cost. Seconds, and KiB."""

    user: float
    system: float
    wall: float
    rss: int

    @property
    def cpu(self) -> float:
        return self.user + self.system


class Goal(NamedTuple):
    name: str
    limit: float
    unit: str
    measured: float | None

    @property
    def met(self) -> bool:
        return self.measured is not None and self.measured <= self.limit


Samples = dict[tuple[str, int], list[list[Sample]]]  # by contender key and server delay: rounds of one to three runs


@contextlib.contextmanager
def serve(folder: str, delay_ms: int) -> Iterator[Server]:
    """A server in a process of its own, so that its CPU is in no contender's bill."""
    command = [sys.executable, str(HERE / "server.py"), folder, str(delay_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("the benchmark's server did not start")
        try:
            yield Server(**json.loads(line), delay_ms=delay_ms)
        finally:
            process.terminate()


def requests_served(server: Server) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.http}/requests") as reply:
        return int(reply.read())


def measure(contender: Contender, folder: str) -> tuple[Sample, int]:
    """Run it once; return its cost and its exit status. Its output is left in FOLDER/output."""
    launcher = [sys.executable, "-I", "-S", str(HERE / "launch.py"), f"{folder}/output"]
    done = subprocess.run(
        [*launcher, *contender.argv], env=contender.env, cwd=folder, capture_output=True, text=True, check=True
    )
    user, system, wall, rss, status = done.stdout.split()
    return Sample(float(user), float(system), float(wall), int(rss)), int(status)


def warm_up(field: list[Contender], server: Server, folder: str) -> dict[str, dict[str, int]]:
    """Run each once: fills caches of byte code and files, counts requests, and shows what status to expect."""
    seen = {}
    for contender in field:
        before = requests_served(server)
        _, status = measure(contender, folder)
        if status != 0 and contender.kind != "peer":
            raise SystemExit(f"{contender.key} exits {status} on a good server:\n{Path(folder, 'output').read_text()}")
        seen[contender.key] = {"requests": requests_served(server) - before, "exit": status}
    return seen


def prove_equal(server: Server, jq: str, jaq: str, folder: str) -> None:
    """chatproof and the scripts must agree on every fault of the server, or the comparison means nothing."""
    for fault in FAULTS:
        for contender in (
            *chatproof(server, fault=fault, module=False),
            *(scripts(server, jq, jaq, fault=fault) if jq else ()),
        ):
            _, status = measure(contender, folder)
            expected = 0 if fault in WARNS_ONLY else 1
            if status != expected:
                output = Path(folder, "output").read_text()
                raise SystemExit(f"{contender.key}, fault {fault}: exit {status}, not {expected}:\n{output}")


def run_rounds(field: list[Contender], rounds: int, expected: dict[str, dict[str, int]], folder: str) -> Samples:
    """All contenders in each round, so that noise hits all alike; in an order shuffled by a fixed seed, so that none
    always follows the same neighbour."""
    samples: Samples = {(contender.key, contender.delay_ms): [] for contender in field}
    runs = [c for c in field for _ in range(1 if c.delay_ms else REPEATED.get(c.kind, 1))]
    for number in range(rounds):
        for kept in samples.values():
            kept.append([])
        if sys.stderr.isatty():
            print(f"\rround {number + 1} of {rounds}", end="", file=sys.stderr, flush=True)
        for contender in random.Random(number).sample(runs, len(runs)):
            sample, status = measure(contender, folder)
            if status != expected[contender.key]["exit"]:
                raise SystemExit(f"\n{contender.key} exits {status}:\n{Path(folder, 'output').read_text()}")
            samples[contender.key, contender.delay_ms][-1].append(sample)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return samples


def paired(samples: Samples, key: str, to: str) -> float | None:
    """Median over the rounds of the ratio of CPU times within a round (of medians, where it has several runs)."""
    rounds = zip(samples.get((key, 0), []), samples.get((to, 0), []), strict=False)
    ratios = [median(s.cpu for s in mine) / median(s.cpu for s in other) for mine, other in rounds]
    return median(ratios) if ratios else None


def every(samples: Samples, key: str, delay_ms: int = 0) -> list[Sample]:
    return [sample for kept in samples.get((key, delay_ms), []) for sample in kept]


def minima(samples: Samples, key: str, to: str) -> float:
    return min(s.cpu for s in every(samples, key)) / min(s.cpu for s in every(samples, to))


def beyond(samples: Samples, key: str, delay_ms: int, choose: Any = median) -> float | None:
    """Wall milliseconds beyond the server's delay. The slowest probe takes at least the delay, so this is an upper
    bound of wall minus slowest probe."""
    walls = [sample.wall * 1000 - delay_ms for sample in every(samples, key, delay_ms)]
    return float(choose(walls)) if walls else None


def summaries(field: list[Contender], samples: Samples, seen: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    rows = []
    for contender in (contender for contender in field if not contender.delay_ms):
        key, mine = contender.key, every(samples, contender.key)
        rows.append(
            {
                "contender": key,
                "kind": contender.kind,
                **seen[key],
                "cpu_ms_min": round(min(s.cpu for s in mine) * 1000, 1),
                "cpu_ms_median": round(median(s.cpu for s in mine) * 1000, 1),
                "times_bare_paired": rounded(paired(samples, key, BARE)),
                "times_bare_minima": rounded(minima(samples, key, BARE)),
                "wall_ms_median": rounded(beyond(samples, key, 0), 0),
                "wall_beyond_200ms_median": rounded(beyond(samples, key, SLOW_MS), 0),
                "wall_beyond_200ms_min": rounded(beyond(samples, key, SLOW_MS, min), 0),
                "peak_rss_mb": round(median(s.rss for s in mine) / 1024, 1),
            }
        )
    return rows


def rounded(value: float | None, places: int = 2) -> float | None:
    return None if value is None else round(value, places)


def goals(samples: Samples) -> list[Goal]:
    """The goals of issue 2, each with the measured value: medians, of pairs for CPU."""
    found = []
    for scheme, limit in (("http", 5.0), ("https", 7.5)):
        found.append(Goal(f"CPU, {scheme}", limit, "× bare Python", paired(samples, f"chatproof smoke {scheme}", BARE)))
    for scheme in ("http", "https"):
        ratio = paired(samples, f"chatproof smoke {scheme}", f"curl+jq {scheme}")
        found.append(Goal(f"CPU, {scheme}", 0.5, "× curl+jq", ratio))
    for delay_ms in (0, SLOW_MS):
        for scheme in ("http", "https"):
            over = beyond(samples, f"chatproof smoke {scheme}", delay_ms)
            found.append(Goal(f"wall, {scheme}, server takes {delay_ms} ms", 150, "ms beyond the slowest probe", over))
    return found


COLUMNS = (
    ("contender", "contender"),
    ("requests", "sent"),
    ("exit", "exit"),
    ("cpu_ms_min", "CPU min"),
    ("cpu_ms_median", "median"),
    ("times_bare_paired", "× bare"),
    ("times_bare_minima", "of minima"),
    ("wall_ms_median", "wall"),
    ("wall_beyond_200ms_median", "wall−200"),
    ("wall_beyond_200ms_min", "min"),
    ("peak_rss_mb", "peak MB"),
)


def table(rows: list[dict[str, Any]]) -> str:
    cells = [[heading for _, heading in COLUMNS]]
    cells += [[shown(row[name], name) for name, _ in COLUMNS] for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
    lines = []
    for first, *rest in cells:
        padded = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *padded]))
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def shown(value: Any, column: str) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if column.startswith("times") else f"{value:.0f}" if "wall" in column else str(value)


def report(rows: list[dict[str, Any]], found: list[Goal], missing: dict[str, str], about: dict[str, Any]) -> str:
    lines = [", ".join(f"{name} {value}" for name, value in about.items()), "", table(rows), ""]
    for goal in found:
        value = "not measured" if goal.measured is None else f"{goal.measured:.2f}"
        limit = f"≤ {goal.limit:g} {goal.unit}"
        state = "met" if goal.met else "MISSED" if goal.measured is not None else "–"
        lines.append(f"{state:<6}  {goal.name:<34} {value:>12}   {limit}")
    lines += ["", *(f"not measured: {name}: {why}" for name, why in missing.items()), ""]
    return "\n".join(lines)


def describe(jq: str, rounds: int) -> dict[str, Any]:
    """What the figures depend on. No names of machines or people."""

    def version(command: str) -> str:
        said = subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout
        return said.split("(")[0].split("\n")[0].strip()

    return {
        "Python": platform.python_version(),
        "with": ssl.OPENSSL_VERSION.rsplit(" ", 3)[0],
        "tools": " and ".join(version(tool) for tool in ("curl", jq) if shutil.which(tool)),
        "CPUs": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "rounds": rounds,
    }


def main() -> int:
    to = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    to.add_argument("--rounds", type=int, default=15, help="at least 15 for figures that are quoted")
    to.add_argument("--json", metavar="PATH", help="also write everything, each sample included")
    to.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    to.add_argument("--no-peers", action="store_true", help="leave out what has to be installed")
    to.add_argument("--jq", default="jq", metavar="PATH", help="the jq of the script; its version matters a lot")
    args = to.parse_args()
    BENCH.mkdir(exist_ok=True)
    missing = dict(NOT_MEASURED)
    jq = shutil.which(args.jq) or "" if shutil.which("curl") else ""
    if not jq:
        missing["curl+jq"] = "curl or jq is not installed"
    wanted = [] if args.no_peers else [JAQ, *PEERS]
    failures = {peer.name: install(peer) for peer in wanted}
    missing.update({name: why for name, why in failures.items() if why})
    installed = [peer for peer in wanted if not failures[peer.name]]
    jaq = program(JAQ) if JAQ in installed else ""
    chosen = [peer for peer in installed if peer is not JAQ]

    with tempfile.TemporaryDirectory() as folder, serve(folder, 0) as quick, serve(folder, SLOW_MS) as slow:
        fast_field = [*baselines(quick.ca_file), *chatproof(quick), *(scripts(quick, jq, jaq) if jq else ())]
        fast_field += peers(quick, chosen)
        slow_field = [*chatproof(slow, module=False), *(scripts(slow, jq, jaq) if jq else ()), *peers(slow, chosen)]
        about = describe(jq, args.rounds)
        seen = warm_up(fast_field, quick, folder)
        prove_equal(quick, jq, jaq, folder)
        samples = run_rounds([*fast_field, *slow_field], args.rounds, seen, folder)

    rows, found = summaries(fast_field, samples, seen), goals(samples)
    print(report(rows, found, missing, about))
    if args.json:
        document = {
            "about": about,
            "contenders": rows,
            "goals": [{**goal._asdict(), "met": goal.met} for goal in found],
            "not_measured": missing,
            "samples": [
                {"contender": key, "delay_ms": delay, "rounds": [[s._asdict() for s in runs] for runs in kept]}
                for (key, delay), kept in samples.items()
            ],
        }
        Path(args.json).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if args.check and not all(goal.met for goal in found) else 0


if __name__ == "__main__":
    sys.exit(main())
