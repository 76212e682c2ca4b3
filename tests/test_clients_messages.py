"""A `must` of the Messages API breaks at least one real client: what `make clients` measured says which."""

import pytest
from tools.clients.page import breaking, is_break, load

from chatproof.contract.clause import MUST, SHOULD, SMOKE, VALIDATE
from chatproof.surfaces import surface_of

SURFACE = surface_of("messages")
CLAUSES = SURFACE.clauses(VALIDATE)
DATA = load("messages")

# A must of a kind that no client can show, with the reason.
SECURITY = {
    "messages.secret.not_reflected": "a client shows no difference when a reply repeats the key; a log does",
    "messages.auth.": "that a wrong key is refused is the server's own protection: no client that works sends one",
}


def clients_of(clause: str) -> set[str]:
    return {client for broken in breaking(DATA, clause).values() for client in broken}


def test_each_must_breaks_a_client() -> None:
    musts = [id for id, clause in CLAUSES.items() if clause.level == MUST and not id.startswith(tuple(SECURITY))]
    assert len(musts) > 25 and [id for id in musts if not clients_of(id)] == []


def test_harmless_deviations_harm_no_client() -> None:
    for name, rows in DATA["faults"].items():
        for request, outcomes in rows.items() if name.startswith("harmless-") else ():
            broken = [told for told in outcomes if is_break(told) and told != "loses: the words of the error"]
            assert not broken, (name, request, outcomes)


def test_what_most_clients_break_on_is_no_mere_warning() -> None:
    """A should may break one client that is stricter than the others; the API's own SDKs make it a must."""
    official = {client for client in DATA["clients"] if client.startswith("anthropic")}
    shoulds = [id for id, clause in SURFACE.clauses(SMOKE).items() if clause.level == SHOULD]
    found = {id for id in shoulds if clients_of(id) & official}
    assert found == EXPLAINED.keys()


EXPLAINED = {
    "messages.headers.key": "of two forms one is answered: half of the clients are served",
    "messages.headers.version": "the same",
    "messages.stream.whole_text": "only the plain reply shows it, and a model may answer otherwise",
    "messages.happy.answer_alone": "every client shows it, and a model may have said it",
    "messages.stream.answer_alone": "the same",
    "messages.stream.first_byte": "legal in a stream of events, and the SDK's own mistake",
    "messages.happy.uncalled": "a program that gave no tools runs none",
    "messages.auth.error_shape": "a refusal stays one; only its words are lost",
}
"""Clauses of smoke that are a should although an official SDK breaks on an example, and why."""


@pytest.mark.parametrize("name", ["clauses", "faults"])
def test_the_data_is_of_what_there_is(name: str) -> None:
    known = set(CLAUSES) if name == "clauses" else set(SURFACE.simulator().faults())
    assert set(DATA[name]) <= known


def test_the_clauses_name_the_clients_that_break() -> None:
    """`why` is no opinion: a client that it names broke on an example of the clause."""
    words = {
        "anthropic-python": "anthropic-python",
        "@anthropic-ai/sdk": "anthropic-node",
        "AI SDK": "AI SDK anthropic",
    }
    wrong = []
    for id, clause in CLAUSES.items():
        if clause.level == MUST and not id.startswith(tuple(SECURITY)):
            there = clients_of(id)
            wrong += [(id, word) for word, name in words.items() if word in clause.why and not _any(there, name)]
    assert wrong == []


def _any(clients: set[str], name: str) -> bool:
    return any(client.startswith(name) for client in clients)
