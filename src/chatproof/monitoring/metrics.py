"""What /metrics and /probe say. Lines are made when something ends, and joined when somebody scrapes.

Cardinality is bounded by the configuration: labels are names of targets, clause ids, diagnosis codes and words of this
program; no text of a server is ever in one. The process's own metrics and the histogram are kept by prometheus-client.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from chatproof.monitoring.budgets import Left
from chatproof.monitoring.values import BUDGET_SPENT, STALE, STATES, Status
from chatproof.reporters.metric_lines import FAMILIES, Sample, sample, samples

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
OWN: dict[str, tuple[str, str]] = {
    "chatproof_state": ("gauge", "1 for the target's current state, 0 for the others"),
    "chatproof_state_since_timestamp_seconds": ("gauge", "when that state began, in Unix time"),
    "chatproof_last_go_timestamp_seconds": ("gauge", "when the last paid check that was GO ended, in Unix time"),
    "chatproof_flapping": ("gauge", "1 if the target changed between good and bad several times in the last hour"),
    "chatproof_budget_remaining_requests": ("gauge", "requests left of the day's budget; no line without a budget"),
    "chatproof_budget_remaining_tokens": ("gauge", "tokens left of the day's budget; no line without a budget"),
    "chatproof_requests_total": ("counter", "requests sent since this process began"),
    "chatproof_tokens_total": ("counter", "tokens reported by answers since this process began"),
    "chatproof_unconfirmed_total": ("counter", "failures that a second check did not confirm"),
}
PROBE = {
    "chatproof_probe_cached": ("gauge", "1 if the answer is from a run that this scrape did not start"),
    "chatproof_probe_pending": ("gauge", "1 if a run is in progress that this scrape did not wait for"),
}
_OF_RUNS = ("chatproof_last_run_requests", "chatproof_last_run_tokens", "chatproof_last_run_narrowed")
"""What counters say better where a process goes on: left out."""
EVERY = {**{name: row for name, row in FAMILIES.items() if name not in _OF_RUNS}, **OWN, **PROBE}
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SUCCESS = "probe_success"


class Metrics:
    """Holds the lines of every target. Used by one thread: the event loop's."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[str, str]] = {name: {} for name in EVERY}
        self._success: dict[str, str] = {}
        self._counts: dict[tuple[str, str], dict[str, int]] = {}
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._phases = Histogram(
            "chatproof_phase_seconds", "seconds of plain requests by phase", ["phase"], buckets=_BUCKETS,
            registry=self._registry,
        )  # fmt: skip
        self._lag = Histogram(
            "chatproof_schedule_lag_seconds", "how late checks began", buckets=_BUCKETS, registry=self._registry
        )
        self.reload_ok = Gauge(
            "chatproof_config_last_reload_successful", "1 if the configuration file could be read the last time",
            registry=self._registry,
        )  # fmt: skip
        self.reload_ok.set(1)

    def started(self, lag: float) -> None:
        """Count how late a run began, in seconds."""
        self._lag.observe(max(lag, 0.0))

    def ran(self, target: str, document: Mapping[str, Any], *, paid: bool, phases: Mapping[str, float]) -> None:
        """Take in a finished run: its lines, if it is a paid one, and the counters."""
        cost = document["cost"]
        billable = cost["billable_requests"]
        self._count("chatproof_requests_total", target, "billable", "true", billable)
        self._count("chatproof_requests_total", target, "billable", "false", cost["requests"] - billable)
        self._count("chatproof_tokens_total", target, "kind", "reported", cost["tokens_reported"] or 0)
        for phase, ms in phases.items():
            self._phases.labels(phase).observe(ms / 1000, {"run_id": document["run_id"][:60]})
        if paid:
            made = [each for each in samples(dict(document), target) if each[0] not in _OF_RUNS]
            self._replace(target, [name for name in FAMILIES if name not in _OF_RUNS], made)
            self._success[target] = self._lines[_SUCCESS].pop(target, "")

    def shown(self, status: Status, left: Left, *, succeeds: bool) -> None:
        """Take in what is shown of a target. `succeeds`: its last paid run was GO, and nothing was found bad since."""
        name = status.target
        made = [sample("chatproof_state", status.state == each, target=name, state=each) for each in STATES]
        made.append(sample("chatproof_state_since_timestamp_seconds", status.since, target=name))
        if status.last_go:
            made.append(sample("chatproof_last_go_timestamp_seconds", status.last_go, target=name))
        made.append(sample("chatproof_flapping", status.flapping, target=name))
        made.append(sample("chatproof_unconfirmed_total", status.unconfirmed, target=name))
        if left.requests is not None:
            made.append(sample("chatproof_budget_remaining_requests", left.requests, target=name))
        if left.tokens is not None:
            made.append(sample("chatproof_budget_remaining_tokens", left.tokens, target=name))
        self._replace(name, [n for n in OWN if not n.endswith("s_total")], made)
        if name in self._success and status.state not in (BUDGET_SPENT, STALE):
            self._lines[_SUCCESS][name] = sample(_SUCCESS, succeeds, target=name)[1] + "\n"
        else:
            self._lines[_SUCCESS].pop(name, None)

    def forget(self, target: str) -> None:
        """Drop the lines of a target that is watched no more."""
        for lines in self._lines.values():
            lines.pop(target, None)
        self._success.pop(target, None)
        self._counts = {key: value for key, value in self._counts.items() if key[1] != target}

    def exposition(self, *, openmetrics: bool = False) -> bytes:
        """The text of /metrics, for all targets."""
        parts = []
        for name, lines in self._lines.items():
            if lines:
                parts += [_head(name, openmetrics), *lines.values()]
        own = generate_openmetrics(self._registry) if openmetrics else generate_latest(self._registry)
        return "".join(parts).encode() + bytes(own)

    def probe(self, target: str, *, cached: bool, pending: bool, lines: Iterable[Sample] = ()) -> bytes:
        """The text of /probe: one target's lines; `lines` stand for those of a module that is not in /metrics."""
        own = list(lines)
        parts = []
        extra = [
            sample("chatproof_probe_cached", cached, target=target),
            sample("chatproof_probe_pending", pending, target=target),
        ]
        for name in EVERY:
            told = [line + "\n" for family, line in (*own, *extra) if family == name]
            kept = "" if own and name in FAMILIES else self._lines[name].get(target, "")
            if told or kept:
                parts += [_head(name, False), kept, *told]
        return "".join(parts).encode()

    def _count(self, name: str, target: str, label: str, value: str, more: int) -> None:
        counts = self._counts.setdefault((name, target), {})
        counts[value] = counts.get(value, 0) + max(more, 0)
        self._lines[name][target] = "".join(
            sample(name, count, **{"target": target, label: each})[1] + "\n" for each, count in counts.items()
        )

    def _replace(self, target: str, families: Iterable[str], made: Iterable[Sample]) -> None:
        grouped: dict[str, list[str]] = {}
        for name, line in made:
            grouped.setdefault(name, []).append(f"{line}\n")
        for name in families:
            if name in grouped:
                self._lines[name][target] = "".join(grouped[name])
            else:
                self._lines[name].pop(target, None)


def _head(name: str, openmetrics: bool) -> str:
    kind, says = EVERY[name]
    shown = name.removesuffix("_total") if openmetrics and kind == "counter" else name
    return f"# HELP {shown} {says}\n# TYPE {shown} {kind}\n"
