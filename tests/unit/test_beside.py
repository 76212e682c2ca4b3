"""A process that asks several targets looks for the secrets of all in each reply, whoever of them has one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatproof import Secret, Target
from chatproof.fleet.ready import Fleet
from chatproof.fleet.targets import of_file
from chatproof.monitoring.settings import load
from chatproof.running import beside
from chatproof.running.plan import Settings
from chatproof.target.target import Wanted, check
from chatproof.wire.exchange import Header

HELD = "q7Zx2Lm9Vt4Hc8Wp3Ks6Rn1Bd5Gf0JyT"
URL, OTHER = "http://127.0.0.1:9/v1", "http://127.0.0.1:10/v1"
WITHOUT = {
    "open": Target(URL, "m", no_auth=True),
    "a word": Target(URL, "m", Secret("lm-studio")),
    "too short": Target(URL, "m", Secret("x-1")),
}


@pytest.mark.parametrize("what", WITHOUT)
@pytest.mark.parametrize("how", ["key", "header", "password"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_target_without_a_secret_is_searched_for_that_of_another(what: str, how: str, turned: bool) -> None:
    other = Target(OTHER, "m", Secret(HELD))
    if how == "header":
        other = Target(OTHER, "m", no_auth=True, headers=(Header("X-Api-Key", Secret(HELD), "x-api-key"),))
    if how == "password":
        other = Target("https://llm.test/v1", "m", no_auth=True, proxy=f"http://u:{HELD}@127.0.0.1:11")
    pair = [check(WITHOUT[what]), check(other)]
    without, with_it = beside.apart(pair[::-1] if turned else pair, {})[:: -1 if turned else 1]
    assert without.besides == (Secret(HELD),)
    assert with_it.besides == (), "it is its own"


def test_what_all_send_is_no_other_ones() -> None:
    same = [check(Target(url, "m", Secret(HELD))) for url in (URL, OTHER)]
    assert [one.besides for one in beside.apart(same, {})] == [(), ()]


def test_a_fleet_and_the_monitor_do_so_whichever_target_comes_first(tmp_path: Path) -> None:
    open_one = {"base_url": URL, "model": "m", "no_auth": True}
    rows = {"a": open_one, "b": {"base_url": OTHER, "model": "m", "key_env": "K"}, "c": open_one}
    path = tmp_path / "targets.jsonl"
    path.write_text("".join(f"{json.dumps({'name': name, **row})}\n" for name, row in rows.items()))
    fleet = Fleet(of_file(str(path)), Wanted(), Settings(), {"K": HELD})
    config = tmp_path / "watch.toml"
    tables = (
        f"[targets.{name}]\n"
        + "".join(f"{field} = {json.dumps(value)}\n" for field, value in row.items())
        + f"[targets.{name}.monitor]\n"
        for name, row in rows.items()
    )
    config.write_text("".join(tables))
    watched = load(str(config), {"K": HELD}).targets
    for name in ("a", "c"):
        assert fleet.ready(name).resolved.besides == (Secret(HELD),)
        assert watched[name].resolved.besides == (Secret(HELD),)
