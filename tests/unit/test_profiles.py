"""Profiles are data: each fact has a value of the right type, a source and a date, or the profile is refused."""

import json
from typing import Any

import pytest

from chatproof.contract.clause import VALIDATE
from chatproof.judging.judge import GO
from chatproof.surfaces import surface_of
from chatproof.surfaces.chat import clauses
from chatproof.target import profile
from chatproof.target.profile import ProfileError
from tests.support import play

FACT: dict[str, Any] = {"value": "https://h.test/v1", "source": "https://h.test/docs", "accessed": "2026-11-22"}


def text(**changes: Any) -> str:
    return json.dumps({"name": "x", "title": "X", "facts": {"base_url": FACT}, **changes})


def test_a_good_one_is_read() -> None:
    read = profile.parse(text(), "x")
    assert read.fact("base_url") == "https://h.test/v1" and read.fact("support", "none") == "none"


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (text(facts={"base_url": {k: v for k, v in FACT.items() if k != "source"}}), "source is missing"),
        (text(facts={"base_url": {k: v for k, v in FACT.items() if k != "accessed"}}), "accessed is missing"),
        (text(facts={"base_url": {**FACT, "accessed": "yesterday"}}), "YYYY-MM-DD"),
        (text(facts={"base_url": {**FACT, "value": 7}}), "must be a str"),
        (text(facts={"base_url": "https://h.test"}), "must be an object"),
        (text(facts={"baseurl": FACT}), "unknown fact"),
        (text(extra=1), "unknown section"),
        (text(name="y"), "name and title"),
        (text(waivers={"happy.status_200": {"source": "s", "accessed": "2026-11-22"}}), "a reason is needed"),
        (text(waivers={"happy.status_200": {"reason": "r", "accessed": "2026-11-22"}}), "source is missing"),
        (text(tightened={"model.listed": {"reason": "r", "source": "s", "accessed": "2026-11-22"}}), "level must be"),
        (text(quirks=[{"text": "t", "accessed": "2026-11-22"}]), "source is missing"),
        ("{", "not JSON"),
    ],
)
def test_a_bad_one_is_refused(bad: str, words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        profile.parse(bad, "x")


def test_which_provider_serves_which_other_api_is_a_fact_with_a_source() -> None:
    served = {
        name: {
            fact.removesuffix("_path"): read.value
            for fact, read in profile.load(name).facts.items()
            if fact.endswith("_path")
        }
        for name in profile.names()
    }
    for name, apis in served.items():
        for api, path in apis.items():
            assert path == surface_of(api).path, (name, api)
    assert set(served["cometapi"]) == {"responses", "messages", "embeddings"} and not served["generic"]


@pytest.mark.parametrize("name", profile.names())
def test_each_built_in_profile_is_sound(name: str) -> None:
    read = profile.load(name)
    assert read.facts["rejection_statuses"].value
    assert set(read.waivers) | set(read.tightened) <= set(clauses.load(VALIDATE))
    for source in (
        f.source for f in (*read.facts.values(), *read.waivers.values(), *read.tightened.values(), *read.quirks)
    ):
        assert source.startswith("https://") or source == "chatproof interface"
    assert play(profile=name).verdict == GO


def test_profiles_of_the_seed_and_the_interface_exist() -> None:
    assert {"generic", "cometapi", "openai"} <= set(profile.names())
    comet = profile.load("cometapi")
    assert comet.fact("key_variables") == ["COMETAPI_KEY", "COMET_API_KEY", "COMETAPI_API_KEY"]
    assert comet.fact("support") == "https://apidoc.cometapi.com/support/help-center"


def test_a_waived_break_does_not_count_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = profile.Waiver("documented", "https://h.test", "2026-11-22")
    generic = profile.load("generic")
    monkeypatch.setattr(profile, "load", lambda name: generic._replace(waivers={"auth.invalid_key.body_json": entry}))
    played = play({"auth.invalid_key": "401 text/html\n\n<html>"})
    assert played.verdict == GO
    waived = next(f for f in played.judgement.findings if f.clause == "auth.invalid_key.body_json")
    assert waived.outcome == "waived" and "documented" in waived.reason and "https://h.test" in waived.reason


def test_prefixes_never_claim_the_common_one() -> None:
    prefixes = profile.key_prefixes("generic")
    assert "sk-ant-" in prefixes and not {"sk-", ""} & set(prefixes)
