"""The package keyring reads a file of its own that names code to run, from the user's folders only; its backends are
anybody's code, which raises and returns what it likes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from chatproof.cli import main as cli
from chatproof.target import key_places
from chatproof.usage_error import UsageError
from tests.support import KEY

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


class Panic(BaseException):
    """As Rust's, by way of pyo3: no Exception."""


@pytest.mark.parametrize("kind", [RuntimeError, Panic, SystemExit, GeneratorExit])
def test_what_a_backend_raises_is_told_by_its_type(kind: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*args: str) -> str:
        raise kind(KEY)

    monkeypatch.setattr(Ring, "get_password", raises)
    with pytest.raises(UsageError) as error:
        key_places.from_keyring("a/b")
    assert kind.__name__ in error.value.detail and KEY not in str(error.value)


@pytest.mark.parametrize("value", [KEY.encode(), [KEY], 12345678901234567890, object()])
def test_what_a_backend_returns_is_a_text(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ring, "get_password", lambda *args: value)
    with pytest.raises(UsageError, match="no text"):
        key_places.from_keyring("a/b")


@pytest.mark.parametrize("kind", [RuntimeError, Panic, SystemExit, GeneratorExit, KeyboardInterrupt])
def test_no_exception_of_a_library_is_told_with_its_text(
    kind: type[BaseException], monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    from chatproof.cli.commands import explain

    def raises(argv: list[str]) -> int:
        raise kind(KEY)

    monkeypatch.setattr(explain, "main", raises)
    assert cli.main(["explain"]) == (130 if kind is KeyboardInterrupt else 4)
    shown = capsysbinary.readouterr()
    assert KEY.encode() not in shown.out + shown.err
    assert kind is KeyboardInterrupt or kind.__name__.encode() in shown.err


def test_nor_one_that_the_interpreter_drops(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    class Told:
        exc_type, exc_value, exc_traceback, err_msg, object = RuntimeError, RuntimeError(KEY), None, None, KEY

    cli._unraisable(Told)  # type: ignore[arg-type]
    err = capsysbinary.readouterr().err
    assert b"RuntimeError" in err and KEY.encode() not in err
