"""Alerts of `chatproof serve` as a process: a dead gateway under three targets is one alert, over a kill -9, and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from chatproof.simulator.harness import ChatSimulator
from tests.alerting.incidents import Hook, hook
from tests.alerting.programs import alertmanager, asked
from tests.monitoring.served import serving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NAMES = ("desk", "shop", "till")


def config(simulator: ChatSimulator, alerts: str, names: tuple[str, ...] = NAMES) -> str:
    text = f'[monitor]\nevery = "5s"\nevery_free = "0s"\nfail_after = 1\n{alerts}\n'
    for name in names:
        text += (
            f'[targets.{name}]\nbase_url = "{simulator.base_url}"\nmodel = "{simulator.model}"\nkey_env = "SIM_KEY"\n'
        )
        text += f"[targets.{name}.monitor]\n"
    return text


def until(what: str, found: Any, log: Any) -> None:
    end = time.monotonic() + 60
    while not found():
        assert time.monotonic() < end, f"{what} did not come\n{log()}"
        time.sleep(0.1)


def told(server: Hook) -> list[tuple[str, str, int]]:
    return [(body["incident"]["id"], body["event"], len(body["incident"]["all_targets"])) for body in server.bodies()]


def test_one_dead_gateway_is_one_alert_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    alerts = (
        '[[monitor.alerts]]\nkind = "webhook"\nurl = "env:HOOK"\nsecret = "env:HOOK_SECRET"\nlink = "https://m.test"'
    )
    with hook() as server, ChatSimulator() as simulator:
        environ = {"SIM_KEY": simulator.api_key, "HOOK": server.url, "HOOK_SECRET": SECRET}
        with simulator.fault("html-502"):
            with serving(tmp_path, config(simulator, alerts), environ=environ) as monitor:
                until("the whole incident", lambda: told(server)[-1:] and told(server)[-1][2] == 3, monitor.log)
                pages = monitor.get("/").text + monitor.get("/status.json").text + monitor.get("/metrics").text
                monitor.process.send_signal(signal.SIGKILL)
                monitor.process.wait(20)
            count = len(server.requests)
            with serving(tmp_path, config(simulator, alerts), environ=environ) as monitor:
                monitor.wait_for(dict.fromkeys(NAMES, "failing"))
                time.sleep(6)  # another round of checks
                assert len(server.requests) == count, "what was told is not told again by the next process"
        with serving(tmp_path, config(simulator, alerts), environ=environ) as monitor:
            until("the end", lambda: told(server)[-1][1] == "resolved", monitor.log)
            log = monitor.log()
        heard = told(server)
        assert len({id for id, _, _ in heard}) == 1, "one incident, whatever its targets"
        assert heard[0][1] == "opened" and [event for _, event, _ in heard].count("opened") == 1
        assert [event for _, event, _ in heard].count("resolved") == 1 and heard[-1][2] == 3
        first = server.bodies()[0]
        assert first["cause"]["code"] == "gateway.error" and first["cause"]["owner"] == "gateway"
        assert first["page"] == f"https://m.test/incidents/{first['incident']['id']}"
        kept = "".join(path.read_bytes().decode("latin-1") for path in tmp_path.iterdir() if path.is_file())
        for secret in (simulator.api_key, SECRET, "s3cr3t-path-of-the-hook"):
            assert secret not in kept + pages + json.dumps(server.bodies()), (
                "neither in a file, nor on a page, nor told"
            )
        assert '"event": "alert_sent"' in log


def test_a_receiver_that_cannot_be_used_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    alerts = '[[monitor.alerts]]\nkind = "webhook"\nurl = "env:HOOK"\nsecret = "env:HOOK_SECRET"'
    with ChatSimulator() as simulator:
        environ = {"SIM_KEY": simulator.api_key, "HOOK": "file:///s3cr3t", "HOOK_SECRET": SECRET}
        (tmp_path / "watch.toml").write_text(config(simulator, alerts))
        command = [sys.executable, "-m", "chatproof", "serve", "--config", str(tmp_path / "watch.toml")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **environ})
        assert done.returncode == 2 and "its scheme is neither https nor http" in done.stderr, done.stderr
        assert "s3cr3t" not in done.stdout + done.stderr
        assert not simulator.requests


@pytest.mark.real
def test_the_alert_arrives_in_a_real_alertmanager_and_resolves(tmp_path: Path) -> None:
    alerts = '[[monitor.alerts]]\nkind = "alertmanager"\nurl = "env:AM"'
    with hook() as pager, ChatSimulator() as simulator:
        routes = f"route: {{receiver: all, group_wait: 1s, group_interval: 1s}}\nreceivers: [{{name: all, webhook_configs: [{{url: '{pager.url}'}}]}}]\n"
        (tmp_path / "served").mkdir()
        with alertmanager(tmp_path / "am", routes) as base:
            environ = {"SIM_KEY": simulator.api_key, "AM": base}
            with serving(tmp_path / "served", config(simulator, alerts, ("shop",)), environ=environ) as monitor:
                monitor.wait_for({"shop": "passing"})
                assert asked(f"{base}/api/v2/alerts") == []
                with simulator.fault("html-502"):
                    until("the alert", lambda: asked(f"{base}/api/v2/alerts"), monitor.log)
                    (alert,) = asked(f"{base}/api/v2/alerts")
                    assert alert["labels"]["owner"] == "gateway" and alert["annotations"]["targets"] == "shop"
                    pager.wait_for(1)
                until("the end", lambda: asked(f"{base}/api/v2/alerts") == [], monitor.log)
                pager.wait_for(2)
        assert [body["status"] for body in pager.bodies()] == ["firing", "resolved"]
