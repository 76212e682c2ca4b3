"""chatproof smoke: the go/no-go check."""

import argparse
import os
from collections.abc import Callable

from chatproof.cli.main import COMMANDS
from chatproof.cli.output import Progress, say
from chatproof.cli.shared import publish
from chatproof.cli.shared.keeping import Keeper, add_option
from chatproof.cli.shared.options import add_requests, add_target, find_target, parser
from chatproof.contract.clause import VALIDATE
from chatproof.running.plan import Settings
from chatproof.running.run import run
from chatproof.target.target import Resolved


def main(argv: list[str]) -> int:
    return check(options().parse_args(argv), settings)


def check(args: argparse.Namespace, settings_of: Callable[[argparse.Namespace, Resolved], Settings]) -> int:
    """Run what the arguments ask for and publish it; return the exit status. smoke and validate share it."""
    outlet = publish.Outlet(args)
    resolved = with_clients(find_target(args, need_key=not args.plan), args.client)
    settings = settings_of(args, resolved)
    if args.request or resolved.requests:
        from chatproof.cli.shared import own_requests

        settings = settings._replace(requests=own_requests.of(args, [resolved]))
    if args.plan:
        from chatproof.cli.shared.plan import show

        say(show(resolved, settings))
        return 0
    keeper = Keeper(args)
    resolved = with_model(resolved, args.model, keeper)
    against = None
    if args.against:
        from chatproof.cli.shared.drifting import baseline

        against = baseline(args, resolved.target)
    with outlet:
        phases = settings.kind == VALIDATE
        with Progress(f"asking {resolved.url.netloc}", not args.quiet, phases=phases) as progress:
            settings = settings._replace(whole_bodies=keeper.whole_bodies)
            document, bodies = run(resolved, settings, environ=os.environ, begin=keeper.begin, watch=progress.watch())
        keeper.drift(document, against)
        unkept = keeper.end(document, bodies)
        return outlet.publish(document, unkept)


def settings(args: argparse.Namespace, resolved: Resolved) -> Settings:
    return Settings(args.stream, args.strict, tuple(args.only), tuple(args.skip), args.keep_bodies, args.max_requests)


def options(command: str = "smoke") -> argparse.ArgumentParser:
    """The options of a command that runs a contract."""
    to = parser(command, COMMANDS[command])
    add_target(to)
    if command == "smoke":
        to.add_argument("--stream", action="store_true", help="add a streaming probe after the happy path passes")
    to.add_argument("--plan", action="store_true", help="print the requests as curl commands; send nothing")
    to.add_argument("--max-requests", type=int, default=0, metavar="N", help="refuse to send more than N requests")
    to.add_argument("--strict", action="store_true", help="treat should as must")
    to.add_argument("--client", action="append", default=[], metavar="NAME", help=CLIENT_HELP)
    to.add_argument("--only", action="append", default=[], metavar="CLAUSE", help="judge only this clause or family")
    to.add_argument("--skip", action="append", default=[], metavar="CLAUSE", help="leave out this clause or family")
    to.add_argument("--keep-bodies", action="store_true", help="also keep excerpts of passing replies")
    add_requests(to)
    publish.add_options(to)
    add_option(to)
    to.add_argument(
        "--against",
        default="",
        metavar="RUN",
        help="report what changed since this run; latest:GO: since the last good runs (default if there are three)",
    )
    return to


CLIENT_HELP = "a client that you use: what breaks it becomes a required clause (must); repeatable"


def with_clients(resolved: Resolved, named: list[str]) -> Resolved:
    """The target with the clients that options and configuration name, checked. Raises UsageError."""
    if not (named or resolved.clients):
        return resolved
    from chatproof.contract import clients

    every = tuple(dict.fromkeys((*resolved.clients, *named)))
    clients.check(every)
    said = f"levels also follow your client{'s' if len(every) > 1 else ''} {', '.join(every)}: --client"
    return resolved._replace(clients=every, notes=(*resolved.notes, said))


def with_model(resolved: Resolved, wanted: str, keeper: Keeper) -> Resolved:
    """The target with a model; asks for the list where none is known. Raises UsageError."""
    if resolved.target.model not in ("", "auto"):
        return resolved
    wanted = wanted or resolved.target.model
    from chatproof.cli.commands.models import choose_model

    keeper.ready()

    return choose_model(resolved, auto=wanted == "auto")
