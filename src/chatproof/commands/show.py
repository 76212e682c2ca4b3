"""chatproof show: one run of the journal, in any format a run can be reported in."""

import json
from typing import Any

from chatproof import reporters
from chatproof.cli import COMMANDS
from chatproof.commands.options import parser, terminal
from chatproof.commands.reading import RUN, add_journal, find_runs
from chatproof.output import say
from chatproof.printable import escape
from chatproof.usage_error import UsageError


def main(argv: list[str]) -> int:
    to = parser("show", COMMANDS["show"])
    to.add_argument("run", metavar="RUN", help=RUN)
    to.add_argument("--format", default="text", metavar="FORMAT", help=", ".join(reporters.formats()))
    to.add_argument("-q", "--quiet", action="store_true", help="the verdict and the cause only")
    to.add_argument("-v", "--verbose", action="count", default=0, help="show exchanges; twice: headers")
    add_journal(to)
    args = to.parse_args(argv)
    reporters.load(args.format)
    (found,) = find_runs(args, [args.run])
    look = terminal()
    style = reporters.Style(look["color"], look["width"], -1 if args.quiet else args.verbose)
    say(
        reporters.render(args.format, found.document, style) if found.row.ended else _begun(found.document, args.format)
    )
    return 0


def _begun(document: dict[str, Any], format: str) -> str:
    """A run without an end has no verdict, so that no reporter can show it."""
    if format == "json":
        return json.dumps(document, indent=2) + "\n"
    if format != "text":
        raise UsageError(
            "usage", f"{document['run_id']} has no end, and so no {format} report", "say --format text or json"
        )
    target = document["target"]
    lines = [
        f"NO END  {target['name']} · {target['base_url']} · model {target['model'] or '(none)'}",
        "",
        "  The run began and the journal holds no end of it: it was interrupted or killed, or is still running.",
        "  Nothing is known of what was sent or answered; a request may have been billed.",
        "",
        *(f"  planned     {plan['probe']}: {plan['method']} {plan['url']}" for plan in document["planned"]),
        "",
        f"  run         {document['run_id']}, {document['started_at']}",
    ]
    return "\n".join(map(escape, lines)) + "\n"
