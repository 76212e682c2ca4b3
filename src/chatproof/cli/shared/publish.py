"""Where a run's document goes: standard output, report files, the exit status. Every command that has one uses this.

outlet = Outlet(args)              # formats and policy are checked; nothing is opened
with outlet:                       # report files are proved writable, before a request is paid for
    document = …
    return outlet.publish(document)
"""

from __future__ import annotations

import argparse
import os
from types import TracebackType

from chatproof import reporters
from chatproof.cli import exit_status
from chatproof.cli.output import Artefact, WriteError, say_as_is, warn
from chatproof.cli.shared.options import terminal
from chatproof.usage_error import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def add_options(to: argparse.ArgumentParser, of: str = "") -> None:
    """--format, --report, --fail-on, --exit-zero, -q, -v: what an Outlet reads."""
    to.add_argument(
        "--format",
        default="text",
        metavar="FORMAT",
        help=f"on standard output: {', '.join(reporters.formats(of))}",
    )
    to.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FORMAT[=PATH]",
        help="write a report; - is standard output",
    )
    to.add_argument(
        "--fail-on",
        action="append",
        default=[],
        metavar="WHAT",
        help=f"what fails the run: {', '.join(exit_status.FAIL_ON)} (default broken,undecided)",
    )
    to.add_argument("--exit-zero", action="store_true", help="exit 0 whatever the verdict is")
    if not of:
        to.add_argument(
            "--json-fields",
            default="",
            metavar="A,B.C",
            help="only these fields of the run as JSON on standard output, such as verdict,findings.clause",
        )
    to.add_argument("-q", "--quiet", action="store_true", help="only the verdict, its cause, owner and next step")
    to.add_argument("-v", "--verbose", action="count", default=0, help="show exchanges; given twice: headers")


class Outlet:
    """The sinks that were asked for. `fails` is what fails the run (see exit_status).

    `of` names the reporters: empty for those of runs, else a folder of `reporters`.
    """

    def __init__(self, args: argparse.Namespace, of: str = "", each: Sequence[argparse.Namespace] = ()) -> None:
        """Check everything that can be checked without a file. Raises UsageError.

        `each`: the options as they hold for each target, where a command has several and an option may be given once
        for each."""
        self._of = of
        self._files: list[tuple[str, Artefact]] = []
        self._paths: list[tuple[str, str]] = []
        on_stdout = []
        for report in args.report:
            format, separator, path = report.partition("=")
            if separator and not path:
                raise UsageError(
                    "usage", f"--report {format}= needs a file name", "give a path, or - for standard output"
                )
            if path in ("", "-"):
                on_stdout.append(format)
            else:
                self._paths.append((format, path))
        self._on_stdout = on_stdout or [args.format]
        self._fields: tuple[tuple[str, ...], ...] = ()
        if getattr(args, "json_fields", ""):
            from chatproof.cli.shared import fields

            if on_stdout or args.format not in ("text", "json"):
                raise UsageError("usage", "--json-fields writes JSON to standard output", "leave out the other format")
            self._fields = fields.parse(args.json_fields)
        for format in (args.format, *on_stdout, *(format for format, _ in self._paths)):
            reporters.load(format, of)
        if self._paths:
            self._refuse_what_would_replace(each or (args,))
        self.fails = exit_status.policy(args.fail_on, args.exit_zero)
        look = terminal()
        self._style = reporters.Style(look["color"], look["width"], -1 if args.quiet else args.verbose)

    def _refuse_what_would_replace(self, each: Sequence[argparse.Namespace]) -> None:
        from chatproof.cli.shared import replaced

        places = [_place(path) for _, path in self._paths]
        if len(set(map(replaced.folded, places))) < len(places):
            same = "two reports have the same path"
            unlike = f"{same} where a file system does not tell capital letters from small ones"
            said = same if len(set(places)) < len(places) else unlike
            raise UsageError("usage", said, "give each report its own path")
        for _, path in self._paths:
            for args in each:
                replaced.refuse(args, path, "the report", "report")

    @property
    def on_stdout(self) -> list[str]:
        """The formats that go to standard output."""
        return self._on_stdout

    def __enter__(self) -> Outlet:
        """Prove that each report can be written. Raises UsageError."""
        if self._paths:
            from chatproof.files.special_files import is_special

            # What is open already first: a file that is opened gets the number of one that is not.
            self._paths.sort(key=lambda named: not is_special(named[1]))
        try:
            for format, path in self._paths:
                mode = getattr(reporters.load(format, self._of), "MODE", 0o600)
                self._files.append((format, Artefact(path, mode)))
        except WriteError as error:
            self._discard()
            raise UsageError("usage", f"{error}; nothing was sent", "check --report") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._discard()

    def _discard(self) -> None:
        for _, artefact in self._files:
            artefact.discard()

    def publish(self, document: dict[str, Any], failed: int = 0) -> int:
        """Show and write the document; return the exit status. The verdict goes first: a full disk must not hide it.

        `failed` is what Keeper.end returned: 4, not in the journal, counts only where the status would be 0.
        """
        unwritten = self.show(document)
        unwritten = self.write_files(document) or unwritten
        if self._of:
            status = exit_status.of_decision(document["decision"], self.fails)
            return unwritten or exit_status.with_journal(status, failed)
        status = exit_status.of_run(document, self.fails)
        if not exit_status.interrupted(document):
            for reason in exit_status.reasons(document, self.fails):
                warn(f"chatproof: {reason}")
            status = unwritten or exit_status.with_journal(status, failed)
        if os.environ.get("GITHUB_ACTIONS") == "true":
            from chatproof.cli.shared import github

            github.announce(document, status, annotate="github" not in self._on_stdout)
        return status

    def show(self, document: dict[str, Any], streamed: str = "") -> int:
        """Show the document on standard output, save in the format whose lines stand there already; return 0, or 4."""
        failed = 0
        for format in self._on_stdout:
            if format != streamed:
                try:
                    say_as_is(self._rendered(format, document))
                except WriteError as error:
                    failed = _unwritten(document, error)
        return failed

    def _rendered(self, format: str, document: dict[str, Any]) -> str:
        if self._fields:
            from chatproof.cli.shared import fields

            return fields.render(document, self._fields)
        return reporters.render(format, document, self._style, self._of)

    def write_files(self, document: dict[str, Any]) -> int:
        """Write the report files only; return 0, or 4 when one could not be written."""
        failed = 0
        for format, artefact in self._files:
            try:
                artefact.write(reporters.render(format, document, of=self._of))
            except WriteError as error:
                failed = _unwritten(document, error)
        return failed


def _place(path: str) -> str:
    try:
        return os.path.abspath(path)
    except OSError:  # the folder we were started in is gone
        return os.path.normpath(path)


def _unwritten(document: dict[str, Any], error: WriteError) -> int:
    warn(f"chatproof: {document.get('verdict') or document['decision']}; {error}")
    return 4
