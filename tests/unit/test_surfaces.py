"""What an API is to the rest of the package: a value that is found by its folder, and rows that say what they are for."""

from __future__ import annotations

import pytest

from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.contract.probe import ALL, ANSWER, BURST, CONTROL, EMPTY, INVALID, KEY_REFUSAL, NONE, REJECTION, ROLES
from chatproof.contract.surface import copy_of
from chatproof.surfaces import UnknownApi, names, surface_of


def test_a_surface_is_found_by_its_folder() -> None:
    assert names()[0] == "chat"
    assert surface_of("chat") is surface_of("chat") and surface_of("chat").name == "chat"
    with pytest.raises(UnknownApi):
        surface_of("os")


@pytest.mark.parametrize("api", names())
def test_the_rows_of_a_surface_say_what_they_are_for(api: str) -> None:
    surface = surface_of(api)
    smoke, whole = surface.rows(SMOKE), surface.rows(VALIDATE)
    assert list(whole)[: len(smoke)] == list(smoke), "validate begins with the rows of smoke"
    assert {row.role for row in whole.values()} <= set(ROLES) - {BURST}
    assert [row.id for row in whole.values() if row.role == CONTROL] == [surface.control]
    assert [row.id for row in whole.values() if row.feeds == ANSWER] == [surface.control]
    refused = [row for row in whole.values() if row.feeds == REJECTION]
    assert [row.credential for row in refused] == [INVALID]
    for id, row in whole.items():
        assert row.id == id
        assert (row.role == KEY_REFUSAL) is (row.credential in (INVALID, NONE, EMPTY))
        assert row.after in whole or row.after in ("", "(any reply)")


@pytest.mark.parametrize("api", names())
def test_each_clause_is_judged_on_a_probe_that_there_is(api: str) -> None:
    surface = surface_of(api)
    for scope in (SMOKE, VALIDATE):
        rows = surface.rows(scope)
        assert {clause.probe for clause in surface.clauses(scope).values()} <= {ALL, *rows}
    assert surface.clause(next(iter(surface.clauses(VALIDATE)))) is not None and surface.clause("no.such") is None


def test_a_copy_for_a_burst_is_made_from_its_name_alone() -> None:
    chat = surface_of("chat")
    plain, tools = chat.known(copy_of("1")), chat.known(copy_of("tools"))
    assert (plain.id, plain.role, plain.after, plain.feeds) == ("burst.1", BURST, chat.control, "")
    assert (tools.id, tools.role) == ("burst.tools", BURST) and tools.body is chat.known("tools").body
    assert chat.row("burst.burst.tools") is chat.row("burst.nothing") is chat.row("nothing") is None
    with pytest.raises(KeyError):
        chat.known("nothing")
