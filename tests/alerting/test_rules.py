"""The shipped Prometheus rules: promtool takes them, their own tests pass, and fail where a rule is broken."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from chatproof.fleet import gauges
from chatproof.reporters.metric_lines import FAMILIES
from tests.alerting.programs import promtool

HERE = Path(__file__).parents[2] / "contrib" / "prometheus"
RULES, TESTS = HERE / "chatproof.rules.yml", HERE / "chatproof.rules.test.yml"
pytestmark = pytest.mark.real

BREAKS = {
    "alert on probe_success": ('(chatproof_state{state="failing"}) == 1', "(probe_success) == 0"),
    "our network counts as theirs": ("unknown|unknown_theirs", "unknown.*"),
    "one alert a target of our own cut": ("without (instance, state, target) (chatproof_state", "without (instance, state) (chatproof_state"),
    "an alert for each instance": (r'max without (instance, state) (chatproof_state{state="failing"})', 'max without (state) (chatproof_state{state="failing"})'),
    "UNDECIDED burns the budget": ('(chatproof_verdict{verdict="NO-GO"})', '(chatproof_verdict{verdict=~"NO-GO|UNDECIDED"})'),
    "a spent budget burns it": ("maintenance|budget_spent|stale", "maintenance|stale"),
    "maintenance burns it": ("maintenance|budget_spent|stale", "budget_spent|stale"),
    "undecided time is not told": ("chatproof:undecided:ratio_6h > 0.25", "chatproof:undecided:ratio_6h > 2"),
    "a waiting begins anew": ('max without (instance, state) (chatproof_state{state=~"unknown', 'max without (instance) (chatproof_state{state=~"unknown'),
    "nobody misses the monitor": ("absent(chatproof_last_run_timestamp_seconds)", "absent(up)"),
    "others' certificates": (" and max without (instance) (chatproof_last_run_timestamp_seconds)", ""),
    "an alert for each beat": ("without (instance) (chatproof_fleet_region_dead)", "without () (chatproof_fleet_region_dead)"),
    "nobody misses the beat": ("(chatproof_fleet_last_beat_timestamp_seconds) > 600", "(chatproof_fleet_last_beat_timestamp_seconds) > 6000"),
    "only the short window": ("chatproof:no_go:ratio_1h > 14.4", "chatproof:no_go:ratio_5m > 14.4"),
}  # fmt: skip


def test_promtool_takes_the_rules() -> None:
    done = promtool("check", "rules", "--lint-fatal", str(RULES))
    assert done.returncode == 0 and "SUCCESS" in done.stdout, done.stderr


def test_the_rules_do_what_their_tests_say() -> None:
    done = promtool("test", "rules", str(TESTS))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.nightly
@pytest.mark.parametrize("name", BREAKS)
def test_the_tests_fail_where_a_rule_is_broken(name: str, tmp_path: Path) -> None:
    good, bad = BREAKS[name]
    text = RULES.read_text()
    assert good in text
    (tmp_path / RULES.name).write_text(text.replace(good, bad))
    shutil.copy(TESTS, tmp_path)
    done = promtool("test", "rules", str(tmp_path / TESTS.name))
    assert done.returncode == 1, f"{name} went unseen"


def test_every_alert_is_tested_firing() -> None:
    alerts = {
        rule["alert"]
        for group in yaml.safe_load(RULES.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    tested = {
        row["alertname"]
        for test in yaml.safe_load(TESTS.read_text())["tests"]
        for row in test.get("alert_rule_test", ())
        if row["exp_alerts"]
    }
    assert tested == alerts


def test_the_rules_ask_for_metrics_that_there_are() -> None:
    """Of the monitor's own, those that only it can have are named here."""
    monitor = {"chatproof_state"}
    recorded = set(re.findall(r"record: (\S+)", RULES.read_text()))
    named = set(
        re.findall(
            r"\b(?:chatproof|probe)[a-z_:0-9]+\b",
            " ".join(re.findall(r"expr: (?:\|\n(?: {10,}.*\n)+|.*)", RULES.read_text())),
        )
    )
    assert named - recorded - {"chatproof:"} <= set(FAMILIES) | set(gauges.FAMILIES) | monitor
