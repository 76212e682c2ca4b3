"""What an API is to the rest of the package: one value, which its folder in `surfaces` makes.

Nothing outside that folder (and the simulator's side of it) knows a probe's name, a path or a field of a reply: it
asks the surface. How one more API is added: docs/decisions/0041-surfaces.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from chatproof.contract.clause import LEAK, SMOKE, VALIDATE
from chatproof.contract.probe import (
    AGAIN,
    BURST,
    CONTROL,
    LISTING,
    NONE,
    OWN,
    REFUSED_FORM,
    SMALLER,
    STREAM,
    Probe,
    own_row,
)
from chatproof.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from chatproof.contract.clause import Clause
    from chatproof.contract.failure_mode import Mode
    from chatproof.evidence.reply import Reply
    from chatproof.simulator.wire import Side
    from chatproof.wire.exchange import Request
    from chatproof.wire.strictjson import Json
else:
    Protocol = object

CHAT = "chat"
"""The API that is meant where none is named."""
_COPY, _MOST_COPIES = "burst.", 64  # see --burst


class View(Protocol):
    """What every API's reply is asked, whatever its fields are called. A module `view` with these functions is one."""

    def is_success(self, reply: Reply, /) -> bool:
        """Say whether the endpoint did the work that this API is for, and did not only answer."""

    def has_answer(self, reply: Reply, /) -> bool:
        """Say whether the member is there that holds the answer, whatever is in it."""

    def has_error_field(self, reply: Reply, /) -> bool:
        """Say whether the field is there, and says something, in which this API's errors stand."""

    def tokens(self, reply: Reply, /) -> int:
        """Read the total of tokens that the reply reports; 0 when it reports none."""

    def usage(self, reply: Reply, /) -> dict[str, int]:
        """Read the counts of tokens that the reply reports: prompt, completion, cached, reasoning, each where it stands
        there; and answer_bytes, the length of all that was answered. Empty when it reports none."""

    def upstream(self, reply: Reply, /) -> tuple[str, str]:
        """Read (a name of the server's configuration, the form of its ids) of a reply; each empty when it has none."""

    def is_fit(self, id: str, entry: Json = None, /) -> bool:
        """Guess whether a model of the listing serves this API: from its id, or from its entry there."""

    def model(self, reply: Reply, /) -> str:
        """Read the model that the reply names; empty when it names none."""


class AskedFor(NamedTuple):
    """A request out of a capture, as far as it was captured, and how it was answered."""

    body: dict[str, Any] | None  # the JSON object that was sent; None: not captured, or none
    has_body: bool  # something was sent, whatever it is
    status: int  # of the reply; 0: unknown, or there is none

    @property
    def fails(self) -> bool:
        """The reply is a refusal or a failure, which is one whatever the request asked for."""
        return self.status >= 400


class Matcher(Protocol):
    """What captures are asked by, before and after it is known which probe they answer. A module can be one."""

    def near(self, path: str, /) -> tuple[str, str] | None:
        """Split a path that is not this API's and was meant to be: (what stands before, what was appended)."""

    def what(self, value: Any, /) -> str | None:
        """Say what a JSON value is that has to do with this API: empty for a reply, None for anything else."""

    def holds_answer(self, value: Any, /) -> bool:
        """Say whether a JSON value has the member in which this API's answers stand."""

    def may_be_reply(self, body: bytes, /) -> bool:
        """Say whether the bytes speak of the member in which this API's answers stand."""

    def alike(self, asked: AskedFor, /) -> tuple[str, str]:
        """Name the probe that asks for the same as a request that is none of ours, with a remark; ("", why) if none."""

    def summary(self, body: dict[str, Any], /) -> str:
        """Describe a request of this API without its texts; empty for what is none."""


class Recorded(NamedTuple):
    """Which clauses of smoke the fields of the sanitized record rest on. Each is asked only where those before hold."""

    structure: tuple[str, ...]  # response_structure_valid
    content: tuple[str, ...]  # content_non_empty
    rejection: tuple[str, ...]  # auth_rejection_error_body_valid
    assertions: tuple[str, ...]  # all that must be seen to hold for PASS
    note: str = ""  # what the fields that are named after chat's speak of here


class Shape(NamedTuple):
    """What two replies of this API are compared by: paths as `evidence.json_shape` writes them."""

    words: tuple[str, ...]  # members whose values are words of the protocol
    free: Mapping[str, frozenset[str]]  # of such a member: the words of which the model chooses one
    read: frozenset[str]  # what the reference requires, or most clients read; the rest may come and go
    main: tuple[str, ...]  # without it, a reply is another thing altogether
    delta: str  # the path of a piece of a stream, where findings speak of one
    comes_and_goes: Callable[[str], bool]  # a path that depends on what the model says


class FailureModes(NamedTuple):
    """Patterns of breaks that only this API has, in the places where they are tried among all others."""

    streams: tuple[Mode, ...] = ()  # before what the provider's own words say
    answers: tuple[Mode, ...] = ()  # after that, and after bodies that are no JSON
    coded: tuple[Mode, ...] = ()  # for the codes that clauses of this API name, where its words are other than ours


