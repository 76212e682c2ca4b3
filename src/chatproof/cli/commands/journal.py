"""chatproof journal: prove the chain, remove what is old, write it out, take runs in."""

import argparse
import re

from chatproof import journal as journals
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import Artefact, WriteError, say, say_as_is, say_json
from chatproof.cli.shared import replaced
from chatproof.cli.shared.keeping import named
from chatproof.cli.shared.options import parser
from chatproof.cli.shared.reading import add_journal, days, moment, open_journal
from chatproof.files import special_files
from chatproof.journal import JournalError
from chatproof.journal.documents import LARGEST
from chatproof.journal.upkeep import BLIND, TORN, export, prune, take, verify
from chatproof.printable import escape, inert_json
from chatproof.usage_error import UsageError

ACTIONS = {
    "verify": "prove that no entry was changed, removed or inserted; exit 1 if one was",
    "export": "write every entry as a line of JSON: to standard output, or to a file",
    "import": "add runs from run JSON files or exports, marked as runs of another journal",
    "prune": "remove the oldest runs: --keep N, or --older-than 90d",
    "backup": "write a complete copy to FILE; runs can be written at the same time",
    "migrate": "convert the PostgreSQL tables of 0.1.0 to this version; 0.1.0 cannot read them afterwards",
}
_LARGEST = 1024 * 1024 * 1024


def main(argv: list[str]) -> int:
    to = parser("journal", COMMANDS["journal"])
    to.add_argument(
        "action", choices=tuple(ACTIONS), metavar="ACTION", help="; ".join(f"{n}: {t}" for n, t in ACTIONS.items())
    )
    to.add_argument(
        "files",
        nargs="*",
        default=[],
        metavar="FILE",
        help="import: the files to add; export, backup: the file to write",
    )
    to.add_argument(
        "--head", default="", metavar="SEQ:HASH", help="verify: compare with this head, which you kept elsewhere"
    )
    to.add_argument("--keep", type=int, default=0, metavar="N", help="prune: keep the newest N runs")
    to.add_argument("--older-than", default="", metavar="AGE", help="prune: remove runs older than 90d, 12h, …")
    to.add_argument("--format", default="text", choices=("text", "json"))
    add_journal(to)
    args = to.parse_args(argv)
    _check(args)
    does = {
        "verify": _verify, "export": _export, "import": _import, "prune": _prune, "backup": _backup, "migrate": _migrate
    }  # fmt: skip
    return does[args.action](args)


def _check(args: argparse.Namespace) -> None:
    belongs = {"head": "verify", "keep": "prune", "older_than": "prune"}
    for name, action in belongs.items():
        if getattr(args, name) and args.action != action:
            raise UsageError("usage", f"--{name.replace('_', '-')} goes with {action}", "see: chatproof journal --help")
    if args.head and not re.fullmatch("[0-9]+:[0-9a-f]{64}", args.head):
        raise UsageError(
            "usage",
            "the value of --head is not a head of a journal",
            "give the complete value that journal verify printed: SEQ:HASH",
        )
    if args.action in ("verify", "prune", "migrate") and args.files:
        raise UsageError("usage", f"{args.action} does not accept a FILE", "name the journal with --journal")
    if args.action == "prune" and (args.keep > 0) == bool(args.older_than):
        raise UsageError("usage", "use either --keep N or --older-than AGE", "N must be at least 1")
    if args.action == "import" and not args.files:
        raise UsageError("usage", "import needs a FILE", "give run JSON files, or an export")
    if args.action == "export" and len(args.files) > 1:
        raise UsageError("usage", "export writes exactly one FILE", "leave out the other files")
    if args.action == "backup" and len(args.files) != 1:
        raise UsageError("usage", "backup writes exactly one FILE", "give the path of the copy")


def _verify(args: argparse.Namespace) -> int:
    kept = open_journal(args)
    from chatproof.cli.shared import whole_bodies

    found = verify(kept, args.head)
    state = "is broken" if found.problems else "holds"
    found = found._replace(problems=[*found.problems, *whole_bodies.flaws(args, kept)])
    if args.format == "json":
        document = {
            "schema": "chatproof.verify/1",
            "journal": kept.shown,
            "holds": not found.problems,
            **found._asdict(),
        }
        say_json(document)
    else:
        lines = [f"the chain {state}: {found.entries} entries in {kept.shown}"]
        lines += [f"  {problem}" for problem in found.problems[:20]]
        lines += [f"  … and {len(found.problems) - 20} more"] if len(found.problems) > 20 else []
        lines += [f"note  {TORN}"] if found.problems and "://" not in kept.shown else []
        lines += [f"head  {found.head}", f"note  {BLIND}"]
        say("".join(f"{escape(line)}\n" for line in lines))
    return 1 if found.problems else 0


def _export(args: argparse.Namespace) -> int:
    kept = open_journal(args)
    kept.head()
    lines = map(inert_json, export(kept))  # a log may be where they go; the data stay, and so do the hashes
    if not args.files or args.files == ["-"]:
        for line in lines:
            say_as_is(line)
        return 0
    replaced.refuse(args, args.files[0], "the export", "files")
    artefact = Artefact(args.files[0])
    try:
        artefact.write("".join(lines))
    finally:
        artefact.discard()
    say(f"written: {escape(args.files[0])}\n")
    return 0


def _import(args: argparse.Namespace) -> int:
    kept = journals.open(named(args))
    taken = take(kept, [(path, _read(path)) for path in args.files])
    say(f"{taken.added} runs added, {taken.known} already there: {escape(kept.shown)}\n")
    return 0


def _read(path: str) -> str:
    try:
        with special_files.opened(path) as file:
            data = file.read(LARGEST + 1)
            if len(data) > LARGEST and data.lstrip().startswith(b'{"seq":'):  # an export: many runs
                data += file.read(_LARGEST)
            elif len(data) > LARGEST:
                raise JournalError(
                    "run.malformed", f"{path} is larger than a run can be, and is not an export", "check the path"
                )
        text = data.decode("utf-8").replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise JournalError("run.unknown", f"cannot read {path}: {reason}", "check the path") from None
    if len(text) > _LARGEST:
        raise WriteError(f"{path} is larger than 1 GiB")
    return text


def _prune(args: argparse.Namespace) -> int:
    kept = open_journal(args)
    if args.older_than:
        days(args.older_than, "--older-than")
    from chatproof.cli.shared import whole_bodies

    around = whole_bodies.Prune(args, kept)
    done = prune(kept, keep=args.keep, before=moment(args.older_than, "--older-than"))
    bodies = around.finish()
    also = f", and {bodies} complete bodies" if bodies else ""
    why = f"note  {escape(done.why)}\n" if done.why else ""
    say(f"{done.removed} runs removed{also}: {escape(kept.shown)}\n{why}")
    return 0


def _backup(args: argparse.Namespace) -> int:
    from chatproof.journal.backup import backup

    (path,) = args.files
    backup(open_journal(args), path)
    say(f"written: {escape(path)}\n")
    return 0


def _migrate(args: argparse.Namespace) -> int:
    kept = open_journal(args)
    what = "its tables now have the format of this version" if kept.migrate() else "nothing to do"
    say(f"{what}: {escape(kept.shown)}\n")
    return 0
