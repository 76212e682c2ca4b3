"""chatproof smoke: the go/no-go check."""

import argparse
import os
from collections.abc import Callable

from chatproof.cli import COMMANDS
from chatproof.commands import publish
from chatproof.commands.keeping import Keeper, add_option
from chatproof.commands.options import add_target, find_target, parser
from chatproof.output import Progress, say
from chatproof.run import Settings, run
from chatproof.target import Resolved


def main(argv: list[str]) -> int:
    return check(options().parse_args(argv), settings)


def check(args: argparse.Namespace, settings_of: Callable[[argparse.Namespace, Resolved], Settings]) -> int:
    """Run what the arguments ask for and publish it; return the exit status. smoke and validate share it."""
    outlet = publish.Outlet(args)
    resolved = find_target(args, need_key=not args.plan)
    settings = settings_of(args, resolved)
    if args.plan:
        from chatproof.commands.plan import show

        say(show(resolved, settings))
        return 0
    keeper = Keeper(args)
    resolved = with_model(resolved, args.model, keeper)
    against = None
    if args.against:
        from chatproof.commands.drifting import baseline

        against = baseline(args, resolved.target)
    with outlet:
        with Progress(f"asking {resolved.url.netloc}", not args.quiet):
            document = run(resolved, settings, environ=os.environ, begin=keeper.begin).document
        keeper.drift(document, against)
        unkept = keeper.end(document)
        return outlet.publish(document, unkept)


def settings(args: argparse.Namespace, resolved: Resolved) -> Settings:
    return Settings(args.stream, args.strict, tuple(args.only), tuple(args.skip), args.keep_bodies, args.max_requests)


def options(command: str = "smoke") -> argparse.ArgumentParser:
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
    publish.add_options(to)
    add_option(to)
    to.add_argument(
        "--against",
        default="",
        metavar="RUN",
        help="report drift from this run; latest:GO: from the last good runs (the default where there are three)",
    )
    return to


def with_model(resolved: Resolved, wanted: str, keeper: Keeper) -> Resolved:
    """The target with a model; asks for the list where none is known. Raises UsageError."""
    if resolved.target.model not in ("", "auto"):
        return resolved
    wanted = wanted or resolved.target.model
    from chatproof.commands.models import choose_model

    keeper.ready()

    return choose_model(resolved, auto=wanted == "auto")
