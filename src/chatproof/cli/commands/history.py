"""chatproof history: the runs of the journal, newest first."""

import argparse
import csv
import io
import json

from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say
from chatproof.cli.shared.options import parser, terminal
from chatproof.cli.shared.reading import add_journal, moment, open_journal
from chatproof.journal import Filters
from chatproof.journal.clocks import steps
from chatproof.journal.entry import CHAT
from chatproof.journal.reading import NO_END, VERDICTS, Row
from chatproof.journal.store import Journal
from chatproof.printable import cut, inert_json
from chatproof.reporters.lines import paint
from chatproof.surfaces import surface_of
from chatproof.usage_error import UsageError, near, repeated

COLUMNS = (
    "started_at",
    "verdict",
    "kind",
    "target",
    "base_url",
    "model",
    "environment",
    "run_id",
    "code",
    "clauses",
    "event",
    "narrowed",
    "api",
)
_STEPS = 3  # notes on a clock that went back
_LOOKED_AT = 500  # runs, for the names of their targets
_KINDS = ("smoke", "validate", "judge")


def main(argv: list[str]) -> int:
    args = options().parse_args(argv)
    if args.named and args.target and args.named != args.target:
        raise UsageError("usage", "two targets are named", "leave out --target")
    args.target = args.target or args.named
    filters = filters_of(args)
    kept = open_journal(args)
    runs = kept.list(filters)
    say({"text": _text, "json": _json, "csv": _csv}[args.format](runs, kept.shown, filters))
    if not runs and args.format == "text":
        say(_unknown(filters) or _other_targets(kept, filters.target))
    return 0


def options() -> argparse.ArgumentParser:
    to = parser("history", COMMANDS["history"])
    to.add_argument("named", nargs="?", default="", metavar="TARGET", help="the same as --target")
    add_filters(to)
    to.add_argument("--limit", type=int, default=20, metavar="N", help="show the newest N (default 20; 0: all)")
    to.add_argument("--format", default="text", choices=("text", "json", "csv"))
    add_journal(to)
    return to


def add_filters(to: argparse.ArgumentParser) -> None:
    to.add_argument("--target", default="", metavar="TARGET", help="a target's name, base URL or profile")
    to.add_argument(
        "--verdict", default="", metavar="VERDICT", help="GO, NO-GO, UNDECIDED, or none for runs that did not end"
    )
    to.add_argument(
        "--clause", default="", metavar="CLAUSE", help="runs in which this clause or family failed or was not checked"
    )
    to.add_argument("--code", default="", metavar="CODE", help="runs with this diagnosis, or family of diagnoses")
    to.add_argument(
        "--since", default="", metavar="WHEN", help="started at or after: 2026-11-22, 2026-11-22T10:00, 24h, 7d"
    )
    to.add_argument("--until", default="", metavar="WHEN", help="started before")
    to.add_argument("--environment", default="", metavar="NAME")
    to.add_argument("--kind", default="", metavar="KIND", help="smoke, validate or judge")
    to.add_argument("--model", default="", metavar="ID")
    to.add_argument("--api", default="", metavar="NAME", help="of this API only: chat, responses, …")


def filters_of(args: argparse.Namespace) -> Filters:
    """Raises UsageError for a verdict or a time that is none."""
    verdict = args.verdict.upper()
    if verdict and verdict not in (*VERDICTS, NO_END):
        raise UsageError(
            "usage", f"there is no verdict {repeated(args.verdict)}", near(args.verdict, (*VERDICTS, "none"))
        )
    if args.kind and args.kind not in _KINDS:
        raise UsageError("usage", f"there is no kind {repeated(args.kind)}", near(args.kind, _KINDS))
    if args.api:
        surface_of(args.api)  # raises where there is none
    if getattr(args, "limit", 0) < 0:
        raise UsageError("usage", "--limit must not be negative", "0 shows all")
    return Filters(
        target=args.target,
        verdict=verdict,
        clause=args.clause,
        code=args.code,
        since=moment(args.since, "--since"),
        until=moment(args.until, "--until"),
        environment=args.environment,
        kind=args.kind,
        model=args.model,
        api=args.api,
        limit=getattr(args, "limit", 0),
    )


