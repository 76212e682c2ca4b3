"""Places that a variable or a link names, and that are not what they were when the user looked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatproof import simulator
from chatproof.target import config_files, trust
from chatproof.target.target import Wanted, resolve
from chatproof.transport import tls
from chatproof.usage_error import UsageError
from tests.support import KEY, approve

OTHER = "sk-another-5Tq8Zw2Xc7Vb4Nm1Lk9Jh6Gf3Ds0Ap"


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What came from elsewhere, with a file where the user's own one would be; the working folder."""
    folder = tmp_path / "unpacked"
    for name in (".config/chatproof", "sub", "x/.config/chatproof", "x/chatproof"):
        (folder / name).mkdir(parents=True)
    for name in (".config/chatproof", "x/.config/chatproof", "x/chatproof"):
        (folder / name / "config.toml").write_text('[targets.openai]\nbase_url = "https://evil.test/v1"\n')
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("home", "at", "cloned"),
    [
        ("/proc/self/cwd", "", True), ("/proc/self/cwd", "", False), ("//proc/./thread-self/cwd/", "", False),
        ("HERE", "", False), ("HERE", "sub", True), ("HERE/x", "sub", True), ("HERE/x", "", False),
        ("/proc/self/cwd/../x", "sub", False), ("HERE/sub/../x", "sub", False), ("/dev/fd/../cwd", "", False),
    ],
)  # fmt: skip
def test_home_is_not_what_came_along(
    unpacked: Path, monkeypatch: pytest.MonkeyPatch, home: str, at: str, cloned: bool
) -> None:
    """A variable's text is fixed, as it stands in a repository's .env; what it leads to must not be the repository."""
    if cloned:
        (unpacked / ".git").mkdir()
    monkeypatch.setenv("HOME", home.replace("HERE", str(unpacked)))
    os.chdir(unpacked / at)
    ways = {by for path, by in config_files.files() if path.endswith("config.toml")}
    assert config_files.OWN not in ways and trust.place() == ""


@pytest.mark.parametrize("folder", ["/proc/self/cwd/../x", "HERE/sub/../x", "//proc/self/cwd/../x"])
def test_nor_is_a_folder_of_settings(unpacked: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Below the home, where a folder of one's own choice counts."""
    monkeypatch.setenv("HOME", str(unpacked.parent))
    monkeypatch.setenv("XDG_CONFIG_HOME", folder.replace("HERE", str(unpacked)))
    monkeypatch.setenv("XDG_STATE_HOME", folder.replace("HERE", str(unpacked)))
    os.chdir(unpacked / "sub")
    assert [by for path, by in config_files.files() if path.endswith("config.toml")] == [config_files.FOUND]
    assert trust.place() == str(unpacked.parent / ".local/state/chatproof/trusted.json")


def test_the_home_that_the_system_knows_counts_wherever_it_is(unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dotfiles are kept in a repository, and commands are run in the home."""
    (unpacked / ".git").mkdir()
    monkeypatch.setenv("HOME", str(unpacked))
    monkeypatch.setattr(trust, "_registered", lambda: str(unpacked.resolve()))
    assert [by for path, by in config_files.files() if path.endswith("config.toml")] == [config_files.OWN]
    assert trust.place() == str(unpacked / ".local/state/chatproof/trusted.json")


# -- a key file that is a link ----------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An approved file whose key lies beside it, and another key that is not meant for it."""
    (tmp_path / "other").mkdir()
    folder = tmp_path / "work"
    (folder / "secrets").mkdir(parents=True)
    _key(folder / "secrets/key", KEY)
    _key(tmp_path / "other/key", OTHER)
    (folder / "chatproof.toml").write_text('[targets.a]\nbase_url = "https://h.test/v1"\nkey_file = "secrets/key"\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(folder)
    approve(folder / "chatproof.toml")
    assert _taken() == KEY
    return folder


def _key(path: Path, value: str) -> None:
    path.write_text(value)
    path.chmod(0o600)


def _taken() -> str:
    key = resolve(Wanted("a", model="m"), {}).target.key
    assert key is not None
    return key.reveal()


@pytest.mark.parametrize("linked", ["the file", "its folder"])
def test_a_key_file_that_became_a_link_is_another_secret(shop: Path, linked: str) -> None:
    """The next pull replaces the shared key by a link to the user's own: it would go to the approved host."""
    (shop / "secrets/key").unlink()
    if linked == "the file":
        (shop / "secrets/key").symlink_to(shop.parent / "other/key")
    else:
        (shop / "secrets").rmdir()
        (shop / "secrets").symlink_to(shop.parent / "other")
    with pytest.raises(UsageError, match="was changed since"):
        _taken()
    approve(shop / "chatproof.toml")
    assert _taken() == OTHER


def test_a_secret_that_kubernetes_changes_stays_approved(shop: Path) -> None:
    """It mounts a folder of links, and swaps the folder that they lead to."""
    (shop / "secrets/key").unlink()
    for version, value in (("..1", KEY), ("..2", OTHER)):
        (shop / "secrets" / version).mkdir()
        _key(shop / "secrets" / version / "key", value)
        (shop / "secrets/..data").unlink(missing_ok=True)
        (shop / "secrets/..data").symlink_to(version)
        (shop / "secrets/key").unlink(missing_ok=True)
        (shop / "secrets/key").symlink_to("..data/key")
        assert _taken() == value


@pytest.mark.parametrize("first", [None, ""])
def test_authorities_that_come_later_are_not_read(
    tmp_path: Path, first: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Approved while they were missing or empty, and there as soon as they were looked at: they are not used."""
    here = tmp_path / "work"
    here.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(here)
    path, ca = here / "chatproof.toml", here / "ca.pem"
    path.write_text('[targets.a]\nbase_url = "https://good.test/v1"\nca_file = "ca.pem"\n')
    if first is not None:
        ca.write_text(first)
    approve(path)
    found = resolve(Wanted("a", model="m"), {"CHATPROOF_API_KEY": KEY})
    ca.write_bytes((Path(simulator.__path__[0]) / "certs/ca.pem").read_bytes())
    tls.context(str(ca))  # the control: it could be used
    with pytest.raises(tls.TrustError):
        tls.context(str(ca), found.ca_data)
