"""An approval holds for the files that a configuration names, and not for what a link puts in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

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
