"""The official `openai` client against every fault: what it cannot read we break, what we pass it reads.

The client asks what validate asks, with its own code, and reads the answer as programs do: typed fields (checked as
strictly as the client can), text joined from deltas, calls joined by index, JSON from the content. Where the two
differ on purpose, the difference stands in a table with its reason; a new one fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion

from chatproof import simulator
from chatproof.contract.clause import MUST
from chatproof.contract.clause import VALIDATE as WHOLE
from chatproof.contract.probe import INVALID, JSON, KEY
from chatproof.secrets.key_check import INVALID_KEY
from chatproof.simulator.faults import ALL, FAULTS, VALIDATE
from chatproof.surfaces import surface_of
from chatproof.surfaces.chat import probes_validate
from tests.simulator.validate_runs import run

READ = "read"
REFUSED = "refused"

# The client reads it, and we break a must: it accepts silently what another client, or the program behind it, does not.
ACCEPTS_SILENTLY = {
    "tools.stream_index": "read raw here; its stream() helper raises IndexError (tools/clients)",
    "tools.stream_finish": "read raw here; openai-node's helper and the AI SDK raise (tools/clients)",
    "envelope.created": "pydantic turns a string into the integer; the AI SDK does not",
    "usage.integers": "pydantic turns a string into the integer; the AI SDK does not",
    "auth.invalid_key.error_present": "it raises by the status and shows the body, whatever stands in it",
    "envelope.choice_index": "pydantic turns a string into the integer; openai-java does not",
    "happy.media_type_json": "the client looks at the body; with other types it hands out a plain string",
    "happy.no_error_field": "a truthy error beside the choices is not looked at outside of streams",
    "happy.status_200": "any 2xx is a success to it",
    "happy.body_json": "json.loads takes duplicate names and NaN; two parsers then read two things",
    "envelope.elsewhere.body_json": "json.loads takes NaN; openai-node and the AI SDK raise (tools/clients)",
    "head.line_ends": "Node's clients refuse such a head (tools/clients)",
    "secret.not_reflected": "it does not look for its key",
    "stream.media_type": "it parses whatever comes as events",
    "stream.finished": "it takes the end of the connection for the end of the stream",
    "stream.events_parse": "it skips comments, and a stream of nothing else is an empty answer",
    "stream.content_non_empty": "an empty answer is an answer",
    "tools.parallel_ids": "it hands out two calls with one id; their results then belong to either",
    "n.readable": "it hands out the choices as they stand; what joins them by index loses one",
}
# The client cannot read it, and we pass it. Each needs a reason that holds for every user.
WE_PASS = {
    "usual-sdk-failed": "it fails whatever an official SDK sends, and this client sends nothing else; we send one such "
    "request, whose clause breaks",
    "harmless-stream-no-choices": "Azure's first chunk has an empty object and id; only the strict mode of this test, "
    "which no program uses, stops there",
}


@cache
def _first_client() -> openai.OpenAI:
    return openai.OpenAI(
        api_key="none", base_url="http://127.0.0.1:9", max_retries=0, timeout=2.0, _strict_response_validation=True
    )


class Reader:
    """Asks as validate does, through the client. Each answer is READ, REFUSED, or what went wrong."""

    def __init__(self, server: simulator.Simulator) -> None:
        self.model = server.model
        self.client = self._client(server, server.key)
        self.stranger = self._client(server, INVALID_KEY)
        self.called: dict[str, Any] | None = None

    @staticmethod
    def _client(server: simulator.Simulator, key: str) -> openai.OpenAI:
        """Another server's client with the connections' settings of the first: to make those costs more than to ask."""
        strict = {"_strict_response_validation": True}
        return _first_client().with_options(api_key=key, base_url=server.base_url, _extra_kwargs=strict)

    def ask(self, probe: str) -> str:
        try:
            said = self._ask(probe)
        except openai.APIStatusError as error:
            said = REFUSED if _is_json(error.response.text) else f"refused with no JSON: {error.body!r}"
        except Exception as error:
            said = f"{type(error).__name__}: {str(error)[:80]}"
        must_fail = probe.startswith(("error.", "auth."))
        return {READ: "answered what must be refused", REFUSED: READ}.get(said, said) if must_fail else said

    def _ask(self, probe: str) -> str:
        if probe == "models":
            listed = [model.id for model in self.client.models.list()]
            return READ if self.model in listed else f"not among {len(listed)} models"
        if probe == "model":
            return READ if self.client.models.retrieve(self.model).id == self.model else "another model"
        row = probes_validate.ROWS[probe]
        if row.answers and not (self.called and self.called["choices"][0]["message"].get("tool_calls")):
            return READ  # there is no call to answer, and validate sends nothing
        body = row.answers(self.model, self.called) if row.answers and self.called else row.body(self.model)  # type: ignore[misc]
        client = self.stranger if row.credential == INVALID else self.client
        if isinstance(body, dict) and body.get("stream") is True:
            return _streamed(probe, client.chat.completions.create(**body))  # type: ignore[call-overload]
        reply = client.post("/chat/completions", body=body, cast_to=ChatCompletion)
        if probe == "tools":
            self.called = reply.to_dict()
        return _completed(probe, reply)


def _is_json(text: str) -> bool:
    """The client hands on what it finds in `error`, or in the whole body: an object, a string, a list."""
    try:
        return bool(json.loads(text))
    except ValueError:
        return False


def _completed(probe: str, reply: ChatCompletion) -> str:
    message = reply.choices[0].message
    check: dict[str, Callable[[], object]] = {
        "tools": lambda: [json.loads(call.function.arguments)["word"] for call in message.tool_calls],  # type: ignore
        "tools.parallel": lambda: {call.id: json.loads(call.function.arguments) for call in message.tool_calls},  # type: ignore
        "usual.tools": lambda: [json.loads(call.function.arguments) for call in message.tool_calls],  # type: ignore
        "json_object": lambda: json.loads(message.content).keys(),  # type: ignore[arg-type]
        "json_schema": lambda: json.loads(message.content)["letters"] + 1,  # type: ignore[arg-type]
        "sampling": lambda: [len(choice.logprobs.content) for choice in reply.choices],  # type: ignore
    }
    usual: Callable[[], object] = lambda: message.content.strip()[0]  # type: ignore  # noqa: E731
    check.get(probe, usual)()
    return READ


def _streamed(probe: str, stream: Any) -> str:
    text, calls, used = "", {}, None
    for chunk in stream:
        used = chunk.usage or used
        if not chunk.choices:
            continue
        delta = chunk.choices[0].delta
        text += delta.content or ""
        for piece in delta.tool_calls or ():
            calls[piece.index] = calls.get(piece.index, "") + (piece.function.arguments or "")
    if probe == "tools.stream":
        assert [json.loads(arguments)["word"] for arguments in calls.values()] == ["pong"], calls
    elif probe == "tools.parallel.stream":
        assert len([json.loads(arguments) for arguments in calls.values()]) == 2, calls
    elif probe == "stream.usage":
        assert text and used and used.total_tokens > 0, (len(text), used)
    return READ


ASKED = [
    "happy",
    "auth.invalid_key",
    "models",
    "model",
    *(
        id
        for id, row in probes_validate.ROWS.items()
        if row.suffix == probes_validate.ROWS["happy"].suffix
        and row.credential == KEY
        and row.media == JSON
        and not id.startswith(("key.", "burst.", "error.malformed", "happy", "cache."))
        and row.body
        and not row.opt_in
    ),
]
OF_SMOKE = ["happy", "auth.invalid_key", "models", "stream"]
# Nothing comes, or too late, or without end (the client has no limits): there is nothing to read.
NOTHING = ("net.", "tls.", "limit.")
OUT_OF_REACH = {
    name for name, row in ALL.items() if row.timeout or row.place != type(row.place)() or row.code.startswith(NOTHING)
}


@cache
def what_it_says(name: str, probes: tuple[str, ...] = ()) -> dict[str, str]:
    """What the client makes of each answer under a fault; asked once, for the rows and for the tables."""
    server = simulator.start(name)
    reader = Reader(server)
    try:
        return {probe: reader.ask(probe) for probe in probes or (OF_SMOKE if name in FAULTS else ASKED)}
    finally:
        server.stop()


def touched(name: str) -> tuple[str, ...]:
    """The probes on whose answers a fault leaves a mark, and what any program asks: thirty requests take a third of a
    second for each fault. The others are asked by night."""
    marked = {f["probe"] for f in run(name)["findings"] if f["outcome"] not in ("holds", "not_applicable")}
    return tuple(probe for probe in ASKED if not name or probe in marked | {"happy", "stream", "tools"})


@pytest.fixture
def asked(request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    return request.param, what_it_says(request.param)


def compare(name: str, said: dict[str, str]) -> tuple[dict[str, str], set[str]]:
    """(what it could not read and we passed, the musts that we broke and it read) on one fault."""
    passed, accepted = {}, set()
    for probe, how in said.items():
        mine = [finding for finding in run(name)["findings"] if finding["probe"] == probe]
        # A flaw of every completion is said once, of the plain one.
        once = [
            f for f in mine if f["clause"] == "envelope.elsewhere" and f["reason"].startswith("as on the plain one")
        ]
        ours = once + [finding for finding in mine if finding["outcome"] in ("broken", "undecided")]
        if how not in (READ, REFUSED) and not ours:
            passed[probe] = how
        if how == READ:
            accepted |= {f["clause"] for f in mine if f["outcome"] == "broken" and f["level"] == "must"}
    return passed, accepted


def agree(name: str, said: dict[str, str]) -> None:
    passed, accepted = compare(name, said)
    assert passed == {} or name in WE_PASS, "the client cannot read what we pass"
    assert accepted <= set(ACCEPTS_SILENTLY), "we break a must that the client reads, without a reason in the table"


REACHED = [name for name in VALIDATE if name not in OUT_OF_REACH]
REFUSALS = [name for name in REACHED if VALIDATE[name].breaks and VALIDATE[name].breaks[0].startswith("error.")]


OTHERS = ["", *(name for name in REACHED if name not in REFUSALS)]


def _is_required(name: str) -> bool:
    clauses = surface_of("chat").clauses(WHOLE)
    return any(clauses[id].level == MUST for id in VALIDATE[name].breaks)


BY_DAY = [name for at, name in enumerate(OTHERS) if not name or _is_required(name) or at % 3 == 0]
"""What breaks a must, and a third of the rest: a client costs a third of a second for each."""


@pytest.mark.parametrize("name", BY_DAY)
def test_client_and_contract_agree(name: str) -> None:
    agree(name, what_it_says(name, touched(name)))


@pytest.mark.nightly
@pytest.mark.parametrize("asked", OTHERS, indirect=True)
def test_client_and_contract_agree_on_all_that_it_asks(asked: tuple[str, dict[str, str]]) -> None:
    agree(*asked)


@pytest.mark.nightly
@pytest.mark.parametrize("asked", REFUSALS, indirect=True)
def test_client_and_contract_agree_on_what_must_be_refused(asked: tuple[str, dict[str, str]]) -> None:
    agree(*asked)


@pytest.mark.nightly
@pytest.mark.parametrize("asked", [name for name in FAULTS if name not in OUT_OF_REACH], indirect=True)
def test_client_and_contract_agree_on_the_faults_of_smoke(asked: tuple[str, dict[str, str]]) -> None:
    agree(*asked)


@pytest.mark.nightly
@pytest.mark.timeout(600)  # a minute of CPU where it runs alone
def test_the_tables_of_differences_have_no_dead_rows() -> None:
    accepted: set[str] = set()
    passed = set()
    for name in (*REACHED, *(name for name in FAULTS if name not in OUT_OF_REACH)):
        unread, silently = compare(name, what_it_says(name))
        accepted |= silently
        passed |= {name} if unread else set()
    assert accepted == set(ACCEPTS_SILENTLY) and passed == set(WE_PASS)


def test_the_client_reads_a_clean_simulator_whole() -> None:
    server = simulator.start()
    reader = Reader(server)
    try:
        assert {probe: how for probe in ASKED if (how := reader.ask(probe)) != READ} == {}
        assert len(ASKED) >= 30
    finally:
        server.stop()