def _fields(row: Row) -> dict[str, str]:
    clauses = row.clauses.strip("|").split("|") if row.clauses else []
    less = "yes" if row.narrowed else ""
    named = {**row._asdict(), "code": row.code, "clauses": " ".join(clauses), "narrowed": less, "api": row.api}
    return {name: named[name] for name in COLUMNS}


def _json(runs: list[Row], shown: str, filters: Filters) -> str:
    rows = [
        {**_fields(row), "clauses": row.clauses.strip("|").split("|") if row.clauses else [], "narrowed": row.narrowed}
        for row in runs
    ]
    document = {"schema": "chatproof.history/1", "journal": shown, "runs": rows}
    notes = [step.note for step in steps(runs)]
    return inert_json(json.dumps({**document, **({"notes": notes} if notes else {})}, indent=2)) + "\n"


def _csv(runs: list[Row], shown: str, filters: Filters) -> str:
    """What a spreadsheet would take for a formula is quoted: a model's id may be a server's word."""
    from chatproof.reporters.as_csv import cell

    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in runs:
        writer.writerow([cell(value) for value in _fields(row).values()])
    return made.getvalue()


def _text(runs: list[Row], shown: str, filters: Filters) -> str:
    if not runs:
        return f"no such run in {shown}\n"
    table = [("started (UTC)", "verdict", "target", "model", "where", "run", "cause")]
    table += [
        (
            row.started_at[:19].replace("T", " "),
            row.verdict or "no end",
            cut(row.base_url if row.target in ("", "url") else row.target, 40),
            cut(row.model or "–", 32),
            cut(row.environment or "–", 16),
            row.run_id,
            _cause(row),
        )
        for row in runs
    ]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]) - 1)]
    look = terminal()
    wide = sum(widths) + 2 * len(widths) + max(len(line[-1]) for line in table)
    split = look["known"] and wide > look["width"]
    lines = [part for line in table for part in _row(line, widths, look["color"], split=split)]
    back = steps(runs)
    lines += ["", *(f"note: {step.note}" for step in back[:_STEPS])] if back else []
    many = f"the newest {len(runs)}" if filters.limit and len(runs) == filters.limit else f"{len(runs)}"
    lines += ["", f"{many} run{'s' if len(runs) > 1 else ''} in {shown}"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


_VERDICT, _BELOW = 1, 5  # the columns


def _row(line: tuple[str, ...], widths: list[int], color: bool, *, split: bool) -> list[str]:
    """One run in a line; in two, with run and cause below, where a terminal is too narrow for it."""
    cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
    cells[_VERDICT] = paint(cells[_VERDICT], line[_VERDICT], color)
    if not split:
        return ["  ".join([*cells, line[-1]])]
    return ["  ".join(cells[:_BELOW]), f"    {'  '.join([*cells[_BELOW:], line[-1]])}"]


def _unknown(filters: Filters) -> str:
    """A word that nothing is called by finds nothing, and must not read as a clean record."""
    from chatproof.cli.commands.explain import known

    names = known() if filters.code or filters.clause else []
    wrong = [
        f"{sort} {cut(word, 60)!r}"
        for sort, word in (("code", filters.code), ("clause", filters.clause))
        if word and not any(name == word or name.startswith(f"{word.removesuffix('.*')}.") for name in names)
    ]
    return f"note: no {' and no '.join(wrong)} is known; see: chatproof explain\n" if wrong else ""


def _other_targets(kept: Journal, name: str) -> str:
    """A target's name may be mistyped; those of the newest runs are near at hand."""
    rows = kept.list(Filters(limit=_LOOKED_AT)) if name and not kept.list(Filters(target=name, limit=1)) else []
    names = dict.fromkeys(row.base_url if row.target in ("", "url") else row.target for row in rows)
    return (
        f"note: the journal has no run of the target {cut(name, 60)!r}; {cut(near(name, names), 200)}\n"
        if names
        else ""
    )


def _cause(row: Row) -> str:
    """The principal diagnosis, behind what makes the run another than a whole one of the chat API."""
    odd = ["narrowed"] if row.narrowed else []
    odd += [f"({row.api})"] if row.api != CHAT else []
    return " ".join(filter(None, [*odd, row.code or _remark(row)]))


def _remark(row: Row) -> str:
    if not row.ended:
        return "interrupted, killed or still running"
    return "warning" if row.verdict == "GO" and row.clauses else ""
