"""chatproof show: one run of the journal, in any format a run can be reported in; or the whole body of one reply."""

import argparse
import json
from typing import Any

from chatproof import reporters
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say, say_as_is
from chatproof.cli.shared.options import parser, terminal
from chatproof.cli.shared.reading import RUN, add_journal, add_narrowed, find_runs, newest, open_journal
from chatproof.printable import decode, escape, inert, inert_json
from chatproof.usage_error import UsageError


def main(argv: list[str]) -> int:
    to = parser("show", COMMANDS["show"])
    to.add_argument("run", nargs="?", default="", metavar="RUN", help=f"{RUN}; without one: the newest run")
    to.add_argument("--format", default="text", metavar="FORMAT", help=", ".join(reporters.formats()))
    to.add_argument("-q", "--quiet", action="store_true", help="only the verdict, its cause, owner and next step")
    to.add_argument("-v", "--verbose", action="count", default=0, help="show exchanges; given twice: headers")
    to.add_argument(
        "--body",
        default="",
        metavar="EXCHANGE",
        help="the complete body that the journal keeps of a reply with a failure: the exchange's id, or its probe",
    )
    to.add_argument("-o", "--output", default="", metavar="PATH", help="with --body: write its bytes to a file")
    add_narrowed(to)
    add_journal(to)
    args = to.parse_args(argv)
    reporters.load(args.format)
    if args.output and not args.body:
        raise UsageError("usage", "--output needs --body", "for a report, use --format and the shell's >")
    (found,) = find_runs(args, [args.run]) if args.run else [newest(args)]
    if args.body:
        return _body(args, found.document)
    look = terminal()
    style = reporters.Style(look["color"], look["width"], -1 if args.quiet else args.verbose)
    say_as_is(
        reporters.render(args.format, found.document, style) if found.row.ended else _begun(found.document, args.format)
    )
    if args.format == "text" and found.row.seq:
        from chatproof.journal.clocks import note_on

        note = note_on(open_journal(args), found.row)
        say(f"\nnote: {note}\n" if note else "")
    return 0


def _body(args: argparse.Namespace, document: dict[str, Any]) -> int:
    """On standard output escaped and inert, in a file byte for byte. Both are redacted: nothing else is kept."""
    from chatproof.cli.shared import replaced
    from chatproof.cli.shared.whole_bodies import body_of

    data = body_of(args, document, args.body)
    file = replaced.output(args)
    if file is None:
        text = decode(data).replace("\r\n", "\n")
        say(escape(text, keep="\n\t").rstrip("\n") + "\n")
        return 0
    try:
        file.write(data)
    finally:
        file.discard()
    say(f"{len(data)} bytes, redacted, were written to {escape(args.output)}\n")
    return 0


def _begun(document: dict[str, Any], format: str) -> str:
    """A run without an end has no verdict, so that no reporter can show it."""
    if format == "json":
        return inert_json(json.dumps(document, indent=2)) + "\n"
    if format != "text":
        raise UsageError(
            "usage", f"{document['run_id']} did not end, so it has no {format} report", "use --format text or json"
        )
    target = document["target"]
    lines = [
        f"NO END  {target['name']} · {target['base_url']} · model {target['model'] or '(none)'}",
        "",
        "  The run began, but the journal has no end of it: it was interrupted or killed, or is still running.",
        "  It is not known what was sent or answered; a request may have been billed.",
        "",
        *(f"  planned     {plan['probe']}: {plan['method']} {plan['url']}" for plan in document["planned"]),
        "",
        f"  run         {document['run_id']}, {document['started_at']}",
    ]
    return inert("\n".join(map(escape, lines))) + "\n"
