"""The package keyring reads a file of its own that names code to run: from the user's folders only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from chatproof.target import key_places

FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME")


class Ring:
    """Stands in for the package: remembers where it would look."""

    seen: dict[str, str | None]

    @classmethod
    def get_password(cls, service: str, user: str) -> str:
        cls.seen = {name: os.environ.get(name) for name in FOLDERS}
        return "k"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("home", "work", "stranger"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setitem(sys.modules, "keyring", Ring)
    return tmp_path / "home"


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("place", ["stranger", "work/.config", "home/repository/.config"])
def test_a_folder_that_a_variable_names_elsewhere_is_not_read(
    name: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home/repository/.git").mkdir(parents=True)
    monkeypatch.setenv(name, str(tmp_path / place))
    assert key_places.from_keyring("a/b") == "k"
    assert Ring.seen[name] is None
    assert os.environ[name] == str(tmp_path / place), "and everybody else sees it as before"


def test_one_in_the_home_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FOLDERS:
        monkeypatch.setenv(name, str(home / "own"))
    key_places.from_keyring("a/b")
    assert set(Ring.seen.values()) == {str(home / "own")}


def test_a_home_that_does_not_count_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "work"))
    for name in FOLDERS:
        monkeypatch.delenv(name, raising=False)
    key_places.from_keyring("a/b")
    assert set(Ring.seen.values()) == {os.devnull}
    assert not any(name in os.environ for name in FOLDERS)
