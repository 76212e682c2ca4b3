"""What a run will send, decided before anything is sent: settings, contract, requests. Pure."""

from collections.abc import Mapping

from chatproof import __version__, clock
from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.contract.probe import ALL, KEY_FORM, KEY_REFUSAL, OWN, STREAM, TWIN, Body, Probe, build
from chatproof.contract.surface import Surface, copy_of
from chatproof.judging.contract import Choice, Contract, UnknownCapability, UnknownClause, contract_of
from chatproof.target.profile import Waiver
from chatproof.target.target import Resolved
from chatproof.usage_error import UsageError, near, repeated
from chatproof.values import NamedTuple
from chatproof.wire.exchange import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chatproof.surfaces.own.own_request import OwnRequest

USER_AGENT = f"chatproof/{__version__} (contract probe)"


_LONGEST = 86400  # seconds for an exchange


class Settings(NamedTuple):
    """The settings of a run, besides its target.

    - `stream`: also send a streaming request
    - `strict`: treat `should` clauses as `must`
    - `only`, `skip`: ids or families of clauses to judge, or to leave out
    - `keep_bodies`: keep excerpts of passing replies, too
    - `max_requests`: refuse to send more requests than this; 0: no limit
    - `kind`: smoke or validate
    - `layers`: validate: judge only these layers: transport, schema, behaviour
    - `required`: validate: capabilities that must be supported
    - `extras`: validate: optional probes to send
    - `waivers`: clauses, or families of them, that are allowed to fail, each with its Waiver
    - `budget_tokens`: validate: stop before more tokens than this are used; 0: no limit
    - `burst`: validate: number of parallel requests
    - `whole_bodies`: keep complete bodies of replies with a failure, for a journal
    - `free`: send nothing billable; a refusal then has no control request and proves less
    - `unasked`: report which features no request used, in smoke as well
    - `requests`: your own requests, sent in addition
    """

    stream: bool = False
    strict: bool = False
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    keep_bodies: bool = False
    max_requests: int = 0
    kind: str = SMOKE
    layers: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    waivers: tuple[tuple[str, Waiver], ...] = ()
    budget_tokens: int = 0
    burst: int = 5
    whole_bodies: bool = False
    free: bool = False
    unasked: bool = False
    requests: "tuple[OwnRequest, ...]" = ()


class LeftOut(str):
    """Why a planned request was left out by a choice of our own side, and not by what the endpoint did: a limit that
    the user set, a signal. Such a run is narrowed."""


def contract_for(resolved: Resolved, settings: Settings) -> Contract:
    _check_numbers(settings, resolved.target.timeout)
    choice = Choice(
        settings.stream,
        settings.strict,
        settings.only,
        settings.skip,
        settings.layers,
        settings.required,
        settings.extras,
        settings.waivers,
        clock.utc()[:10],
        bool(settings.requests),
        resolved.target.api,
        clients=resolved.clients,
    )
    try:
        return contract_of(settings.kind, resolved.profile, choice)
    except UnknownClause as unknown:
        from chatproof.judging.unknown import unknown_clause

        raise unknown_clause(str(unknown), settings.kind, resolved.target.api) from None
    except UnknownCapability as unknown:
        from chatproof.judging.unknown import unknown_capability

        raise unknown_capability(str(unknown), resolved.target.api) from None


def _check_numbers(settings: Settings, timeout: float) -> None:
    """Those of a program, which no option has looked at: some would end in a long wait, or in none."""
    if settings.kind not in (SMOKE, VALIDATE):
        raise UsageError("usage", "Settings: kind must be smoke or validate", "correct it")
    if settings.burst < 0 or settings.budget_tokens < 0:
        raise UsageError("usage", "Settings: burst and budget_tokens must not be negative", "correct them")
    if not (isinstance(timeout, (int, float)) and 0 < timeout <= _LONGEST):
        raise UsageError("usage", f"Target: timeout must be a number of seconds up to {_LONGEST}", "correct it")


