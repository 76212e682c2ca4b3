"""The monitor's pages in headless Chromium: accessible in dark and light, on a phone and a desktop; and what a stranger's page
in the same browser gets: nothing, read or sent."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.monitoring.served import config_of, keys, serving, simulated
from tests.real.install import node
from tests.web import install

pytestmark = [pytest.mark.web, pytest.mark.timeout(400)]
HERE = Path(__file__).parent


@contextmanager
def stranger() -> Iterator[str]:
    """A page of another origin."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>a stranger</title><p>hello")

        def log_message(self, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("monitor")
    playwright, axe = install.module("playwright-core").parent, install.module("axe-core")
    with simulated("", "html-502", "connection-refused") as started, stranger() as evil:
        targets = dict(zip(("good", "bad", "gone"), started, strict=True))
        with serving(folder, config_of(targets), environ=keys(targets)) as monitor:
            monitor.wait_for({"good": "passing", "bad": "failing"})
            incident = json.loads(monitor.get("/status.json").text)["incidents"][0]
            paths = [
                "/",
                "/targets/good",
                "/targets/bad",
                f"/incidents/{incident['id']}",
                f"/runs/{incident['run_id']}",
            ]
            argv = [
                str(node()[0]),
                str(HERE / "monitor.mjs"),
                install.chromium(),
                str(playwright),
                str(axe),
                str(folder),
            ]
            done = subprocess.run([*argv, monitor.base, evil, *paths], capture_output=True, text=True, timeout=350)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert len(found["pages"]) == 3 * len(paths)
    return found


def test_the_pages_are_accessible(seen: dict[str, Any]) -> None:
    assert [(p["path"], p["scheme"], p["violations"]) for p in seen["pages"] if p["violations"]] == []


def test_the_pages_fit_load_nothing_foreign_and_have_no_errors(seen: dict[str, Any]) -> None:
    for page in seen["pages"]:
        assert page["status"] == 200 and page["overflow"] <= 0, page
        assert page["errors"] == page["foreign"] == [], page
        assert page["bytes"] <= 150_000
        assert "Skip to" in page["first"], "the first stop of the keyboard"


def test_a_page_of_another_origin_neither_reads_nor_sends(seen: dict[str, Any]) -> None:
    got = seen["stranger"]
    assert {got[path] for path in ("/status.json", "/metrics", "/probe?target=good")} == {"refused"}
    assert got["image"] == got["frame"] == "refused"
    assert got["rebound"] == 421, "another name for this address"
