"""The shipped Grafana dashboard: every expression is run on a real Prometheus that holds what a monitor says."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from chatproof.reporters.metric_lines import exposition, samples
from tests.alerting.programs import asked, prometheus
from tests.reporters.runs import document

CONTRIB = Path(__file__).parents[2] / "contrib"
DASHBOARD = json.loads((CONTRIB / "grafana" / "chatproof.json").read_text())
TARGETS = {
    "shop": ("go", "passing"),
    "desk": ("no-go", "failing"),
    "away": ("undecided", "unknown_ours"),
    "poor": ("go", "budget_spent"),
}
VARIABLES = {"$target": ".*", "$__rate_interval": "1m", "$datasource": "x"}
SCRAPE = """
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%s]
scrape_configs:
  - job_name: chatproof
    static_configs: [{targets: ['%s']}]
"""
WAIT = 90.0  # seconds until every expression has data, on a busy machine


def expressions() -> list[tuple[str, str]]:
    return [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]


def page(number: int) -> str:
    """What a monitor says at its `number`th scrape: the lines of runs, and what only a monitor can count."""
    lines = []
    for target, (run, _) in TARGETS.items():
        made = document(run)
        made["finished_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        for exchange in made["exchanges"]:
            if exchange["peer"]:
                exchange["peer"]["certificate"] = {"not_after": "2030-01-01T00:00:00Z"}
        lines += samples(made, target)
    text = exposition(lines)
    for target, (_, state) in TARGETS.items():
        text += f'chatproof_state{{target="{target}",state="{state}"}} 1\n'
    for target in TARGETS:
        text += f'chatproof_requests_total{{target="{target}",billable="true"}} {number}\n'
        text += f'chatproof_tokens_total{{target="{target}",kind="completion"}} {number * 7}\n'
        text += f'chatproof_budget_remaining_tokens{{target="{target}"}} {max(1000 - number, 0)}\n'
    for le in ("0.1", "1", "+Inf"):
        text += f'chatproof_phase_seconds_bucket{{phase="first_byte",le="{le}"}} {number}\n'
    return text


@pytest.fixture(scope="module")
def monitor() -> Iterator[str]:
    scrapes = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            scrapes.append(1)
            body = page(len(scrapes)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_dashboard_is_whole() -> None:
    """Ids once, nothing overlaps, no data source of ours is named, every panel says what it shows."""
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 10
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
        assert panel["datasource"]["uid"] == "${datasource}" and panel["title"]
    assert {each["name"] for each in DASHBOARD["templating"]["list"]} == {"datasource", "target"}
    assert not re.search("https?://", json.dumps(DASHBOARD))


@pytest.mark.nightly
@pytest.mark.real
@pytest.mark.timeout(300)
def test_every_expression_gives_something(monitor: str, tmp_path: Path) -> None:
    configuration = SCRAPE % (CONTRIB / "prometheus" / "chatproof.rules.yml", monitor)
    with prometheus(tmp_path / "prometheus", configuration) as base:
        empty: dict[str, str] = dict(expressions())
        until = time.monotonic() + WAIT
        while empty and time.monotonic() < until:
            time.sleep(2)
            for title, expr in expressions():
                filled = re.sub(r"\$\w+", lambda found: VARIABLES[found[0]], expr)
                said = asked(f"{base}/api/v1/query?query={urllib.parse.quote(filled)}")
                assert said["status"] == "success", (title, said)
                if said["data"]["result"]:
                    empty.pop(title, None)
        assert empty == {}, "panels without data"
        query = DASHBOARD["templating"]["list"][1]["definition"]
        assert query == "label_values(chatproof_last_run_timestamp_seconds, target)"
        labels = asked(f"{base}/api/v1/label/target/values?match[]=chatproof_last_run_timestamp_seconds")
        assert set(labels["data"]) == set(TARGETS)
        alerts = {
            (a["labels"]["alertname"], a["labels"].get("target"))
            for a in asked(f"{base}/api/v1/alerts")["data"]["alerts"]
        }
        assert ("ChatproofFailing", "desk") in alerts and ("ChatproofBudgetSpent", "poor") in alerts
        assert ("ChatproofFailing", "away") not in alerts and ("ChatproofFailing", "shop") not in alerts
