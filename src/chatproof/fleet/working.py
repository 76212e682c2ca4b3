"""What a worker does with a message: look at it, ask its targets, leave one end for each of them in the journal."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from chatproof import clock, journal
from chatproof.fleet import batches, local
from chatproof.fleet.batches import Batch
from chatproof.fleet.closing import LOSS, MARGIN, SPENT, close_lost, ended
from chatproof.fleet.ledger import Ledger
from chatproof.fleet.ready import Fleet
from chatproof.fleet.spending import NO_LIMIT, Spending
from chatproof.journal import FINISHED
from chatproof.journal.store import Journal
from chatproof.monitoring.budgets import Budget
from chatproof.record import document
from chatproof.usage_error import UsageError


class Worker(NamedTuple):
    """One region's worker: its targets, the digest of its configuration, the journal's place, and its limits. `seconds`
    is how long a batch may last, `total` the budget of all targets together."""

    region: str
    fleet: Fleet
    digest: str
    place: str
    limits: local.Limits
    seconds: float
    total: Budget = NO_LIMIT


def carry_out(worker: Worker, said: Any, tell: Callable[[str], None], *, last: bool = False) -> Counter[str]:
    """Carry out a message; return how many targets came to what: verdicts, and `taken` for those that were begun
    before, by whomever. `tell` gets a line for the log: counts, no names. A message that has come too often is
    delivered for the `last` time: then nothing is asked, and what was not begun ends as interrupted.

    Raises batches.Refused for a message that must not be carried out, JournalError for a journal in trouble: then
    nothing was sent that is not in it.
    """
    batch = batches.read(said)
    kept = journal.open(worker.place)
    try:
        return _looked_at(worker, batch, kept, tell, last=last)
    finally:
        kept.close()


def _looked_at(worker: Worker, batch: Batch, kept: Journal, tell: Callable[[str], None], *, last: bool) -> Counter[str]:
    now = time.time()
    ledger = Ledger(kept)
    try:
        batches.check(batch, worker.region, worker.digest, worker.fleet.rows, now)
    except batches.Refused:
        if batch.region == worker.region:  # somebody works here, with another configuration or too late
            ledger.taken(batch, now)
            ledger.ended(batch, now, {"refused": len(batch.names)})
        raise
    ledger.taken(batch, now)
    counts = _carried(worker, batch, kept, tell, now, last=last)
    ledger.ended(batch, time.time(), counts)
    return counts


def _carried(
    worker: Worker, batch: Batch, kept: Journal, tell: Callable[[str], None], now: float, *, last: bool
) -> Counter[str]:
    if closed := close_lost(kept, worker.seconds, now):
        tell(f"{closed} runs ended as interrupted: their worker was lost")
    if last:
        given_up = _unasked(worker, batch, batch.names, kept, LOSS)
        tell(f"slot {batch.slot}: abandoned after too many deliveries, {given_up} targets were not asked")
        return Counter({"given up": given_up})
    spending = Spending(worker.fleet, worker.total, worker.seconds + MARGIN)
    shares = spending.reserve(kept, batch.names, now)
    counts: Counter[str] = Counter()
    if shares.spent:
        counts["budget spent"] = _unasked(worker, batch, shares.spent, kept, SPENT)
    results: list[local.Result] = []

    def told(result: local.Result) -> None:
        results.append(result)
        counts[result.verdict or (local.TAKEN if result.code == local.TAKEN else "not checked")] += 1

    made = local.Ended("", (), 0, None)
    if shares.may:
        made = _run(worker, batch, shares.may, told, min(worker.seconds, batch.deadline - now))
    spending.settle(kept, shares, results, made, time.time())
    counts["interrupted"] += len(made.interrupted)
    counts["not begun"] += made.left
    counts = +counts
    tell(f"slot {batch.slot}: {', '.join(f'{count} {word}' for word, count in sorted(counts.items()))}")
    if made.failure:
        raise journal.JournalError(*made.failure)
    return counts


def _unasked(worker: Worker, batch: Batch, names: Iterable[str], kept: Journal, why: str) -> int:
    """End what nobody has begun, without asking; return how many that are. A target that cannot be read here gets no
    end."""
    begun = []
    for name in names:
        try:
            ready = worker.fleet.ready(name)
        except UsageError:
            continue
        kind = worker.fleet.settings.kind
        run_id = batches.run_id(kind, batch.slot, worker.region, name)
        opening = document.Opening(run_id, kind, clock.utc(), ready.planned)
        begun.append(document.opening(ready.resolved.target, ready.contract, opening))
    ours = {*kept.claim(begun)}
    return kept.append(FINISHED, [ended(said, why) for said in begun if said["run_id"] in ours])


def _run(
    worker: Worker, batch: Batch, names: tuple[str, ...], told: Callable[[local.Result], None], seconds: float
) -> local.Ended:
    kind = worker.fleet.settings.kind
    rows = [worker.fleet.rows[name] for name in names]

    def id_of(name: str) -> str:
        return batches.run_id(kind, batch.slot, worker.region, name)

    return local.run(worker.fleet, worker.limits, worker.place, told, rows=rows, ids=id_of, seconds=seconds)
