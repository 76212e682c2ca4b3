"""What clauses of the APIs beside chat say where their own examples do not lead: of runs in which another reply comes.

The words are in tests/golden/judged. When they are meant to change, `make goldens` writes them anew: read the difference
before it is committed.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pytest

from chatproof.contract.clause import VALIDATE, Example
from chatproof.contract.probe import ALL
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import Finding, judge
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.chat.clauses.secrets import EXAMPLE_KEY
from chatproof.target import profile
from chatproof.wire.exchange import Exchange, Secret
from tests.golden_files import RENEW, REWRITE
from tests.support import exchange, from_example
from tests.unit.test_api_clauses import GOOD, SURFACES
from tests.unit.test_api_findings import FOLDER

JSON, HTML = "application/json", "text/html"


def says(status: int, body: bytes, media: str = JSON) -> Example:
    return Example(status, media, body)


def error(status: int, message: str, type: str = "invalid_request_error") -> Example:
    return says(status, b'{"type":"error","error":{"type":"%s","message":"%s"}}' % (type.encode(), message.encode()))


class Row(NamedTuple):
    """A run of an API: what comes in the place of the good replies, by probe; "*": to all but the plain request."""

    api: str
    name: str
    replies: dict[str, Example]
    no_auth: bool = False
    required: tuple[str, ...] = ()


EVERYWHERE = {
    "refused for nothing that was asked": error(400, "bad request"),
    "refused by the name of a tool": error(422, "tools: tool use is not supported by this model"),
    "refused for the key": error(401, "invalid key", "authentication_error"),
    "limited": error(429, "slow down", "rate_limit_error"),
    "down": says(503, b"<html>503</html>", HTML),
    "a path that is not there": says(404, b"404 page not found", "text/plain"),
    "an empty object": says(200, b"{}"),
    "an array": says(200, b"[]"),
    "an error under 200": error(200, "boom", "api_error"),
    "a page under 200": says(200, b"<html>Sign in</html>", HTML),
}
ROWS = [Row(api, f"{api}: {name}", {"*": reply}) for api in GOOD for name, reply in EVERYWHERE.items()]
ROWS += [Row(api, f"{api}: the plain answer to everything", {"*": GOOD[api]}) for api in GOOD]


@cache
def good(api: str) -> dict[str, Example]:
    """For each probe, an example on which a clause about it holds."""
    clauses = SURFACES[api].clauses(VALIDATE).values()
    return {clause.probe: clause.holds_on[0] for clause in reversed(clauses) if clause.probe != ALL}


@cache
def exchanged(api: str, probe: str, example: Example) -> Exchange:
    return exchange(probe, from_example(example), api=api)


def findings(row: Row) -> list[Finding]:
    """What is found on the replies that are not the good ones."""
    surface, generic = SURFACES[row.api], profile.load("generic")
    replies = good(row.api)
    if "*" in row.replies:
        replies = {probe: row.replies["*"] if probe != surface.control else reply for probe, reply in replies.items()}
    replies = {**replies, **{probe: reply for probe, reply in row.replies.items() if probe != "*"}}
    contract = contract_of(VALIDATE, generic, Choice(api=row.api, required=row.required, stream=True))
    exchanges = [exchanged(row.api, probe, reply) for probe, reply in replies.items()]
    found = judge(contract, exchanges, model=EXAMPLE_MODEL, key=Secret(EXAMPLE_KEY), no_auth=row.no_auth).findings
    return [f for f in found if f.probe in row.replies or ("*" in row.replies and f.probe != surface.control)]


def section(row: Row) -> str:
    """Each thing that is said, and the clauses that say it."""
    told: dict[str, list[str]] = {}
    for f in findings(row):
        said = " | ".join(f"{name} {getattr(f, name)}" for name in ("at", "expected", "observed", "reason", "state")
                          if getattr(f, name))  # fmt: skip
        told.setdefault(f"{f.outcome} {said}".rstrip(), []).append(f.clause.removeprefix(f"{row.api}."))
    lines = [f"{said}\n    {', '.join(dict.fromkeys(clauses))}" for said, clauses in told.items()]
    return "\n".join([f"## {row.name}", *lines]).replace(EXAMPLE_KEY, "@KEY@") + "\n"


@cache
def golden() -> dict[str, str]:
    path = FOLDER / "api-runs.txt"
    sections = path.read_text(encoding="utf-8").split("\n## ") if path.exists() else []
    return {body.removeprefix("## ").partition("\n")[0]: body.removeprefix("## ") for body in sections}


_written: list[str] = []


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_what_is_said_of_another_reply_to_the_letter(row: Row) -> None:
    text = section(row)
    if REWRITE:
        _written.append(text)
        (FOLDER / "api-runs.txt").write_text("\n".join(_written), encoding="utf-8")
        return
    assert text.rstrip("\n").removeprefix("## ") == golden().get(row.name, "").rstrip("\n"), RENEW
