"""A key or a password in a variable that is for something else is repeated by no command that shows what is in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatproof.cli import main as cli

KEY = "sk-Zq7kFprN6f9cLotF7CEAeeVR6uer3Wx"
COMMANDS = (
    ["config", "show", "--origin"],
    ["config", "show", "--format", "json"],
    ["doctor"],
    ["doctor", "--format", "json"],
)
VALUES = {
    "CHATPROOF_TARGET": (KEY, f"http://127.0.0.1:9/{KEY}/v1"),
    "CHATPROOF_MODEL": (KEY, f'"{KEY}"'),
    "CHATPROOF_ENVIRONMENT": (KEY,),
    "CHATPROOF_TIMEOUT": (KEY,),
    "CHATPROOF_CA_FILE": (KEY,),
    "TZ": (KEY,),
    "CHATPROOF_PROXY": (
        "http://user:Zq7kFprN6f9cLotF@127.0.0.1:9",
        "http://user:Zq7kFprN6f9cLotF#@127.0.0.1:9",
        "http://user:Zq7kFprN6f9cLotF?@127.0.0.1:9",
        "http://user:Zq7kFprN6f9cLotF/x@127.0.0.1:9",
        "http://user%3AZq7kFprN6f9cLotF%40127.0.0.1:9",
        "user:Zq7kFprN6f9cLotF@127.0.0.1:9",
    ),
}


@pytest.mark.parametrize(("variable", "value"), [(name, value) for name, held in VALUES.items() for value in held])
def test_what_is_in_force_is_shown_without(
    variable: str,
    value: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CHATPROOF_API_KEY", "sk-Another4Kd1TqlhQCvpm8FOFl")
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    for words in COMMANDS:
        cli.main(words)
        out, err = capsysbinary.readouterr()
        assert b"Zq7kFprN6f" not in out + err, words


KEYS = {
    "a vendor's": "csk-9m4xk2vq7w1zr8tb5nhc3jd6ygpf0sleau4xk2vq7w1zr8t",
    "of chance alone": "zQ7kW2mVx9TbR4nWc8JpL5hYd3GfS6aEu1KoVbNi",
    "with a dot": "b5d30d2727f14c6e9a8b7c6d5e4f3a2b.tQ7kW2mVx9TbR4nW",
    "that a variable holds": "correct-horse-battery-staple",
}
FILE = """
[targets.shop]
base_url = "https://h.test/v1"
tags = ["%s"]
headers = { "%s" = "env:TENANT" }
"""


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("place", [*VALUES, "file"])
def test_nor_is_a_key_of_another_form(
    place: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CHATPROOF_API_KEY", key)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    if place == "file":
        (tmp_path / "chatproof.toml").write_text(FILE % (key, key))
    else:
        monkeypatch.setenv(place, f"http://127.0.0.1:9/{key}" if place == "CHATPROOF_PROXY" else key)
    for words in COMMANDS:
        cli.main(words)
        out, err = capsysbinary.readouterr()
        assert key[8:20].encode() not in out + err, words


@pytest.mark.parametrize("variable", ["CHATPROOF_MODEL", "CHATPROOF_ENVIRONMENT"])
def test_no_key_is_sent_or_kept_as_a_name(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CHATPROOF_API_KEY", "sk-Another4Kd1TqlhQCvpm8FOFl")
    monkeypatch.setenv("CHATPROOF_MODEL", "m")
    monkeypatch.setenv(variable, KEY)
    for more in ([], ["--plan"]):
        assert cli.main(["smoke", "http://127.0.0.1:9/v1", *more]) == 2
        out, err = capsysbinary.readouterr()
        assert KEY[8:20].encode() not in out + err and b"looks like a key" in err
