"""Large bodies are parsed once and given back: what is kept of them, how much, and for how long."""

import sys
import threading
from collections.abc import Callable

import pytest

from chatproof.evidence import parsed_bodies
from chatproof.evidence import reply as module
from chatproof.evidence.reply import Reply
from chatproof.judging.contract import smoke_contract
from chatproof.judging.judge import judge
from chatproof.target import profile
from tests.unit.test_reply import reply

LONG = "x" * module._LARGE


@pytest.mark.parametrize(
    ("make", "ask", "kind"),
    [
        (lambda text: text, lambda r: r.object["x"], "json"),
        (lambda text: b"data: %b\n\n" % text, lambda r: r.chunks[0]["x"], "stream"),
    ],
)
def test_only_a_large_value_is_put_where_it_can_be_given_back(
    make: Callable[[bytes], bytes], ask: Callable[[Reply], object], kind: str
) -> None:
    room = module._LARGE - len(make(b'{"x":""}'))
    for text, kept in (("", 0), (LONG[:room], 0), (LONG[: room + 1], 1)):
        memory = parsed_bodies.Memory()
        found = Reply(reply(make(f'{{"x":"{text}"}}'.encode())).exchange, memory)
        assert ask(found) == ask(found) == text
        assert len(getattr(memory, kind)._kept) == kept


def test_two_judgements_in_two_threads_share_nothing() -> None:
    """One memory for the process: a run that came to its end emptied what another was reading from."""
    contract = smoke_contract(profile.load("generic"))
    bodies = [f'{{"n":{n},"x":"{LONG}","choices":[]}}'.encode() for n in range(9)]
    failed: list[BaseException] = []

    def judge_all() -> None:
        try:
            for body in bodies * 8:
                judge(contract, [reply(body).exchange], model="m")
        except BaseException as error:
            failed.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=judge_all) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not failed


def test_the_largest_values_are_kept_one_at_a_time_and_go_before_the_next_is_made() -> None:
    kept: list[list[bytes]] = []
    recent = parsed_bodies._Recent(lambda body: kept.append([*recent._kept]))
    large, larger, small = (
        letter * size for letter, size in ((b"a", parsed_bodies._ROOM - 2), (b"b", parsed_bodies._ROOM + 1), (b"c", 2))
    )
    for body in (small, large, small, b"ddd", larger, small):
        recent(body)
    assert kept == [[], [small], [small], [], []]  # the second look at `small` made nothing, and `large` was the oldest


def test_four_values_are_kept_of_four_megabytes_together_and_the_oldest_goes() -> None:
    made: list[bytes] = []
    recent = parsed_bodies._Recent(made.append)
    for body in (b"a", b"b", b"c", b"d", b"a", b"e", b"a", b"b"):
        recent(body)
    assert made == [b"a", b"b", b"c", b"d", b"e", b"b"], "b is the one that was not asked for since"
    assert parsed_bodies._ROOM == 4_194_304
