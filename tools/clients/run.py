"""Feed every client and write what came of it: tests/data/clients.json, then docs/reference/clients.md from that.

    python -m tools.clients.run [--api NAME] [--only NAME,…] [--new] [--check] [--cases FOLDER]

`--api` is chat by default; another one has files of its own, with its name. `--only` takes names of clauses and faults
and prints instead of writing. `--new` feeds only those that the data file does not have, or has of other bytes, and
adds them to it. `--check` writes as well, and fails when the
outcomes are not those of the file before. `--cases` is a folder with a `srv.py PORT KEY`
that serves a reply for each path prefix (`srv.py list` names them); what it serves is fed as well, and printed: it is
not part of the repository.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tools.clients import feed, install, outcome
from tools.clients.drive import CLIENTS_OF, Driver
from tools.clients.page import data_file
from tools.clients.replay import Answer, Replay

AT_ONCE = 4  # clients: two cores, and each waits for time limits now and then

TABLES = ("faults", "clauses", "holding")
Row = tuple[str, str, str]  # table, name, and the probe or the number of the example


class Job(NamedTuple):
    row: Row
    case: feed.Case


def jobs(fed: feed.Feed) -> Iterator[Job]:
    """Every reply to feed: of faults, and of the clauses' examples."""
    for name, fault in fed.faults.items():
        for probe, case in fed.fault_cases(fault).items():
            yield Job(("faults", name, probe), case)
    yield from clause_jobs(fed)


def clause_jobs(fed: feed.Feed) -> Iterator[Job]:
    """The clauses' examples alone."""
    for id in fed.levels():
        for number, case in enumerate(fed.clause_cases(id)):
            yield Job(("clauses", id, str(number)), case)
        for number, case in enumerate(fed.holding_cases(id), 1):
            yield Job(("holding", id, str(number)), case)


def digests(fed: Iterable[Job]) -> dict[str, dict[str, str]]:
    """By table and name, a digest of what is fed: requests of which kind, and the bytes of the replies.

    The data file keeps it, so that outcomes of bytes that are no longer fed are not taken for those of today's.
    """
    made: dict[tuple[str, str], hashlib._Hash] = {}
    for job in fed:
        digest = made.setdefault(job.row[:2], hashlib.sha256())
        for answer in (job.case.answer, job.case.good):
            data = b"" if _is_script(answer) else b"".join(answer.pieces())
            digest.update(b"%b %b %d %b" % (job.row[2].encode(), job.case.kind.encode(), len(data), data))
    found: dict[str, dict[str, str]] = {table: {} for table in TABLES}
    for (table, name), digest in made.items():
        found[table][name] = digest.hexdigest()[:16]
    return found