def plan(contract: Contract, resolved: Resolved, settings: Settings) -> dict[str, Request]:
    """The requests to send, by probe, in order. Pure."""
    target, surface = resolved.target, contract.surface
    rows = surface.rows(settings.kind)
    needed = {term.clause.probe for term in contract.terms if term.reported}
    own: dict[str, Request] = {}
    if OWN in needed:
        from chatproof.running import own_planning

        own = own_planning.planned(resolved, surface, settings.requests, USER_AGENT)
        needed.add(surface.control)
    if needed == {ALL}:
        needed = {surface.control}
    needed &= rows.keys()
    if not (target.no_auth or settings.free) and any(rows[probe].role in (KEY_REFUSAL, STREAM) for probe in needed):
        needed.add(surface.control)  # without it a refusal may mean anything
    if surface.control in needed:
        needed |= {probe for probe, row in rows.items() if row.role == TWIN}  # one of them must be answered
    if settings.kind == VALIDATE:
        needed = _completed(needed, rows, contract, resolved, settings)
    if target.no_auth:
        needed = {probe for probe in needed if rows[probe].role != KEY_REFUSAL}
    chosen = [probe for probe in rows if probe in needed and not (settings.free and rows[probe].billable)]
    if settings.burst > 1 and settings.kind == VALIDATE and is_burst_asked(contract):
        more = settings.burst - len(burst_members([rows[probe] for probe in chosen], surface, settings.burst))
        chosen += [copy_of(str(number)) for number in range(1, more + 1)]
    if not chosen:
        raise UsageError(
            "usage",
            "no request remains to send, so nothing would be checked",
            "check --only, --skip and --no-auth",
        )
    if settings.max_requests < 0:
        raise UsageError("usage", "--max-requests must not be negative", "correct it")
    if settings.max_requests and len(chosen) + len(own) > settings.max_requests:
        raise UsageError(
            "usage",
            f"{len(chosen) + len(own)} requests are planned, more than --max-requests {settings.max_requests}",
            "raise it, or use --only or --skip",
        )
    if not target.model and chosen != [surface.listing]:
        raise UsageError(
            "usage", "no model is given", "use --model ID; `chatproof models TARGET` lists the active ones"
        )
    return {probe: request_for(surface.known(probe), resolved) for probe in chosen} | own


def request_for(probe: Probe, resolved: Resolved, before: Body | None = None) -> Request:
    """The request of a probe for this target."""
    target = resolved.target
    header = resolved.profile.fact("auth_header", "Authorization: Bearer")
    return build(probe, resolved.url, target.model, target.key, header, USER_AGENT, before, target.headers)


def _completed(
    needed: set[str], rows: Mapping[str, Probe], contract: Contract, resolved: Resolved, settings: Settings
) -> set[str]:
    """The probes that validate sends for the clauses in force: those recorded only among them, and what they follow."""
    opt_in = [id for id, row in rows.items() if row.opt_in]
    unknown = [extra for extra in settings.extras if extra not in opt_in]
    if unknown:
        advice = near(unknown[0], opt_in)
        raise UsageError("usage", f"there is no probe {repeated(unknown[0])} to add", advice)
    needed = needed | {id for id in settings.extras if rows[id].unjudged}
    if not (settings.only or settings.layers):
        needed = needed | {id for id, row in rows.items() if row.role == KEY_FORM}
    header = resolved.profile.fact("auth_header", "Authorization: Bearer")
    if resolved.target.no_auth or header.lower() != "authorization: bearer":
        needed = {id for id in needed if rows[id].role != KEY_FORM}  # forms of another scheme than this one
    if resolved.target.no_auth:
        needed = {id for id in needed if rows[id].role != KEY_REFUSAL}
    while more := {rows[id].after for id in needed if rows[id].after in rows} - needed:
        needed = needed | more
    return needed | {rows[id].reuses_connection_of for id in needed if rows[id].reuses_connection_of}


def is_burst_asked(contract: Contract) -> bool:
    """A clause about requests at the same time is in force and shown."""
    return any(term.clause.burst and term.reported for term in contract.terms)


def burst_members(rows: list[Probe], surface: Surface, size: int) -> list[str]:
    """The probes of a burst: valid requests that are paid for anyway. A form of the key may be refused, and is none."""
    able = [
        row.id
        for row in rows
        if row.billable and row.after == surface.control and not row.answers and row.role not in (KEY_FORM, OWN)
    ]
    return able[:size]
