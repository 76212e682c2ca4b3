"""One job in a thread of the pool: send, record, look around where the network failed, and say what came of it."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from chatproof.journal.events import FINISHED, STARTED, JournalError
from chatproof.monitoring import log
from chatproof.monitoring.budgets import Need
from chatproof.monitoring.check import Outcome, look_around
from chatproof.monitoring.engine import Ended, Job
from chatproof.monitoring.observation import is_interrupted, observe, seconds_of
from chatproof.monitoring.settings import Configured, price
from chatproof.monitoring.sides import Witness
from chatproof.monitoring.values import UNDECIDED
from chatproof.running.dispatch import Stop
from chatproof.usage_error import UsageError

_WITNESSES = 200
Run = Callable[..., Outcome]
"""As `check.run_check`."""
Record = Callable[[str, dict[str, Any]], None]
"""Writes a document as an event of the journal; durable when it returns."""


class Carrier:
    """Carries jobs. Used by many threads."""

    def __init__(self, run: Run, environ: Mapping[str, str], record: Record, stop: Stop) -> None:
        self._run, self._environ, self._record, self._stop = run, environ, record, stop
        self._witnesses: deque[Witness] = deque(maxlen=_WITNESSES)

    def carry(self, job: Job, configured: Configured) -> tuple[Ended, dict[str, Any] | None]:
        """Make the run of a job: what came of it, and its document; without one where it tells nothing."""
        began = time.time()
        started: list[dict[str, Any]] = []

        def begin(document: dict[str, Any]) -> str:
            self._record(STARTED, document)
            started.append(document)
            return ""

        try:
            outcome = self._run(job.target, job.module, environ=self._environ, begin=begin, stop=self._stop)
            self._record(FINISHED, outcome.document)
            return self._told(job, outcome.document, began, configured)
        except (UsageError, JournalError) as error:
            log.write("run_failed", target=job.target.name, module=job.module, code=error.code, why=error.detail)
            # What was not begun was not sent; after it, everything may have been.
            return Ended(job, None, job.need if started else Need(0), {}), None
        except Exception as error:  # of our own: its text may hold what a server said
            log.write("internal_error", target=job.target.name, module=job.module, what=type(error).__name__)
            return Ended(job, None, job.need if started else Need(0), {}), None

    def _told(
        self, job: Job, document: dict[str, Any], began: float, configured: Configured
    ) -> tuple[Ended, dict[str, Any] | None]:
        cost = document["cost"]
        tokens = cost["tokens_reported"] or 0
        used = Need(cost["requests"], tokens, price(job.target.resolved.prices, tokens))
        if is_interrupted(document):
            return Ended(job, None, used, {}), None
        seen = observe(
            job.target.name,
            job.module,
            document,
            job.target.origin,
            witnesses=self._evidence(job, document, began, configured),
            at=max(seconds_of(document["finished_at"]), began),
        )
        return Ended(job, seen, used, phases_of(document)), document

    def _evidence(self, job: Job, document: Mapping[str, Any], began: float, configured: Configured) -> list[Witness]:
        reached = any(exchange["response"] for exchange in document["exchanges"])
        self._witnesses.append(Witness(job.target.origin, began, reached))
        if document["verdict"] != UNDECIDED or reached:
            return []
        others = [target for target in configured.targets.values() if target.origin != job.target.origin]
        known = [witness for witness in tuple(self._witnesses) if witness.at >= began]
        return [*known, *look_around(job.target, others)]


def phases_of(document: Mapping[str, Any]) -> dict[str, float]:
    """Milliseconds of the plain request by phase; of the model list where nothing else was asked."""
    rows = [e for e in document["exchanges"] if e.get("role") == "control"] or list(document["exchanges"])[-1:]
    return {phase: float(ms) for row in rows[:1] for phase, ms in row["timings_ms"].items() if ms is not None}