class Surface(NamedTuple):
    """One API. What is asked for rarely is loaded when it is asked for: a cold `smoke` pays for nothing else."""

    name: str  # of --api and of the record: "chat"
    title: str  # for people, in the plural: "chat completions"
    fit: str  # of a model, in a sentence: "chat-capable"
    answer: str  # for people, what a good request is answered with: "a completion"
    endpoint: str  # for people, what answers: "a chat endpoint"
    path: str  # of the control, below the base URL
    rows: Callable[[str], Mapping[str, Probe]]  # the probes of a scope, by name, in the order in which they are sent
    clauses: Callable[[str], Mapping[str, Clause]]  # of SMOKE, VALIDATE or OWN, by id, as they are read
    view: View
    recorded: Recorded
    matcher: Callable[[], Matcher]
    simulator: Callable[[], Side]  # what `simulate` and the target `simulator` serve
    shape: Callable[[], Shape]
    failure_modes: Callable[[], FailureModes]
    answer_at: tuple[str, str]  # the place where an answer stands, and the word for it: $.choices, choices
    prompt: str  # what our own plain request says: by it, ours is told from a user's
    not_asked: Callable[[Iterable[Request]], list[str]] | None = None  # features that no request exercised
    is_ended: Callable[[Reply], bool] = lambda reply: reply.ends_with_done  # the stream says itself that this is all
    last_events: tuple[str, ...] = ()  # kinds of event that end a stream, whose clients wait for the message's end
    also_called: Mapping[str, tuple[str, ...]] = {}  # of a capability: what other APIs call the same
    endings: tuple[bytes, ...] = ()  # how a stream whose end was not captured may have gone on: well, and not

    def row(self, id: str) -> Probe | None:
        """Find a probe by its name, copies for a burst among them; None for a name that this API does not know."""
        if usual := self.rows(SMOKE).get(id):
            return usual
        if id.startswith(REFUSED_FORM):
            first = self.rows(VALIDATE).get(id.removeprefix(REFUSED_FORM))
            does = f"{first.does}, in a form that was refused" if first else ""
            return first._replace(id=id, does=does, role=SMALLER, feeds="", shown_as="") if first else None
        if id.startswith(_COPY):
            return self._copy(id)
        if id == self.again:
            does = "the plain request once more, after the wrong ones"
            return self.known(self.control)._replace(id=id, does=does, role=AGAIN, feeds="", shown_as="")
        own = own_row(id, self.path, self.control)
        if own is not None:  # with the headers that this API wants of every request
            return own._replace(headers=self.known(self.control).headers)
        return self.rows(VALIDATE).get(id)

    def known(self, id: str) -> Probe:
        """Find a probe of a run that this tool made. Raises KeyError for a name that this API does not know."""
        found = self.row(id)
        if found is None:
            raise KeyError(id)
        return found

    def clause(self, id: str) -> Clause | None:
        """Find a clause by its id; None for one that this API does not have."""
        return self.clauses(SMOKE).get(id) or self.clauses(VALIDATE).get(id) or self.clauses(OWN).get(id)

    @property
    def leak(self) -> Clause:
        """The clause that says whether the key comes back. Raises StopIteration where an API lacks it: none may."""
        return next(clause for clause in self.clauses(SMOKE).values() if clause.danger == LEAK)

    def named(self, role: str) -> str:
        """The name of smoke's probe with this role; empty when this API has none."""
        return _named(self.rows, role)

    @property
    def control(self) -> str:
        """The name of the plain request, against which a refusal means something."""
        return self.named(CONTROL)

    @property
    def keyless(self) -> str:
        """The name of the plain request without a key; empty when there is none."""
        return next((id for id, row in self.rows(SMOKE).items() if row.credential == NONE), "")

    @property
    def again(self) -> str:
        """The name of the plain request where it is sent once more, after requests that must not pass."""
        return f"{self.control}.again"

    @property
    def stream(self) -> str:
        """The name of the streamed control; empty when this API has no streams."""
        return self.named(STREAM)

    @property
    def listing(self) -> str:
        """The name of the request for the list of models; empty when there is none."""
        return self.named(LISTING)

    def _copy(self, id: str) -> Probe | None:
        """The n-th further control of a burst, or the probe that a burst refused and that is kept under this name."""
        copied = id.removeprefix(_COPY)
        if copied.isascii() and copied.isdigit():
            if len(copied) > 3 or not 1 <= int(copied) <= _MOST_COPIES:
                return None
            row = self.known(self.control)
            does = "a plain request, for the burst"
            return row._replace(id=id, after=row.id, does=does, role=BURST, feeds="", shown_as="")
        original = self.row(copied) if not copied.startswith(_COPY) else None
        if original is None:
            return None
        does = f"{original.does}, refused in the burst"
        return original._replace(id=id, does=does, role=BURST, feeds="", shown_as="")


@cache
def _named(rows: Callable[[str], Mapping[str, Probe]], role: str) -> str:
    """Kept, because every clause and record asks for it, and the rows of an API never change."""
    return next((id for id, row in rows(SMOKE).items() if row.role == role), "")


def copy_of(probe: str) -> str:
    """The name under which a probe's exchange is kept that failed in a burst; of a number, one more control."""
    return f"{_COPY}{probe}"


def original(probe: str) -> str:
    """The probe that one out of a burst is a copy of; any other probe itself."""
    return probe.removeprefix(_COPY)
