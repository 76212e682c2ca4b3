"""chatproof fleet run: many targets from one process, each checked as `smoke` checks it."""

import argparse
import os

from chatproof import __version__, clock, reporters
from chatproof.cli import exit_status
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say, say_as_is, warn
from chatproof.cli.shared import publish
from chatproof.cli.shared.fleet_progress import FleetProgress
from chatproof.cli.shared.keeping import Keeper, add_option
from chatproof.cli.shared.options import add_api, environment_of, parser
from chatproof.fleet import local, resuming, summary, targets
from chatproof.fleet.ready import Fleet
from chatproof.running.plan import Settings
from chatproof.surfaces import surface_of
from chatproof.target.target import Wanted, duration
from chatproof.usage_error import UsageError

_WORDS = {
    "run": "from this process",
    "worker": "run batches of one region, as a Celery worker",
    "submit": "send batches to the workers",
    "beat": "submit once in every period",
}
_SPARE = 64  # descriptors that are not connections: files, pipes, names being resolved
_EACH_TOKENS = 20  # of the one paid request that smoke sends


def main(argv: list[str]) -> int:
    args = _options().parse_args(argv)
    if args.file and args.targets:
        raise UsageError("usage", "two files of targets are named", "leave out --targets")
    args.targets = args.targets or args.file
    if args.metrics_file and args.what != "beat":
        raise UsageError("usage", "--metrics-file works only with fleet beat, which sees all regions", "leave it out")
    if args.what == "run":
        return _run(args)
    limits, _ = _limits(args)
    # The digest is that of all targets: which of them are asked is the submitter's choice.
    fleet, _ = _fleet(args, [])
    from chatproof.cli.shared import fleet_celery

    if args.what == "worker":
        return fleet_celery.worker(args, fleet, limits)
    chosen = [row.name for row in fleet.rows.values() if targets.is_chosen(row, args.select)]
    return (fleet_celery.submit if args.what == "submit" else fleet_celery.beat)(args, fleet, chosen)


def _options() -> argparse.ArgumentParser:
    to = parser("fleet", COMMANDS["fleet"])
    to.add_argument("what", choices=tuple(_WORDS), metavar="|".join(_WORDS), help="; ".join(_WORDS.values()))
    to.add_argument("file", nargs="?", default="", metavar="FILE", help="the same as --targets FILE")
    to.add_argument(
        "--targets", default="", metavar="FILE", help="one JSON object per line: name and fields of a target"
    )
    to.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="only targets with this tag, name, environment, profile, api or model; * matches any text; repeatable",
    )
    add_api(to)
    to.add_argument("--at-once", type=int, default=200, metavar="N", help="parallel requests (default 200)")
    to.add_argument("--per-host", type=int, default=8, metavar="N", help="parallel requests to one host (default 8)")
    to.add_argument("--rate", type=float, default=0.0, metavar="N", help="requests per second at most")
    to.add_argument(
        "--reuse-connection",
        action="store_true",
        help="send a target's requests one after another on one connection: cheaper",
    )
    to.add_argument(
        "--reuse-judgement",
        action="store_true",
        help="judge replies of one host only once if nothing but ids, times and texts differs: cheaper",
    )
    to.add_argument("--judges", type=int, default=0, metavar="N", help="processes that judge (default: one per core)")
    to.add_argument("--resume", action="store_true", help="continue where the last run of these targets was stopped")
    to.add_argument("--plan", action="store_true", help="print how many requests would be sent; send nothing")
    to.add_argument(
        "--region",
        action="append",
        default=[],
        metavar="NAME",
        help="on Celery: the region whose workers send the requests (default: the region `here`); repeatable",
    )
    to.add_argument("--batch", type=int, default=100, metavar="N", help="on Celery: targets per message (default 100)")
    to.add_argument(
        "--every",
        default="",
        metavar="5m",
        help="on Celery: the period; a second submit in the same period sends nothing",
    )
    to.add_argument(
        "--batch-limit", default="10m", metavar="10m", help="on Celery: how long a batch may take (default 10m)"
    )
    to.add_argument(
        "--metrics-file",
        default="",
        metavar="FILE",
        help="beat: write queues, lag and batches to this file, for a textfile collector",
    )
    to.add_argument("--strict", action="store_true", help="treat should as must")
    to.add_argument(
        "--environment",
        default="",
        metavar="NAME",
        help="where this runs: staging, production, local, …",
    )
    to.add_argument("--timeout", default="", metavar="30s", help="deadline for each complete exchange")
    to.add_argument("--config", default="", metavar="PATH", help="use this chatproof.toml and no other file")
    to.add_argument("--env-file", default="", metavar="PATH", help="read variables from this file, for this run only")
    publish.add_options(to, "fleet")
    add_option(to)
    return to


