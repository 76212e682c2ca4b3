"""What a batch may cost: the budgets of the monitor, looked at by the worker before anything is sent.

A target has one where it has a table `monitor`, in the configuration or in its line; all together have that of
`[monitor]`. It is the same purse that `chatproof serve` spends from, where both share a journal.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from chatproof.fleet import local
from chatproof.fleet.local import Ended, Result
from chatproof.fleet.ready import Fleet, Ready
from chatproof.journal.store import Journal
from chatproof.monitoring.budgets import Budget, Need
from chatproof.monitoring.purses import Held, Purses
from chatproof.monitoring.settings import TOKENS, price
from chatproof.target import monitor_fields
from chatproof.usage_error import UsageError

NO_LIMIT = Budget()
_NOTHING = Need(0)


class Shares(NamedTuple):
    """The names of a batch: those that may be asked, those that no budget covers, and what is reserved."""

    may: tuple[str, ...]
    spent: tuple[str, ...]
    held: Mapping[str, Held]


def budget_of(entry: Mapping[str, Any], top: Mapping[str, Any] | None = None) -> Budget:
    """The budget of a target by its table `monitor`; no limit without one. `top`: the table `[monitor]`."""
    if "monitor" not in entry:
        return NO_LIMIT
    values = monitor_fields.values(dict(top or {}), entry["monitor"])
    return Budget(values["budget_requests"], values["budget_tokens"], values["budget_money"])


def total_of(top: Mapping[str, Any]) -> Budget:
    """The budget of all targets together, by the table `[monitor]`."""
    values = monitor_fields.values(dict(top))
    return Budget(values["budget_requests"], values["budget_tokens"], values["budget_money"])


def need_of(ready: Ready, *, reuse: bool) -> Need:
    """What one run takes at most, as far as it is known before. With `reuse` each free request may be asked again."""
    rows = [ready.contract.surface.known(probe) for probe in ready.planned]
    paid = [row for row in rows if row.billable]
    tokens = sum(row.tokens or TOKENS for row in paid)
    requests = len(rows) + (len(rows) - len(paid) if reuse else 0)
    return Need(requests, tokens, price(ready.resolved.prices, tokens))


class Spending:
    """The budgets of a worker's fleet."""

    def __init__(self, fleet: Fleet, total: Budget, lease: float) -> None:
        """`lease`: after so many seconds a batch is over, whatever became of it."""
        self._fleet = fleet
        self._total = total
        self._lease = lease

    def reserve(self, journal: Journal, names: Iterable[str], at: float) -> Shares:
        """Reserve the runs of a batch, as far as budgets cover them. Kept before this returns; raises JournalError."""
        wanted: dict[str, tuple[Budget, Need]] = {}
        all_names = tuple(names)
        for name in all_names:
            budget = budget_of(self._fleet.rows[name].entry)
            if not (any(budget) or any(self._total)):
                continue
            try:
                wanted[name] = (budget, need_of(self._fleet.ready(name), reuse=self._fleet.reuse))
            except UsageError:
                continue  # it is not asked, and says why by itself
        held = Purses(journal, self._total, self._lease).reserve(wanted, at) if wanted else {}
        spent = tuple(name for name in wanted if name not in held)
        return Shares(tuple(name for name in all_names if name not in spent), spent, held)

    def settle(self, journal: Journal, shares: Shares, results: Iterable[Result], ended: Ended, at: float) -> None:
        """Take what was used. A run that was cut short, or of which nothing is known, counts with all it may have sent;
        raises JournalError."""
        if not shares.held:
            return
        used = dict.fromkeys(shares.held, _NOTHING)  # what was never begun
        for result in results:
            if result.name not in used:
                continue
            if result.verdict:
                need = shares.held[result.name].need  # its money is that of its tokens
                money = need.money * result.tokens / need.tokens if need.tokens else 0.0
                used[result.name] = Need(result.requests, result.tokens, money)
            elif result.code == local.INTERNAL:
                del used[result.name]
        known = {name: need for name, need in used.items() if name not in ended.interrupted}
        Purses(journal, self._total, self._lease).settle(shares.held, known, at)
