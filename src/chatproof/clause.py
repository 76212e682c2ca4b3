"""What a clause is: one sentence of the contract with level, source and the function that judges it.

A clause judges one reply to one probe. It says what it `needs`, so that an HTML 502 breaks one clause and leaves the
others undecided. Its `holds` and `breaks` examples stand beside it; a test runs each of them.
"""

import sys
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from chatproof.exchange import Secret
from chatproof.profile import Profile
from chatproof.reply import Reply

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


def holds(observed: str = "") -> Outcome:
    return Outcome(HOLDS, observed=observed)


def broken(at: str, expected: str, observed: str) -> Outcome:
    return Outcome(BROKEN, at, expected, observed)


def undecided(reason: str, observed: str = "") -> Outcome:
    return Outcome(UNDECIDED, observed=observed, reason=reason)


def not_applicable(reason: str) -> Outcome:
    return Outcome(NOT_APPLICABLE, reason=reason)


class Context(NamedTuple):
    """What a clause may know besides its reply."""

    profile: Profile
    model: str
    key: Secret | None
    replies: dict[str, Reply]  # by probe, all of this run
    no_auth: bool = False
    required: frozenset[str] = frozenset()  # capabilities that the user's client relies on

    @property
    def control(self) -> Reply | None:
        """The happy path's reply: the same request with the good key. A refusal means something against it."""
        return self.replies.get("happy")


class Example(NamedTuple):
    """A reply in short: status, content type ("" for none), body; `extra` are further header lines."""

    status: int
    media: str
    body: bytes
    extra: tuple[tuple[bytes, bytes], ...] = ()


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
    module: str = ""  # the file that registers it: two clauses may share a function

    @property
    def scope(self) -> str:
        """The run this clause belongs to: smoke (and so to validate as well), or validate alone."""
        return VALIDATE if ".validate." in f"{self.module}." else SMOKE


CLAUSES: dict[str, Clause] = {}
_J = TypeVar("_J", bound=Judge)


def clause(
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
) -> Callable[[_J], _J]:
    """Register a clause. `chatproof.clauses.load` imports the files that do."""
    module: str = sys._getframe(1).f_globals["__name__"]

    def register(judge: _J) -> _J:
        if id in CLAUSES:
            raise ValueError(f"clause {id} is defined twice")
        CLAUSES[id] = Clause(
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
            module,
        )
        return judge

    return register
