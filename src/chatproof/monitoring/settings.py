"""What is watched, and how: made of the configuration, before anything is sent. Raises UsageError for our own side."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from chatproof.contract.probe import STREAM
from chatproof.contract.surface import CHAT
from chatproof.monitoring import windows
from chatproof.monitoring.budgets import Budget, Need
from chatproof.monitoring.schedule import runs_a_day
from chatproof.monitoring.standing import Policy, Rule
from chatproof.monitoring.values import FREE, SMOKE, VALIDATE
from chatproof.monitoring.windows import Window
from chatproof.running import beside
from chatproof.running.plan import Settings, contract_for, plan
from chatproof.surfaces.model_listing import AUTO
from chatproof.target import config_files, monitor_fields
from chatproof.target.target import Chosen, Resolved, Wanted, settle
from chatproof.usage_error import UsageError, repeated

FREE_CLAUSES = ("model.listed", "auth.invalid_key")
TOKENS = 64
"""Reserved for a paid request whose row expects no number: prompt and one word. What it really took counts after."""
_PERIODS = 3.0
"""So many periods without a paid run, and what is known is stale."""


class Watched(NamedTuple):
    """A target that is watched."""

    name: str
    resolved: Resolved
    every: float
    every_free: float
    jitter: float
    policy: Policy
    budget: Budget
    windows: tuple[Window, ...]
    stream: bool
    validate: bool
    needs: Mapping[str, Need]
    """By module, what one run of it takes, as far as it is known before."""

    @property
    def origin(self) -> str:
        """scheme://host:port."""
        return self.resolved.url.origin

    def settings(self, module: str) -> Settings:
        """What a run of a module asks for."""
        return settings_of(module, self.stream, self.resolved.target.api)


class Configured(NamedTuple):
    """The whole of the monitor's configuration in force."""

    targets: Mapping[str, Watched]
    total: Budget
    """For all targets together."""
    keep: float
    runs_at_once: int
    trusted_proxies: tuple[str, ...]
    journal: str
    alerts: tuple[Mapping[str, Any], ...]
    """The tables [[monitor.alerts]], as they stand in the file."""
    files: tuple[str, ...]
    """What it was read from, for whoever looks whether it changed."""


def settings_of(module: str, stream: bool = False, api: str = CHAT) -> Settings:
    """The settings of a run of a module."""
    if module == FREE:
        start = "" if api == CHAT else f"{api}."
        return Settings(only=tuple(f"{start}{clause}" for clause in FREE_CLAUSES), free=True)
    return Settings(kind=VALIDATE) if module == VALIDATE else Settings(stream=stream)


def load(config: str, environ: Mapping[str, str]) -> Configured:
    """Read and check the configuration that counts here: `config` (--config), the user's own, or approved files."""
    said = config_files.settings(config, environ.get(config_files.VARIABLE, ""))
    names = [name for name, entry in said["targets"].items() if "monitor" in entry]
    if not names:
        remarks = config_files.remarks(said)
        passed = f" ({'; '.join(remarks)})" if remarks else ""
        advice = (
            "add that table, empty or not, to each target to watch; to see the monitor first: chatproof serve --demo"
        )
        raise UsageError("usage", f"no target has a table [targets.NAME.monitor], so none is watched{passed}", advice)
    if said["monitor"]:
        config_files.gate(said, "monitor")
    top = said["monitor"] or {}
    of_all = monitor_fields.values(top)
    variable = environ.get(config_files.VARIABLE, "")
    found: dict[str, tuple[Resolved, Mapping[str, Any]]] = {}
    for name, entry, file, by, place, authorities in config_files.listed(said, names):
        chosen = Chosen(entry, name, notes=said["ignored"])
        chosen.file, chosen.by, chosen.place, chosen.ca_data = file, by, place, authorities
        resolved = settle(chosen, Wanted(target=name, config=config, config_variable=variable), environ)
        found[name] = resolved, monitor_fields.values(top, entry["monitor"])
    each = beside.apart((resolved for resolved, _ in found.values()), environ)
    targets = {
        name: watched(name, resolved, values) for (name, (_, values)), resolved in zip(found.items(), each, strict=True)
    }
    if said["journal"]:
        config_files.gate(said, "journal")
    return Configured(
        targets,
        _budget(of_all),
        of_all["keep"],
        of_all["runs_at_once"],
        of_all["trusted_proxies"],
        str(said["journal"]),
        tuple(top.get("alerts", ())),
        tuple(said["files"]),
    )


