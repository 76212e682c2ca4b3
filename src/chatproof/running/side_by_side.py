"""Several runs at the same time, each as if it were alone; all of them end in order when one signal comes."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from chatproof.contract.clause import VALIDATE
from chatproof.record.document import Run
from chatproof.record.under_way import Watch
from chatproof.running.dispatch import Stop
from chatproof.running.plan import Settings
from chatproof.running.run import Begin, Carried, carry
from chatproof.surfaces import surface_of
from chatproof.target.target import Resolved
from chatproof.usage_error import UsageError, near, repeated


class Job(NamedTuple):
    """One run to be made. `begin` and `end` write it down, before and after; `end` returns what it adds to the exit
    status."""

    resolved: Resolved
    settings: Settings
    begin: Begin
    end: Callable[[Run], int]
    watch: Watch | None = None


class Made(NamedTuple):
    """All runs, by the number of their job. `status` is the worst that an `end` returned; `signal` the name of the
    signal that ended them early, or empty."""

    runs: dict[int, Carried]
    status: int
    signal: str


def run_all(jobs: Mapping[int, Job], environ: Mapping[str, str]) -> Made:
    """Make all runs at once; those of one origin one after another, so that they do not meet the limits of each other.

    A signal stops all of them between two replies: what was answered is judged, recorded as interrupted and returned.
    A second one leaves at once (KeyboardInterrupt). What goes wrong on our own side is raised.
    """
    made: dict[int, Carried] = {}
    statuses: list[int] = [0]
    failures: list[BaseException] = []
    stop = Stop()

    def in_turn(numbers: list[int], ended: threading.Event) -> None:
        try:
            for number in numbers:
                job = jobs[number]
                carried = carry(
                    job.resolved, job.settings, environ=environ, begin=job.begin, stop=stop, watch=job.watch
                )
                statuses.append(job.end(carried.run))
                made[number] = carried
        except BaseException as failure:  # a thread must not swallow our own bugs
            failures.append(failure)
        finally:
            ended.set()

    by_origin: dict[str, list[int]] = {}
    for number, job in jobs.items():
        by_origin.setdefault(job.resolved.url.origin, []).append(number)
    # Events, and no join: one that a signal falls into takes the thread for ended from then on (CPython 3.11).
    all_ended = [threading.Event() for _ in by_origin]
    for numbers, ended in zip(by_origin.values(), all_ended, strict=True):
        threading.Thread(target=in_turn, args=(numbers, ended), daemon=True).start()
    try:
        _wait_for(all_ended)
    except KeyboardInterrupt as signal:
        stop.now(str(signal.args[0]) if signal.args else "SIGINT")
        _wait_for(all_ended)
    if failures:
        raise failures[0]
    return Made(made, max(statuses), stop.signal)


def known_capabilities(names: Iterable[str], apis: Iterable[str]) -> frozenset[str]:
    """The capabilities of these names. Raises UsageError for one that none of the APIs has by this name."""
    named = frozenset(names)
    known = {clause.capability for api in apis for clause in surface_of(api).clauses(VALIDATE).values()} - {""}
    if unknown := sorted(named - known):
        raise UsageError("usage", f"there is no capability {repeated(unknown[0], 80)}", near(unknown[0], sorted(known)))
    return named


def with_opt_in(settings: Settings, resolved: Resolved, requires: frozenset[str]) -> Settings:
    """The settings with the probes that are sent only when asked for, where a required capability asks for them."""
    if settings.kind != VALIDATE:
        return settings
    rows = surface_of(resolved.target.api).rows(VALIDATE)
    wanted = {*settings.extras, *(name for name, row in rows.items() if row.opt_in and name in requires)}
    return settings._replace(extras=tuple(sorted(wanted)))


def _wait_for(all_ended: list[threading.Event]) -> None:
    for ended in all_ended:
        ended.wait()
