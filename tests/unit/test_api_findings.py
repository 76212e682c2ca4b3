"""What the clauses of the APIs beside chat say of each of their examples, to the letter, and as what they are registered.

The words are in tests/golden/judged. When they are meant to change, `make goldens` writes them anew: read the difference
before it is committed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from chatproof.contract.clause import VALIDATE, Clause, Context, Example
from chatproof.contract.surface import Surface
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.chat.clauses.secrets import EXAMPLE_KEY
from chatproof.target import profile
from chatproof.wire.exchange import Secret
from tests.golden_files import RENEW, REWRITE, registered
from tests.support import exchange, from_example
from tests.unit.test_api_clauses import ANOTHER, GOOD, ROWS, SURFACES

FOLDER = Path(__file__).parent.parent / "golden" / "judged"
_written: dict[str, list[str]] = {}


def told(surface: Surface, clause: Clause, example: Example) -> str:
    probe = clause.probe if clause.probe != "*" else ANOTHER[surface.name]
    reply = Reply(exchange(probe, from_example(example), api=surface.name))
    control = Reply(exchange("happy", from_example(GOOD[surface.name]), api=surface.name))
    replies = {"happy": control, probe: reply}
    context = Context(profile.load("generic"), EXAMPLE_MODEL, Secret(EXAMPLE_KEY), replies, surface)
    found = clause.judge(reply, context)
    said = " | ".join(f"{name} {getattr(found, name)}" for name in ("at", "expected", "observed", "reason", "state")
                      if getattr(found, name))  # fmt: skip
    return f"{found.outcome} {said}".rstrip()


def section(api: str, id: str) -> str:
    clause = SURFACES[api].clauses(VALIDATE)[id]
    examples = (*clause.holds_on, *clause.breaks_on)
    lines = [f"## {id}", registered(clause), *(told(SURFACES[api], clause, example) for example in examples)]
    said = "\n".join(line.replace(EXAMPLE_KEY, "@KEY@").encode("unicode_escape").decode() for line in lines)
    return f"{said}\n"


@cache
def golden(api: str) -> dict[str, str]:
    path = FOLDER / f"{api}.txt"
    sections = path.read_text(encoding="ascii").split("\n## ") if path.exists() else []
    return {body.removeprefix("## ").partition("\n")[0]: body.removeprefix("## ") for body in sections}


@pytest.mark.parametrize(("api", "id"), ROWS)
def test_what_is_said_of_the_examples_to_the_letter(api: str, id: str) -> None:
    text = section(api, id)
    if REWRITE:
        written = _written.setdefault(api, [])
        written.append(text)
        (FOLDER / f"{api}.txt").write_text("\n".join(written), encoding="ascii")
        return
    assert text.rstrip("\n").removeprefix("## ") == golden(api).get(id, "").rstrip("\n"), RENEW


def test_the_clauses_stand_there_in_their_order_and_no_others() -> None:
    assert REWRITE or [(api, id) for api in SURFACES for id in golden(api)] == ROWS
