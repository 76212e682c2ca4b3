"""The site in headless Chromium: no script error on any page, none wider than the screen, and a switch of colours that works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chatproof.cli.commands.explain import codes, known
from tests.real.install import node
from tests.web import install

pytestmark = [pytest.mark.web, pytest.mark.timeout(900)]
HERE = Path(__file__).parent
BEGINNINGS = {"model.una": "model.unavailable", "happy.status": "happy.status_200", "MODEL.RETIRED": "model.retired"}
"""What is typed, and what is wanted."""
NAMES = [*codes(), *known()[::10]]
"""Every code, and of the clauses, whose headings one function makes, every tenth."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("site") / "site"
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(folder)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    made = subprocess.run(build, cwd=HERE.parents[1], env=env, capture_output=True, text=True, timeout=100)
    assert made.returncode == 0, made.stderr[-2000:]
    playwright = str(install.module("playwright-core").parent)
    names = folder.parent / "names.json"
    names.write_text(json.dumps([*NAMES, *BEGINNINGS]))
    argv = [str(node()[0]), str(HERE / "site.mjs"), install.chromium(), playwright, str(folder), str(names)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(found) > 40
    return found


def test_no_page_has_a_script_error(seen: list[dict[str, Any]]) -> None:
    told = [(s["page"], s["errors"]) for s in seen if s["errors"]]
    assert [page for page in told if page[0] != "404.html"] == []  # whose addresses begin at a server's root


def test_no_page_is_wider_than_the_screen(seen: list[dict[str, Any]]) -> None:
    assert [(s["page"], s["overflow"]) for s in seen if max(s["overflow"].values()) > 0] == []


def test_the_switch_of_colours_works(seen: list[dict[str, Any]]) -> None:
    assert [s["scheme"] for s in seen if s["scheme"]] == ["dark"]


def test_a_search_for_a_code_or_a_clause_finds_its_own_page_first(seen: list[dict[str, Any]]) -> None:
    found = next(s["search"] for s in seen if s["page"] == "index.html")
    wanted = {name: name for name in NAMES} | BEGINNINGS
    assert {name: found[name] for name, title in wanted.items() if found[name][:1] != [title]} == {}


def test_paper_shows_the_text_and_no_bar(seen: list[dict[str, Any]]) -> None:
    shown = next(s["print"] for s in seen if s["page"] == "index.html")
    assert shown["wide"] > 0.9 and shown["bar"] == 0
