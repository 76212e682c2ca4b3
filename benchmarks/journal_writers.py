"""Many writers of one journal: how long a run waits, what it costs, whether any is lost; with another version beside.

    git worktree add /somewhere/chatproof-0.1.0 66bccbc
    python benchmarks/journal_writers.py --old /somewhere/chatproof-0.1.0

Each round plays the old code and the new one, in turn first: `--writers` processes at once enter `--runs` runs each,
opened anew for each run as a command does (PostgreSQL: once for each process), by what a run does with its journal:
`started`, the good runs before it, `finished`. Ratios are the medians of the rounds' ratios. What is read
afterwards, by the new code, says how many runs are there. PostgreSQL is started by tests/postgres.py, if it can be.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))  # for tests.postgres; chatproof itself comes from PYTHONPATH, where that is set


def write(place: str, first: int, runs: int, folder: str) -> None:
    """In a process of its own: enter runs, and print how long each took and what all cost."""
    from chatproof import journal

    with open(f"{folder}/documents.json", encoding="ascii") as file:
        begun, ended = json.load(file)
    shared = place.startswith("postgresql")  # one connection for all runs of a process: making one is the server's work
    if shared:
        import psycopg  # noqa: F401  # loading it is no part of a run
    leave = {"leave": True} if hasattr(journal.open(place), "migrate") and not shared else {}
    walls, refused, before = [], 0, time.process_time()
    kept: list[Any] = []
    for number in range(first, first + runs):
        run_id = {"run_id": f"smoke-20261122-000001-{number:06x}"}
        at = time.perf_counter()
        opened = kept[0] if shared and kept else journal.open(place)
        try:
            opened.started({**begun, **run_id})
            opened.good(ended["target"], 10)
            opened.finished({**ended, **run_id}, **leave)
        except journal.JournalError:
            refused += 1
        walls.append((time.perf_counter() - at) * 1000)
        if shared or not leave:
            kept = [opened]  # a command of the old code ended without closing: this one closes its last but one
    cpu = (time.process_time() - before) * 1000 / runs
    print(json.dumps({"walls": walls, "refused": refused, "cpu": cpu}))
    del kept


def play(source: Path, place: str, args: argparse.Namespace, folder: str) -> dict[str, float]:
    """One round of one version: milliseconds, and how many runs the journal does not have."""
    environ = {**os.environ, "PYTHONPATH": str(source / "src")}
    begun = time.perf_counter()
    writers = [
        subprocess.Popen(
            [sys.executable, __file__, "--write", place, str(number * 10_000), str(args.runs), folder],
            env=environ, stdout=subprocess.PIPE, text=True,
        )
        for number in range(args.writers)
    ]  # fmt: skip
    told = [json.loads(writer.communicate(timeout=600)[0]) for writer in writers]
    seconds = time.perf_counter() - begun
    walls = sorted(wall for each in told for wall in each["walls"])
    return {
        "p50": walls[len(walls) // 2], "p99": walls[int(len(walls) * 0.99)], "max": walls[-1],
        "cpu": statistics.mean(each["cpu"] for each in told), "runs a second": len(walls) / seconds,
        "lost": float(args.writers * args.runs - present(place)),
    }  # fmt: skip


def present(place: str) -> int:
    from chatproof import journal

    opened = journal.open(place, create=False)
    try:
        return sum(row.ended for row in opened.list())
    finally:
        opened.close()


ONE_MORE = """
import json, resource, sys, time
from chatproof import journal
from chatproof.journal import jsonl
place, folder, run_id = sys.argv[1:]
begun, ended = json.load(open(folder + "/documents.json"))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before, had = time.process_time(), peak()
kept = journal.open(place)
kept.started({**begun, "run_id": run_id})
[*kept.documents([number for number, _ in kept.good(ended["target"], 10)])]
kept.finished({**ended, "run_id": run_id})
print((time.process_time() - before) * 1000, (peak() - had) / 1024)
"""


def one_more(source: Path, place: str, folder: str, number: int) -> tuple[float, float]:
    """(milliseconds of CPU, MiB) that one run's journal costs in a process of its own, loading our code left out."""
    environ = {**os.environ, "PYTHONPATH": str(source / "src")}
    command = [sys.executable, "-c", ONE_MORE, place, folder, f"smoke-20261122-000001-{number:06x}"]
    cpu, mib = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.split()
    return float(cpu), float(mib)


def table(kind: str, rounds: list[dict[str, dict[str, float]]]) -> None:
    print(f"\n{kind}: medians of {len(rounds)} rounds, milliseconds a run")
    names = list(rounds[0])
    for what in rounds[0][names[0]]:
        values = [f"{name} {statistics.median(each[name][what] for each in rounds):9.1f}" for name in names]
        ratio = ""
        if len(names) == 2 and all(each["old"][what] for each in rounds):
            ratio = f"   new / old {statistics.median(each['new'][what] / each['old'][what] for each in rounds):.2f}"
        print(f"  {what:14} {'   '.join(values)}{ratio}")


def fill(place: str, runs: int, folder: str) -> None:
    """A .jsonl journal of many runs, by the new code."""
    from chatproof.journal.entry import START, made, prepared
    from chatproof.journal.lines import line

    with open(f"{folder}/documents.json", encoding="ascii") as file:
        documents = json.load(file)
    hash = START
    with open(place, "w", encoding="ascii") as target:
        for number in range(runs * 2):
            event = ("started", "finished")[number % 2]
            document = {**documents[number % 2], "run_id": f"smoke-20250101-000000-{number // 2:06x}"}
            entry = made(number + 1, "2026-01-01T00:00:00.000Z", event, prepared(document, packed=False), hash)
            target.write(line(entry, entry.stored) + "\n")
            hash = entry.hash


def main() -> None:
    to = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    to.add_argument("--old", default="", metavar="FOLDER", help="a work tree of the version to compare with")
    to.add_argument("--writers", type=int, default=8)
    to.add_argument("--runs", type=int, default=50, help="of each writer")
    to.add_argument("--rounds", type=int, default=5)
    to.add_argument(
        "--large", type=int, default=10_000, help="runs in the .jsonl journal that one more is entered into"
    )
    to.add_argument("--kinds", default="sqlite,jsonl,postgresql")
    args = to.parse_args()
    sources = {"old": Path(args.old), "new": ROOT} if args.old else {"new": ROOT}
    from tests import postgres
    from tests.journal_support import opening, run

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        Path(folder, "documents.json").write_text(json.dumps([opening(run(1)), run(1)]))
        for kind in args.kinds.split(","):
            rounds: list[dict[str, dict[str, float]]] = []
            for number in range(args.rounds):
                played = {}
                for name in sorted(sources, reverse=bool(number % 2)):
                    if kind == "postgresql":
                        with postgres.server() as place:
                            played[name] = play(sources[name], place, args, folder)
                    else:
                        place = f"{folder}/{name}{number}.{kind.replace('sqlite', 'sqlite3')}"
                        played[name] = play(sources[name], place, args, folder)
                rounds.append({name: played[name] for name in sources})
            table(kind, rounds)
            if kind == "jsonl":
                fill(f"{folder}/large.jsonl", args.large, folder)
                for number, (name, source) in enumerate(sources.items()):
                    cpu, mib = one_more(source, f"{folder}/large.jsonl", folder, number)
                    print(f"  one more after {args.large} runs: {name} {cpu:.1f} ms of CPU, {mib:.0f} MiB")
    print(
        f"\nload {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; peak {resource.getrusage(0).ru_maxrss >> 10} MiB"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    else:
        main()
