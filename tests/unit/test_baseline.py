"""Waivers from end to end: a baseline is written, filled in, waives what it names, and tells when it is no longer needed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatproof import reporters, simulator
from chatproof.contract.clause import BROKEN, HOLDS, WAIVED
from chatproof.running.plan import Settings
from chatproof.running.run import validate
from chatproof.target import config_reading, profile
from chatproof.target.profile import Waiver
from chatproof.target.target import Target
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Secret
from tests.support import play
from tests.unit.test_cli import run

WAIVER = Waiver("agreed", "OPS-7", "", expires="2999-12-31")


class Endpoint:
    """A simulator with a fault, and a chatproof.toml that names it."""

    def __init__(self, fault: str, folder: Path) -> None:
        self.server = simulator.start(fault)
        self.file = folder / "chatproof.toml"
        self.head = f'[targets.shop]\nbase_url = "{self.server.base_url}"\nmodel = "{self.server.model}"\n'
        self.file.write_text(self.head)

    def validate(self, *options: str) -> tuple[int, dict[str, Any]]:
        env = {"CHATPROOF_API_KEY": self.server.key}
        done = run("validate", "shop", "--config", str(self.file), "--format", "json", *options, env=env)
        return done.returncode, json.loads(done.stdout) if done.stdout else {"stderr": done.stderr.decode()}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Any]:
    made: list[Endpoint] = []

    def at(fault: str) -> Endpoint:
        made.append(Endpoint(fault, tmp_path))
        return made[-1]

    yield at
    for endpoint in made:
        endpoint.server.stop()


def test_from_break_to_waiver_and_back(shop: Any, tmp_path: Path) -> None:
    endpoint, fragment = shop("usage-strings"), tmp_path / "baseline.toml"
    status, document = endpoint.validate("--baseline", str(fragment))
    assert status == 1 and document["verdict"] == "NO-GO"
    text = fragment.read_text()
    status, again = endpoint.validate("--baseline", str(fragment))
    assert status == 2 and "may be filled in" in again["stderr"] and fragment.read_text() == text

    # As it is written it is refused: somebody has to say why.
    endpoint.file.write_text(endpoint.head + text)
    with pytest.raises(UsageError, match="reason is missing"):
        config_reading.load(str(endpoint.file))
    status, document = endpoint.validate()
    assert status == 2 and "reason is missing" in document["stderr"]

    # Filled in, it waives that break and says so.
    filled = text.replace('reason = ""', 'reason = "known"').replace('ticket = ""', 'ticket = "OPS-7"')
    endpoint.file.write_text(endpoint.head + filled)
    status, document = endpoint.validate()
    assert status == 0 and document["verdict"] == "GO"
    found = next(f for f in document["findings"] if f["clause"] == "usage.integers")
    assert found["outcome"] == WAIVED and "known" in found["reason"] and "OPS-7" in found["reason"]

    # A new break fails.
    other = shop("id-number")
    other.file.write_text(other.head + filled)
    status, document = other.validate()
    assert status == 1
    assert {f["clause"] for f in document["findings"] if f["outcome"] == BROKEN} == {"envelope.id"}
    # And the break that is mended is reported for removal.
    assert "the waiver of usage.integers is no longer needed: nothing fails there" in document["notes"]

    # An expired waiver is a broken clause.
    again = shop("usage-strings")
    lines = [line if not line.startswith("expires") else 'expires = "2020-01-31"' for line in filled.splitlines()]
    again.file.write_text(again.head + "\n".join(lines))
    status, document = again.validate()
    found = next(f for f in document["findings"] if f["clause"] == "usage.integers")
    assert status == 1 and found["outcome"] == BROKEN and "expired on 2020-01-31" in found["reason"]


def test_a_waiver_of_an_unknown_clause_is_refused(shop: Any) -> None:
    endpoint = shop("")
    waiver = '[[targets.shop.waivers]]\nclause = "usage.typo"\nreason = "r"\nticket = "t"\nexpires = "2999-12-31"\n'
    endpoint.file.write_text(endpoint.head + waiver)
    status, document = endpoint.validate()
    assert status == 2 and "usage.typo" in document["stderr"]


def test_the_path_is_proved_before_anything_is_paid_for(shop: Any, tmp_path: Path) -> None:
    status, document = shop("").validate("--baseline", str(tmp_path / "no" / "folder" / "x.toml"))
    assert status == 2 and "nothing was sent" in document["stderr"]


def validated(fault: str, *waivers: tuple[str, Waiver]) -> dict[str, Any]:
    server = simulator.start(fault)
    try:
        target = Target(server.base_url, server.model, Secret(server.key))
        return validate(target, Settings(stream=True, waivers=waivers), environ={}).document
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("fault", "clause"),
    [
        ("key-in-header", "secret.not_reflected"),
        ("wrong-key-accepted", "auth.invalid_key.rejected"),
        ("missing-key-accepted", "auth.missing_key.rejected"),
        ("empty-key-accepted", "auth.empty_key.rejected"),
    ],
)
def test_a_grave_break_is_waived_only_loudly(fault: str, clause: str) -> None:
    document = validated(fault, (clause, WAIVER))
    assert document["verdict"] == "GO"
    assert [note for note in document["notes"] if note.startswith(f"DANGER: {clause} failed and is only waived")]
    for verbosity in (-1, 0, 1):
        said = reporters.render("text", document, reporters.Style(verbosity=verbosity))
        assert f"DANGER      {clause}" in "\n".join(said.splitlines()[:3])
    assert f"**DANGER**: `{clause}`" in reporters.render("decision", document)


def test_a_baseline_warns_of_grave_breaks() -> None:
    text = reporters.render("baseline", validated("key-in-header"))
    assert "# DANGER: secret.not_reflected: fix this instead" in text


def test_a_waiver_of_a_family_is_fixed_when_all_of_it_holds() -> None:
    notes = validated("", ("usage", WAIVER))["notes"]
    [told] = [note for note in notes if note.startswith("the waiver of usage.integers, usage.complete, usage.sum")]
    assert told.endswith(" is no longer needed: nothing fails there")
    assert not [note for note in validated("usage-sum", ("usage", WAIVER))["notes"] if "is no longer needed" in note]


def test_a_waiver_of_a_clause_on_every_exchange_is_fixed_only_when_none_breaks_it() -> None:
    notes = validated("retry-after-words", ("operations.retry_after", WAIVER))["notes"]
    assert not [note for note in notes if "is no longer needed" in note]


def test_a_profiles_waiver_is_never_up_for_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    generic = profile.load("generic")
    entry = Waiver("documented", "https://h.test", "2026-11-22")
    monkeypatch.setattr(profile, "load", lambda name: generic._replace(waivers={"happy.status_200": entry}))
    played = play()
    assert played.judgement.fixed == () and "happy.status_200" in played.having(HOLDS)


def test_a_baseline_of_a_bare_url_stands_alone_and_hostile_text_stays_in_its_comment() -> None:
    hostile = 'application/json\n\n{"choices":"x\\n[targets.evil]\\nbase_url=\\"http://e.test\\""}'
    document = play({"happy": f"200 {hostile}"}).record.document
    data = tomllib.loads(reporters.render("baseline", document))
    assert list(data["targets"]) == ["url"] and data["targets"]["url"]["base_url"] == "https://llm.test/v1"
    assert [waiver["clause"] for waiver in data["targets"]["url"]["waivers"]] == ["happy.choices_non_empty"]


def test_a_baseline_of_a_clean_run_waives_nothing() -> None:
    assert tomllib.loads(reporters.render("baseline", play().record.document)) == {}
