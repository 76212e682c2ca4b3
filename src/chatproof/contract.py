"""A contract: the clauses in force for a profile, with their levels and waivers, and a hash that names it."""

from typing import NamedTuple

from chatproof import clauses
from chatproof.clause import MUST, SHOULD, Clause
from chatproof.digest import sha256
from chatproof.profile import Profile, Waiver

STREAM_PROBE = "stream"


class Term(NamedTuple):
    """One clause in force."""

    clause: Clause
    level: str
    waiver: Waiver | None = None
    reported: bool = True  # False: judged only because others need it, and skipped by the user


class Contract(NamedTuple):
    profile: Profile
    terms: tuple[Term, ...]
    digest: str  # sha256 over clauses and profile


class UnknownClause(Exception):
    """A clause id given by the user that no clause has."""


def smoke_contract(
    profile: Profile,
    *,
    stream: bool = False,
    strict: bool = False,
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
) -> Contract:
    """The smoke contract for a profile. `only` and `skip` take clause ids or prefixes of them (`auth`).

    Raises UnknownClause for an id that selects nothing.
    """
    available = clauses.load()
    for wanted in (*only, *skip):
        if not any(_selects(wanted, id) for id in available):
            raise UnknownClause(wanted)
    chosen = tuple(
        _term(clause, profile, strict, reported=not any(_selects(s, id) for s in skip))
        for id, clause in _closure(available, only, stream).items()
    )
    return Contract(profile, chosen, _digest(chosen, profile))


def _closure(available: dict[str, Clause], only: tuple[str, ...], stream: bool) -> dict[str, Clause]:
    """The clauses asked for and those they need, in the contract's order."""
    wanted = {
        id
        for id, clause in available.items()
        if (stream or clause.probe != STREAM_PROBE) and (not only or any(_selects(o, id) for o in only))
    }
    while needed := {need for id in wanted for need in available[id].needs} - wanted:
        wanted |= needed
    return {id: clause for id, clause in available.items() if id in wanted}


def _term(clause: Clause, profile: Profile, strict: bool, *, reported: bool) -> Term:
    tightened = profile.tightened.get(clause.id)
    level = tightened.level if tightened else clause.level
    if strict and level == SHOULD:
        level = MUST
    return Term(clause, level, profile.waivers.get(clause.id), reported)


def _selects(wanted: str, id: str) -> bool:
    return id == wanted or id.startswith(wanted + ".")


def _digest(terms: tuple[Term, ...], profile: Profile) -> str:
    lines = [f"{t.clause.id}|{t.level}|{t.clause.says}|{t.clause.source.url}|{t.clause.source.accessed}" for t in terms]
    return sha256("\n".join([*lines, profile.text]).encode())
