"""Configuration files: which count, what hides what, where an error is, what the commands say. Nothing is sent."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest

from chatproof.target import config_fields, config_files, env_file
from chatproof.target.target import Wanted, resolve
from chatproof.usage_error import UsageError
from tests.pace import within
from tests.support import KEY, approve

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home" / "chatproof").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("CHATPROOF_")]:
        monkeypatch.delenv(name)
    return tmp_path


def run(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "XDG_CONFIG_HOME")}
    environ = {**kept, **(env or {})}
    done = subprocess.run(
        [sys.executable, "-m", "chatproof", *args], capture_output=True, text=True, env=environ, timeout=60
    )
    assert KEY not in done.stdout + done.stderr and "Traceback" not in done.stderr
    return done


def fill(place: Path) -> None:
    (place / "home/chatproof/config.toml").write_text(
        'default = "a"\n[targets.a]\nbase_url = "https://xdg.test/v1"\nkey_env = "XDG"\n[targets.c]\nprofile = "openai"\n'
    )
    (place / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[tool.chatproof.targets.a]\nbase_url = "https://pyproject.test/v1"\n[tool.chatproof.targets.b]\n'
    )
    (place / "work/chatproof.toml").write_text('default = "b"\n[targets.b]\nmodel = "m"\n')


def test_the_nearer_file_wins_and_a_target_is_taken_whole(place: Path) -> None:
    fill(place)
    said = config_files.settings()
    assert said["default"] == "b" and set(said["targets"]) == {"a", "b", "c"}
    assert said["targets"]["a"] == {"base_url": "https://pyproject.test/v1"}  # not the key_env of another file
    assert said["origins"]["targets.b"].endswith("work/chatproof.toml")
    assert said["origins"]["targets.c"].endswith("home/chatproof/config.toml")
    assert config_files.settings(str(place / "pyproject.toml"))["targets"].keys() == {"a", "b"}
    approve(place / "work/chatproof.toml")
    assert resolve(Wanted("b"), {"COMETAPI_KEY": KEY}).target.model == "m"


def test_a_target_with_a_profiles_name_is_of_that_profile(place: Path) -> None:
    """It asked CometAPI, whatever its name."""
    mine = place / "home" / "chatproof" / "config.toml"
    mine.write_text(
        '[targets.groq]\nmodel = "m"\n[targets.shop]\nmodel = "m"\n[targets.openai]\nbase_url = "https://h/v1"\n'
    )
    approve(mine)
    keys = {"COMETAPI_KEY": KEY, "GROQ_API_KEY": KEY, "CHATPROOF_API_KEY": KEY}
    found = {name: resolve(Wanted(name, model="m"), keys).target for name in ("groq", "shop", "openai")}
    assert {name: target.profile for name, target in found.items()} == {
        "groq": "groq",
        "shop": "cometapi",
        "openai": "generic",
    }
    assert found["groq"].base_url == "https://api.groq.com/openai/v1"


def test_show_says_where_each_value_comes_from(place: Path) -> None:
    fill(place)
    done = run(
        "config", "show", "--origin", env={"CHATPROOF_TIMEOUT": "7s", "CHATPROOF_PROXY": "http://u:secretpw@p:1"}
    )
    assert 'timeout = "7s"  # variable CHATPROOF_TIMEOUT' in done.stdout and "secretpw" not in done.stdout
    assert f'targets.b.model = "m"  # {place}/work/chatproof.toml' in done.stdout
    without_scheme = run("config", "show", env={"CHATPROOF_PROXY": "u:secretpw@p:1"}).stdout
    assert "secretpw" not in without_scheme and 'proxy = "p:1"' in without_scheme
    shown = json.loads(run("config", "show", "--format", "json").stdout)
    assert shown["targets.a.base_url"]["origin"].endswith("pyproject.toml") and shown["default"]["value"] == "b"


def test_a_variable_beats_a_file_and_an_option_beats_it(place: Path) -> None:
    (place / "work/chatproof.toml").write_text(
        '[targets.b]\nbase_url = "https://h.test/v1"\nenvironment = "file"\nmodel = "m"\n'
    )
    approve(place / "work/chatproof.toml")
    env = {
        "CHATPROOF_API_KEY": KEY,
        "CHATPROOF_TARGET": "b",
        "CHATPROOF_ENVIRONMENT": "variable",
        "CHATPROOF_TIMEOUT": "7s",
    }
    assert "--max-time 7 " in run("smoke", "--plan", env=env).stdout
    assert "--max-time 9 " in run("smoke", "--plan", "--timeout", "9s", env=env).stdout
    assert "https://h.test/v1" in run("smoke", "--plan", env=env).stdout


@pytest.mark.parametrize(
    ("text", "place_and_words", "advice"),
    [
        ("default = 'a'\n\n[targets.a]\n# x\nbase_ur = 'x'\n", "chatproof.toml:5:1: targets.a.base_ur: unknown name", "did you mean base_url?"),
        ("[targets.a]\nno_auth = 'yes'\n", "chatproof.toml:2:1: targets.a.no_auth: must be true or false, is str", "no_auth = true"),
        ("[targets.'x y']\nmodel = 1\n", "chatproof.toml:2:1: targets.x y.model: must be a string", "model ="),
        ("[targets.a]\nkey = 'sk-12345678901234567890'\n", "chatproof.toml:2:1: targets.a.key: a key does not belong", "key_env"),
        ("[targets.a]\nkey_env = 'A'\nkey_file = 'b'\n", "chatproof.toml:3:1: targets.a.key_file: key_env is given as well", "one place"),
        ("[[targets.a.waivers]]\nclause = 'x'\n", "targets.a.waivers: number 1: reason is missing", "a waiver needs"),
        ("a = 1 1\n", "chatproof.toml:1:7: Expected", "correct the file"),
    ],
)  # fmt: skip
def test_errors_have_file_line_and_the_fix(place: Path, text: str, place_and_words: str, advice: str) -> None:
    (place / "work/chatproof.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        config_files.settings()
    assert place_and_words in caught.value.detail and advice in caught.value.advice
    assert "sk-1234" not in caught.value.detail
    done = run("config", "check")
    assert done.returncode == 2 and "chatproof.toml" in done.stderr


WAIVER = '[[targets.a.waivers]]\nclause = "auth"\nreason = "{}"\nticket = "{}"\nexpires = {}\n'


@pytest.mark.parametrize(
    "day", ['"20261231"', '"2026-W01-1"', '"2026W011"', "2026-12-31T00:00:00Z", '"2026-02-31"', '"never"']
)
def test_a_waivers_last_day_has_one_spelling(place: Path, day: str) -> None:
    """Days are compared as texts: `20260101` and `2026-W01-1` come after every day of their year, and would never end."""
    (place / "work/chatproof.toml").write_text(WAIVER.format("r", "t", day))
    with pytest.raises(UsageError, match="expires is not a date"):
        config_files.settings()


@pytest.mark.parametrize("said", ["", " ", "\u200b", "\u2800", "-", "…"])
@pytest.mark.parametrize("field", ["reason", "ticket"])
def test_a_waiver_that_says_nothing_is_refused(place: Path, field: str, said: str) -> None:
    says = {"reason": "r", "ticket": "t", field: said}
    text = WAIVER.format(says["reason"], says["ticket"], "2026-12-31")
    (place / "work/chatproof.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=f"{field} is missing"):
        config_files.settings()


def test_check_finds_what_a_run_would_stumble_over(place: Path) -> None:
    file = place / "work/chatproof.toml"
    for text, words in (
        ('[targets.a]\nprofile = "nope"\n', "there is no profile of this name"),
        ('[targets.a]\nbase_url = "http://h.test/v1"\n', "unencrypted"),
        ('[targets.a]\ntimeout = "soon"\n', "not a duration"),
        ('[targets.a]\nrequires = ["flying"]\n', "there is no capability"),
        ('[[targets.a.waivers]]\nclause="nope"\nreason="r"\nticket="t"\nexpires=2099-01-01\n', "there is no clause"),
        ('default = "z"\n', ":1:1: default: names no target"),
    ):  # fmt: skip
        file.write_text(text)
        done = run("config", "check")
        assert done.returncode == 2 and words in done.stderr, text
    file.write_text('default = "z"\n[targets.a]\ntimeout = "soon"\n')
    told = run("config", "check").stderr
    assert ":1:1: default: names no target" in told and "not a duration" in told
    file.write_text(
        '[targets.a]\nbase_url = "nope"\nmodle = "x"\nmodel = 5\n[targets.b]\ntimeout = "soon"\nrequires = ["tools", 3]\n'
    )
    told = run("config", "check").stderr
    for words in (":2:1: targets.a.base_url", ":3:1: targets.a.modle", ":4:1: targets.a.model: must be a string",
                  ":6:1: targets.b.timeout", ":7:1: targets.b.requires: must be an array of strings"):  # fmt: skip
        assert words in told, "names, types and values at once"
    file.write_text('[targets.a]\nrequires = ["tools"]\ntimeout = "5s"\n')
    assert run("config", "check").stdout == "1 file checked, no errors\n"
    (place / "pyproject.toml").write_text("[tool.chatproof]\ntarget = 1\n")
    assert "pyproject.toml:2:1: target: unknown name" in run("config", "check", str(place / "pyproject.toml")).stderr


@pytest.mark.parametrize(("expires", "lapsed"), [("2026-01-23", True), ('"2026-01-23"', True), ("2099-01-01", False)])
def test_check_tells_of_a_waiver_that_is_over(place: Path, expires: str, *, lapsed: bool) -> None:
    waiver = f'clause = "usage.sum"\nreason = "r"\nticket = "t"\nexpires = {expires}\n'
    (place / "work/chatproof.toml").write_text(f"[targets.shop]\n[[targets.shop.waivers]]\n{waiver}")
    done = run("config", "check")
    told = "note: targets.shop: the waiver of usage.sum expired on 2026-01-23 and has no effect\n"
    assert (done.returncode, done.stdout) == (0, "1 file checked, no errors\n" + (told if lapsed else ""))


def test_init_asks_nothing_without_a_terminal(place: Path) -> None:
    done = run("config", "init")
    assert done.returncode == 0 and run("config", "check").returncode == 0
    assert run("config", "init").returncode == 2  # it is there already
    args = (
        "--force",
        "--target",
        "shop eu",
        "--base-url",
        "https://h.test/v1",
        "--key-env",
        "SHOP_KEY",
        "--model",
        'a"b',
    )
    assert run("config", "init", *args).returncode == 0
    said = config_files.settings()
    assert said["targets"]["shop eu"]["model"] == 'a"b' and said["default"] == "shop eu"
    before = (place / "work/chatproof.toml").read_bytes()
    assert run("config", "init", "--force", "--base-url", "ftp://h").returncode == 2
    assert (place / "work/chatproof.toml").read_bytes() == before and len(list((place / "work").iterdir())) == 1


def test_init_asks_on_a_terminal(place: Path) -> None:
    master, slave = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "TERM": "dumb"}
    child = subprocess.Popen(
        [sys.executable, "-m", "chatproof", "config", "init"], stdin=slave, stdout=slave, stderr=slave, env=environ
    )
    os.write(master, b"https://h.test/v1\nSHOP_KEY\nm1\n")
    assert child.wait(30) == 0
    os.close(slave)
    os.close(master)
    assert config_files.settings()["targets"]["main"] == {
        "base_url": "https://h.test/v1",
        "key_env": "SHOP_KEY",
        "model": "m1",
    }


def test_the_schema_is_shipped_and_agrees_with_the_checks() -> None:
    shipped = json.loads((ROOT / "src/chatproof/schemas/config.schema.json").read_text())
    assert shipped == config_fields.schema() == json.loads(run("config", "schema").stdout)
    valid = jsonschema_rs.validator_for(shipped)
    assert valid.is_valid({"default": "a", "targets": {"a": {"base_url": "x", "requires": ["tools"], "no_auth": True}}})
    for wrong in (
        {"x": 1},
        {"targets": {"a": {"api_key": "x"}}},
        {"targets": {"a": {"model": 1}}},
        {"targets": {"a": {"waivers": [{}]}}},
    ):
        assert not valid.is_valid(wrong)


def test_keyring(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A keyring of our own making stands in for the system's; without the package the advice says what to install."""
    (place / "work/chatproof.toml").write_text(
        '[targets.k]\nbase_url = "https://h.test/v1"\nkey_keyring = "chat/proof/me"\n'
    )
    approve(place / "work/chatproof.toml")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UsageError) as caught:
        resolve(Wanted("k"), {})
    assert "chatproof[keyring]" in caught.value.advice

    class Ring:
        @staticmethod
        def get_password(service: str, user: str) -> str | None:
            if user == "locked":
                raise RuntimeError(f"locked: {KEY}")
            return KEY if (service, user) == ("chat/proof", "me") else None

    monkeypatch.setitem(sys.modules, "keyring", Ring)
    target = resolve(Wanted("k"), {}).target
    assert target.key_source == "keyring:chat/proof/me" and target.key is not None and target.key.reveal() == KEY
    for user, words in (("nobody", "is not set"), ("locked", "cannot be read: RuntimeError")):
        (place / "work/chatproof.toml").write_text(
            f'[targets.k]\nbase_url = "https://h.test/v1"\nkey_keyring = "x/{user}"\n'
        )
        approve(place / "work/chatproof.toml")
        with pytest.raises(UsageError) as caught:
            resolve(Wanted("k"), {})
        assert words in caught.value.detail and KEY not in caught.value.detail


