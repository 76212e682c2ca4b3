"""chatproof review: an incident review from recorded runs."""

from chatproof import clock, reporters
from chatproof.cli import COMMANDS
from chatproof.commands.options import parser, terminal
from chatproof.commands.reading import RUN, add_journal, find_runs, moment, open_journal
from chatproof.incident import review
from chatproof.journal import Filters
from chatproof.output import Artefact, say
from chatproof.printable import escape
from chatproof.usage_error import UsageError

GROUP = "review"
MOST = 500


def main(argv: list[str]) -> int:
    to = parser("review", COMMANDS["review"])
    to.add_argument("runs", nargs="*", metavar="RUN", help=RUN)
    to.add_argument("--target", default="", metavar="TARGET", help="instead: the journal's runs of this target")
    to.add_argument("--since", default="", metavar="WHEN", help="started at or after: 2026-11-22T10:00, 24h, 7d")
    to.add_argument("--until", default="", metavar="WHEN", help="started before")
    to.add_argument("--format", default="text", metavar="FORMAT", help=", ".join(reporters.formats(GROUP)))
    to.add_argument("-o", "--output", default="", metavar="PATH", help="write it to a file, whole or not at all")
    add_journal(to)
    args = to.parse_args(argv)
    chosen = bool(args.target or args.since or args.until)
    if bool(args.runs) == chosen:
        raise UsageError(
            "usage", "name runs, or choose them by --target, --since and --until", "see: chatproof history"
        )
    reporters.load(args.format, GROUP)
    if args.runs:
        documents = [found.document for found in find_runs(args, args.runs)]
    else:
        kept = open_journal(args)
        filters = Filters(
            target=args.target, since=moment(args.since, "--since"), until=moment(args.until, "--until"), limit=MOST
        )
        documents = [kept.find(row.run_id).document for row in kept.list(filters)]
    if not documents:
        raise UsageError("usage", "no run is chosen by these filters", "see: chatproof history")
    file = Artefact(args.output) if args.output else None
    document = review(documents, clock.utc())
    if file is not None:
        file.write(reporters.render(args.format, document, of=GROUP))
        say(f"{document['verdict']['verdict']}; the review is in {escape(args.output)}\n")
        return 0
    look = terminal()
    say(reporters.render(args.format, document, reporters.Style(look["color"], look["width"]), GROUP))
    return 0
