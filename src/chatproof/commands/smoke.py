"""chatproof smoke: the go/no-go check."""

import argparse
import os
from collections.abc import Callable
from typing import Any

from chatproof import reporters
from chatproof.cli import COMMANDS, SIGNAL_EXIT, VERDICT_EXIT
from chatproof.commands.options import add_target, find_target, parser, terminal
from chatproof.output import Artefact, WriteError, say, warn
from chatproof.run import Settings, run
from chatproof.target import Resolved
from chatproof.usage_error import UsageError


def main(argv: list[str]) -> int:
    return check(options("smoke").parse_args(argv), _settings)


def check(args: argparse.Namespace, settings_of: Callable[[argparse.Namespace, Resolved], Settings]) -> int:
    """Run what the arguments ask for and publish it; return the exit status. smoke and validate share it."""
    _check_formats(args)
    resolved = find_target(args, need_key=not args.plan)
    settings = settings_of(args, resolved)
    if args.plan:
        from chatproof.commands.plan import show

        say(show(resolved, settings))
        return 0
    resolved = _with_model(resolved, args.model)
    files = _open_reports(args.report)
    document: dict[str, Any] = run(resolved, settings, environ=os.environ).document
    return _publish(document, args, files)


def _settings(args: argparse.Namespace, resolved: Resolved) -> Settings:
    return Settings(args.stream, args.strict, tuple(args.only), tuple(args.skip), args.keep_bodies, args.max_requests)


def options(command: str) -> argparse.ArgumentParser:
    """The options of a command that runs a contract."""
    to = parser(command, COMMANDS[command])
    add_target(to)
    if command == "smoke":
        to.add_argument("--stream", action="store_true", help="add a streaming probe after the happy path holds")
    to.add_argument("--plan", action="store_true", help="print the requests as curl commands; send nothing")
    to.add_argument("--max-requests", type=int, default=0, metavar="N", help="refuse to send more than N requests")
    to.add_argument("--strict", action="store_true", help="treat should as must")
    to.add_argument("--only", action="append", default=[], metavar="CLAUSE", help="judge only this clause or family")
    to.add_argument("--skip", action="append", default=[], metavar="CLAUSE", help="leave out this clause or family")
    to.add_argument("--keep-bodies", action="store_true", help="keep excerpts of passing replies, too")
    to.add_argument(
        "--format",
        default="text",
        metavar="FORMAT",
        help=f"on standard output: {', '.join(reporters.formats())}",
    )
    to.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FORMAT[=PATH]",
        help="write a report; - is standard output",
    )
    to.add_argument("--exit-zero", action="store_true", help="exit 0 whatever the verdict")
    to.add_argument("-q", "--quiet", action="store_true", help="the verdict and the cause only")
    to.add_argument("-v", "--verbose", action="count", default=0, help="show exchanges; twice: headers")
    return to


def _check_formats(args: argparse.Namespace) -> None:
    known = reporters.formats()
    for wanted in (args.format, *(report.partition("=")[0] for report in args.report)):
        if wanted not in known:
            raise UsageError("usage", f"there is no format {wanted[:40]!r}", f"there are: {', '.join(known)}")


def _with_model(resolved: Resolved, wanted: str) -> Resolved:
    if resolved.target.model not in ("", "auto"):
        return resolved
    wanted = wanted or resolved.target.model
    from chatproof.commands.models import choose_model

    return choose_model(resolved, auto=wanted == "auto")


def _open_reports(reports: list[str]) -> list[tuple[str, Artefact | None]]:
    """Prove that each report can be written before a request is paid for."""
    opened: list[tuple[str, Artefact | None]] = []
    paths = [path for _, _, path in (report.partition("=") for report in reports) if path not in ("", "-")]
    if len(paths) != len({os.path.abspath(path) for path in paths}):
        raise UsageError("usage", "two reports have one path", "give each report a path of its own")
    try:
        for report in reports:
            format, _, path = report.partition("=")
            opened.append((format, Artefact(path) if path not in ("", "-") else None))
    except WriteError as error:
        for _, artefact in opened:
            if artefact:
                artefact.discard()
        raise UsageError("usage", f"{error}; nothing was sent", "check --report") from None
    return opened


def _publish(document: dict[str, Any], args: argparse.Namespace, files: list[tuple[str, Artefact | None]]) -> int:
    """The verdict goes to standard output first: a full disk must not hide it."""
    look = terminal()
    style = reporters.Style(look["color"], look["width"], -1 if args.quiet else args.verbose)
    failed = 0
    on_stdout = [args.format] if not any(artefact is None for _, artefact in files) else []
    for format in (*on_stdout, *(format for format, artefact in files if artefact is None)):
        try:
            say(reporters.render(format, document, style))
        except WriteError as error:
            warn(f"chatproof: {document['verdict']}; {error}")
            failed = 4
    for format, artefact in files:
        if artefact is None:
            continue
        try:
            artefact.write(reporters.render(format, document, reporters.Style()))
        except WriteError as error:
            warn(f"chatproof: {document['verdict']}; {error}")
            failed = 4
    signal = next(
        (name for name in SIGNAL_EXIT for note in document["notes"] if note.startswith(f"interrupted by {name}")),
        "",
    )
    if signal:
        return SIGNAL_EXIT[signal]
    return failed or (0 if args.exit_zero else VERDICT_EXIT[document["verdict"]])
