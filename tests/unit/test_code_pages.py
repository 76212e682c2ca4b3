"""Each diagnosis code has a page of the site with a real example, and each clause a heading: made from the tables."""

from __future__ import annotations

import json
import re

import pytest
from tools.site import examples, pages

from chatproof.cli.commands.explain import NO_RUN, codes, known, of_code

EXAMPLES = json.loads(examples.FILE.read_text())
PAGES = pages.pages()


def test_every_code_has_a_page_with_an_example_that_comes_to_it() -> None:
    assert set(EXAMPLES) == set(codes()), "python -m tools.site.examples NAME"
    for code in codes():
        page = PAGES[f"reference/codes/{code}.md"]
        assert page.startswith(f"# {code}\n") and "**What to do.**" in page and "$ " in page
        assert re.search(rf"\b{re.escape(code)}\b", EXAMPLES[code]["output"]), code
        assert f"`chatproof explain {code}`" in page


def test_a_page_says_what_explain_says() -> None:
    for code in ("model.unavailable", "auth.key_missing", "contract.tools"):
        page = PAGES[f"reference/codes/{code}.md"].replace("\\", "").lower()
        for label, text in of_code(code):
            if label in ("meaning", "next", "owner", "how sure"):
                assert text.lower() in page, (code, label)


def test_every_clause_has_a_heading() -> None:
    headings = re.findall(r"^## (\S+)$", PAGES[pages.CLAUSES], re.MULTILINE)
    assert set(headings) | set(codes()) | set(NO_RUN) == set(known()) and len(headings) == len(set(headings))


def test_examples_hold_nothing_that_differs_from_run_to_run() -> None:
    for code, example in EXAMPLES.items():
        assert examples.steady(example["output"]) == example["output"], code
        assert "/tmp/" not in example["output"], code


@pytest.mark.nightly
@pytest.mark.parametrize("code", codes())
def test_each_example_still_says_that(code: str) -> None:
    now, then = examples.made(code), EXAMPLES[code]
    assert now["command"] == then["command"]
    assert _cause(now["output"]) == _cause(then["output"]), f"python -m tools.site.examples {code}"


def _cause(output: str) -> list[str]:
    """The verdict and what is said of the cause: numbers of bytes and the like may change."""
    lines = output.splitlines()
    return [line.split("·")[0] for line in lines[:1]] + [line for line in lines if line.startswith("  cause")]