# -- --env-file -----------------------------------------------------------------------------------------------------


def test_env_file_gives_the_key_for_this_run_only(place: Path) -> None:
    file = place / "work/.env"
    file.write_text(f"# secrets\nexport CHATPROOF_API_KEY='{KEY}'\nCHATPROOF_MODEL=m7\n\n")
    done = run("doctor", "https://127.0.0.1:1/v1", "--env-file", ".env")
    assert f"env:CHATPROOF_API_KEY, {len(KEY)} characters" in done.stdout and "model: m7" in done.stdout
    assert "other users can read" in done.stdout
    file.chmod(0o600)
    assert "other users can read" not in run("doctor", "https://127.0.0.1:1/v1", "--env-file", ".env").stdout
    assert run("doctor", "https://127.0.0.1:1/v1").returncode == 2  # .env is never read by itself
    wins = run(
        "doctor",
        "https://127.0.0.1:1/v1",
        "--env-file",
        ".env",
        env={"CHATPROOF_API_KEY": "another-key-of-27-characters"},
    )
    assert "28 characters" in wins.stdout
    assert "CHATPROOF_API_KEY" not in os.environ


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A=1\nA=2", ":2: the line sets A again"), ("A = 1", ":1: the line is not NAME=VALUE"), ("1A=x", "is not NAME=VALUE"),
        ('A="x', "quotes"), ("A='x'y'", "quotes"), ('A="\\n"', "quotes or escapes"), ("A=${B}", "refers to other"),
        ("A=$(id)", "refers to other"), ("A=x # y", "a comment after"), ("just words", "is not NAME=VALUE"),
    ],
)  # fmt: skip
def test_env_file_refuses_what_it_does_not_understand(place: Path, text: str, words: str) -> None:
    (place / "e").write_text(text)
    with pytest.raises(UsageError) as caught:
        env_file.read(str(place / "e"))
    assert words in caught.value.detail