def _run(args: argparse.Namespace) -> int:
    outlet = publish.Outlet(args, "fleet")
    if outlet.fails & {exit_status.WARNING, exit_status.DRIFT}:
        raise UsageError("usage", "fleet run can fail only on broken and undecided", "correct --fail-on")
    limits, lowered = _limits(args)
    fleet, notes = _fleet(args, args.select)
    notes += lowered
    if args.plan:
        say(_planned(fleet))
        return 0
    # A result that was told under other options, for another model or by another version is no result of this run.
    how = (fleet.settings, fleet.reuse, fleet.reuse_judgement, fleet.environ.get("CHATPROOF_MODEL", ""), __version__)
    state_file = resuming.place_of(targets.digest_of(fleet.rows.values(), fleet.wanted, how), os.environ)
    started_at, before = resuming.read(state_file, fleet.rows) if args.resume else (clock.utc(), [])
    keeper = Keeper(args)
    keeper.ready(default=True)
    done = {result.name for result in before}
    rows = [row for name, row in fleet.rows.items() if name not in done]
    results = list(before)
    state = resuming.State(state_file, started_at, before)
    progress = FleetProgress(len(fleet.rows), not args.quiet, len(before))
    streamed = "jsonl" if "jsonl" in outlet.on_stdout else ""

    def told(result: local.Result) -> None:
        results.append(result)
        state.add(result)
        progress.add(result)
        if streamed:
            from chatproof.reporters.fleet.as_jsonl import line

            progress.aside(lambda: say_as_is(line(summary.row_of(result))))

    with outlet:
        ended = local.run(fleet, limits, keeper.place, told, rows=rows, beside=progress)
        if not (ended.signal or ended.failure):
            state.done()
        document = summary.document_of(results, ended, started_at, clock.utc(), [*notes, *keeper.remarks])
        unwritten = outlet.show(document, streamed)
        unwritten = outlet.write_files(document) or unwritten
        if streamed and not args.quiet:
            warn(reporters.render("text", document, of="fleet").rstrip("\n"))
    if ended.failure:
        warn(f"chatproof: {ended.failure[0]}: {ended.failure[1]}\n  next: {ended.failure[2]}")
    if ended.signal:
        return exit_status.SIGNAL_EXIT[ended.signal]
    broken, undecided = exit_status.BROKEN in outlet.fails, exit_status.UNDECIDED in outlet.fails
    return unwritten or summary.status_of(results, ended, broken=broken, undecided=undecided)


def _fleet(args: argparse.Namespace, chosen: list[str]) -> tuple[Fleet, list[str]]:
    environ, notes = environment_of(args)
    targets.check_selectors(args.select)
    if args.api:
        surface_of(args.api)  # raises where there is none
    wanted = Wanted(api=args.api, environment=args.environment, timeout=duration(args.timeout) if args.timeout else 0.0)
    variable = environ.get("CHATPROOF_CONFIG", "")
    rows = targets.of_file(args.targets, chosen) if args.targets else targets.of_config(args.config, variable, chosen)
    if not rows:
        said = "--select matches no target" if chosen else "there are no targets"
        raise UsageError("usage", f"{said}: nothing would be checked", "name a file with --targets, or write a config")
    # A copy: those of Celery's are taken out of the process, and a key may be in one of that name.
    settings = Settings(strict=args.strict)
    reuse, judged = args.reuse_connection, args.reuse_judgement
    return Fleet(rows, wanted, settings, dict(environ), reuse=reuse, reuse_judgement=judged), list(notes)


def _limits(args: argparse.Namespace) -> tuple[local.Limits, list[str]]:
    """How many at once, lowered where this process may not open so many connections."""
    import resource

    for option, value in (("--at-once", args.at_once), ("--per-host", args.per_host)):
        if value < 1:
            raise UsageError("usage", f"{option} must be at least 1", "correct it")
    if not args.rate >= 0 or args.judges < 0:  # nan is no rate
        raise UsageError("usage", "--rate and --judges must not be negative", "correct them")
    judges = args.judges or os.cpu_count() or 1
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = args.at_once + _SPARE + judges
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    at_once, notes = args.at_once, []
    if soft != resource.RLIM_INFINITY and soft < needed:
        at_once = max(soft - _SPARE - judges, 1)
        notes = [f"--at-once is lowered to {at_once}: this process can open only {soft} files (ulimit -n)"]
    return local.Limits(at_once, args.per_host, args.rate, judges), notes


def _planned(fleet: Fleet) -> str:
    requests = paid = unready = 0
    for name, row in fleet.rows.items():
        try:
            ready = fleet.ready(name)
        except UsageError:
            unready += 1
            continue
        rows = surface_of(row.entry.get("api") or fleet.wanted.api or "chat")
        requests += len(ready.planned)
        paid += sum(rows.known(probe).billable for probe in ready.planned)
    lines = [f"{len(fleet.rows):,} targets: {requests:,} requests, {paid:,} of them billable"]
    if unready:
        lines.append(f"{unready:,} targets cannot be asked: their key or another setting is missing")
    return "\n".join(lines) + "\n"