def run(wanted: list[Job], api: str = "chat") -> dict[Row, list[str]]:
    """By row, the outcome in each client of an API, in their order: "" for fine, else a word and what it is about."""
    served = Replay()
    urls = {id(answer): _keep(served, answer) for job in wanted for answer in (job.case.answer, job.case.good)}

    def feed_one(client: str) -> list[str]:
        driver = Driver(client, api)
        known: dict[tuple[str, str], outcome.Result] = {}

        def ask(answer: Answer, kind: str) -> outcome.Result:
            url = urls[id(answer)]
            if (url, kind) not in known:
                known[url, kind] = driver.ask(url, kind)
            return known[url, kind]

        try:
            return [_shown(_judged(job, ask)) for job in wanted]
        finally:
            driver.stop()
            print(f"{client}: {len(known)} replies", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        columns = list(pool.map(feed_one, CLIENTS_OF[api]))
    return {job.row: [column[number] for column in columns] for number, job in enumerate(wanted)}


def _judged(job: Job, ask: Callable[[Answer, str], outcome.Result]) -> outcome.Outcome:
    case = job.case
    good, got = ask(case.good, case.kind), ask(case.answer, case.kind)
    if job.row[0] == "holding":
        return outcome.usable(good, got)
    return outcome.judge(good, got, case.good_words, case.words)


def _shown(found: outcome.Outcome) -> str:
    return "" if found.word == outcome.FINE else f"{found.word}: {found.about}"


def _keep(served: Replay, answer: Answer) -> str:
    """Serve an answer; the same bytes have the same address, so that a client is asked about them once."""
    if _is_script(answer):
        name = f"s{len(served.answers)}"
    else:
        name = hashlib.sha256(b"".join(answer.pieces())).hexdigest()[:16]
    served.answers[name] = answer
    return served.url(name)


def _is_script(answer: Answer) -> bool:
    """It may have no end."""
    return answer.pieces.__name__ == "pieces"


def written(found: dict[Row, list[str]], of: feed.Feed, all_jobs: Iterable[Job]) -> dict[str, object]:
    """The data file's value."""
    tables: dict[str, dict[str, dict[str, list[str]]]] = {table: {} for table in TABLES}
    for (table, name, part), outcomes in found.items():
        tables[table].setdefault(name, {})[part] = outcomes if any(outcomes) else []
    fed = set(tables["faults"])
    return {
        "about": "Made by `make clients`. In each row the outcomes in the order of `clients`; an empty text is fine, and an empty row fine in all.",
        "versions": install.versions(of.api),
        "clients": list(CLIENTS_OF[of.api]),
        "not_fed": sorted(name for name in of.faults if name not in fed),
        **tables,
        "fed": digests(all_jobs),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.clients.run")
    parser.add_argument("--api", default="chat", choices=tuple(CLIENTS_OF))
    parser.add_argument("--only", default="")
    parser.add_argument("--new", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--cases", type=Path)
    options = parser.parse_args()
    if options.cases:
        from tools.clients import live

        return live.main(options.cases)
    fed, clients, data = feed.Feed(options.api), CLIENTS_OF[options.api], data_file(options.api)
    every = [*jobs(fed)]
    kept = _kept(options.api, digests(every)) if options.new else {}
    wanted = [job for job in every if not options.only or job.row[1] in options.only.split(",")]
    wanted = [job for job in wanted if job.row not in kept]
    print(f"{len(wanted)} replies for {len(clients)} clients", file=sys.stderr, flush=True)
    found = run(wanted, options.api)
    if options.only:
        for row, outcomes in found.items():
            print(*row)
            for client, told in zip(clients, outcomes, strict=True):
                print(f"    {client:22} {told or 'fine'}")
        return 0
    found = {job.row: (kept | found)[job.row] for job in every} if options.new else found
    text = _one_line_lists(json.dumps(written(found, fed, every), ensure_ascii=False, indent=1)) + "\n"
    before = data.read_text(encoding="utf-8") if data.exists() else ""
    data.parent.mkdir(exist_ok=True)
    data.write_text(text, encoding="utf-8")
    if options.check and _without_names(text) != _without_names(before):
        print(f"{data.name} has changed: look at the difference, run make docs, and commit both", file=sys.stderr)
        return 1
    return 0


def _kept(api: str, today: dict[str, dict[str, str]]) -> dict[Row, list[str]]:
    """The rows of the data file, as long as clients and bytes are those that were fed."""
    data, clients = json.loads(data_file(api).read_text(encoding="utf-8")), list(CLIENTS_OF[api])
    if (data["versions"], data["clients"]) != (install.versions(api), clients):
        return {}
    names = [
        (table, name, part, row)
        for table in TABLES
        for name, rows in data[table].items()
        if data.get("fed", {}).get(table, {}).get(name) == today[table].get(name)
        for part, row in rows.items()
    ]
    return {(table, name, part): row or [""] * len(clients) for table, name, part, row in names}


def _without_names(text: str) -> str:
    """The data file with the exceptions' names left out: which limit ends an endless reply first is chance."""
    return re.sub(r'"raises: [^"]*"', '"raises"', text)


def _one_line_lists(text: str) -> str:
    """One row a line, so that a change of it can be read."""
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda match: "[" + re.sub(r"\s*\n\s*", " ", match[1]) + "]", text)


if __name__ == "__main__":
    sys.exit(main())
