"""chatproof compare: the same contract on several endpoints, point by point, and whether a client may move."""

import argparse
import os
import re
from typing import Any

from chatproof import clock
from chatproof.analysis.comparison.document import MOST, build
from chatproof.analysis.comparison.settled import AskedAgain
from chatproof.cli.commands.smoke import CLIENT_HELP, with_clients, with_model
from chatproof.cli.commands.validate import capabilities
from chatproof.cli.exit_status import SIGNAL_EXIT
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import Progress, say
from chatproof.cli.shared import keeping, own_requests, publish
from chatproof.cli.shared.keeping import Keeper
from chatproof.cli.shared.options import Parser, add_requests, add_target, find_target
from chatproof.contract.surface import CHAT
from chatproof.running import beside
from chatproof.running.plan import Settings
from chatproof.running.run import Carried
from chatproof.running.side_by_side import Job, known_capabilities, run_all, with_opt_in
from chatproof.target.target import OWN_VARIABLE, SIMULATOR, Resolved
from chatproof.usage_error import UsageError
from chatproof.wire.urls import is_loopback

GROUP = "comparison"
_RUN = re.compile(r"(?:smoke|validate|judge)-[0-9]{8}|latest(?:[:@/]|$)")


class _Many(Parser):
    """Options with a value may be given once, for all targets, or once for each, in their order."""

    def __init__(self, **about: Any) -> None:
        self.per_target: list[str] = []
        self.many = True
        super().__init__(**about)

    def add_argument(self, *names: str, **about: Any) -> argparse.Action:
        if names == ("target",):
            names, about = ("targets",), {**about, "nargs": "+", "default": None, "metavar": "A B"}
            about["help"] = "targets as in other commands, or recorded runs: a run id, latest:GO, or a run JSON file"
            return super().add_argument(*names, **about)
        if self.many and about.get("default") == "" and "action" not in about:
            about |= {"action": "append", "default": []}
            self.per_target.append(names[0].lstrip("-").replace("-", "_"))
        return super().add_argument(*names, **about)


def main(argv: list[str]) -> int:
    args, per_target = _parse(argv)
    if not 2 <= len(args.targets) <= MOST:
        raise UsageError(
            "usage",
            f"{len(args.targets)} target{'s are' if len(args.targets) > 1 else ' is'} given",
            f"name A and B, and up to {MOST} in all",
        )
    each = [_of_one(args, per_target, number) for number in range(len(args.targets))]
    outlet = publish.Outlet(args, GROUP, each)
    recorded = [_recorded(one) for one in each]
    names = [document["run_id"] for document in recorded if document]
    if len(set(names)) < len(names):
        raise UsageError("usage", "a run would be compared with itself", "name a run of each target: latest@A latest@B")
    live = {number: find_target(one, need_key=not args.plan) for number, one in enumerate(each) if not recorded[number]}
    live = {number: with_clients(resolved, args.client) for number, resolved in live.items()}
    _keys_apart(live, each)
    live = dict(zip(live, beside.apart(live.values(), os.environ), strict=True))
    apis = {*(one.target.api for one in live.values()), *(str(one.get("api", CHAT)) for one in recorded if one)}
    required = known_capabilities(capabilities(args.require), apis)
    requires = required.union(*(resolved.requires for resolved in live.values()))
    args.own = own_requests.of(args, live.values())
    if args.plan:
        from chatproof.cli.shared.plan import show

        say("\n".join(show(resolved, _settings(args, resolved, requires)) for resolved in live.values()))
        if args.ask_again and len(live) > 1 and len(apis) == 1:
            say(
                f"\n# and where the answers differ, both sides are asked again: at most {args.ask_again} "
                "more requests in all\n"
            )
        return 0
    keepers = {number: Keeper(each[number]) for number in live}
    live = {number: with_model(one, each[number].model, keepers[number]) for number, one in live.items()}
    with outlet:
        with Progress(f"asking {len(live)} targets", not args.quiet, phases=True) as progress:
            jobs = {
                number: _job(args, one, keepers[number], requires)._replace(watch=progress.watch(_letter(number)))
                for number, one in live.items()
            }
            made, unkept, signal = run_all(jobs, os.environ)
        runs = [recorded[number] or made[number].run.document for number in range(len(each))]
        again = None if signal or len(apis) > 1 else _ask_again(live, args, made, requires)
        prices = {number: dict(resolved.prices) for number, resolved in live.items()}
        stopped = SIGNAL_EXIT.get(signal or (again.stopped.rpartition(" ")[2] if again else ""), 0)
        return outlet.publish(build(runs, requires, clock.utc(), again, prices), max(stopped, unkept))


def _letter(number: int) -> str:
    """A target's letter, as reports have it."""
    return chr(ord("A") + number)


def _job(args: argparse.Namespace, resolved: Resolved, keeper: Keeper, requires: frozenset[str]) -> Job:
    settings = _settings(args, resolved, requires)._replace(whole_bodies=keeper.whole_bodies)
    return Job(resolved, settings, keeper.begin, lambda run: keeper.end(*run))


