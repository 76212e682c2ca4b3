"""Every corpus file through every oracle; state machines that feed pieces and compare with the whole at each step."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chatproof.wire.http1 import ResponseReader
from chatproof.wire.message import Limits
from chatproof.wire.sse import SseLimits, SseReader
from chatproof.wire.strictjson import parse
from tests.fuzz import oracle_parts, oracles
from tests.support import COMPLETION, GOOD

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(file for file in CORPUS.iterdir() if file.is_file())
QUICK = settings(max_examples=50, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LONG = settings(QUICK, max_examples=3000, stateful_step_count=60)


def test_the_corpus_is_small() -> None:
    assert 0 < len(FILES) <= 300
    assert sum(file.stat().st_size for file in FILES) < 1_000_000


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_corpus(file: Path) -> None:
    oracles.all_oracles(file.read_bytes(), zlib.crc32(file.name.encode()))


@pytest.mark.parametrize("probe", GOOD)
def test_a_good_reply_passes_every_oracle(probe: str) -> None:
    oracles.all_oracles(GOOD[probe].encode())


def test_the_oracles_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that cannot be red proves nothing."""
    from chatproof.judging.judge import Judgement
    from chatproof.record import document

    with monkeypatch.context() as patch:
        patch.setattr(Judgement, "verdict", property(lambda self: "GO"))
        with pytest.raises(oracle_parts.Wrong, match="GO, but the status is 500"):
            oracles.path(b"500 application/json\n\n{}")
    with monkeypatch.context() as patch:
        patch.setattr(document.Redactor, "finds", lambda *_: False)
        patch.setattr(document.Redactor, "finds_as_it_is", lambda *_: False)
        patch.setattr(document, "FOREIGN_STARTS", ())  # the key's form alone would betray it
        with pytest.raises(oracle_parts.Wrong, match="the whole key"):
            oracles.path(b'400 application/json\nServer: @KEY@\n\n{"error":"x"}')
    with monkeypatch.context() as patch:
        patch.setattr(oracles, "parse", lambda data, limits=None: (json.loads(data), None))
        with pytest.raises(oracle_parts.Wrong, match="accepts duplicate_key"):
            oracles.strictjson(b'{"a":1,"a":2}')
    with monkeypatch.context() as patch:
        patch.setattr(ResponseReader, "feed", lambda *_: 1 // 0)
        with pytest.raises(oracle_parts.Wrong, match="raises ZeroDivisionError"):
            oracles.http1(b"HTTP/1.1 200 OK\r\n\r\n")
    with monkeypatch.context() as patch:
        patch.setattr(SseReader, "feed", lambda self, data: self.events.append(("message", data, 0)))
        with pytest.raises(oracle_parts.Wrong, match="differs"):
            oracles.sse(b"data: a\n\n")


# -- state machines: at each step the reader that got pieces knows what one that got the whole knows ------------------

HTTP_PIECES = (
    b"HTTP/1.1 200 OK", b"HTTP/1.0 500 E", b"HTTP/1.1 100 C\r\n\r\n", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"Content-Length: 7",
    b"Content-Length: 2", b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"X: y", b" folded", b"{}", b'{"a":1}',
    b"7\r\n", b"2\r\n{}\r\n", b"2;x=y\r\n{}\r\n", b"0\r\n", b"0\r\n\r\n", b"X-T: v\r\n", b"\0", b"\xff",
)  # fmt: skip


class Http1Machine(RuleBasedStateMachine):
    limits = Limits()

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.reader = ResponseReader("POST", self.limits)
        self.closed = False

    def _feed(self, data: bytes) -> None:
        self.sent += data
        fault = self.reader.fault
        self.reader.feed(data)
        assert fault is None or self.reader.fault is fault  # the first fault stays

    @precondition(lambda self: not self.closed)
    @rule(data=st.sampled_from(HTTP_PIECES))
    def token(self, data: bytes) -> None:
        self._feed(data)

    @precondition(lambda self: not self.closed)
    @rule(data=st.binary(max_size=6))
    def noise(self, data: bytes) -> None:
        self._feed(data)

    @precondition(lambda self: not self.sent)
    @rule(
        framing=st.sampled_from(
            (b"Content-Length: 7", b"Transfer-Encoding: chunked", b"X: y", b"Content-Encoding: gzip")
        )
    )
    def head(self, framing: bytes) -> None:
        self._feed(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")

    @precondition(lambda self: self.sent and not self.closed)
    @rule()
    def eof(self) -> None:
        self.closed = True
        self.reader.eof()

    @precondition(lambda self: self.closed)
    @rule()
    def another_conversation(self) -> None:
        self.sent, self.closed, self.reader = b"", False, ResponseReader("POST", self.limits)

    @invariant()
    def same_as_whole(self) -> None:
        if not self.sent:
            return
        whole = ResponseReader("POST", self.limits)
        whole.feed(self.sent)
        if self.closed:
            whole.eof()
        mine, other = self.reader.fault, whole.fault
        assert (mine and mine[:2]) == (other and other[:2])
        assert self.reader.received == len(self.sent)
        assert self.reader.complete == whole.complete
        assert self.reader.phase == whole.phase
        assert self.reader.ends_with_the_connection == whole.ends_with_the_connection
        one, two = self.reader.response(), whole.response()
        assert (one is None) == (two is None)
        if one is not None and two is not None:
            assert one._replace(arrivals=(), excess=b"") == two._replace(arrivals=(), excess=b"")
        if self.closed:
            assert self.reader.complete or mine


class Http1SmallMachine(Http1Machine):
    """Limits that these pieces reach."""

    limits = oracle_parts.SMALL


class SseMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.reader = SseReader(SseLimits(line=60, event=90, events=9))

    @rule(
        data=st.sampled_from(
            (
                b"data:",
                b"data: x",
                b" ",
                b"\r\n",
                b"\n",
                b"\r",
                b"\n\n",
                b"\r\r",
                b"event: e",
                b"id: 7",
                b":",
                b"\xef\xbb\xbf",
            )
        )
        | st.binary(max_size=5)
    )
    def feed(self, data: bytes) -> None:
        before = list(self.reader.events)
        self.sent += data
        self.reader.feed(data)
        assert self.reader.events[: len(before)] == before  # what was dispatched stays

    @invariant()
    def same_as_whole(self) -> None:
        whole = SseReader(SseLimits(line=60, event=90, events=9))
        whole.feed(self.sent)
        assert self.reader.events == whole.events
        assert self.reader.problem == whole.problem
        assert self.reader.eof() == whole.eof()
        assert self.reader.comments == whole.comments
        if not whole.problem:
            assert whole.events == oracles.naive_events(self.sent)


class StrictJsonMachine(RuleBasedStateMachine):
    """A document that grows by tokens: refused for a reason that its next token can lift, or refused for good."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.hopeless = False

    @rule(
        token=st.sampled_from(
            ('{', '}', '[', ']', ',', ':', '"a"', '"b"', '"', '\\u00e9', "\\", '1', '-0', '1.5e3', '.', 'e', 'true', 'null', ' ', '\n', "NaN", "é")
        )
    )  # fmt: skip
    def append(self, token: str) -> None:
        self.text += token

    @precondition(lambda self: not self.text)
    @rule(size=st.integers(1, len(COMPLETION)))
    def a_real_one(self, size: int) -> None:
        self.text = COMPLETION[:size]

    @invariant()
    def agrees(self) -> None:
        data = self.text.encode()
        oracles.strictjson(data, len(data))
        value, problem = parse(data)
        if problem is None:
            assert value == json.loads(data)
        elif self.hopeless:
            assert problem.reason not in ("truncated", "empty"), "what cannot be mended by more text was mended"
        self.hopeless = problem is not None and problem.reason not in ("truncated", "empty")


MACHINES: tuple[type[RuleBasedStateMachine], ...] = (Http1Machine, Http1SmallMachine, SseMachine, StrictJsonMachine)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
def test_machine(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(machine, settings=QUICK)  # type: ignore[no-untyped-call]


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
def test_machine_for_long(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(machine, settings=LONG)  # type: ignore[no-untyped-call]
