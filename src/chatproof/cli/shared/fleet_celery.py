"""chatproof fleet worker, submit and beat: many targets by way of Celery. Loaded for these alone."""

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chatproof import journal
from chatproof.cli.output import Artefact, WriteError, say, warn
from chatproof.cli.shared.keeping import named
from chatproof.fleet import batches, broker, gauges, local, targets
from chatproof.fleet.beating import Due
from chatproof.fleet.closing import close_lost
from chatproof.fleet.ledger import Ledger
from chatproof.fleet.ready import Fleet
from chatproof.fleet.region_incidents import RegionIncidents
from chatproof.fleet.spending import NO_LIMIT, total_of
from chatproof.fleet.working import Worker
from chatproof.journal import JournalError
from chatproof.journal.store import Journal
from chatproof.monitoring.budgets import Budget
from chatproof.target import config_files
from chatproof.target.target import duration
from chatproof.transport.tls import TrustError
from chatproof.usage_error import UsageError, install

if TYPE_CHECKING:
    from celery import Celery

_LOOK = 60.0  # seconds between two looks for runs whose worker was lost
_HOUR = 3600.0
_TOGETHER = 1.0  # seconds for which targets that are due wait for others
VARIABLE = "CHATPROOF_BROKER"
EXTRA = "fleet"


def worker(args: argparse.Namespace, fleet: Fleet, limits: local.Limits) -> int:
    """Work for one region until a signal comes. Status 4 where Celery gave up: who restarts what fails must see it."""
    regions = _regions(args)
    if len(regions) != 1:
        raise UsageError("usage", "a worker has exactly one region", "start one worker for each region")
    place = _journal(args)
    mine = Fleet(
        fleet.rows.values(),
        fleet.wanted,
        fleet.settings,
        fleet.environ,
        notes=(f"asked from the region {regions[0]}",),
        claims=True,
        reuse=fleet.reuse,
        reuse_judgement=fleet.reuse_judgement,
    )
    digest = targets.digest_of(fleet.rows.values(), fleet.wanted)
    limits, total = limits._replace(judges=1), _total(args, fleet)
    work = Worker(regions[0], mine, digest, place, limits, duration(args.batch_limit), total)
    app = _app(args, fleet, regions)
    from chatproof.fleet import queues

    with reached():
        queues.declare(app, regions)
    at_once = args.judges or os.cpu_count() or 1
    return 0 if queues.serve(app, work, at_once, "info" if args.verbose else "warning") else 4


def submit(args: argparse.Namespace, fleet: Fleet, chosen: list[str]) -> int:
    """Send all chosen targets, as batches, to each region once. With a journal named, each batch has its row there,
    so that a batch that nobody takes is seen."""
    at, every = time.time(), _every(args)
    deadline = at + (every or duration(args.batch_limit) * 2)
    app = _app(args, fleet, _regions(args))
    slot = batches.slot_of(at, every)
    kept = journal.open(_journal(args)) if named(args) else None
    sent = _submit(args, fleet, chosen, app, slot, deadline)
    if not args.quiet:
        say(_told(args, slot, sent))
    if kept is not None:
        try:
            Ledger(kept).sent(sent, at)
            kept.close()
        except JournalError as error:
            warn(f"chatproof: {error.code}: {error.detail}; the batches were sent\n  next: {error.advice}")
            return 4
    return 0


def beat(args: argparse.Namespace, fleet: Fleet, chosen: list[str]) -> int:
    """Submit in every period, and end the runs of workers that were lost; until a signal comes."""
    if not args.every:
        raise UsageError("usage", "beat needs --every", "for example: --every 5m")
    every, kept, limit = _every(args), journal.open(_journal(args)), duration(args.batch_limit)
    app = _app(args, fleet, _regions(args))
    from chatproof.fleet import queues

    with reached():
        queues.declare(app, _regions(args))
    due = Due(chosen, every, time.time())
    unsent: dict[str, tuple[list[str], float]] = {}  # by slot: names, and the end of its period
    watch = _Watch(args, app, kept, every)
    ledger = Ledger(kept)
    pause, looked = min(_LOOK, every), 0.0
    while True:
        at = time.time()
        all_sent: list[batches.Batch] = []
        for slot, names in due.take(at).items():
            before, until = unsent.get(slot, ([], at + every))
            unsent[slot] = ([*before, *names], until)
        for slot, (names, until) in [*unsent.items()]:
            if until <= at:
                warn(f"chatproof: slot {slot} was not sent: {len(names):,} targets were not asked in it")
                del unsent[slot]
                continue
            try:
                sent = _submit(args, fleet, names, app, slot, until)
            except UsageError as error:  # the broker was there: it is restarted, perhaps
                warn(f"chatproof: {error.detail}: slot {slot} is sent later\n  next: {error.advice}")
                break
            del unsent[slot]
            all_sent += sent
            if not args.quiet:
                say(_told(args, slot, sent))
        try:
            if all_sent:
                ledger.sent(all_sent, at)
            if at - looked > pause:
                looked = at
                if closed := close_lost(kept, limit, at):
                    say(f"{closed} runs ended as interrupted: their worker was lost\n")
                watch.look(at)
        except JournalError as error:
            kept.close()  # a connection that was lost is made anew
            warn(f"chatproof: {error.code}: {error.detail}\n  next: {error.advice}")
        time.sleep(min(max(due.next() - time.time(), _TOGETHER), pause))


