"""A contract: the clauses in force for a profile, with their levels and waivers, and a hash that names it."""

from typing import NamedTuple

from chatproof import clauses
from chatproof.clause import MUST, SHOULD, SMOKE, VALIDATE, Clause
from chatproof.digest import sha256
from chatproof.profile import Profile, Waiver

STREAM_PROBE = "stream"


class Term(NamedTuple):
    """One clause in force."""

    clause: Clause
    level: str
    waiver: Waiver | None = None
    reported: bool = True  # False: judged only because others need it, and skipped by the user
    expired: Waiver | None = None  # a waiver that no longer counts


class Contract(NamedTuple):
    profile: Profile
    terms: tuple[Term, ...]
    digest: str  # sha256 over clauses and profile
    required: frozenset[str] = frozenset()  # capabilities that must be supported


class UnknownClause(Exception):
    """A clause id given by the user that no clause has."""


class UnknownCapability(Exception):
    """A capability given by the user that no clause is about."""


class Choice(NamedTuple):
    """Which clauses of a scope are in force, and how strictly."""

    stream: bool = False
    strict: bool = False
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()  # probes that are sent only when asked for
    waivers: tuple[tuple[str, Waiver], ...] = ()  # the user's own, by clause
    today: str = ""  # YYYY-MM-DD, for the waivers' expiry


def smoke_contract(
    profile: Profile,
    *,
    stream: bool = False,
    strict: bool = False,
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
) -> Contract:
    """The smoke contract for a profile: see `contract_of`."""
    return contract_of(SMOKE, profile, Choice(stream, strict, only, skip))


def contract_of(scope: str, profile: Profile, choice: Choice) -> Contract:
    """The contract of a scope for a profile. `only` and `skip` take clause ids or prefixes of them (`auth`).

    Raises UnknownClause for an id that selects nothing, UnknownCapability for one that no clause is about.
    """
    available = clauses.load(scope)
    for wanted in (*choice.only, *choice.skip):
        if not any(_selects(wanted, id) for id in available):
            raise UnknownClause(wanted)
    waivers = {**profile.waivers}
    for wanted, waiver in choice.waivers:
        matching = [id for id in available if _selects(wanted, id)]
        if not matching:
            raise UnknownClause(wanted)
        waivers.update(dict.fromkeys(matching, waiver))
    for capability in choice.required:
        if not any(clause.capability == capability for clause in available.values()):
            raise UnknownCapability(capability)
    chosen = tuple(
        _term(clause, profile, choice, waivers.get(id)) for id, clause in _closure(available, scope, choice).items()
    )
    return Contract(profile, chosen, _digest(chosen, profile), frozenset(choice.required))


def _closure(available: dict[str, Clause], scope: str, choice: Choice) -> dict[str, Clause]:
    """The clauses asked for and those they need, in the contract's order."""
    wanted = {
        id
        for id, clause in available.items()
        if (choice.stream or scope == VALIDATE or clause.probe != STREAM_PROBE)
        and (not choice.only or any(_selects(o, id) for o in choice.only))
        and (not choice.layers or clause.layer in choice.layers)
    }
    if scope == VALIDATE:
        wanted -= _not_asked_for(available, choice)
    while needed := {need for id in wanted for need in available[id].needs} - wanted:
        wanted |= needed
    return {id: clause for id, clause in available.items() if id in wanted}


def _not_asked_for(available: dict[str, Clause], choice: Choice) -> set[str]:
    """Clauses on probes that are sent only when asked for: by name, by a clause of theirs, or as a requirement."""
    from chatproof.probes_validate import OPT_IN

    return {
        id
        for id, clause in available.items()
        if clause.probe in OPT_IN
        and clause.probe not in choice.extras
        and clause.capability not in choice.required
        and not any(_selects(o, id) for o in choice.only)
    }


def _term(clause: Clause, profile: Profile, choice: Choice, waiver: Waiver | None) -> Term:
    tightened = profile.tightened.get(clause.id)
    level = tightened.level if tightened else clause.level
    if (choice.strict and level == SHOULD) or (clause.capability and clause.capability in choice.required):
        level = MUST
    reported = not any(_selects(s, clause.id) for s in choice.skip)
    if waiver is not None and waiver.expires and choice.today > waiver.expires:
        return Term(clause, level, None, reported, expired=waiver)
    return Term(clause, level, waiver, reported)


def _selects(wanted: str, id: str) -> bool:
    """A clause's id, or a family's name as typed (`auth`) or as the text prints it (`auth.*`)."""
    family = wanted.removesuffix(".*")
    return id == wanted or (family != "" and id.startswith(f"{family}."))


def _digest(terms: tuple[Term, ...], profile: Profile) -> str:
    lines = [f"{t.clause.id}|{t.level}|{t.clause.says}|{t.clause.source.url}|{t.clause.source.accessed}" for t in terms]
    return sha256("\n".join([*lines, profile.text]).encode())
