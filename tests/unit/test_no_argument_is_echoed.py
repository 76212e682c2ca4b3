"""No message repeats an argument that may be a key: every command, every option and position, several keys without a prefix."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatproof.cli import main as cli
from chatproof.cli.shared.options import describe

KEYS = {
    "mixed": "zQ7kW2mVx9TbR4nWc8JpL5hYd3GfS6aEu1",
    "16 characters": "zQ7kW2mVx9TbR4nW",
    "lower case": "q7zk2mvx9tbr4nwc8jpl5hyd3gfs6aeu1x0k",
    "base64": "Qx7/kW2mVx9T+bR4nWc8JpL5h/Yd3GfS6aEu1zQ7",
    "hash": "9f86d081884c7d659a2feaa0c55ad015",
    "UUID": "0b7e9c1d-3f2a-4c5b-8d6e-1a2b3c4d5e6f",
}
PLACES = ("{}", "/nowhere/{}", "/nowhere/{}.json", "captures/{}.har", "json=/nowhere/{}", "latest@{}", "latest:{}", "NAME={}",
          "https://{}@h.test/v1", "https://h.test/{}/v1?x", "ftp://{}", "{},x", "x.{}")  # fmt: skip


BY_NIGHT = ("16 characters", "lower case", "hash")  # every command, option and place is tried with the others by day


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.nightly] if name in BY_NIGHT else []) for name in KEYS]
)
@pytest.mark.parametrize("command", cli.COMMANDS)
def test_no_command_repeats_it(
    command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    for variable in ("COMETAPI_KEY", "CHATPROOF_API_KEY", "CHATPROOF_JOURNAL"):
        monkeypatch.delenv(variable, raising=False)
    key = KEYS[name].encode()
    options = [
        option for action in describe(command)._actions for option in action.option_strings if option[:2] == "--"
    ]
    for place in PLACES:
        word = place.format(KEYS[name])
        given = [[option, word] for option in options] if place in PLACES[:5] else []
        for words in ([word], ["--unknown", word], [f"--unknown={word}"], *given):
            if words[0] in ("--model", "--check", "--help"):
                continue  # a model's id may look so: it is asked for, and shown; --help looks at nothing
            cli.main([command, *words])
            shown = capsysbinary.readouterr()
            assert key not in shown.err and key[:16] not in shown.err, words
            # doctor's line on the origin names the authorities in force: a statement of what counts, not an error.
            assert key not in shown.out or [command, words[0]] == ["doctor", "--ca-file"], words


@pytest.mark.parametrize("name", KEYS)
def test_no_unknown_command_is_repeated(name: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    for place in PLACES:
        assert cli.main([place.format(KEYS[name])]) == 2
        shown = capsysbinary.readouterr()
        assert KEYS[name].encode()[:16] not in shown.out + shown.err, place


LONG_NAME = "the-usual-model-of-this-small-house-for-tests-with-a-long-name-that-goes-on-"


@pytest.mark.parametrize("before", [22, 62])
@pytest.mark.parametrize("command", ["", *cli.COMMANDS])
def test_nor_the_part_of_it_that_a_message_is_cut_in(
    command: str,
    before: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Messages cut what they quote after 40, 60 or 80 characters: of a key behind a name, too little is left there to be
    known as one."""
    monkeypatch.chdir(tmp_path)
    for variable in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    for variable in ("COMETAPI_KEY", "CHATPROOF_API_KEY", "CHATPROOF_JOURNAL"):
        monkeypatch.delenv(variable, raising=False)
    options = describe(command)._actions if command else []
    given = [option for action in options for option in action.option_strings if option[:2] == "--"]
    word = f"{LONG_NAME[:before].rstrip('-')}-{KEYS['hash']}"
    for words in ([word], [f"latest:{word}"], *([option, word] for option in given)):
        if words[0] not in ("--model", "--check", "--help"):
            cli.main([command, *words] if command else words)
            assert KEYS["hash"].encode()[:12] not in capsysbinary.readouterr().err, words