def watched(name: str, resolved: Resolved, values: Mapping[str, Any]) -> Watched:
    """A target with the values of its tables in force. Raises UsageError for what only a look at the target shows."""
    if resolved.target.model in ("", AUTO):
        raise UsageError("usage", f"targets.{name}: a watched target needs a model", 'write model = "ID"')
    if resolved.requests:
        raise UsageError("usage", f"targets.{name}: the monitor does not send requests of your own", "leave them out")
    if values["budget_money"] and not resolved.prices:
        said = f"targets.{name}: budget_money needs prices"
        raise UsageError("usage", said, "write prices = { prompt = 0.15, completion = 0.60 }")
    planned = tuple(Window(*each) for each in values["windows"])
    for window in planned:
        if wrong := windows.check(window):
            raise UsageError(
                "usage", f"targets.{name}.monitor.windows: {repeated(window.cron, 60)} {wrong}", "correct it"
            )
    every = values["every"]
    policy = Policy(
        values["confirm"],
        Rule(*values["fail_after"]),
        Rule(*values["recover_after"]),
        values["stale_after"] or _PERIODS * every,
    )
    modules = [SMOKE, FREE, *([VALIDATE] if values["validate"] else [])]
    return Watched(
        name,
        resolved,
        every,
        values["every_free"],
        values["jitter"],
        policy,
        _budget(values),
        planned,
        values["stream"],
        values["validate"],
        {module: need_of(resolved, settings_of(module, values["stream"], resolved.target.api)) for module in modules},
    )


def _budget(values: Mapping[str, Any]) -> Budget:
    return Budget(values["budget_requests"], values["budget_tokens"], values["budget_money"])


def need_of(resolved: Resolved, settings: Settings) -> Need:
    """What one such run takes: its requests, exactly or at most; its tokens, as far as the probe table knows."""
    contract = contract_for(resolved, settings)
    rows = contract.surface.rows(settings.kind)
    planned = [rows.get(probe) or contract.surface.known(probe) for probe in plan(contract, resolved, settings)]
    requests = len(planned)
    if settings.kind == VALIDATE:
        from chatproof.running import own_requests

        requests += own_requests.most(settings, planned)
    billable = [row for row in planned if row.billable or row.role == STREAM]
    tokens = sum(row.tokens or TOKENS for row in billable)
    return Need(requests, tokens, price(resolved.prices, tokens))


def price(prices: Mapping[str, float], tokens: int) -> float:
    """What so many tokens cost at most: all of them at the higher of the two prices. 0.0 without prices."""
    return tokens / 1e6 * max(prices.get("prompt", 0.0), prices.get("completion", 0.0))


class Cost(NamedTuple):
    """What the schedule takes in a day, at most and without confirmations."""

    requests: float
    billable_runs: float
    tokens: float
    money: float


def cost_of(target: Watched) -> Cost:
    """What the schedule of one target takes in a day, within its budget."""
    paid, free = runs_a_day(target.every), runs_a_day(target.every_free)
    need, need_free = target.needs[SMOKE], target.needs[FREE]
    requests = paid * need.requests + free * need_free.requests
    limit = target.budget
    return Cost(
        min(requests, limit.requests or requests),
        paid,
        min(paid * need.tokens, limit.tokens or paid * need.tokens),
        min(paid * need.money, limit.money or paid * need.money),
    )


def cost_lines(configured: Configured) -> list[str]:
    """What the schedule costs a day, in sentences: printed at start, shown on the page."""
    costs = [cost_of(target) for target in configured.targets.values()]
    requests, runs, tokens, money = (sum(column) for column in zip(*costs, strict=True))
    many = len(costs)
    said = f"{many} target{'' if many == 1 else 's'}: at most {requests:,.0f} requests a day"
    paid = f", {runs:,.0f} paid checks, about {tokens:,.0f} tokens" if runs else ", none of them paid"
    lines = [said + paid + (f", {money:,.2f} at the given prices" if money else "")]
    lines.append("a failing check is repeated once; a model that thinks uses more tokens than the table expects")
    total = configured.total
    if any(total):
        lines.append(f"the budget of all targets together: {_limits(total)} a day (UTC)")
    over = [name for name, t in configured.targets.items() if t.budget.requests and _wanted(t) > t.budget.requests]
    if over:
        lines.append(
            f"the schedule needs more requests than the budget allows: {', '.join(over[:5])}{'…' * (len(over) > 5)}"
        )
    return lines


def _wanted(target: Watched) -> float:
    paid, free = target.needs[SMOKE], target.needs[FREE]
    return runs_a_day(target.every) * paid.requests + runs_a_day(target.every_free) * free.requests


def _limits(budget: Budget) -> str:
    parts = [f"{budget.requests:,} requests"] if budget.requests else []
    parts += [f"{budget.tokens:,} tokens"] if budget.tokens else []
    return ", ".join([*parts, *([f"{budget.money:,.2f}"] if budget.money else [])])


def changed_at(files: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """A mark of each file that changes when it does."""
    found = []
    for path in files:
        try:
            stat = os.stat(path)
            found.append((stat.st_mtime_ns, stat.st_ino))
        except OSError:
            found.append((0, 0))
    return tuple(found)
