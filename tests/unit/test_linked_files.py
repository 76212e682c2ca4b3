"""An approval holds for the files that a configuration names, and not for what a link puts in their place."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from chatproof.cli import main as cli
from chatproof.cli.shared import config_trust
from chatproof.target import config_reading, trust
from tests.support import KEY, approve


@pytest.mark.parametrize("field", ["key_file", "client_cert", "client_key", "requests"])
def test_a_file_that_becomes_a_link_is_another_file(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes the repository must not choose, after the approval, which of the user's files is the key or is sent."""
    here = tmp_path / "work"
    here.mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    private = tmp_path / "private.json"
    private.write_text(KEY)
    mine = here / "mine"
    mine.write_text(KEY)
    named = '["mine"]' if field == "requests" else '"mine"'
    more = 'client_cert = "other"\n' if field == "client_key" else ""
    (here / "chatproof.toml").write_text(f'[targets.a]\nbase_url = "https://h.test/v1"\n{more}{field} = {named}\n')
    approve(here / "chatproof.toml")
    loaded = config_reading.load(str(here / "chatproof.toml"))
    assert trust.is_approved(str(here / "chatproof.toml"), trust.digest(loaded, {}))
    mine.unlink()
    mine.symlink_to(private)
    assert not trust.is_approved(str(here / "chatproof.toml"), trust.digest(loaded, {}))
    mine.unlink()
    (here / "beside").write_text(KEY)
    mine.symlink_to("beside")  # as Kubernetes does
    assert trust.is_approved(str(here / "chatproof.toml"), trust.digest(loaded, {}))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("home", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def test_a_link_that_comes_while_the_user_reads_is_not_approved(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was shown is approved, not what is there once the user has said yes."""
    private, mine = tmp_path / "private.json", here / "mine.json"
    private.write_text("{}")
    mine.write_text("{}")
    (here / "chatproof.toml").write_text('[targets.a]\nbase_url = "https://h.test/v1"\nrequests = ["mine.json"]\n')

    def agreed() -> bool:
        mine.unlink()
        mine.symlink_to(private)
        return True

    monkeypatch.setattr(config_trust, "interactive", lambda: True)
    monkeypatch.setattr(config_trust, "_agreed", agreed)
    assert cli.main(["config", "trust"]) == 0
    loaded = config_reading.load(str(here / "chatproof.toml"))
    assert not trust.is_approved(str(here / "chatproof.toml"), trust.digest(loaded, {}))


def test_an_approval_brings_nothing_back_that_is_withdrawn_meanwhile(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.toml", "b.toml"):
        (here / name).write_text('[targets.a]\nbase_url = "https://h.test/v1"\n')
    approve(here / "a.toml")
    withdrawn: list[bool] = []
    other = threading.Thread(target=lambda: withdrawn.append(trust.withdraw(str(here / "a.toml"))))
    read = trust.approved

    def then_withdraw() -> dict[str, dict[str, str]]:
        found = read()
        if threading.current_thread() is not other and not other.ident:
            other.start()
            other.join(0.3)
        return found

    monkeypatch.setattr(trust, "approved", then_withdraw)
    approve(here / "b.toml")
    other.join()
    assert withdrawn == [True] and {Path(path).name for path in read()} == {"b.toml"}
