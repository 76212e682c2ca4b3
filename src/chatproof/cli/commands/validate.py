"""chatproof validate: the whole contract before production."""

import argparse

from chatproof.cli.commands import smoke
from chatproof.cli.commands.smoke import check
from chatproof.contract.clause import LAYERS, VALIDATE
from chatproof.running.plan import Settings
from chatproof.target.target import Resolved
from chatproof.usage_error import UsageError

MOST_AT_ONCE = 64  # a burst asks how requests at the same time are met; it is no load test


def main(argv: list[str]) -> int:
    args = options().parse_args(argv)
    if args.baseline:
        args.report.append(f"baseline={args.baseline}")
    return check(args, settings)


def options() -> argparse.ArgumentParser:
    """The options of smoke, and what only the whole contract needs."""
    to = smoke.options("validate")
    to.add_argument(
        "--layer", action="append", default=[], choices=LAYERS, metavar="LAYER", help=f"judge only: {', '.join(LAYERS)}"
    )
    to.add_argument(
        "--require", action="append", default=[], metavar="CAPABILITY", help="must be supported: tools,json_schema, …"
    )
    to.add_argument(
        "--with",
        action="append",
        default=[],
        dest="extras",
        metavar="PROBE",
        help="add an optional probe: image, cache",
    )
    to.add_argument("--burst", type=int, default=5, metavar="N", help="parallel requests (default 5)")
    to.add_argument("--budget-tokens", type=int, metavar="N", help="stop before more than this many tokens are used")
    to.add_argument(
        "--baseline",
        default="",
        metavar="PATH",
        help="write current failures as waivers for chatproof.toml, for you to edit; - is standard output",
    )
    return to


def settings(args: argparse.Namespace, resolved: Resolved) -> Settings:
    if not 1 <= args.burst <= MOST_AT_ONCE or (args.budget_tokens is not None and args.budget_tokens < 1):
        said = f"--burst must be from 1 to {MOST_AT_ONCE}, --budget-tokens at least 1"
        raise UsageError("usage", said, "correct it; to send nothing, use --plan")
    return Settings(
        stream=True,
        strict=args.strict,
        only=tuple(args.only),
        skip=tuple(args.skip),
        keep_bodies=args.keep_bodies,
        max_requests=args.max_requests,
        kind=VALIDATE,
        layers=tuple(args.layer),
        required=tuple(dict.fromkeys((*resolved.requires, *capabilities(args.require)))),
        extras=tuple(args.extras),
        waivers=resolved.waivers,
        budget_tokens=args.budget_tokens or 0,
        burst=args.burst,
    )


def capabilities(given: list[str]) -> list[str]:
    """The values of --require: each may name several, separated by commas."""
    return [name for words in given for name in words.split(",") if name]
