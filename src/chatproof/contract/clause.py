"""What a clause is: one sentence of the contract with level, source and the function that judges it.

A clause judges one reply to one probe. It says what it `needs`, so that an HTML 502 breaks one clause and leaves the
others undecided. Its `holds` and `breaks` examples stand beside it; a test runs each of them.
"""

from __future__ import annotations

from collections.abc import Callable

from chatproof.evidence.reply import Reply
from chatproof.target.profile import Profile
from chatproof.values import NamedTuple
from chatproof.wire.exchange import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from chatproof.contract.surface import Surface

    _J = TypeVar("_J", bound="Judge")

MUST, SHOULD, MAY = "must", "should", "may"
TRANSPORT, SCHEMA, BEHAVIOUR = "transport", "schema", "behaviour"
LAYERS = (TRANSPORT, SCHEMA, BEHAVIOUR)
SMOKE, VALIDATE = "smoke", "validate"

HOLDS, BROKEN, UNDECIDED = "holds", "broken", "undecided"
NOT_APPLICABLE, WAIVED = "not_applicable", "waived"
OUTCOMES = (HOLDS, BROKEN, UNDECIDED, NOT_APPLICABLE, WAIVED)


class Source(NamedTuple):
    url: str
    accessed: str  # YYYY-MM-DD


COMETAPI_CHAT = Source("https://apidoc.cometapi.com/api/text/chat", "2026-06-08")
COMETAPI_ERRORS = Source("https://apidoc.cometapi.com/errors/error-codes-handling", "2026-11-22")
OPENAI_SPEC = Source("https://github.com/openai/openai-openapi", "2026-11-22")
RFC_8259 = Source("https://www.rfc-editor.org/rfc/rfc8259", "2026-11-22")
RFC_9112 = Source("https://www.rfc-editor.org/rfc/rfc9112", "2026-11-23")
SSE_SPEC = Source("https://html.spec.whatwg.org/multipage/server-sent-events.html", "2026-11-22")
OWASP_LOGGING = Source("https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html", "2026-11-22")


class Outcome(NamedTuple):
    """`at` is a JSON path or a place such as `status`; `expected` and `observed` are printable sentences."""

    outcome: str
    at: str = ""
    expected: str = ""
    observed: str = ""
    reason: str = ""
    state: str = ""  # of the clause's capability: supported, unsupported, ignored or broken; "" says nothing about it
    code: str = ""  # the diagnosis of this break, where the reply tells another one than the clause's


def holds(observed: str = "") -> Outcome:
    return Outcome(HOLDS, observed=observed)


def broken(at: str, expected: str, observed: str) -> Outcome:
    return Outcome(BROKEN, at, expected, observed)


def undecided(reason: str, observed: str = "") -> Outcome:
    return Outcome(UNDECIDED, observed=observed, reason=reason)


def is_named(id: str, name: str) -> bool:
    """Say whether a clause's id is this name, with or without its API's before it: chat's have none."""
    return id == name or id.endswith(f".{name}")


def id_in(api: str, name: str) -> str:
    """Build a clause's id from its name: the API's before it, but for chat, which is older."""
    return name if api == "chat" else f"{api}.{name}"


def not_applicable(reason: str) -> Outcome:
    return Outcome(NOT_APPLICABLE, reason=reason)


class Context(NamedTuple):
    """What a clause may know besides its reply."""

    profile: Profile
    model: str
    key: Secret | None
    replies: dict[str, Reply]  # by probe, all of this run
    surface: Surface  # the API that is spoken
    no_auth: bool = False
    required: frozenset[str] = frozenset()  # capabilities that the user's client relies on

    @property
    def listing(self) -> Reply | None:
        """The reply to the request for the list of models."""
        return self.replies.get(self.surface.listing)

    @property
    def keyless(self) -> Reply | None:
        """The reply to the plain request without a key."""
        return self.replies.get(self.surface.keyless)

    @property
    def control(self) -> Reply | None:
        """The plain request's reply: the same request with the good key. A refusal means something against it."""
        return self.replies.get(self.surface.control)


class Example(NamedTuple):
    """A reply in short: status, content type ("" for none), body; `extra` are further header lines; `left_open` is one
    whose message does not end."""

    status: int
    media: str
    body: bytes
    extra: tuple[tuple[bytes, bytes], ...] = ()
    left_open: bool = False


Judge = Callable[[Reply, Context], Outcome]


class Clause(NamedTuple):
    id: str
    area: str  # the contract area of the seed's table
    says: str  # the sentence, with its modal verb left to `level`
    level: str
    source: Source
    probe: str  # a probe's id, or "*" for each exchange
    needs: tuple[str, ...]  # clauses of the same probe that must hold first
    why: str  # which client breaks when this does not hold
    judge: Judge
    holds_on: tuple[Example, ...]
    breaks_on: tuple[Example, ...]
    layer: str
    code: str = ""  # the diagnosis of a break; "" leaves it to the failure modes' patterns
    capability: str = ""  # what a client may require; its state comes from this clause's outcome
    on_fault: bool = False  # judged on an exchange that was stopped, too
    scope: str = SMOKE  # the run it belongs to: smoke (and so to validate as well), or validate alone
    danger: str = ""  # what a break costs, if it is the key or money: LEAK, SERVED. No waiver makes such a break quiet
    burst: bool = False  # judged on requests at the same time, which are sent for it
    check: int = 1  # raised when what is checked changes: digests and sign-offs depend on it, and not on the wording


LEAK, SERVED = "leak", "served"
"""The key comes back in a reply; a request without the right key is served."""


class Clauses:
    """The clauses of one file, in the order in which they stand there: each file of a contract has one, as CLAUSES."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.found: dict[str, Clause] = {}

    def add(
        self,
        id: str,
        *,
        area: str,
        says: str,
        source: Source,
        probe: str,
        why: str,
        holds_on: tuple[Example, ...],
        breaks_on: tuple[Example, ...],
        layer: str,
        level: str = MUST,
        needs: tuple[str, ...] = (),
        code: str = "",
        capability: str = "",
        on_fault: bool = False,
        danger: str = "",
        burst: bool = False,
        check: int = 1,
    ) -> Callable[[_J], _J]:
        """Register the function below as the judge of a clause. Raises ValueError for an id that is taken."""

        def register(judge: _J) -> _J:
            if id in self.found:
                raise ValueError(f"clause {id} is defined twice")
            self.found[id] = Clause(
                id,
                area,
                says,
                level,
                source,
                probe,
                needs,
                why,
                judge,
                holds_on,
                breaks_on,
                layer,
                code,
                capability,
                on_fault,
                self.scope,
                danger,
                burst,
                check,
            )
            return judge

        return register
