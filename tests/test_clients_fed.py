"""What `make clients` measured is of today's bytes: who changes an example or a fault feeds it to the clients again."""

from __future__ import annotations

import pytest
from tools.clients.feed import Feed
from tools.clients.page import load
from tools.clients.run import clause_jobs, digests, jobs

from chatproof.surfaces import names

AGAIN = "python -m tools.clients.run --new, with --api for another than chat; then make docs"


def other_bytes(measured: dict[str, str], today: dict[str, str]) -> list[str]:
    """The names whose outcomes are not those of what is fed today, or that have none."""
    return sorted(name for name in {*measured, *today} if measured.get(name) != today.get(name))


@pytest.mark.parametrize("api", names())
def test_each_clause_was_fed_as_it_stands(api: str) -> None:
    measured, today = load(api)["fed"], digests(clause_jobs(Feed(api)))
    assert today["clauses"], "nothing is fed"
    for table in ("clauses", "holding"):
        assert other_bytes(measured[table], today[table]) == [], AGAIN


@pytest.mark.nightly
@pytest.mark.parametrize("api", names())
def test_each_fault_was_fed_as_it_stands(api: str) -> None:
    assert other_bytes(load(api)["fed"]["faults"], digests(jobs(Feed(api)))["faults"]) == [], AGAIN


def test_another_example_is_told() -> None:
    of = Feed("chat")
    today = digests(clause_jobs(of))["clauses"]
    rows = [job for job in clause_jobs(of) if job.row[:2] != ("clauses", "stream.delta") or job.row[2] != "0"]
    assert other_bytes(today, digests(rows)["clauses"]) == ["stream.delta"]
    plain = [job._replace(case=job.case._replace(kind="plain")) for job in clause_jobs(of)]
    assert "stream.delta" in other_bytes(today, digests(plain)["clauses"])
