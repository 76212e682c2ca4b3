"""chatproof escalate: one bundle for a help center, looked through for secrets after it was written."""

import os
from typing import Any

from chatproof import bundle_scan, clock, reporters
from chatproof.cli import COMMANDS
from chatproof.commands.options import parser
from chatproof.commands.reading import RUN, add_journal, find_runs
from chatproof.escalation import bundle
from chatproof.output import Artefact, WriteError, say
from chatproof.printable import escape
from chatproof.usage_error import UsageError

GROUP = "escalation"


def main(argv: list[str]) -> int:
    to = parser("escalate", COMMANDS["escalate"])
    to.add_argument("run", metavar="RUN", help=RUN)
    to.add_argument("--format", default="markdown", metavar="FORMAT", help=", ".join(reporters.formats(GROUP)))
    to.add_argument("-o", "--output", default="", metavar="PATH", help="write it to a file, whole or not at all")
    add_journal(to)
    args = to.parse_args(argv)
    reporters.load(args.format, GROUP)
    (found,) = find_runs(args, [args.run])
    run = found.document
    if not found.row.ended:
        raise UsageError("usage", f"{run['run_id']} has no end, and so nothing to show", "see: chatproof history")
    document = bundle(run, clock.utc())
    if not document["mismatches"] and not document["degradation"]:
        raise UsageError("usage", f"{run['run_id']} shows nothing that could be escalated", "see: chatproof show")
    text = reporters.render(args.format, document, of=GROUP)
    file = Artefact(args.output) if args.output else None
    try:
        _refuse_secrets(text.encode("utf-8", "backslashreplace"), run, "nothing was written")
        if file is None:
            say(text)
            return 0
        file.write(text)
    finally:
        if file is not None:
            file.discard()
    _look_again(args.output, run)
    say(f"{' and '.join(document['sort'])}; the bundle is in {escape(args.output)}\n")
    return 0


def _refuse_secrets(data: bytes, run: dict[str, Any], done: str) -> None:
    """Raises WriteError (exit status 4) when something secret is in the bundle."""
    key = run["target"].get("key") or {}
    found = bundle_scan.find(
        data, length=int(key.get("length", 0)), mark=str(key.get("fingerprint", "")), environ=os.environ
    )
    if found:
        raise WriteError(f"the bundle holds {found}; {done}. Look at the run with: chatproof show")


def _look_again(path: str, run: dict[str, Any]) -> None:
    """What stands on the disk is what is sent: read it again, and delete it on a hit."""
    if not os.path.isfile(path):
        return  # a pipe or a device: it was looked through before
    try:
        with open(path, "rb") as file:
            data = file.read()
        _refuse_secrets(data, run, "it was deleted")
    except OSError as error:
        raise WriteError(f"cannot read {path} again: {error.strerror}") from None
    except WriteError:
        os.unlink(path)
        raise
