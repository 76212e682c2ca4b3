"""A `must` of the Responses API breaks at least one real client: what `make clients` measured says which."""

import pytest
from tools.clients.page import breaking, is_break, load

from chatproof.contract.clause import MUST, SHOULD, SMOKE, VALIDATE
from chatproof.surfaces import surface_of

SURFACE = surface_of("responses")
CLAUSES = SURFACE.clauses(VALIDATE)
DATA = load("responses")

# A must of a kind that no client can show, with the reason.
SECURITY = {
    "responses.secret.not_reflected": "a client shows no difference when a reply repeats the key; a log does",
    "responses.auth.": "that a wrong key is refused is the server's own protection: no client that works sends one",
}
_STORE = "its clients never send the field, so that no server refuses it"


def clients_of(clause: str) -> set[str]:
    return {client for broken in breaking(DATA, clause).values() for client in broken}


def test_each_must_breaks_a_client() -> None:
    musts = [id for id, clause in CLAUSES.items() if clause.level == MUST and not id.startswith(tuple(SECURITY))]
    assert len(musts) > 25 and [id for id in musts if not clients_of(id)] == []


def test_harmless_deviations_harm_no_client() -> None:
    spared = dict.fromkeys(("harmless-store-refused", "harmless-store-refused-first"), _STORE)
    for name, rows in DATA["faults"].items():
        for request, outcomes in rows.items() if name.startswith("harmless-") and name not in spared else ():
            broken = [told for told in outcomes if is_break(told) and told != "loses: the words of the error"]
            assert not broken, (name, request, outcomes)


def test_what_official_clients_break_on_is_no_mere_warning() -> None:
    """A should may break one client that is stricter than the others; the API's own SDKs of today make it a must."""
    official = {client for client in DATA["clients"] if client.startswith("openai-") and "node 6" not in client}
    shoulds = [id for id, clause in SURFACE.clauses(SMOKE).items() if clause.level == SHOULD]
    assert {id for id in shoulds if clients_of(id) & official} == EXPLAINED.keys()


EXPLAINED = {
    "responses.happy.answer_alone": "every client shows it, and a model may have said it",
    "responses.auth.error_shape": "a refusal stays one; only its words are lost",
    "responses.happy.uncalled": "a program that gave no tools runs none",
    "responses.stream.answer_alone": "the same",
    "responses.stream.no_empty_events": "legal in a stream of events, and the SDKs' own mistake",
    "responses.stream.known_events": "other types are legal, and stream() alone raises at one",
    "responses.stream.completed": "an answer that was cut may end with response.incomplete; stream() alone has no final one",
    "responses.stream.in_order": "stream() of openai-node alone raises, and only since its version 7",
    "responses.stream.numbered": "at a second whole response alone, which breaks a must: responses.stream.item_added",
    "responses.stream.item_empty": "stream() of openai-node alone raises, and only since its version 7",
    "responses.stream.field_types": "stream() of openai-node alone raises, at a summary that does not say its place",
    "responses.stream.reasoning": "the same, at a summary that a caller of create() passes over",
    "responses.stream.routes": "the same, at an event beside the text that names no item, or no part",
    "responses.stream.final_shape": "the same, at an item whose id is another one at the end",
}
"""Clauses of smoke that are a should although an official SDK breaks on an example, and why."""


@pytest.mark.parametrize("name", ["clauses", "faults"])
def test_the_data_is_of_what_there_is(name: str) -> None:
    known = set(CLAUSES) if name == "clauses" else set(SURFACE.simulator().faults())
    assert set(DATA[name]) <= known


def test_the_clauses_name_the_clients_that_break() -> None:
    """`why` is no opinion: a client that it names broke on an example of the clause, Codex on a stream's.

    Codex streams each request: of a plain reply it reads nothing.
    """
    words = ("openai-python", "openai-node", "AI SDK", "LangChain", "Codex")
    wrong = []
    for id, clause in CLAUSES.items():
        if clause.level == MUST and not id.startswith(tuple(SECURITY)):
            there = clients_of(id)
            wrong += [(id, w) for w in words if w in clause.why and not any(c.startswith(w) for c in there)]
    assert wrong == []
