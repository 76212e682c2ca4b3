"""What a clause lets pass and a client breaks on, another clause finds: no real break is seen by none."""

import pytest
from tools.clients.page import is_break, load

from chatproof.contract.clause import BROKEN, VALIDATE
from tests.unit.test_api_clauses import SURFACES, outcome

FINE = {
    ("messages.max_tokens.kept", "1"): "the cap left no room for a text: that is what the request asked for",
    (
        "responses.happy.annotations",
        "7",
    ): "a refused part beside a text is the reference's own form: one adapter raises",
    **{
        (id, "1"): "the same, of any other reply"
        for id in ("messages.elsewhere.content", "responses.elsewhere.output", "responses.elsewhere.content")
    },
    ("responses.stream.routes", "8"): "the reference's events of a shell, for which openai-node 6 is too old",
}
"""Examples on which a client breaks, and that are no fault of the server."""


@pytest.mark.parametrize("api", SURFACES)
def test_what_breaks_a_client_is_seen_by_some_clause(api: str) -> None:
    surface, data = SURFACES[api], load(api)
    clauses = surface.clauses(VALIDATE)
    unseen = []
    for id, rows in data["holding"].items():
        for number, outcomes in rows.items():
            if not any(map(is_break, outcomes)) or (id, number) in FINE:
                continue
            good, example = clauses[id].holds_on[0], clauses[id].holds_on[int(number)]
            others = [other for other in clauses.values() if other.probe == clauses[id].probe]
            found = (outcome(surface, other, example) == BROKEN != outcome(surface, other, good) for other in others)
            unseen += [] if any(found) else [(id, number, outcomes)]
    assert unseen == []
