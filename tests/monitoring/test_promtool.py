"""What /metrics says, as promtool lints it, for every state and both formats' families."""

from __future__ import annotations

import pytest

from chatproof import simulator
from chatproof.monitoring.budgets import Left
from chatproof.monitoring.metrics import Metrics
from chatproof.monitoring.values import NO_CAUSE, STATES, Status
from chatproof.running.plan import Settings
from chatproof.running.run import run
from chatproof.target.target import Target, check
from chatproof.wire.exchange import Secret
from tests.alerting.programs import promtool

pytestmark = pytest.mark.real


def test_promtool_finds_nothing_in_the_metrics() -> None:
    metrics = Metrics()
    for fault in ("", "html-502", "connection-refused", "tls-expired"):
        started = simulator.start(fault)
        target = Target(
            started.base_url, started.model, Secret(started.key), name=fault or "good", ca_file=started.ca_file
        )
        document = run(check(target), Settings(), environ={}).document
        started.stop()
        for state in STATES:
            name = f"{fault}-{state}"
            metrics.ran(name, document, paid=True, phases={"first_byte": 3.0})
            metrics.shown(
                Status(name, state, 1e9, NO_CAUSE, 1e9, 1e9, "r", "", True, 2), Left(1, 2, 3.0), succeeds=False
            )
    text = metrics.exposition().decode()
    done = promtool("check", "metrics", input=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (
        promtool("check", "metrics", input=metrics.probe("-passing", cached=True, pending=False).decode()).returncode
        == 0
    )
