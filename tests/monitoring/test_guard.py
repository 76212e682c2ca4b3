"""Whom a request is from: X-Forwarded-For counts from trusted proxies only, and only as far as they wrote it."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from chatproof.monitoring.web.guard import Rates, client_of, networks_of
from chatproof.target import monitor_fields
from tests.monitoring.served import config_of, keys, serving, simulated

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("peer", "lines", "client"),
    [
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("192.0.2.9", ["198.51.100.7"], "192.0.2.9"),
        ("10.0.0.1", ["203.0.113.5, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.5", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.5, 198.51.100.7, 10.1.2.3"], "198.51.100.7"),
        ("10.0.0.1", ["10.1.2.3"], "10.1.2.3"),
        ("10.0.0.1", ["203.0.113.5, 10.9.9.9, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.5, junk, 10.1.2.3"], "10.1.2.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("2001:db8::1", ["198.51.100.7"], "2001:db8::1"),
    ],
)
def test_the_client_is_who_a_trusted_proxy_says(peer: str, lines: list[str], client: str) -> None:
    headers = [(b"host", b"x"), *((b"x-forwarded-for", line.encode()) for line in lines)]
    scope: dict[str, Any] = {"client": (peer, 1234), "headers": headers}
    assert client_of(scope, networks_of(["10.0.0.1", "10.1.0.0/16"])) == client
    assert client_of(scope, ()) == peer.removeprefix("::ffff:"), "nobody is trusted who is not named"


def test_one_address_cannot_lock_out_another() -> None:
    rates = Rates(3, 5, 60.0)
    assert [rates.allows("a") for _ in range(9)] == [True] * 3 + [False] * 6
    assert [rates.allows("b") for _ in range(3)] == [True, True, False], "five of all together"
    for number in range(5000):
        rates.allows(f"c{number}")
    assert len(rates._each) <= 1000


def test_what_is_no_address_is_told() -> None:
    with pytest.raises(ValueError, match="addresses or networks"):
        monitor_fields.MONITOR["trusted_proxies"].read(["proxy.internal"])


def test_trusted_proxies_change_with_the_configuration(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("the-token-of-the-monitor-0123456789")
    token.chmod(0o600)
    with simulated("") as (good,):
        targets = {"good": good}

        def config(trusted: str) -> str:
            return config_of(targets, f'every = "1h"\nevery_free = "0s"\ntrusted_proxies = {trusted}')

        with serving(
            tmp_path, config("[]"), "--token-file", str(token), "--behind-proxy", environ=keys(targets)
        ) as started:
            asked = {**FORM, "X-Forwarded-For": "198.51.100.7"}
            started.get("/login", asked, data=b"token=no")
            (tmp_path / "watch.toml").write_text(config('["127.0.0.1"]'))
            started.process.send_signal(signal.SIGHUP)
            until = time.monotonic() + 30
            while '"reloaded"' not in started.log() and time.monotonic() < until:
                time.sleep(0.05)
            started.get("/login", asked, data=b"token=no")
    logged = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    refused = [row["address"] for row in logged if row["event"] == "login_refused"]
    assert refused == ["127.0.0.1", "198.51.100.7"]


@pytest.mark.parametrize(
    ("more", "trusted", "is_believed"),
    [(("--behind-proxy",), '["127.0.0.1"]', True), (("--behind-proxy",), '["10.0.0.1"]', False), ((), '["127.0.0.1"]', False)],
)  # fmt: skip
def test_attempts_to_log_in_are_counted_by_the_address_that_can_be_believed(
    tmp_path: Path, more: tuple[str, ...], trusted: str, is_believed: bool
) -> None:
    token = tmp_path / "token"
    token.write_text("the-token-of-the-monitor-0123456789")
    token.chmod(0o600)
    with simulated("") as (good,):
        targets = {"good": good}
        config = config_of(targets, f'every = "1h"\nevery_free = "0s"\ntrusted_proxies = {trusted}')
        with serving(tmp_path, config, "--token-file", str(token), *more, environ=keys(targets)) as started:
            answers = [
                started.get(
                    "/login", {**FORM, "X-Forwarded-For": f"203.0.113.5, 198.51.100.{number}"}, data=b"token=no"
                )
                for number in range(12)
            ]
    assert [answer.status for answer in answers] == ([403] * 12 if is_believed else [403] * 10 + [429] * 2)
    logged = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    refused = [row["address"] for row in logged if row["event"] == "login_refused"]
    assert refused == [f"198.51.100.{number}" if is_believed else "127.0.0.1" for number in range(12)]
