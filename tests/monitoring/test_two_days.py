"""Two days, all of what may happen in one monitor, and every message that people get: how many, in what order, in what words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from chatproof.monitoring.alerting.delivery import Delivery
from chatproof.monitoring.alerting.notice import Notice, text, title
from chatproof.monitoring.alerting.outbox import NEVER, Outbox
from chatproof.monitoring.alerting.receivers import Receiver
from chatproof.monitoring.engine import Happened, Job
from chatproof.monitoring.metrics import Metrics
from chatproof.monitoring.settings import Configured
from chatproof.monitoring.values import (
    BUDGET_SPENT,
    DEGRADED,
    FAILING,
    FREE,
    MAINTENANCE,
    NO_GO,
    PASSING,
    STALE,
    UNDECIDED,
    UNKNOWN_OURS,
)
from tests.alerting.incidents import Listener, receiver
from tests.monitoring.simulated import GOOD, START, Answer, Simulation, configured, target

HOUR = 3600.0
REJECTED = Answer(NO_GO, "auth.rejected", "you", changes=("the key (its fingerprint): 1a before, 2b now",))
DEAD = Answer(NO_GO, "gateway.error", "gateway")
QUOTA = Answer(NO_GO, "account.quota", "you")
CUT = Answer(UNDECIDED, "net.connect_timeout", "network", side="ours")
LONG = Answer(tokens=1280)  # twenty times its cap
NEAR = Answer(code="tls.expired", owner="provider", warnings=("certificate ends on 2026-12-06",))
EVERY = ("failing", "unknown", "unknown_ours", "unknown_theirs", "degraded")


class Told(Simulation):
    """The simulation with its outbox, and a receiver that keeps each message."""

    def __init__(self, place: Path, config: Configured) -> None:
        self.listener, self.messages = Listener(most=1), list[Notice]()
        self.receivers: dict[str, Receiver] = {"chat": receiver(self.listener, "chat", states=EVERY, pause=600.0)}
        self.delivery: Delivery | None = None
        super().__init__(place, config)
        outbox = self.engine.outbox = Outbox(self.store.journal.database, self.receivers)
        self.delivery = Delivery(lambda: outbox, self.receivers, lambda *_, **__: None, lambda: self.now)

    def happened(self, what: Happened) -> None:
        super().happened(what)
        outbox = self.engine.outbox
        if self.delivery is not None and outbox is not None and (what.incidents or outbox.next_due() < NEVER):
            while self.delivery.pump(outbox):
                pass


class World:
    """What each target does at each hour; hours count from the first midnight."""

    def __init__(self) -> None:
        self.flapped = 0

    def __call__(self, job: Job, at: float) -> Answer:
        name, hour, is_free = job.target.name, (at - START) / HOUR, job.module == FREE
        if 22 <= hour < 22.6:
            return CUT
        if name == "flapping":
            self.flapped += 1
            return DEAD if self.flapped % 3 == 0 else GOOD
        if name == "shop" and 10 <= hour < 14:
            return REJECTED
        if name.startswith("model-") and 5 <= hour < 7:
            return DEAD
        if name == "desk" and 27 <= hour < 32 and not is_free:
            return QUOTA
        if name == "wordy" and 6 <= hour < 20:
            return LONG
        if name == "old" and hour >= 40 and not is_free:
            return NEAR
        return DEAD if name == "mended" and 3 <= hour < 4.5 else GOOD


def everything(models: int) -> list[object]:
    return [
        target("shop", "https://shop.example"),
        target("desk", "https://desk.example"),
        target("wordy", "https://wordy.example", budget_tokens=1000),
        target("old", "https://old.example"),
        target("flapping", "https://flapping.example", every_free="0s"),
        target("mended", "https://mended.example", windows=[{"cron": "0 3 * * *", "duration": "2h"}]),
        *(target(f"model-{number:02}", every_free="0s") for number in range(models)),
    ]


SHOP = """\
cause: auth.rejected: what auth.rejected is
owner: you (certain)
changed here: the key (its fingerprint): 1a before, 2b now
since: 2026-11-29T10:0"""


@pytest.mark.parametrize("models", [3, pytest.param(50, marks=[pytest.mark.nightly, pytest.mark.timeout(600)])])
def test_two_days_and_what_people_hear_of_them(models: int, tmp_path: Path) -> None:
    made = Told(tmp_path / "journal.sqlite3", configured(*everything(models)))  # type: ignore[arg-type]
    made.until(START + 48 * HOUR, World())
    told = made.listener.told
    heard = [(notice.what, title(notice)) for notice in told if notice.what != "changed"]
    more = f" and {models - 1} more at https://gate.example.com"
    first = next(notice.incident.targets[0] for notice in told if notice.incident.cause.code == "gateway.error")
    everybody = models + 6
    assert heard == [
        ("opened", f"failing: {first}: gateway.error, owner gateway"),
        ("resolved", f"over: model-00{more}: gateway.error"),
        ("opened", "failing: shop: auth.rejected, owner you"),
        ("resolved", "over: shop: auth.rejected"),
        ("opened", "cannot be decided: our own network: 1 target: net.connect_timeout, owner network"),
        ("resolved", f"over: {everybody} targets: net.connect_timeout"),
        ("opened", "failing: desk: account.quota, owner you"),
        ("resolved", "over: desk: account.quota"),
        ("opened", "GO with warnings: old: tls.expired, owner provider"),
    ]
    incidents = Counter(notice.incident.cause.code for notice in told if notice.what == "opened")
    assert set(incidents.values()) == {1}, "one alert an incident"
    joined = Counter(notice.incident.cause.code for notice in told if notice.what == "changed")
    assert set(joined) == {"gateway.error", "net.connect_timeout"} and max(joined.values()) <= 6, (
        "however many targets join and leave within half an hour and an hour"
    )
    dead = [notice for notice in told if notice.incident.cause.code == "gateway.error"]
    assert max(len(notice.incident.targets) for notice in dead) == models, "and all of its targets are told of"
    assert text(next(notice for notice in told if "shop" in title(notice))).startswith(SHOP)
    for notice in told:
        said = dict(line.split(": ", 1) for line in text(notice).splitlines())
        assert said["explain"] == f"chatproof explain {notice.incident.cause.code}"
        assert said["run"] == notice.incident.cause.run_id and ("next" in said) == (notice.what != "resolved")
        assert {"cause", "owner", "since", "targets", "incident"} <= said.keys()


def test_two_days_in_states_and_metrics(tmp_path: Path) -> None:
    made = Told(tmp_path / "journal.sqlite3", configured(*everything(1)))  # type: ignore[arg-type]
    made.until(START + 48 * HOUR, World())
    states = {
        name: [change.after for change in made.states if change.target == name]
        for name in made.engine.configured.targets
    }
    cut = [UNKNOWN_OURS, PASSING]
    assert states["shop"] == [PASSING, FAILING, PASSING, *cut]
    assert states["model-00"] == [PASSING, FAILING, PASSING, *cut]
    assert states["desk"] == [PASSING, *cut, FAILING, PASSING]
    assert states["old"] == [PASSING, *cut, DEGRADED]
    assert states["flapping"] == [PASSING, *cut], "never confirmed, never told"
    assert states["mended"] == [PASSING, MAINTENANCE, PASSING, *cut, MAINTENANCE, PASSING]
    assert states["wordy"] == [
        PASSING,
        BUDGET_SPENT,
        UNKNOWN_OURS,
        BUDGET_SPENT,
        STALE,
        PASSING,
        BUDGET_SPENT,
        STALE,
    ], "never green on a spent budget"
    metrics = Metrics()
    for status in made.store.board.statuses(made.now):
        metrics.shown(status, made.engine.left(status.target, made.now), succeeds=status.state == PASSING)
    lines = metrics.exposition().decode().splitlines()
    assert 'chatproof_state{target="old",state="degraded"} 1' in lines
    assert 'chatproof_state{target="shop",state="failing"} 0' in lines
    assert made.store.board.status("flapping", made.now).unconfirmed > 20
