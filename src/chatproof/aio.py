"""The same as the package's own functions, awaited: many runs at once in one event loop.

    import asyncio
    from chatproof import Secret, Target, aio

    targets = [Target(url, model, Secret(key)) for url, model, key in mine]

    async def check_all():
        return await asyncio.gather(*(aio.smoke(target, journal="runs.sqlite3") for target in targets))

    runs = asyncio.run(check_all())

Requests are sent by the loop; what is decided between them (planning, judging, recording, the journal) is done in one
worker thread, so that the loop is never held up by it. `uvloop.run` in place of `asyncio.run` is quicker; the extra
`chatproof[aio]` installs it.

Cancelling a call ends it at once: its connections are closed, what was answered is judged and recorded as interrupted
(in the journal, where one is given), and CancelledError leaves. Cancelled a second time, it does not wait for that.
"""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from chatproof import clock, journal
from chatproof.analysis.comparison.document import MOST, Comparison, build
from chatproof.contract.clause import VALIDATE
from chatproof.record.document import Run
from chatproof.running import beside, side_by_side
from chatproof.running import run as running
from chatproof.running.aio import carried_out, together
from chatproof.running.ask_again import MOST as ASKED_AGAIN
from chatproof.running.ask_again import Side, settled
from chatproof.running.dispatch import Stop
from chatproof.running.plan import Settings
from chatproof.target import environment
from chatproof.target.target import Resolved, Target, check
from chatproof.usage_error import UsageError, placed

if TYPE_CHECKING:
    from chatproof.running.dispatch import Waves
    from chatproof.running.run import Carried

__all__ = ["Comparison", "compare", "smoke", "validate"]


async def smoke(
    target: Target,
    settings: Settings = Settings(),
    *,
    environ: Mapping[str, str] | None = None,
    journal: str | None = None,
) -> Run:
    """Run the smoke contract against a target and return the record of it, as `chatproof.smoke` does.

    `environ` is this process's environment by default. `journal` is where the run is written down, as for
    `chatproof.journal.open`: when it begins, and when it has ended; None: nowhere. Raises UsageError when our own side
    is at fault and JournalError when the journal cannot be written at the start: nothing was sent then. Never raises
    for what the endpoint does.
    """
    shown = _environ(environ)
    try:
        return (await carried_out(_kept(check(target), settings, shown, journal))).run
    except BaseException as error:
        problem = placed(error)
    raise problem


async def validate(
    target: Target,
    settings: Settings = Settings(),
    *,
    environ: Mapping[str, str] | None = None,
    journal: str | None = None,
) -> Run:
    """Run the whole contract against a target and return the record of it, as `chatproof.validate` does.

    Sends at most 50 requests by default. `environ`, `journal` and what is raised are as for `smoke`.
    """
    return await smoke(target, settings._replace(kind=VALIDATE), environ=environ, journal=journal)


async def compare(
    a: Target,
    *candidates: Target,
    settings: Settings | None = None,
    requires: Iterable[str] = (),
    ask_again: int = ASKED_AGAIN,
    environ: Mapping[str, str] | None = None,
    journal: str | None = None,
) -> Comparison:
    """Compare several targets, point by point: can a client of A move to each candidate?

    All are asked at once, those of one origin one after another. Where a candidate differs from A, both are asked
    again, if all are asked by one API: `ask_again` is the most further requests in all, 0 for none. `requires` names
    capabilities that the client relies on. `settings` are those of every run, by default the whole contract with
    streams, as `chatproof compare` has it. `environ` and `journal` (of each target's run) are as for `smoke`.
    Raises what `smoke` does, and UsageError for too few or too many targets.
    """
    try:
        return await _compare((a, *candidates), settings, requires, ask_again, _environ(environ), journal)
    except BaseException as error:
        problem = placed(error)
    raise problem


async def _compare(
    targets: tuple[Target, ...],
    settings: Settings | None,
    requires: Iterable[str],
    ask_again: int,
    environ: Mapping[str, str],
    journal: str | None,
) -> Comparison:
    resolved = beside.apart((check(target) for target in targets), environ)
    if not 2 <= len(resolved) <= MOST:
        raise UsageError("usage", f"{len(resolved)} targets are named", f"name A and B, and up to {MOST} in all")
    apis = {one.target.api for one in resolved}
    required = side_by_side.known_capabilities(requires, apis).union(*(one.requires for one in resolved))
    settings = settings or Settings(kind=VALIDATE, stream=True, unasked=True)
    each = [side_by_side.with_opt_in(settings, one, required) for one in resolved]
    made: dict[int, Carried] = {}

    async def in_turn(numbers: list[int]) -> None:
        for number in numbers:
            made[number] = await carried_out(_kept(resolved[number], each[number], environ, journal))

    by_origin: dict[str, list[int]] = {}
    for number, one in enumerate(resolved):
        by_origin.setdefault(one.url.origin, []).append(number)
    await together(in_turn(numbers) for numbers in by_origin.values())
    return await carried_out(_compared(resolved, each, made, required, ask_again if len(apis) == 1 else 0, environ))


def _kept(resolved: Resolved, settings: Settings, environ: Mapping[str, str], place: str | None) -> "Waves[Carried]":
    """A run, and its journal. One that cannot be written any more at the end costs no run: a note says so."""
    if place is None:
        return (yield from running.steps(resolved, settings, environ, lambda started: "", Stop()))
    kept = journal.open(place)

    def begin(started: dict[str, object]) -> str:
        kept.started(started)
        kept.close()
        return ""

    carried = yield from running.steps(resolved, settings, environ, begin, Stop())
    try:
        kept.finished(carried.run.document, leave=True)
    except journal.JournalError as error:
        carried.run.document["notes"].append(f"the run is not in its journal: {error.code}: {error.detail}")
    return carried


def _compared(
    resolved: list[Resolved],
    settings: list[Settings],
    made: "Mapping[int, Carried]",
    requires: frozenset[str],
    ask_again: int,
    environ: Mapping[str, str],
) -> "Waves[Comparison]":
    again = None
    if ask_again:
        sides = {
            number: Side(chr(ord("A") + number), one, settings[number], made[number], environ)
            for number, one in enumerate(resolved)
        }
        again = yield from settled(sides, ask_again, requires)
    prices = {number: dict(one.prices) for number, one in enumerate(resolved)}
    runs = [made[number].run.document for number in range(len(resolved))]
    return Comparison(build(runs, requires, clock.utc(), again, prices))


def _environ(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    return environment.Unshown(os.environ if environ is None else environ)
