"""A `must` of the Embeddings API breaks at least one real client: what `make clients` measured says which."""

from tools.clients.page import breaking, is_break, load

from chatproof.contract.clause import MUST, VALIDATE
from chatproof.surfaces import surface_of

SURFACE = surface_of("embeddings")
CLAUSES = SURFACE.clauses(VALIDATE)
DATA = load("embeddings")

# A must of a kind that no client can show, with the reason.
SECURITY = {
    "embeddings.secret.not_reflected": "a client shows no difference when a reply repeats the key; a log does",
    "embeddings.auth.": "that a wrong key is refused is the server's own protection: no client that works sends one",
}


def clients_of(clause: str) -> set[str]:
    return {client for broken in breaking(DATA, clause).values() for client in broken}


def test_each_must_breaks_a_client() -> None:
    musts = [id for id, clause in CLAUSES.items() if clause.level == MUST and not id.startswith(tuple(SECURITY))]
    assert len(musts) > 15 and [id for id in musts if not clients_of(id)] == []


def test_what_no_client_reads_is_a_warning() -> None:
    """The index, object and model of a reply: measured to break nobody."""
    for id in ("embeddings.happy.items", "embeddings.happy.object", "embeddings.happy.usage"):
        assert not clients_of(id) and CLAUSES[id].level != MUST


def test_floats_in_the_place_of_base64_are_read_by_these_versions() -> None:
    """openai-node 6.49.0 made a quarter of a vector of it; 7.59.0 takes what comes. Bad base64 stops both SDKs."""
    assert not any(is_break(told) for told in DATA["faults"]["always-float"]["happy"])
    cut = DATA["faults"]["base64-cut"]["happy"]
    assert [c for c, told in zip(DATA["clients"], cut, strict=True) if is_break(told)] != []


def test_harmless_deviations_harm_no_client() -> None:
    other = ("harmless-not-normalised", "harmless-negative-zero")  # good vectors, and other ones: no loss
    for name, rows in DATA["faults"].items():
        for request, outcomes in rows.items() if name.startswith("harmless-") and name not in other else ():
            broken = [told for told in outcomes if is_break(told) and told != "loses: the words of the error"]
            assert not broken, (name, request, outcomes)


def test_the_data_is_of_clauses_and_faults_that_exist() -> None:
    assert set(DATA["clauses"]) <= set(CLAUSES)
    assert set(DATA["faults"]) <= set(SURFACE.simulator().faults())