def test_env_file_that_others_can_change_is_refused(place: Path) -> None:
    """It holds the key, and could say where that goes: CHATPROOF_TARGET."""
    (place / "e").write_text(f"CHATPROOF_API_KEY={KEY}\n")
    (place / "e").chmod(0o666)
    with pytest.raises(UsageError) as caught:
        env_file.read(str(place / "e"))
    assert "other users could change" in caught.value.detail and KEY not in caught.value.detail


def test_env_file_special_files(place: Path) -> None:
    os.mkfifo(place / "fifo")
    (place / "big").write_bytes(b"#" * (64 * 1024 + 1))
    (place / "bytes").write_bytes(b"A=\xff")
    for name in ("fifo", "big", "bytes", "missing", "."):
        with pytest.raises(UsageError):
            env_file.read(str(place / name))


@pytest.mark.parametrize(
    "line", ["a" + " " * 400_000 + "b", "[ a" + " " * 400_000 + "b", "[" * 400_000, "a. b " * 80_000]
)
def test_naming_the_place_of_an_error_is_linear(place: Path, line: str) -> None:
    (place / "work/chatproof.toml").write_text(f'journal = """\n{line}\n"""\n[targets.a]\nno_such = 1\n')
    with within(3), pytest.raises(UsageError, match=r"chatproof\.toml:5:1: targets\.a\.no_such"):
        config_files.settings()


@pytest.mark.parametrize("text", ["a." * 500_000 + "a = 1\n", "[targets." + "a . " * 200_000 + "a]\n", "'a'." * 200_000 + "a = 1",
                                  "x = {" + '"a".' * 200_000 + "a = 1}"])  # fmt: skip
def test_a_name_without_end_is_refused_at_once(place: Path, text: str) -> None:
    """A TOML reader takes time by the square of a dotted name's parts: half an hour for one of a megabyte."""
    (place / "work/chatproof.toml").write_text(text)
    with within(3), pytest.raises(UsageError, match="a name of more than 100 parts"):
        config_files.settings()


@pytest.mark.parametrize(
    "text", ["a" * 900_000, '"' * 900_000, "a." * 99 + "\n", '"a' * 400_000, ". " * 400_000, "-" * 900_000]
)
def test_looking_for_such_names_is_linear(place: Path, text: str) -> None:
    (place / "work/chatproof.toml").write_text(f'#{text}\n[targets.a]\nbase_url = "https://a.b.c.d.e/v1.2.3"\n')
    with within(3):
        assert config_files.settings()["targets"]["a"] == {"base_url": "https://a.b.c.d.e/v1.2.3"}
