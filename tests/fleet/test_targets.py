"""Which targets a fleet has, what their file may say, and what is chosen of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatproof.fleet import targets
from chatproof.target.target import Wanted
from chatproof.usage_error import UsageError
from tests.fleet.support import write

SHOP = {"name": "shop", "base_url": "https://llm.test/v1", "model": "m", "key_env": "SHOP", "tags": ["eu", "canary"]}


def errors_of(path: str) -> list[str]:
    with pytest.raises(UsageError) as raised:
        targets.of_file(path)
    return [error.detail for error in (raised.value, *raised.value.more)]


def test_a_line_is_a_target_with_its_place_and_paths_from_the_files_folder(tmp_path: Path) -> None:
    path = write(tmp_path, [SHOP, {**SHOP, "name": "other", "ca_file": "ca.pem"}])
    first, second = targets.of_file(path)
    assert (first.name, first.place, first.by) == ("shop", f"{path}:1", "option --targets")
    assert second.entry["ca_file"] == str(tmp_path / "ca.pem")
    resolved = targets.resolve(first, Wanted(), {"SHOP": "sk-shop-0123456789"})
    assert resolved.target.name == "shop" and resolved.target.base_url == "https://llm.test/v1"
    assert resolved.target.key_source == "env:SHOP"
    assert resolved.origin["config"] == path


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not one JSON object"),
        ("[1]", "name: must be a text"),
        ('{"name": "a", "name": "b"}', "the same name twice"),
        ('{"base_url": "https://x.test/v1"}', "name: must be a text"),
        ('{"name": "a\\u0007"}', "name: must be a text"),
        ('{"name": "a", "base": "https://x.test"}', "base: unknown name"),
        ('{"name": "a", "key": "secret"}', "key: a key does not belong in a file"),
        ('{"name": "a", "key_env": 3}', "key_env: must be a string"),
        ('{"name": "a", "tags": [3]}', "tags: must be an array of strings"),
        ('{"name": "a", "headers": {"X-Y": "plain"}}', "does not name a variable"),
        ('{"name": "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"}', "name: a key does not belong in a file"),
    ],
)
def test_what_is_wrong_in_a_line_is_told_with_its_place(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(f"{json.dumps(SHOP)}\n\n{line}\n")
    [said] = errors_of(str(path))
    assert said.startswith(f"{path}:3: ") and words in said
    assert "abcdefghijkl" not in said, "a key is not repeated"


def test_two_targets_have_two_names_and_several_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, [SHOP, SHOP, {"name": "x", "nonsense": 1}])
    twice, unknown = errors_of(path)
    assert f"{path}:1 already has a target of this name" in twice and "nonsense: unknown name" in unknown


def test_a_file_that_others_can_change_decides_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, [SHOP])
    Path(path).chmod(0o666)
    assert "other users could change" in errors_of(path)[0]


@pytest.mark.parametrize(
    ("selectors", "names"),
    [
        ([], ["shop", "b", "c"]),
        (["tag=eu"], ["shop"]),
        (["tag=ca*"], ["shop", "c"]),
        (["tag=eu", "name=b"], []),
        (["name=?"], ["b", "c"]),
        (["api=responses"], ["c"]),
        (["api=chat"], ["shop", "b"]),
        (["environment=staging"], ["b"]),
        (["environment=STAGING"], []),
    ],
)
def test_each_selector_must_be_met(tmp_path: Path, selectors: list[str], names: list[str]) -> None:
    rows = [SHOP, {"name": "b", "environment": "staging"}, {"name": "c", "api": "responses", "tags": ["canary-2"]}]
    path = write(tmp_path, rows)
    assert [row.name for row in targets.of_file(path, selectors)] == names


@pytest.mark.parametrize("selector", ["eu", "tag=", "colour=red", "=x"])
def test_a_selector_that_is_none_is_refused(selector: str) -> None:
    with pytest.raises(UsageError):
        targets.check_selectors([selector])


def test_the_configuration_is_a_fleet_and_an_unapproved_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "chatproof.toml"
    config.write_text(
        '[targets.a]\nbase_url = "https://a.test/v1"\ntags = ["eu"]\n\n[targets."b.c"]\nbase_url = "https://b.test/v1"\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    named = targets.of_config(str(config), "")
    assert [(row.name, row.place) for row in named] == [("a", "chatproof.toml:1"), ("b.c", "chatproof.toml:5")]
    assert [row.name for row in targets.of_config(str(config), "", ["tag=eu"])] == ["a"]
    with pytest.raises(UsageError, match="is not approved"):
        targets.of_config("", "")


def test_the_digest_changes_with_what_is_asked_and_not_with_the_order(tmp_path: Path) -> None:
    rows = targets.of_file(write(tmp_path, [SHOP, {**SHOP, "name": "b"}]))
    digest = targets.digest_of(rows, Wanted())
    assert digest == targets.digest_of(reversed(rows), Wanted())
    assert digest != targets.digest_of(rows[:1], Wanted())
    assert digest != targets.digest_of(rows, Wanted(api="responses"))
    changed = [rows[0], rows[1]._replace(entry={**rows[1].entry, "key_env": "OTHER"})]
    assert digest != targets.digest_of(changed, Wanted())
