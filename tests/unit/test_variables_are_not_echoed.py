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
