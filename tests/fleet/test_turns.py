"""Fairness: no host sees more at once than it may, and a slow one holds up nobody else."""

from __future__ import annotations

import random

import pytest

from chatproof.fleet.targets import Listed
from chatproof.fleet.turns import Turns, host_of


def row(number: int, host: str) -> Listed:
    return Listed(f"t{number}", {"base_url": f"https://{host}/v1"}, "f", "option", "f:1")


def test_the_host_is_that_of_the_url_or_of_the_profile() -> None:
    assert host_of(row(1, "A.test:8443")) == "a.test"
    assert host_of(Listed("o", {"profile": "openai"}, "f", "o", "p")) == "api.openai.com"
    assert host_of(Listed("n", {"profile": "none-such"}, "f", "o", "p")) == ""
    assert host_of(row(1, "")) == ""


def test_a_slow_host_is_passed_over_and_its_targets_wait_behind_it_alone() -> None:
    rows = [row(n, "slow.test") for n in range(50)] + [row(50 + n, f"h{n}.test") for n in range(20)]
    turns = Turns(rows, per_host=8, width=4)
    taken = []
    while (next_one := turns.take()) is not None:
        taken.append(next_one)
        if next_one[0] != "slow.test":
            turns.ended(next_one[0])
    assert sum(host == "slow.test" for host, _ in taken) == 2, "8 requests are two targets of four"
    assert sum(host != "slow.test" for host, _ in taken) == 20, "all others had their turn"
    assert turns.left == 48
    turns.ended("slow.test")
    assert turns.take() is not None and turns.take() is None


@pytest.mark.parametrize("seed", range(20))
def test_every_target_has_its_turn_once_and_no_host_more_than_it_may(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        hosts = [chance.randrange(5) for _ in range(chance.randrange(1, 60))]
        per_host = chance.randrange(1, 13)
        turns = Turns(
            [row(number, f"h{host}.test") for number, host in enumerate(hosts)], per_host, chance.randrange(1, 6)
        )
        under_way: list[str] = []
        names = []
        while len(names) < len(hosts):
            taken = turns.take()
            if taken is None:
                assert under_way, "nothing is under way, and nothing may begin: a standstill"
                turns.ended(under_way.pop(chance.randrange(len(under_way))))
                continue
            under_way.append(taken[0])
            names.append(taken[1].name)
            assert all(under_way.count(host) * turns.width <= per_host for host in under_way)
        assert sorted(names) == sorted(f"t{number}" for number in range(len(hosts))) and turns.left == 0
