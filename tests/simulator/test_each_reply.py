"""A fault of one kind of reply alone is seen: whatever the plain reply owes, every other answer of the run owes it, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chatproof.contract.clause import MUST, VALIDATE
from chatproof.contract.surface import Surface
from chatproof.running.plan import Settings
from chatproof.simulator.fault import Fault, Turn
from chatproof.simulator.wire import GOOD, Reply
from chatproof.surfaces import surface_of
from tests import in_process
from tests.simulator.test_api_faults import SIDES

_SETTINGS = Settings(kind=VALIDATE, stream=True, burst=1)
Break = Callable[[Reply], Reply]


def _without(name: str) -> Break:
    def cut(reply: Reply) -> Reply:
        value = json.loads(reply.body)
        del value[name]
        return reply._replace(body=json.dumps(value).encode())

    return cut


def _with_nan(reply: Reply) -> Reply:
    return reply._replace(body=reply.body[:-1] + b', "x": NaN}')


def _as_text(reply: Reply) -> Reply:
    return reply._replace(headers=(("Content-Type", "text/plain"), *reply.headers[1:]))


BREAKS: dict[str, dict[str, Break]] = {
    "responses": {"no date": _without("created_at"), "NaN": _with_nan, "text/plain": _as_text},
    "messages": {"no type": _without("type"), "NaN": _with_nan, "text/plain": _as_text},
    "embeddings": {"no data": _without("data"), "NaN": _with_nan, "text/plain": _as_text},
}
ROWS = [(api, name) for api, breaks in BREAKS.items() for name in breaks]


def _answered(turn: Turn, surface: Surface) -> bool:
    given = GOOD in (turn.asked.credential, turn.asked.api_key)
    return given and turn.asked.path.endswith(surface.path) and turn.reply.status == 200 and not turn.reply.events


def _broken_on(document: dict[str, Any]) -> dict[str, list[str]]:
    """The levels of what is broken, by probe."""
    found: dict[str, list[str]] = {}
    for finding in document["findings"]:
        if finding["outcome"] == "broken":
            found.setdefault(finding["probe"], []).append(finding["level"])
    return found


@pytest.mark.parametrize(("api", "name"), ROWS)
def test_a_fault_of_all_replies_but_the_plain_one_is_seen_on_each(api: str, name: str) -> None:
    """One run for all: what is broken on one reply is told of that reply."""
    surface, side = surface_of(api), SIDES[api][0]
    plain = json.dumps(surface.rows(VALIDATE)[surface.control].body(side.model))  # type: ignore[misc]
    asked: set[str] = set()

    def is_other(turn: Turn) -> bool:
        return _answered(turn, surface) and json.loads(turn.asked.body) != json.loads(plain)

    def alter(turn: Turn) -> Reply:
        asked.add(turn.asked.id)
        return BREAKS[api][name](turn.reply)

    document = in_process.run(side, api, Fault(name, "", "", "", is_other, alter), _SETTINGS).document
    broken = _broken_on(document)
    others = {
        exchange["probe"]
        for exchange in document["exchanges"]
        if (row := surface.row(exchange["probe"])) is not None
        and row.role == "feature"
        and row.suffix == surface.path
        and exchange["response"]["status"] == 200
        and exchange["response"]["body"]["kind"] != "sse"
    }
    assert len(others) > 4 and asked
    assert [probe for probe in sorted(others) if not broken.get(probe)] == []
    # The forced call has clauses of its own, of which some warn.
    assert [probe for probe in sorted(others - {"tools"}) if MUST not in broken[probe]] == []
    assert document["verdict"] == "NO-GO"