class _Watch:
    """Looks after the regions: which of them is dead, and what the metrics say."""

    def __init__(self, args: argparse.Namespace, app: "Celery", kept: Journal, every: float) -> None:
        self._regions = _regions(args)
        self._app = app
        self._ledger = Ledger(kept)
        self._back = max(_HOUR, 2 * every)
        self._deaths, self._incidents = gauges.Deaths(), RegionIncidents(kept)
        self._path = args.metrics_file

    def look(self, at: float) -> None:
        """Tell what changed, and write the metrics. Raises JournalError."""
        from chatproof.fleet import queues

        # A region that this beat no longer has is looked at until its batches are forgotten: its incident ends then.
        names = [*dict.fromkeys((*self._regions, *self._incidents.known()))]
        looked = self._ledger.regions(names, at, self._back)
        regions = looked[: len(self._regions)]
        waiting = queues.looked_at(self._app, self._regions)
        for line in self._deaths.news(regions, waiting):
            warn(f"chatproof: {line}")
        self._incidents.keep(looked, waiting, at)
        if self._path:
            try:
                Artefact(self._path, 0o644).write(gauges.text(regions, waiting, at))
            except WriteError as error:
                warn(f"chatproof: {error}")


def _submit(
    args: argparse.Namespace, fleet: Fleet, chosen: list[str], app: "Celery", slot: str, deadline: float
) -> list[batches.Batch]:
    """Send batches to each region; return them."""
    from chatproof.fleet import queues

    digest = targets.digest_of(fleet.rows.values(), fleet.wanted)
    regions, sent = _regions(args), []
    with reached():
        queues.declare(app, regions)
        for region in regions:
            for batch in batches.divided(chosen, args.batch, region, digest, slot, deadline):
                queues.submit(app, batch, time.time())
                sent.append(batch)
    return sent


@contextmanager
def reached() -> Iterator[None]:
    """Say that the broker cannot be reached or refuses us, where that is so. Raises UsageError."""
    from amqp.exceptions import AMQPError
    from kombu.exceptions import OperationalError

    try:
        yield
    except AMQPError as error:  # its text is the broker's
        said = f"the broker refuses the operation (code {int(error.reply_code or 0)})"
        advice = f"check user, password and virtual host in {VARIABLE}, and the user's permissions there"
        raise UsageError("usage", said, advice) from None
    except (OperationalError, OSError):
        raise UsageError("usage", "the broker cannot be reached", f"check the URL in {VARIABLE}") from None


def _told(args: argparse.Namespace, slot: str, sent: list[batches.Batch]) -> str:
    targets_sent = len({name for batch in sent for name in batch.names})
    return f"slot {slot}: {targets_sent:,} targets in {len(sent)} batches to {', '.join(_regions(args))}\n"


def _total(args: argparse.Namespace, fleet: Fleet) -> Budget:
    """The budget of all targets together, where they are those of the configuration."""
    if args.targets:
        return NO_LIMIT
    said = config_files.settings(args.config, fleet.environ.get(config_files.VARIABLE, ""))
    if said["monitor"]:
        config_files.gate(said, "monitor")
    return total_of(said["monitor"] or {})


def _every(args: argparse.Namespace) -> float:
    return duration(args.every) if args.every else 0.0


def _regions(args: argparse.Namespace) -> list[str]:
    regions: list[str] = args.region or ["here"]
    for region in regions:
        if not batches.is_region(region):
            raise UsageError(
                "usage", "a region's name has only small letters, digits and hyphens", "for example: --region eu-1"
            )
    if not 1 <= args.batch <= batches.MOST_NAMES:
        raise UsageError("usage", f"--batch must be a number from 1 to {batches.MOST_NAMES}", "correct it")
    return list(dict.fromkeys(regions))


def _journal(args: argparse.Namespace) -> str:
    """The journal that all workers share: it holds what was begun, so that a fleet needs one."""
    place = named(args)
    if place == journal.NONE or place.endswith((".jsonl", ".ndjson")):
        raise UsageError("usage", "a fleet on Celery needs a journal in SQL", "use --journal postgresql://host/name")
    found = journal.open(place)
    try:
        found.ready()
        found.close()
    except JournalError as error:
        raise UsageError("usage", f"{error.code}: {error.detail}; nothing was sent", error.advice) from None
    return place or journal.default_place(os.environ)


def _app(args: argparse.Namespace, fleet: Fleet, regions: list[str]) -> "Celery":
    said = fleet.environ.get(VARIABLE, "")
    try:
        where = broker.read(said)
    except ValueError as why:
        problem = f"{VARIABLE} {why}" if said else f"{VARIABLE} is not set"
        raise UsageError(
            "usage", problem, "set it to amqp://user:password@host:5672//; no option takes a password"
        ) from None
    broker.drop_from_process()
    try:
        from chatproof.fleet import queues, worker_log
    except ModuleNotFoundError as error:
        if (error.name or "chatproof").partition(".")[0] == "chatproof":
            raise
        raise UsageError("usage", f"this needs {error.name}, which is not installed", install(EXTRA)) from None
    worker_log.install(where, verbose=bool(getattr(args, "verbose", False)))
    try:
        return queues.app_of(where, regions, duration(args.batch_limit))
    except TrustError as why:
        raise UsageError("usage", str(why), f"name them in {VARIABLE}: amqps://…//?ca_file=PATH") from None
