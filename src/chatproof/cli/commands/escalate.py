"""chatproof escalate: one bundle for a help center, looked through for secrets after it was written.

With --attach-bodies it is a zip file: the bundle, and the whole bodies that the journal keeps of the run's replies.
"""

import argparse
import os
from typing import Any

from chatproof import clock, reporters
from chatproof.analysis.escalation import bundle
from chatproof.analysis.incident.review import review
from chatproof.analysis.incident.rules import OURS
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import WriteError, say
from chatproof.cli.shared import replaced
from chatproof.cli.shared.options import parser
from chatproof.cli.shared.reading import RUN, add_journal, add_narrowed, find_runs, newest_failing, runs_until
from chatproof.journal.reading import Found
from chatproof.printable import escape
from chatproof.secrets import bundle_scan
from chatproof.usage_error import UsageError

GROUP = "escalation"
_ENDINGS = {"markdown": "md"}


def main(argv: list[str]) -> int:
    to = parser("escalate", COMMANDS["escalate"])
    to.add_argument("run", nargs="?", default="", metavar="RUN", help=f"{RUN}; without one: the newest run that failed")
    to.add_argument("--format", default="markdown", metavar="FORMAT", help=", ".join(reporters.formats(GROUP)))
    to.add_argument("-o", "--output", default="", metavar="PATH", help="write it to a file, completely or not at all")
    to.add_argument(
        "--attach-bodies",
        action="store_true",
        help="make a zip file that includes the complete bodies that were kept, redacted",
    )
    to.add_argument("--anyway", action="store_true", help="write it even when the cause is ours to fix")
    add_narrowed(to)
    add_journal(to)
    args = to.parse_args(argv)
    if args.attach_bodies and not args.output:
        raise UsageError("usage", "--attach-bodies writes a zip file", "name a zip file: --output bundle.zip")
    reporters.load(args.format, GROUP)
    (found,) = find_runs(args, [args.run]) if args.run else [newest_failing(args)]
    run = found.document
    if not found.row.ended:
        raise UsageError("usage", f"{run['run_id']} did not end, so there is nothing to show", "see: chatproof history")
    if not args.anyway:
        _refuse_ours(args, found)
    document = bundle(run, clock.utc())
    if not document["mismatches"] and not document["degradation"]:
        raise UsageError("usage", f"{run['run_id']} contains nothing to escalate", "see: chatproof show")
    text = reporters.render(args.format, document, of=GROUP)
    parts = {f"bundle.{_ENDINGS.get(args.format, args.format)}": text.encode("utf-8", "backslashreplace")}
    if args.attach_bodies:
        parts |= _bodies(args, run)
    file = replaced.output(args)
    try:
        for part in parts.values():
            _refuse_secrets(part, run, "nothing was written")
        if file is None:
            say(text)
            return 0
        file.write(_packed(parts) if args.attach_bodies else text)
    finally:
        if file is not None:
            file.discard()
    _look_again(args.output, run, packed=args.attach_bodies)
    say(f"kind of problem: {' and '.join(document['sort'])}; the bundle is in {escape(args.output)}\n")
    return 0


def _refuse_ours(args: argparse.Namespace, found: Found) -> None:
    """What is ours is mended here: a letter about it would be answered in days with what we know. Raises UsageError."""
    run, cause = found.document, next(iter(found.document["diagnoses"]), None)
    if found.row.seq:
        before = [each.document for each in runs_until(args, found)]
        verdict = review(before, clock.utc(), in_order=True)["verdict"]
        if verdict["verdict"] == OURS and run["run_id"] in verdict["runs"]:
            raise UsageError(
                "usage",
                f"no bundle is written: {run['run_id']} fails because of our own change: {verdict['reason']}",
                f"{verdict['settles']}; --anyway writes the bundle nevertheless",
            )
    if cause and cause["owner"] == "you" and cause["confidence"] != "possible":
        raise UsageError(
            "usage",
            f"no bundle is written: the cause is ours ({cause['confidence']}): {cause['code']}: {cause['summary']}",
            f"{cause['next_step']} (--anyway writes the bundle nevertheless)",
        )


def _refuse_secrets(data: bytes, run: dict[str, Any], done: str) -> None:
    """Raises WriteError (exit status 4) when something secret is in the bundle."""
    key = run["target"].get("key") or {}
    found = bundle_scan.find(
        data, length=int(key.get("length", 0)), mark=str(key.get("fingerprint", "")), environ=os.environ
    )
    if found:
        raise WriteError(f"the bundle contains {found}; {done}. Look at the run with: chatproof show")


def _bodies(args: argparse.Namespace, run: dict[str, Any]) -> dict[str, bytes]:
    """The kept bodies, by the name of their file. Raises UsageError when there is none."""
    from chatproof.cli.shared.whole_bodies import all_of

    found = {f"bodies/{name}.txt": data for name, data in all_of(args, run).items()}
    if not found:
        raise UsageError("usage", f"the journal has no body of {run['run_id']}", "leave out --attach-bodies")
    return found


def _packed(parts: dict[str, bytes]) -> bytes:
    """A zip file of the parts, the same for the same parts."""
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            about = zipfile.ZipInfo(name)
            about.compress_type, about.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            file.writestr(about, data)
    return out.getvalue()


def _unpacked(data: bytes) -> list[bytes]:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return [file.read(name) for name in file.namelist()]


def _look_again(path: str, run: dict[str, Any], *, packed: bool) -> None:
    """What stands on the disk is what is sent: read it again, and delete it on a hit."""
    if not os.path.isfile(path):
        return  # a pipe or a device: it was looked through before
    try:
        with open(path, "rb") as file:
            data = file.read()
        for part in _unpacked(data) if packed else [data]:
            _refuse_secrets(part, run, "it was deleted")
    except OSError as error:
        raise WriteError(f"cannot read {path} again: {error.strerror}") from None
    except WriteError:
        os.unlink(path)
        raise
