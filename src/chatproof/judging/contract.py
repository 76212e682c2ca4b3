"""A contract: the clauses in force for a profile, with their levels and waivers, and a hash that names it."""

from collections.abc import Mapping

from chatproof.contract.clause import MUST, SHOULD, SMOKE, VALIDATE, Clause
from chatproof.contract.probe import OWN
from chatproof.contract.surface import CHAT, Surface
from chatproof.secrets.digest import sha256
from chatproof.surfaces import surface_of
from chatproof.target.profile import Profile, Waiver
from chatproof.values import NamedTuple


class Term(NamedTuple):
    """One clause in force."""

    clause: Clause
    level: str
    waiver: Waiver | None = None
    reported: bool = True  # False: judged only because others need it, and skipped by the user
    expired: Waiver | None = None  # a waiver that no longer counts
    client: str = ""  # which client of the user's breaks on it, and how


class Contract(NamedTuple):
    """The clauses in force for a profile.

    - `profile`: what is known of the provider
    - `terms`: each clause with its level here, its waiver, and whether it is reported
    - `digest`: sha256 of what is checked: clauses and profile, but not their wording
    - `surface`: the API that the clauses are about
    - `required`: capabilities that must be supported
    - `narrowed`: the options that leave clauses out, such as "--skip happy"
    """

    profile: Profile
    terms: tuple[Term, ...]
    digest: str
    surface: Surface
    required: frozenset[str] = frozenset()
    narrowed: tuple[str, ...] = ()


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
    own: bool = False  # requests of the user's own are sent
    api: str = CHAT
    probe: str = ""  # only clauses that are judged on this probe; "": on any
    clients: tuple[str, ...] = ()  # of the user's: what breaks them is a must


def smoke_contract(
    profile: Profile,
    *,
    stream: bool = False,
    strict: bool = False,
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    api: str = CHAT,
) -> Contract:
    """Build the smoke contract for a profile.

    `stream` adds the streaming clauses, `strict` raises `should` to `must`; `only` and `skip` take clause ids or
    families of them. Raises UnknownClause for an id that selects nothing.
    """
    return contract_of(SMOKE, profile, Choice(stream, strict, only, skip, api=api))


def contract_on(probe: str, surface: Surface, profile: Profile) -> Contract:
    """The clauses of smoke that are judged on one probe, and those that they need."""
    return contract_of(SMOKE, profile, Choice(stream=True, api=surface.name, probe=probe))


def contract_of(scope: str, profile: Profile, choice: Choice) -> Contract:
    """The contract of a scope for a profile. `only` and `skip` take clause ids or prefixes of them (`auth`).

    Raises UnknownClause for an id that selects nothing, UnknownCapability for one that no clause is about.
    """
    surface = surface_of(choice.api)
    available = _available(surface, scope, choice)
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
        _term(clause, profile, choice, waivers.get(id)) for id, clause in _closure(surface, scope, choice).items()
    )
    narrowed = _narrowed(surface, scope, choice, chosen)
    return Contract(profile, chosen, _digest(chosen, profile), surface, frozenset(choice.required), narrowed)


def _available(surface: Surface, scope: str, choice: Choice) -> Mapping[str, Clause]:
    """The clauses of a scope, and those on the user's own requests where there are any."""
    clauses = surface.clauses(scope)
    return {**clauses, **surface.clauses(OWN)} if choice.own else clauses


def _narrowed(surface: Surface, scope: str, choice: Choice, chosen: tuple[Term, ...]) -> tuple[str, ...]:
    """The options that leave clauses out; none where all that the scope has are judged all the same."""
    if not (choice.only or choice.skip or choice.layers):
        return ()
    whole = _closure(surface, scope, choice._replace(only=(), layers=()))
    if not whole.keys() - {term.clause.id for term in chosen if term.reported}:
        return ()
    skipped = [wanted for wanted in choice.skip if any(_selects(wanted, id) for id in whole)]
    named = (("--only", choice.only), ("--skip", skipped), ("--layer", choice.layers))
    return tuple(f"{option} {value}" for option, values in named for value in values)


def _closure(surface: Surface, scope: str, choice: Choice) -> dict[str, Clause]:
    """The clauses asked for and those they need, in the contract's order."""
    available, streamed = _available(surface, scope, choice), surface.stream
    wanted = {
        id
        for id, clause in available.items()
        if (choice.stream or scope == VALIDATE or clause.probe != streamed)
        and choice.probe in ("", clause.probe)
        and (not choice.only or any(_selects(o, id) for o in choice.only))
        and (not choice.layers or clause.layer in choice.layers)
    }
    if scope == VALIDATE:
        wanted -= _not_asked_for(surface, available, choice)
    while needed := {need for id in wanted for need in available[id].needs} - wanted:
        wanted |= needed
    return _after_their_needs({id: clause for id, clause in available.items() if id in wanted})


def _after_their_needs(clauses: Mapping[str, Clause]) -> dict[str, Clause]:
    """The clauses in their order, each behind those that it needs: files are read by their names, which may have them
    the other way round."""
    ordered: dict[str, Clause] = {}

    def put(id: str) -> None:
        for need in clauses[id].needs:
            if need not in ordered:
                put(need)
        ordered[id] = clauses[id]

    for id in clauses:
        if id not in ordered:
            put(id)
    return ordered


def _not_asked_for(surface: Surface, available: Mapping[str, Clause], choice: Choice) -> set[str]:
    """Clauses on probes that are sent only when asked for: by name, by a clause of theirs, or as a requirement."""
    opt_in = {id for id, row in surface.rows(VALIDATE).items() if row.opt_in}
    return {
        id
        for id, clause in available.items()
        if clause.probe in opt_in
        and clause.probe not in choice.extras
        and clause.capability not in choice.required
        and not any(_selects(o, id) for o in choice.only)
    }


def _term(clause: Clause, profile: Profile, choice: Choice, waiver: Waiver | None) -> Term:
    tightened = profile.tightened.get(clause.id)
    level = tightened.level if tightened else clause.level
    if (choice.strict and level == SHOULD) or (clause.capability and clause.capability in choice.required):
        level = MUST
    client = ""
    if choice.clients:
        from chatproof.contract import clients

        client = clients.depending(choice.clients, clause.id)
        level = MUST if client else level
    reported = not any(_selects(s, clause.id) for s in choice.skip)
    if waiver is not None and waiver.expires and choice.today > waiver.expires:
        return Term(clause, level, None, reported, waiver, client)
    return Term(clause, level, waiver, reported, client=client)


def _selects(wanted: str, id: str) -> bool:
    """A clause's id, or a family's name as typed (`auth`) or as the text prints it (`auth.*`)."""
    family = wanted.removesuffix(".*")
    return id == wanted or (family != "" and id.startswith(f"{family}."))


def _digest(terms: tuple[Term, ...], profile: Profile) -> str:
    """Of what is checked, not of its wording: a clearer sentence leaves the contract and its sign-offs as they are."""
    of = [(t.clause, t.level) for t in terms]
    lines = [f"{c.id}|{level}|{c.probe}|{c.source.url}|{c.source.accessed}|{c.check}" for c, level in of]
    return sha256("\n".join([*lines, profile.text]).encode())
