"""chatproof compare: the same contract on several endpoints, point by point, and whether a client may move."""

import argparse
import os
import re
import threading
from typing import Any

from chatproof import clauses, clock
from chatproof.clause import VALIDATE
from chatproof.cli import COMMANDS
from chatproof.commands import keeping, publish
from chatproof.commands.keeping import Keeper
from chatproof.commands.options import Parser, add_target, find_target
from chatproof.commands.smoke import with_model
from chatproof.commands.validate import capabilities
from chatproof.migration.document import MOST, build
from chatproof.output import say
from chatproof.run import Settings, run
from chatproof.target import OWN_VARIABLE, SIMULATOR, Resolved
from chatproof.urls import is_loopback
from chatproof.usage_error import UsageError

GROUP = "comparison"
_RUN = re.compile(r"(?:smoke|validate|judge)-[0-9]{8}|latest(?::|$)")


class _Many(Parser):
    """Options with a value may be given once, for all targets, or once for each, in their order."""

    def __init__(self, **about: Any) -> None:
        self.per_target: list[str] = []
        self.many = True
        super().__init__(**about)

    def add_argument(self, *names: str, **about: Any) -> argparse.Action:
        if names == ("target",):
            names, about = ("targets",), {**about, "nargs": "+", "default": None, "metavar": "A B"}
            about["help"] = "targets as elsewhere, or recorded runs: a run id, latest:GO, or a run JSON file"
            return super().add_argument(*names, **about)
        if self.many and about.get("default") == "" and "action" not in about:
            about |= {"action": "append", "default": []}
            self.per_target.append(names[0].lstrip("-").replace("-", "_"))
        return super().add_argument(*names, **about)


def main(argv: list[str]) -> int:
    args, per_target = _parse(argv)
    outlet = publish.Outlet(args, of=GROUP)
    if not 2 <= len(args.targets) <= MOST:
        raise UsageError("usage", f"{len(args.targets)} targets are named", f"name A and B, and up to {MOST} in all")
    each = [_of_one(args, per_target, number) for number in range(len(args.targets))]
    recorded = [_recorded(one) for one in each]
    live = {number: find_target(one, need_key=not args.plan) for number, one in enumerate(each) if not recorded[number]}
    _keys_apart(live, each)
    requires = _required(args).union(*(resolved.requires for resolved in live.values()))
    if args.plan:
        from chatproof.commands.plan import show

        say("\n".join(show(resolved, _settings(args, resolved)) for resolved in live.values()))
        return 0
    keepers = {number: Keeper(each[number]) for number in live}
    live = {number: with_model(one, each[number].model, keepers[number]) for number, one in live.items()}
    with outlet:
        made, unkept = _run_all(live, args, keepers)
        runs = [recorded[number] or made[number] for number in range(len(each))]
        return outlet.publish(build(runs, requires, clock.utc()), unkept)


def _parse(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    to = _Many.of("compare", COMMANDS["compare"])
    add_target(to)
    to.many = False
    to.add_argument("--smoke", action="store_true", help="the smoke contract only: fewer requests, fewer answers")
    to.add_argument("--plan", action="store_true", help="print the requests as curl commands; send nothing")
    to.add_argument("--require", action="append", default=[], metavar="CAPABILITY", help="the client relies on this")
    to.add_argument("--only", action="append", default=[], metavar="CLAUSE", help="judge only this clause or family")
    to.add_argument("--skip", action="append", default=[], metavar="CLAUSE", help="leave out this clause or family")
    to.add_argument("--max-requests", type=int, default=0, metavar="N", help="refuse to send more than N to a target")
    to.add_argument(
        "--journal", default=None, metavar="PATH|URL|none", help="where recorded runs are looked up and kept"
    )
    publish.add_options(to, GROUP)
    return to.parse_args(argv), to.per_target


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


def _required(args: argparse.Namespace) -> frozenset[str]:
    named = frozenset(capabilities(args.require))
    known = {clause.capability for clause in clauses.load(VALIDATE).values()} - {""}
    if unknown := sorted(named - known):
        advice = f"there are: {', '.join(sorted(known))}"
        raise UsageError("usage", f"no capability is called {unknown[0][:80]!r}", advice)
    return named


def _recorded(one: argparse.Namespace) -> dict[str, Any] | None:
    """The document of a recorded run; None for a target."""
    name: str = one.target
    if not _RUN.match(name) and not (os.path.isfile(name) and name.endswith(".json")):
        return None
    return keeping.recorded(one, name)


def _settings(args: argparse.Namespace, resolved: Resolved) -> Settings:
    return Settings(
        stream=True,
        only=tuple(args.only),
        skip=tuple(args.skip),
        max_requests=args.max_requests,
        kind="smoke" if args.smoke else "validate",
        waivers=resolved.waivers,
    )


def _keys_apart(live: dict[int, Resolved], each: list[argparse.Namespace]) -> None:
    """A key is bound to its origin. Two origins get one key only when the user has named it for both."""
    origins: dict[str, str] = {}
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
                f"{OWN_VARIABLE} would be sent to {first} and to {resolved.url.origin}; a key belongs to one of them",
                "give --key-env twice, once for each target in their order, or name the targets in chatproof.toml",
            )


def _run_all(
    live: dict[int, Resolved], args: argparse.Namespace, keepers: dict[int, Keeper]
) -> tuple[dict[int, dict[str, Any]], int]:
    """All runs at once, each with its own requests and its own entries in the journal, as if it were alone; those of
    one origin one after another, so that they do not meet the limits of each other.

    Returns the documents, and 4 when one of them could not be kept.
    """
    made: dict[int, dict[str, Any]] = {}
    unkept: list[int] = [0]
    failures: list[BaseException] = []

    def in_turn(numbers: list[int]) -> None:
        try:
            for number in numbers:
                resolved, keeper = live[number], keepers[number]
                document = run(resolved, _settings(args, resolved), environ=os.environ, begin=keeper.begin).document
                unkept.append(keeper.end(document))
                made[number] = document
        except BaseException as failure:  # a thread must not swallow our own bugs
            failures.append(failure)

    by_origin: dict[str, list[int]] = {}
    for number, resolved in live.items():
        by_origin.setdefault(resolved.url.origin, []).append(number)
    workers = [threading.Thread(target=in_turn, args=(numbers,), daemon=True) for numbers in by_origin.values()]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    return made, max(unkept)
