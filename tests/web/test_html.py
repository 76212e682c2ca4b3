"""The HTML report in headless Chromium: accessible in dark and light, on a phone and a desktop; no error, no violation of its
own policy, no request, with and without JavaScript."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chatproof import reporters
from chatproof.analysis.comparison.document import build
from chatproof.running.plan import Settings
from chatproof.running.run import validate
from chatproof.simulator import start
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret
from tests.real.install import node
from tests.reporters.runs import PIECES, document, poisoned
from tests.reporters.test_hostile_others import hostile
from tests.web import install

pytestmark = [pytest.mark.web, pytest.mark.timeout(300)]
HERE = Path(__file__).parent


def _validated(fault: str) -> dict[str, Any]:
    server = start(fault)
    try:
        target = Target(server.base_url, model=server.model, key=Secret(server.key), name="simulator")
        return validate(target, Settings(), environ={}).document
    finally:
        server.stop()


def _compared() -> dict[str, dict[str, Any]]:
    """Comparisons: two candidates, one with changes and one that fails; no difference; hostile text."""
    good, bad = document("go"), document("no-go")
    made = build([good, bad, document("warning")], frozenset(("tools",)), "2026-11-25T00:00:00.000Z")
    same = build([good, good], frozenset(), "2026-11-25T00:00:00.000Z")
    return {"compared": made, "compared-same": same, "compared-hostile": hostile("comparison", " ".join(PIECES))}


BY_NIGHT = ("warning", "undecided", "validate-bad", "compared-same")
"""Pages that have no part which the others lack: each costs seconds of a browser."""


@pytest.fixture(scope="module", params=["few", pytest.param("all", marks=pytest.mark.nightly)])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("pages")
    documents = {name: document(name) for name in ("go", "warning", "no-go", "undecided")}
    documents["hostile"] = poisoned(document("no-go"), " ".join(PIECES))
    documents["validate"] = _validated("")
    documents["validate-bad"] = _validated("html-502")
    pages = {name: reporters.render("html", made) for name, made in documents.items()}
    pages |= {name: reporters.render("html", made, of="comparison") for name, made in _compared().items()}
    if request.param == "few":
        pages = {name: text for name, text in pages.items() if name not in BY_NIGHT}
    files = []
    for name, text in pages.items():
        file = folder / f"{name}.html"
        file.write_text(text)
        files.append(str(file))
    playwright = str(install.module("playwright-core").parent)
    argv = [str(node()[0]), str(HERE / "check.mjs"), install.chromium(), playwright, str(install.module("axe-core"))]
    done = subprocess.run([*argv, str(folder), *files], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(found) == 3 * len(pages) + 2 * sum(name.startswith("validate") for name in pages)
    return found


def test_nothing_serious_for_axe(seen: list[dict[str, Any]]) -> None:
    assert [(s["page"], s["scheme"], s["width"], v) for s in seen for v in s["violations"]] == []


def test_no_console_error_and_no_request(seen: list[dict[str, Any]]) -> None:
    """A violation of the Content-Security-Policy is an error on the console."""
    assert [(s["page"], s["errors"], s["requests"]) for s in seen if s["errors"] or s["requests"]] == []


def test_no_sideways_scrolling(seen: list[dict[str, Any]]) -> None:
    assert [(s["page"], s["width"], s["overflow"]) for s in seen if s["overflow"] > 0] == []


def test_what_is_quiet_is_folded_and_opens_without_javascript_too(seen: list[dict[str, Any]]) -> None:
    folded = [s for s in seen if "folded" in s]
    assert {s["script"] for s in folded} == {True, False}
    for s in folded:
        assert s["foldedShown"] == 0 < s["folded"] == s["opened"], s["page"]
    assert all(s["all"] + s["folded"] == s["cases"] for s in folded)


def test_search_finds_within_what_is_folded(seen: list[dict[str, Any]]) -> None:
    assert all(0 < s["found"] < s["cases"] for s in seen if "found" in s)
    assert sum("found" in s for s in seen) > 5
    assert not any(s["searchShown"] for s in seen if "searchShown" in s), "a box that does nothing is not shown"


def test_no_heading_is_empty_and_times_are_utc_and_the_readers(seen: list[dict[str, Any]]) -> None:
    assert [s["page"] for s in seen if s["empty"]] == []
    for s in seen:
        for text in s["times"]:
            assert "UTC" in text and ("here" in text) == s["script"], text


def test_the_policy_is_enforced(tmp_path: Path) -> None:
    """The check can fail: a page with one more style is a page with an error."""
    broken = reporters.render("html", document("go")).replace("</main>", '<p style="color:red">x</p></main>')
    file = tmp_path / "broken.html"
    file.write_text(broken)
    playwright = str(install.module("playwright-core").parent)
    argv = [str(node()[0]), str(HERE / "check.mjs"), install.chromium(), playwright, str(install.module("axe-core"))]
    done = subprocess.run([*argv, str(tmp_path), str(file)], capture_output=True, text=True, timeout=120)
    assert "Content Security Policy" in done.stdout
