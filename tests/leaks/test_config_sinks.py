"""Configuration as a sink: no command shows a key that stands in a variable, an env file or, wrongly, in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.leaks.runs import run
from tests.leaks.scanner import KEY, PROXY

WRONG = (
    'key = "{key}"', 'api_key = "{key}"', 'base_url = "https://u:{key}@h.test/v1"', 'base_url = "https://h.test/v1?k={key}"',
    'timeout = "{key}"', 'key_keyring = "{key}"', 'profile = "{key}"', 'requires = ["{key}"]',
)  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
@pytest.mark.parametrize(
    "args",
    [("config", "check"), ("config", "show", "--origin"), ("config", "show", "--format", "json"), ("doctor", "a")],
)
def test_a_key_in_the_wrong_place(tmp_path: Path, line: str, args: tuple[str, ...]) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "chatproof.toml").write_text("[targets.a]\n" + line.replace("{key}", KEY.value) + "\n")
    ran = run(tmp_path, args)
    if ran.status == 2 or "://" in line:
        assert [found for found in ran.leaks() if found.place in ("stdout", "stderr")] == []


def test_variables_and_env_files(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / ".env").write_text(f"CHATPROOF_API_KEY={KEY.value}\nOTHER={PROXY.value}\nbroken {KEY.value}\n")
    for args in (("doctor", "https://127.0.0.1:1/v1", "--env-file", ".env"), ("config", "show"), ("completion", "bash"),
                 ("explain", "auth.rejected"), ("config", "init"), ("smoke", "simulator", "--json-fields", "target")):  # fmt: skip
        ran = run(tmp_path, args)
        assert ran.leaks() == [], args
