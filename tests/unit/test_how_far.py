"""The line that tells how far runs are: counted, bounded; on a terminal, and in a log once a phase at most."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from chatproof.cli import output
from chatproof.cli.output import Progress
from chatproof.cli.shared.how_far import Counted, line
from chatproof.record.under_way import UnderWay
from chatproof.running.plan import Settings
from chatproof.running.run import run
from chatproof.simulator import start
from chatproof.surfaces.chat import view
from chatproof.target.target import Target, check
from chatproof.wire.exchange import Exchange, Secret
from tests.support import GOOD, exchange, wire


def answered(*probes: str) -> list[Exchange]:
    return [exchange("happy", wire(GOOD["happy"]))._replace(probe=probe) for probe in probes]


def under_way(done: list[Exchange], planned: list[str], not_sent: dict[str, str] | None = None) -> UnderWay:
    return UnderWay("validate", planned, done, not_sent or {}, view.tokens)


def test_one_run_tells_count_area_time_and_tokens() -> None:
    planned = ["happy", "tools.call", "tools.auto", "models"]
    assert line([("", under_way([], planned))], 3) == "validate 0/4 · 3 s"
    found = line([("", under_way(answered("happy", "tools.call"), planned))], 12)
    assert found == "validate 2/4 · tools · 12 s · 18 tokens"


def test_what_is_not_sent_is_not_waited_for_and_what_was_sent_again_counts_once() -> None:
    done = answered("happy", "burst.tools.call", "tools.call")
    planned = ["happy", "tools.call", "stream"]
    found = line([("", under_way(done, planned, {"stream": "not sent"}))], 1)
    assert found.startswith("validate 2/2 · tools")


def test_a_comparison_tells_each_target() -> None:
    a, b = under_way(answered("happy"), ["happy", "models"]), under_way([], ["happy", "models"])
    assert line([("A", a), ("B", b)], 5) == "compare · A 1/2 · B 0/2 · 5 s · 9 tokens"


def test_another_exchange_of_the_same_id_is_read_anew() -> None:
    """Python gives the id of an object that is gone to the next one: what is remembered holds its exchange."""
    counted: Counted = {}
    for _ in range(50):  # each pass makes an exchange and lets it go
        line([("", under_way(answered("happy"), ["happy"]))], 1, counted)
    assert len(counted) == 50
    assert {tokens for _, tokens in counted.values()} == {9}


def test_a_run_calls_once_before_it_sends_and_fills_the_list() -> None:
    server = start("")
    seen: list[tuple[UnderWay, int]] = []
    try:
        target = check(Target(server.base_url, model=server.model, key=Secret(server.key)))
        run(target, Settings(), environ={}, watch=lambda way: seen.append((way, len(way.exchanges))))
    finally:
        server.stop()
    [(way, before)] = seen
    assert before == 0 and way.kind == "smoke" and len(way.planned) == len(way.exchanges) == 4


def test_nothing_is_counted_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(output, "_write", lambda stream, text: said.append(text))
    with Progress("asking", True) as progress:
        assert progress.watch() is None
    assert said == []


@pytest.mark.parametrize(("phases", "lines"), [(True, 2), (False, 0)])
def test_a_log_gets_one_line_a_phase_at_most(monkeypatch: pytest.MonkeyPatch, phases: bool, lines: int) -> None:
    """Where standard error is no terminal; and nothing where the run is over before one loses patience."""
    said: list[str] = []
    monkeypatch.setattr(output, "_write", lambda stream, text: said.append(text))
    monkeypatch.setattr(Progress, "_PATIENCE", 0.02)
    exchanges = answered("happy")
    with Progress("asking", True, phases=phases) as progress:
        watch = progress.watch()
        assert (watch is not None) == phases
        if watch is not None:
            watch(UnderWay("validate", ["happy", "tools.auto"], exchanges, {}, lambda reply: 0))
            _until(lambda: len(said) == 1)
            time.sleep(0.2)  # the same phase is told once
            exchanges += answered("tools.auto")
            _until(lambda: len(said) == 2)
            time.sleep(0.2)
    assert len(said) == lines
    assert [" · ".join(line.split(" · ")[:2]) for line in said] == [
        "chatproof: validate 1/2 · happy",
        "chatproof: validate 2/2 · tools",
    ][:lines]
    assert all(line.endswith(" s\n") for line in said)


def _until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_line_that_cannot_be_made_is_the_plain_one() -> None:
    progress = Progress("asking x", True)
    progress._watched.append(("", UnderWay("smoke", ["a"], answered("a"), {}, lambda reply: 1 // 0)))
    assert progress._line(4) == "asking x 4 s"
