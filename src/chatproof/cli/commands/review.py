"""chatproof review: an incident review from recorded runs."""

import argparse

from chatproof import clock, reporters
from chatproof.analysis.incident.review import review
from chatproof.analysis.incident.streak import of_one_target
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say
from chatproof.cli.shared import replaced
from chatproof.cli.shared.options import parser, terminal
from chatproof.cli.shared.reading import (
    MOST,
    RUN,
    add_journal,
    add_narrowed,
    find_runs,
    moment,
    of_newest_target,
    open_journal,
)
from chatproof.journal import Filters
from chatproof.journal.reading import Found, found_in
from chatproof.printable import escape
from chatproof.usage_error import UsageError

GROUP = "review"


def main(argv: list[str]) -> int:
    to = parser("review", COMMANDS["review"])
    to.add_argument("runs", nargs="*", metavar="RUN", help=f"{RUN}; without one: all runs of the newest run's target")
    to.add_argument("--target", default="", metavar="TARGET", help="the journal's runs of this target")
    to.add_argument("--since", default="", metavar="WHEN", help="started at or after: 2026-11-22T10:00, 24h, 7d")
    to.add_argument("--until", default="", metavar="WHEN", help="started before")
    to.add_argument("--format", default="text", metavar="FORMAT", help=", ".join(reporters.formats(GROUP)))
    to.add_argument("-o", "--output", default="", metavar="PATH", help="write it to a file, completely or not at all")
    add_narrowed(to)
    add_journal(to)
    args = to.parse_args(argv)
    if args.runs and (args.target or args.since or args.until):
        raise UsageError(
            "usage", "name runs, or choose them by --target, --since and --until", "see: chatproof history"
        )
    reporters.load(args.format, GROUP)
    others: list[str] = []
    if args.runs:
        found = find_runs(args, args.runs)
        in_order = all(each.row.seq for each in found)  # none is from a file, which no journal gives a place
        documents = [each.document for each in sorted(found, key=lambda each: each.row.seq)]
    else:
        in_order = True
        documents, others = of_one_target([each.document for each in _chosen(args)])
    if not documents:
        raise UsageError("usage", "these filters match no run", "see: chatproof history")
    file = replaced.output(args)
    document = review(documents, clock.utc(), in_order=in_order, others=tuple(others))
    if file is not None:
        file.write(reporters.render(args.format, document, of=GROUP))
        say(f"{document['verdict']['verdict']}; the review is in {escape(args.output)}\n")
        return 0
    look = terminal()
    say(reporters.render(args.format, document, reporters.Style(look["color"], look["width"]), GROUP))
    return 0


def _chosen(args: argparse.Namespace) -> list[Found]:
    """By the filters; with none, all runs of the newest run's target."""
    if not args.target and not args.since and not args.until:
        return of_newest_target(args)
    since, until = moment(args.since, "--since"), moment(args.until, "--until")
    kept = open_journal(args)
    filters = Filters(target=args.target, since=since, until=until, whole=not args.narrowed, api=args.api, limit=MOST)
    return [found_in(kept, row) for row in reversed(kept.list(filters))]