def _ask_again(
    live: dict[int, Resolved], args: argparse.Namespace, made: dict[int, Carried], requires: frozenset[str]
) -> AskedAgain | None:
    """Ask A and each live candidate again where they differ; None where that is not wanted, or A is a recorded run."""
    if not args.ask_again or 0 not in made or len(made) < 2:
        return None
    from chatproof.running.ask_again import Side, settled
    from chatproof.running.dispatch import Stop, carried_out

    sides = {
        number: Side(_letter(number), live[number], _settings(args, live[number], requires), made[number], os.environ)
        for number in sorted(made)
    }
    return carried_out(settled(sides, args.ask_again, requires), Stop())


def _parse(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    to = _Many.of("compare", COMMANDS["compare"])
    add_target(to)
    to.many = False
    to.add_argument("--smoke", action="store_true", help="the smoke contract only: fewer requests")
    to.add_argument("--plan", action="store_true", help="print the requests as curl commands; send nothing")
    to.add_argument(
        "--require", action="append", default=[], metavar="CAPABILITY", help="a capability that the client relies on"
    )
    to.add_argument(
        "--with", action="append", default=[], dest="extras", metavar="PROBE", help="add an optional probe: cache"
    )
    add_requests(to)
    to.add_argument("--client", action="append", default=[], metavar="NAME", help=CLIENT_HELP)
    to.add_argument("--only", action="append", default=[], metavar="CLAUSE", help="judge only this clause or family")
    to.add_argument("--skip", action="append", default=[], metavar="CLAUSE", help="leave out this clause or family")
    to.add_argument(
        "--max-requests", type=int, default=0, metavar="N", help="refuse to send more than N requests to a target"
    )
    to.add_argument("--budget-tokens", type=int, metavar="N", help="stop before a target uses more tokens than this")
    to.add_argument(
        "--ask-again",
        type=int,
        default=40,
        metavar="N",
        help="at most N more requests in all, to see whether a difference repeats (default 40; 0: none)",
    )
    to.add_argument("--journal", default=None, metavar="PATH|URL|none", help="where recorded runs are read and kept")
    publish.add_options(to, GROUP)
    args = to.parse_args(argv)
    if args.ask_again < 0 or (args.budget_tokens is not None and args.budget_tokens < 1):
        raise UsageError("usage", "--ask-again must be at least 0, --budget-tokens at least 1", "correct it")
    return args, to.per_target


def _of_one(args: argparse.Namespace, per_target: list[str], number: int) -> argparse.Namespace:
    """The options as they hold for one target."""
    one = argparse.Namespace(**{**vars(args), "target": args.targets[number]})
    for name in per_target:
        given = getattr(args, name)
        if len(given) > 1 and len(given) != len(args.targets):
            option = "--" + name.replace("_", "-")
            advice = f"give {option} once, or {len(args.targets)} times"
            raise UsageError("usage", f"{option} is given {len(given)} times for {len(args.targets)} targets", advice)
        setattr(one, name, (given if len(given) > 1 else given * len(args.targets) or [""] * len(args.targets))[number])
    if one.target != SIMULATOR:
        one.fault = ""  # given once, it is meant for the simulator among the targets
    return one


def _recorded(one: argparse.Namespace) -> dict[str, Any] | None:
    """The document of a recorded run; None for a target."""
    name: str = one.target
    if not _RUN.match(name) and not (os.path.isfile(name) and name.endswith(".json")):
        return None
    return keeping.recorded(one, name)


def _settings(args: argparse.Namespace, resolved: Resolved, requires: frozenset[str]) -> Settings:
    settings = Settings(
        stream=True,
        only=tuple(args.only),
        skip=tuple(args.skip),
        max_requests=args.max_requests,
        kind="smoke" if args.smoke else "validate",
        waivers=resolved.waivers,
        extras=() if args.smoke else tuple(sorted(args.extras)),
        budget_tokens=args.budget_tokens or 0,
        requests=args.own,
        unasked=True,
    )
    return with_opt_in(settings, resolved, requires)


def _keys_apart(live: dict[int, Resolved], each: list[argparse.Namespace]) -> None:
    """A key and a header are bound to their origin. Two origins get one key only when the user named it for both."""
    origins: dict[str, str] = {}
    distant = {resolved.url.origin for resolved in live.values() if not is_loopback(resolved.url.host)}
    if len(distant) > 1 and any(one.header for one in each):
        raise UsageError(
            "usage",
            "--header would send one secret to several origins; it belongs to only one of them",
            "name the targets in chatproof.toml, each with its [targets.NAME.headers]",
        )
    for number, resolved in live.items():
        target = resolved.target
        if target.key is None or is_loopback(resolved.url.host) or target.key_source != f"env:{OWN_VARIABLE}":
            continue
        if each[number].key_env:
            continue
        first = origins.setdefault(target.key_source, resolved.url.origin)
        if first != resolved.url.origin:
            raise UsageError(
                "auth.wrong_provider",
                f"{OWN_VARIABLE} would be sent to {first} and to {resolved.url.origin}; a key belongs to "
                "only one of them",
                "give --key-env twice, in the order of the targets, or name the targets in chatproof.toml",
            )
