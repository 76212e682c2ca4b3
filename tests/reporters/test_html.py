"""What the HTML report says, without a browser: counts, the way from a clause to its exchange, the next commands."""

from __future__ import annotations

import re

import pytest

from chatproof import reporters
from tests.reporters.runs import document
from tests.support import play


def page(name: str) -> str:
    return reporters.render("html", document(name))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("go", "16 of 16 passed"),
        ("warning", "1 with a warning, 15 of 16 passed"),
        ("no-go", "1 failed, 1 with a warning, 6 not checked, 8 of 16 passed"),
    ],
)
def test_the_heading_counts_what_did_not_pass(name: str, counts: str) -> None:
    assert f'Clauses <span class="soft">{counts}</span>' in page(name)


def test_a_failed_clause_leads_to_its_exchange() -> None:
    """The address is within what is folded: a browser opens what holds the place that it is sent to."""
    text = page("no-go")
    to = re.search(r'seen in <a href="#([^"]+)">happy</a>', text)
    assert to and f'<dt id="{to[1]}">Request</dt><dd class="ids">POST' in text
    assert "seen in" not in page("go")


def test_the_next_commands_name_this_run_and_send_no_letter_about_what_is_ours() -> None:
    theirs = play(
        {"happy": '500 application/json\n\n{"error":{"message":"internal","type":"server_error"}}'}
    ).record.document
    assert theirs["diagnoses"][0]["owner"] == "provider"
    text = reporters.render("html", theirs)
    assert f"<code>chatproof escalate {theirs['run_id']}</code>" in text
    assert "<code>chatproof explain server.error</code>" in text
    ours = document("undecided")
    assert ours["diagnoses"][0]["owner"] == "you"
    text = reporters.render("html", ours)
    assert "chatproof explain net.dns" in text and "chatproof escalate" not in text
    assert "chatproof explain" not in page("go") and "chatproof show" in page("go")


def test_what_does_not_apply_is_one_line_behind_what_passed() -> None:
    text = reporters.render("html", play(no_auth=True).record.document)
    lines = re.findall(r"<summary>(\d+ clauses? [^<]*)", text)
    assert len([line for line in lines if "not applicable" in line]) == 1 and "not applicable" in lines[-1]


def test_the_time_of_the_whole_is_said() -> None:
    assert re.search(r"4 requests, 1 billable, [\d.]+ m?s in all", page("no-go"))


def test_a_strangers_document_shows_no_control() -> None:
    """Of a record of ours a clause's source is our own word; a file or an imported journal may say anything there."""
    made = document("no-go")
    for clause in made["clauses"]:
        clause["source"] = "https://h.test/\x1b]0;owned\x07\x9b31m\u202e\r"
    page = reporters.render("html", made)
    assert "owned" in page and all(char.isprintable() or char == "\n" for char in page)
