"""What a worker does with a message: look at it, ask its targets, leave one end for each of them in the journal."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from chatproof import clock, journal
from chatproof.fleet import batches, local
from chatproof.fleet.batches import Batch
from chatproof.fleet.closing import close_lost, ended
from chatproof.fleet.ready import Fleet
from chatproof.journal import FINISHED
from chatproof.journal.store import Journal
from chatproof.record import document
from chatproof.usage_error import UsageError


class Worker(NamedTuple):
    """One region's worker: its targets, the digest of its configuration, the journal's place, and its limits. `seconds`
    is how long a batch may last."""

    region: str
    fleet: Fleet
    digest: str
    place: str
    limits: local.Limits
    seconds: float


def carry_out(worker: Worker, said: Any, tell: Callable[[str], None], *, last: bool = False) -> Counter[str]:
    """Carry out a message; return how many targets came to what: verdicts, and `taken` for those that were begun
    before, by whomever. `tell` gets a line for the log: counts, no names. A message that has come too often is
    delivered for the `last` time: then nothing is asked, and what was not begun ends as interrupted.

    Raises batches.Refused for a message that must not be carried out, JournalError for a journal in trouble: then
    nothing was sent that is not in it.
    """
    batch = batches.read(said)
    now = time.time()
    batches.check(batch, worker.region, worker.digest, worker.fleet.rows, now)
    kept = journal.open(worker.place)
    if closed := close_lost(kept, worker.seconds, now):
        tell(f"{closed} runs ended as interrupted: their worker was lost")
    if last:
        given_up = _give_up(worker, batch, kept)
        tell(f"slot {batch.slot}: given up after too many deliveries, {given_up} targets were not asked")
        return Counter({"given up": given_up})
    counts: Counter[str] = Counter()

    def told(result: local.Result) -> None:
        counts[result.verdict or (local.TAKEN if result.code == local.TAKEN else "not checked")] += 1

    made = _run(worker, batch, told, min(worker.seconds, batch.deadline - now))
    counts["interrupted"] += len(made.interrupted)
    counts["not begun"] += made.left
    counts = +counts
    tell(f"slot {batch.slot}: {', '.join(f'{count} {word}' for word, count in sorted(counts.items()))}")
    if made.failure:
        raise journal.JournalError(*made.failure)
    return counts


def _give_up(worker: Worker, batch: Batch, kept: Journal) -> int:
    """End what nobody has begun; return how many that are. A target that cannot be read here gets no end."""
    begun = []
    for name in batch.names:
        try:
            ready = worker.fleet.ready(name)
        except UsageError:
            continue
        kind = worker.fleet.settings.kind
        run_id = batches.run_id(kind, batch.slot, worker.region, name)
        opening = document.Opening(run_id, kind, clock.utc(), ready.planned)
        begun.append(document.opening(ready.resolved.target, ready.contract, opening))
    ours = {*kept.claim(begun)}
    return kept.append(FINISHED, [ended(said) for said in begun if said["run_id"] in ours])


def _run(worker: Worker, batch: Batch, told: Callable[[local.Result], None], seconds: float) -> local.Ended:
    kind = worker.fleet.settings.kind
    rows = [worker.fleet.rows[name] for name in batch.names]

    def id_of(name: str) -> str:
        return batches.run_id(kind, batch.slot, worker.region, name)

    return local.run(worker.fleet, worker.limits, worker.place, told, rows=rows, ids=id_of, seconds=seconds)
