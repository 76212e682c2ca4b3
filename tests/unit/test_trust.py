"""Which file may decide where a key goes. A simulator stands for the thief: what it got is counted."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatproof.cli.shared.options import VARIABLES
from chatproof.files import safe_files
from chatproof.simulator.harness import ChatSimulator
from chatproof.target import config_files, config_reading, trust
from chatproof.target.config_fields import TARGET, TOP
from chatproof.target.target import Wanted, resolve
from chatproof.usage_error import UsageError
from tests.support import KEY, approve

NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


class Bench:
    """A home, a working folder in it, and a simulator that wants the key."""

    def __init__(self, folder: Path, thief: ChatSimulator) -> None:
        self.home, self.work, self.thief = folder / "home", folder / "work", thief
        self.home.mkdir()
        self.work.mkdir()

    def run(self, *args: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        kept = {"PATH": os.environ["PATH"], "HOME": str(self.home), "CHATPROOF_JOURNAL": "none"}
        kept |= {"OPENAI_API_KEY": KEY, "COMETAPI_KEY": KEY, "CHATPROOF_API_KEY": KEY, **env}
        done = subprocess.run(
            [sys.executable, "-m", "chatproof", *args], capture_output=True, text=True, timeout=60,
            cwd=cwd or self.work, env={name: value for name, value in kept.items() if value != "-"},
        )  # fmt: skip
        assert "Traceback" not in done.stderr and "internal error" not in done.stderr, done.stderr
        return done

    def file(self, name: str, text: str) -> Path:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("URL", self.thief.base_url).replace("MODEL", self.thief.model))
        return path

    def keeps_the_key(self, done: subprocess.CompletedProcess[str], status: int = 2) -> None:
        assert not self.thief.requests, "the key was sent"
        assert done.returncode == status, done.stdout + done.stderr


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ChatSimulator() as thief:
        yield Bench(tmp_path, thief)


TAKES = '[targets.openai]\nbase_url = "URL"\nkey_env = "OPENAI_API_KEY"\nmodel = "MODEL"\n'


@pytest.mark.parametrize(
    ("name", "text", "args", "said"),
    [
        ("chatproof.toml", TAKES, ["smoke", "openai"], "targets.openai.base_url"),
        ("chatproof.toml", 'default = "openai"\n' + TAKES, ["smoke"], "default, targets.openai.base_url"),
        ("chatproof.toml", TAKES, ["validate", "openai"], "targets.openai.base_url"),
        ("chatproof.toml", TAKES, ["models", "openai"], "targets.openai.base_url"),
        ("chatproof.toml", TAKES, ["smoke", "openai", "--plan"], "targets.openai.base_url"),
        ("chatproof.toml", TAKES, ["compare", "openai", "openai", "--smoke"], "targets.openai.base_url"),
        ("chatproof.toml", TAKES, ["contract", "openai"], "targets.openai.base_url"),
        ("chatproof.toml", '[targets.cometapi]\nprofile = "openai"\n', ["smoke", "--model", "m"], "targets.cometapi.profile"),
        ("chatproof.toml", "[targets.openai]\nmodel = 'm'\n", ["smoke", "openai"], "by: targets.openai"),
        ("chatproof.toml", "[targets.a]\nkey_keyring = 'x/y'\nbase_url = 'URL'\n", ["smoke", "a", "--model", "m"], "targets.a.key_keyring"),
        ("chatproof.toml", "[targets.a]\nkey_file = '~/.ssh/id'\nbase_url = 'URL'\n", ["smoke", "a", "--model", "m"], "targets.a.key_file"),
        ("chatproof.toml", 'default = "simulator"\n[targets.simulator]\nbase_url = "URL"\nmodel = "m"\n', ["smoke"], "default, targets.simulator"),
        ("pyproject.toml", TAKES.replace("[targets", "[tool.chatproof.targets"), ["smoke", "openai"], "targets.openai.base_url"),
    ],
)  # fmt: skip
def test_a_file_that_lies_here_decides_nothing(bench: Bench, name: str, text: str, args: list[str], said: str) -> None:
    path = bench.file(name, text)
    done = bench.run(*args)
    bench.keeps_the_key(done)
    assert str(path) in done.stderr and said in done.stderr and "chatproof config trust" in done.stderr
    assert KEY not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "args",
    [["history"], ["show", "latest"], ["diff", "latest", "latest"], ["review", "latest"], ["escalate", "latest"],
     ["journal", "verify"], ["journal", "export"], ["smoke", "simulator"], ["smoke", "URL", "--model", "m"], ["contract"],
     ["contract", "sign", "model.listed", "--owner", "me"], ["journal", "import", "x.json"], ["smoke", "simulator", "--against", "latest:GO"]],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("place", ["postgresql://u@127.0.0.1:1/x", "runs.sqlite"])
def test_a_journal_of_such_a_file_is_not_opened(bench: Bench, args: list[str], place: str) -> None:
    """A URL would get PGPASSWORD; a file of the repository's may tell of runs that never were."""
    bench.file("chatproof.toml", f'journal = "{place}"\n')
    done = bench.run(
        *[word.replace("URL", bench.thief.base_url) for word in args], CHATPROOF_JOURNAL="-", PGPASSWORD=KEY
    )
    bench.keeps_the_key(done)
    assert "by: journal" in done.stderr and not (bench.work / "runs.sqlite").exists()


def test_what_a_run_does_not_use_is_one_note(bench: Bench) -> None:
    bench.file("chatproof.toml", '[targets.other]\nbase_url = "https://other.test/v1"\n')
    done = bench.run(
        "smoke", "openai", "--model", "m", "--timeout", "100ms", "--format", "json", "--proxy", "http://127.0.0.1:1"
    )
    notes = [note for note in json.loads(done.stdout)["notes"] if "not approved" in note]
    assert len(notes) == 1 and "chatproof.toml" in notes[0] and "chatproof config trust" in notes[0]
    approve_by_command(bench)
    done = bench.run(
        "smoke", "openai", "--model", "m", "--timeout", "100ms", "--format", "json", "--proxy", "http://127.0.0.1:1"
    )
    assert not [note for note in json.loads(done.stdout)["notes"] if "approved" in note]


def approve_by_command(bench: Bench, *more: str) -> str:
    done = bench.run("config", "trust", "--yes", *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


SHOP = 'default = "shop"\n[targets.shop]\nbase_url = "URL"\nkey_env = "SHOP_KEY"\nmodel = "MODEL"\n'


def test_once_approved_it_counts_until_it_decides_otherwise(bench: Bench) -> None:
    path = bench.file("chatproof.toml", SHOP)
    env = {"SHOP_KEY": bench.thief.api_key}
    said = approve_by_command(bench)
    assert 'targets.shop.key_env = "SHOP_KEY"' in said and 'default = "shop"' in said
    below = bench.work / "below"
    below.mkdir()
    assert bench.run("smoke", cwd=below, **env).returncode == 0 and bench.thief.requests
    waiver = '[[targets.shop.waivers]]\nclause = "usage"\nreason = "r"\nticket = "t"\nexpires = "2999-12-31"\n'
    bench.file("chatproof.toml", SHOP + 'environment = "staging"\n' + waiver)
    assert bench.run("smoke", **env).returncode == 0
    assert "approved  " in bench.run("config", "trust", "--list").stdout
    bench.thief.requests.clear()
    for changed in (
        SHOP.replace("SHOP_KEY", "OPENAI_API_KEY"), SHOP + 'proxy = "http://127.0.0.1:1"\n', SHOP + "no_auth = true\n",
        SHOP + "allow_http = true\n", SHOP + "[targets.openai]\n", SHOP + 'profile = "openai"\n', 'journal = "j.jsonl"\n' + SHOP,
        SHOP.replace("URL", "http://127.0.0.1:1/v1"), SHOP.replace("shop", "shop2"),
    ):  # fmt: skip
        bench.file("chatproof.toml", changed)
        done = bench.run("smoke", **env)
        bench.keeps_the_key(done)
        assert "is not approved any more: it was changed" in done.stderr
    assert "changed" in bench.run("config", "trust", "--list").stdout
    bench.file("chatproof.toml", SHOP)
    assert bench.run("smoke", **env).returncode == 0
    bench.thief.requests.clear()
    assert "is no longer approved" in bench.run("config", "distrust").stdout
    bench.keeps_the_key(bench.run("smoke", **env))
    assert "was not approved" in bench.run("config", "distrust", str(path)).stdout
    assert bench.run("config", "trust", "--list").stdout == "no file is approved\n"


def test_it_counts_by_option_for_this_run_only(bench: Bench) -> None:
    bench.file("chatproof.toml", SHOP)
    assert bench.run("smoke", "--config", "chatproof.toml", SHOP_KEY=bench.thief.api_key).returncode == 0
    bench.thief.requests.clear()
    bench.keeps_the_key(bench.run("smoke", SHOP_KEY=bench.thief.api_key))


def test_the_users_own_file_counts(bench: Bench) -> None:
    own = bench.home / ".config/chatproof/config.toml"
    own.parent.mkdir(parents=True)
    shutil.move(bench.file("x.toml", SHOP), own)
    done = bench.run("smoke", SHOP_KEY=bench.thief.api_key)
    assert (
        done.returncode == 0
        and "origin      settings of ~/.config/chatproof/config.toml (your own file)" in done.stdout
    )


def test_without_a_terminal_trust_needs_yes(bench: Bench) -> None:
    bench.file("chatproof.toml", SHOP)
    done = bench.run("config", "trust")
    assert done.returncode == 2 and "--yes" in done.stderr and "targets.shop.base_url" in done.stdout
    assert not (bench.home / ".local").exists()
    assert bench.run("config", "check", "--yes").returncode == 2
    (bench.work / "chatproof.toml").unlink()
    assert bench.run("config", "trust", "--yes").returncode == 2


@pytest.mark.parametrize(("answer", "status"), [(b"y\n", 0), (b"\n", 2), (b"n\n", 2)])
def test_on_a_terminal_it_asks(bench: Bench, answer: bytes, status: int) -> None:
    bench.file("chatproof.toml", SHOP)
    master, slave = pty.openpty()
    env = {"PATH": os.environ["PATH"], "HOME": str(bench.home), "TERM": "dumb"}
    command = [sys.executable, "-m", "chatproof", "config", "trust"]
    child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=bench.work)
    os.write(master, answer)
    assert child.wait(30) == 0
    os.close(slave)
    os.close(master)
    assert bench.run("smoke", SHOP_KEY=bench.thief.api_key).returncode == status


def test_doctor_shows_and_does_not_refuse(bench: Bench) -> None:
    bench.file("chatproof.toml", SHOP + 'proxy = "http://127.0.0.1:9"\n')
    done = bench.run("doctor", SHOP_KEY=KEY)
    bench.keeps_the_key(done, 0)
    for words in (
        "is not approved",
        "chatproof config trust",
        'targets.shop.key_env = "SHOP_KEY"',
        "proxy http://127.0.0.1:9",
    ):
        assert words in done.stdout, words
    approve_by_command(bench)
    assert "approved)" in bench.run("doctor", SHOP_KEY=KEY).stdout


# -- what an approval covers ----------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In this process: a home, and the working folder in it."""
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def target_of(name: str = "a") -> object:
    return resolve(Wanted(name, model="m"), {"CHATPROOF_API_KEY": KEY})


def test_every_setting_that_decides_is_covered(here: Path) -> None:
    """A new row of the table is covered by being there; what is not covered is written down here."""
    assert {n for n, f in {**TOP, **TARGET}.items() if not f.decides} == {
        "targets", "model", "environment", "timeout", "requires", "waivers", "prices", "clients", "api", "tags",
    }  # fmt: skip
    loaded = {"default": "", "journal": "", "targets": {"a": {}}}
    hashes = {trust.digest({**loaded, name: "x"}, {}) for name in ("default", "journal")}
    hashes |= {trust.digest({**loaded, "targets": {"a": {name: "x"}}}, {}) for name, f in TARGET.items() if f.decides}
    hashes |= {trust.digest(loaded, {}), trust.digest(loaded, {"a": b"1"}), trust.digest(loaded, {"a": None})}
    hashes |= {trust.digest({**loaded, "targets": {"a": {"key_env": "x"}, "a.key_env": {}}}, {})}
    assert len(hashes) == 2 + sum(f.decides for f in TARGET.values()) + 4
    free = {name: "x" for name, f in TARGET.items() if not f.decides}
    assert trust.digest({**loaded, "targets": {"a": free}}, {}) == trust.digest(loaded, {})


def test_the_authoritys_bytes_are_covered_and_those_approved_are_used(here: Path) -> None:
    (here / "ca.pem").write_text("one")
    (here / "chatproof.toml").write_text('[targets.a]\nbase_url = "https://h.test/v1"\nca_file = "ca.pem"\n')
    approve(here / "chatproof.toml")
    found = target_of()
    (here / "ca.pem").write_text("two")  # between the look and the use
    assert found.ca_data == b"one" and found.target.ca_file == str(here / "ca.pem")  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="was changed since"):
        target_of()
    (here / "ca.pem").unlink()
    with pytest.raises(UsageError, match="was changed since"):
        target_of()


def test_an_approval_is_of_one_place(here: Path) -> None:
    """A copy elsewhere is another file: its relative paths mean something else."""
    (here / "chatproof.toml").write_text('[targets.a]\nbase_url = "https://h.test/v1"\nkey_file = "key"\n')
    approve(here / "chatproof.toml")
    (here / "key").write_text(KEY)
    (here / "key").chmod(0o600)
    target_of()
    (here / "sub").mkdir()
    for make in (shutil.copy, os.link, os.symlink):
        (here / "sub/chatproof.toml").unlink(missing_ok=True)
        make(here / "chatproof.toml", here / "sub/chatproof.toml")
        os.chdir(here / "sub")
        with pytest.raises(UsageError, match="is not approved"):
            target_of()
    os.chdir(here)
    target_of()
    os.chdir(here / "sub")
    (here / "sub/chatproof.toml").unlink()
    target_of()  # found from below, the key file is still the one beside the file


def test_what_was_read_is_what_was_approved(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is replaced as soon as it was read: what is used is what was hashed."""
    path = here / "chatproof.toml"
    good = '[targets.a]\nbase_url = "https://good.test/v1"\n'
    path.write_text(good)
    approve(path)
    read = safe_files.read

    def then_replace(name: str, limit: int = safe_files.LARGEST) -> tuple[bytes, str]:
        found = read(name, limit)
        if name.endswith("chatproof.toml"):
            path.write_text(good.replace("good", "evil"))
        return found

    monkeypatch.setattr(safe_files, "read", then_replace)
    assert target_of().target.base_url == "https://good.test/v1"  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="was changed since"):
        target_of()


# -- files that others can change -----------------------------------------------------------------------------------


def open_to_others(path: Path, how: str) -> None:
    if how == "mode":
        path.chmod(0o666)
    elif how == "group":
        os.chown(path, 0, NOBODY)
        path.chmod(0o664)
    else:
        os.chown(path, NOBODY, NOBODY)


OPENED = [pytest.param("mode"), pytest.param("group", marks=AS_ROOT), pytest.param("owner", marks=AS_ROOT)]


@pytest.mark.parametrize("how", OPENED)
def test_what_others_can_change_decides_nothing(bench: Bench, how: str) -> None:
    path = bench.file("chatproof.toml", SHOP)
    approve_by_command(bench)
    open_to_others(path, how)
    done = bench.run("smoke", "shop", SHOP_KEY=bench.thief.api_key)
    bench.keeps_the_key(done)
    assert "chatproof.toml is ignored: " in done.stderr and "no target 'shop'" in done.stderr
    for args in (["smoke", "shop", "--config", str(path)], ["config", "trust", "--yes", str(path)]):
        done = bench.run(*args, SHOP_KEY=bench.thief.api_key)
        bench.keeps_the_key(done)
        assert "other users could change" in done.stderr
    assert bench.run("config", "check", str(path)).returncode == 0  # a look decides nothing


@pytest.mark.parametrize("how", OPENED)
def test_keys_and_authorities_that_others_can_change_are_refused(bench: Bench, how: str) -> None:
    key, authority = bench.file("key", bench.thief.api_key), bench.file("ca.pem", "x")
    key.chmod(0o600)
    open_to_others(key, how)
    done = bench.run("smoke", bench.thief.base_url, "--model", "m", "--key-file", str(key))
    bench.keeps_the_key(done)
    assert "other users could change" in done.stderr
    open_to_others(authority, how)
    done = bench.run("smoke", "openai", "--model", "m", "--ca-file", str(authority))
    bench.keeps_the_key(done)
    assert "ca.pem" in done.stderr and "chmod go-w" in done.stderr


@AS_ROOT
def test_what_lies_on_a_read_only_file_system_is_nobodys_to_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Containers get secrets and authorities so, with the owner of another machine."""
    path = tmp_path / "ca.pem"
    path.write_text("x")
    os.chown(path, NOBODY, NOBODY)
    assert safe_files.read(str(path))[1].startswith("it belongs to another user")

    class Mounted:
        f_flag = os.ST_RDONLY

    monkeypatch.setattr(os, "statvfs", lambda path: Mounted)
    assert safe_files.read(str(path))[1] == ""


@AS_ROOT
def test_a_private_group_may_write(tmp_path: Path) -> None:
    """umask 002 with a group for each user, as Debian and Fedora do: root's own stands for it."""
    path = tmp_path / "x"
    path.write_text("x")
    path.chmod(0o664)
    os.chown(path, 0, 0)
    assert safe_files.read(str(path))[1] == ""


@pytest.mark.parametrize("how", OPENED)
def test_approvals_that_others_can_change_are_refused(bench: Bench, how: str) -> None:
    bench.file("chatproof.toml", SHOP)
    approve_by_command(bench)
    kept = bench.home / ".local/state/chatproof/trusted.json"
    open_to_others(kept, how)
    done = bench.run("smoke", SHOP_KEY=bench.thief.api_key)
    bench.keeps_the_key(done)
    assert "are not valid" in done.stderr
    kept.unlink()
    for damaged in ("", "[]", "{}", '{"files": {"a": {}}}', "[" * 100_000):
        kept.write_text(damaged)
        bench.keeps_the_key(bench.run("smoke", SHOP_KEY=bench.thief.api_key))


def test_the_folders_of_the_approvals_are_this_users_whatever_the_umask(bench: Bench) -> None:
    bench.file("chatproof.toml", SHOP).chmod(0o644)
    command = ["sh", "-c", f"umask 000; {sys.executable} -m chatproof config trust --yes"]
    subprocess.run(command, env={"HOME": str(bench.home)}, cwd=bench.work, check=True, capture_output=True, timeout=60)
    folders = [bench.home / part for part in (".local", ".local/state", ".local/state/chatproof")]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 3
    assert (folders[-1] / "trusted.json").stat().st_mode & 0o777 == 0o600


# -- where files are looked for -------------------------------------------------------------------------------------


def test_discovery_ends_at_the_repository_and_the_home(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    (here / "chatproof.toml").write_text("")
    (here.parent / "pyproject.toml").write_text("[tool.chatproof]\n")
    (here / "repo" / "sub").mkdir(parents=True)
    monkeypatch.chdir(here / "repo" / "sub")
    assert [path for path, _ in config_files.files()] == [
        str(here / "chatproof.toml")
    ]  # the home's parent is not looked at
    (here / "repo" / ".git").mkdir()
    assert config_files.files() == []
    (here / "repo" / "pyproject.toml").write_text("")
    assert [path for path, _ in config_files.files()] == [str(here / "repo/pyproject.toml")]


def test_no_home_and_no_working_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without HOME and a user's name ~ is not expanded: a folder called so in a repository is not the user's own."""
    own = here / "~/.config/chatproof"
    own.mkdir(parents=True)
    (own / "config.toml").write_text('[targets.a]\nbase_url = "https://evil.test/v1"\n')
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert config_files.files() == [] and trust.home() == "" and trust.place() == ""
    (here / "chatproof.toml").write_text("[targets.a]\n")
    with pytest.raises(UsageError, match="not approved"):
        target_of()
    with pytest.raises(UsageError, match="no private folder"):
        approve(here / "chatproof.toml")
    gone = here / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert config_files.files() == []


# -- variables: docs/security.md has this as a table ----------------------------------------------------------------

URL_KEY = {"CHATPROOF_API_KEY": "-"}


@pytest.mark.parametrize("name", ["XDG_CONFIG_HOME", "HOME"])
@pytest.mark.parametrize("with_approval", [False, True])
@pytest.mark.parametrize("place", ["elsewhere", "in the home"])
@pytest.mark.parametrize("kind", ["cloned", "unpacked"])
def test_a_variable_does_not_make_a_folder_the_users_own(
    bench: Bench, name: str, with_approval: bool, place: str, kind: str
) -> None:
    """What was cloned brings a file, an approval of it, and (.envrc) the variables that point to them."""
    if place == "in the home":
        bench.work = bench.home / ".config/plugins/evil"
        bench.work.mkdir(parents=True)
    if kind == "cloned":
        (bench.work / ".git").mkdir()
    path = bench.file("evil/.config/chatproof/config.toml", SHOP)
    env = {"HOME": str(bench.work / "evil")} if name == "HOME" else {name: str(bench.work / "evil/.config")}
    if with_approval:
        said = config_reading.load(str(path))
        kept = bench.file("evil/.local/state/chatproof/trusted.json", "")
        kept.write_text(json.dumps({"files": {str(path): {"digest": trust.digest(said, {}), "at": "2026-01-01"}}}))
        env |= {"XDG_STATE_HOME": str(bench.work / "evil/.local/state")}
    done = bench.run("smoke", SHOP_KEY=bench.thief.api_key, **env)
    bench.keeps_the_key(done)
    assert "is not approved" in done.stderr


@pytest.mark.parametrize("cwd", ["work", "below the home"])
def test_a_folder_of_ones_own_choice_counts_in_the_home(bench: Bench, cwd: str) -> None:
    own = bench.home / "settings/chatproof/config.toml"
    own.parent.mkdir(parents=True)
    shutil.move(bench.file("x.toml", SHOP), own)
    env = {"XDG_CONFIG_HOME": str(bench.home / "settings"), "SHOP_KEY": bench.thief.api_key}
    (bench.home / "project").mkdir()
    assert bench.run("smoke", cwd=bench.work if cwd == "work" else bench.home / "project", **env).returncode == 0
    own.unlink()
    bench.file("chatproof.toml", SHOP)
    env["XDG_STATE_HOME"] = str(bench.home / "state")
    assert bench.run("config", "trust", "--yes", **env).returncode == 0
    assert (bench.home / "state/chatproof/trusted.json").exists()
    assert bench.run("smoke", **env).returncode == 0


@pytest.mark.parametrize("mark", [".git", ".hg", ".svn", ".jj", "_darcs"])
def test_but_not_in_a_repository_of_the_home(bench: Bench, mark: str) -> None:
    """Wherever the command is run, and whatever keeps the repository."""
    own = bench.home / "src/evil/settings/chatproof/config.toml"
    own.parent.mkdir(parents=True)
    (bench.home / "src/evil" / mark).mkdir()
    shutil.move(bench.file("x.toml", SHOP), own)
    env = {"XDG_CONFIG_HOME": str(bench.home / "src/evil/settings"), "SHOP_KEY": bench.thief.api_key}
    bench.keeps_the_key(bench.run("smoke", **env))
    env["XDG_STATE_HOME"] = str(bench.home / "src/evil/state")
    assert bench.run("config", "trust", "--yes", **env).returncode == 0
    assert not (bench.home / "src/evil/state").exists()
    assert bench.run("smoke", **env).returncode == 0


def test_dotfiles_may_be_links(bench: Bench) -> None:
    """home-manager and stow put links there."""
    own = bench.home / ".config/chatproof/config.toml"
    own.parent.mkdir(parents=True)
    own.symlink_to(bench.file("x.toml", SHOP))
    assert bench.run("smoke", SHOP_KEY=bench.thief.api_key).returncode == 0


def test_a_file_that_a_variable_names_needs_an_approval(bench: Bench) -> None:
    path = bench.file("mine.toml", SHOP)
    env = {"CHATPROOF_CONFIG": str(path), "SHOP_KEY": bench.thief.api_key}
    bench.keeps_the_key(bench.run("smoke", **env))
    assert bench.run("config", "trust", "--yes", **env).returncode == 0
    done = bench.run("smoke", **env)
    assert done.returncode == 0 and "variable CHATPROOF_CONFIG, approved" in " ".join(done.stdout.split())


def test_authorities_of_a_variable_are_asked_for(bench: Bench) -> None:
    path = bench.file("ca.pem", "not a certificate")
    line = ["smoke", "openai", "--model", "m", "--plan"]
    assert "--cacert" not in bench.run(*line, CHATPROOF_CA_FILE=str(path)).stdout
    assert str(path) in bench.run(*line, "--ca-file", "env", CHATPROOF_CA_FILE=str(path)).stdout
    assert "needs CHATPROOF_CA_FILE to be set" in bench.run(*line, "--ca-file", "env").stderr
    done = bench.run("doctor", "openai", CHATPROOF_CA_FILE=str(path))
    assert "CHATPROOF_CA_FILE is set but not used" in done.stdout


def test_a_proxy_of_a_variable_never_sees_a_key(bench: Bench) -> None:
    """Through http it would. For https it is used: TLS ends at the provider."""
    proxy = bench.thief.base_url.removesuffix("/v1")
    line = ["smoke", "http://127.0.0.1:9/v1", "--model", "m", "--timeout", "500ms", "--format", "json"]
    document = json.loads(bench.run(*line, CHATPROOF_PROXY=proxy).stdout)
    assert document["origin"]["proxy"] is None and any(
        "CHATPROOF_PROXY is set but not used" in n for n in document["notes"]
    )
    assert not bench.thief.requests
    by_option = json.loads(bench.run(*line, "--proxy", "env", CHATPROOF_PROXY=proxy).stdout)
    assert by_option["origin"]["proxy"] == {"url": proxy, "by": "variable CHATPROOF_PROXY"}
    line = ["smoke", "openai", "--model", "m", "--timeout", "500ms", "--format", "json"]
    named = json.loads(bench.run(*line, CHATPROOF_PROXY="env", HTTPS_PROXY=proxy).stdout)
    assert named["origin"]["proxy"] == {"url": proxy, "by": "variable HTTPS_PROXY"}
    document = json.loads(bench.run(*line, CHATPROOF_PROXY=proxy).stdout)
    assert document["origin"]["proxy"] == {"url": proxy, "by": "variable CHATPROOF_PROXY"}
    assert KEY not in str(bench.thief.requests)


@pytest.mark.parametrize(
    "option", [["--key-env", "OPENAI_API_KEY"], ["--key-file", "key"], ["--key-stdin"]], ids=" ".join
)
def test_a_url_of_a_variable_gets_its_own_key_only(bench: Bench, option: list[str]) -> None:
    bench.file("key", KEY).chmod(0o600)
    local = bench.run("smoke", "--model", "m", *option, CHATPROOF_TARGET="litellm")
    assert local.returncode == 2 and "CHATPROOF_TARGET would decide" in local.stderr
    remote = bench.run("smoke", "--model", "m", "--plan", *option, CHATPROOF_TARGET="openai")
    assert remote.returncode == 0
    env = {"CHATPROOF_TARGET": bench.thief.base_url}
    done = bench.run("smoke", "--model", "m", *option, **env)
    bench.keeps_the_key(done)
    assert "CHATPROOF_TARGET would decide where the key" in done.stderr
    done = bench.run("smoke", "--model", "m", **env, **URL_KEY)
    bench.keeps_the_key(done)
    assert "CHATPROOF_API_KEY is not set" in done.stderr
    assert (
        bench.run("smoke", "--model", bench.thief.model, **env, CHATPROOF_API_KEY=bench.thief.api_key).returncode == 0
    )


def test_without_a_store_of_authorities_no_variable_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import ssl

    from chatproof.transport import tls

    paths = ssl.get_default_verify_paths()._replace(openssl_capath="/nowhere", openssl_cafile="/nowhere")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    monkeypatch.setattr(tls, "_BUNDLES", ())
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(tls.TrustError, match="no store of certificate authorities"):
        tls.context()


def test_every_variable_that_stands_for_an_option_is_looked_at_here() -> None:
    assert set(VARIABLES.values()) == {
        "CHATPROOF_TARGET", "CHATPROOF_ENVIRONMENT", "CHATPROOF_TIMEOUT", "CHATPROOF_CA_FILE", "CHATPROOF_PROXY", "CHATPROOF_CONFIG"
    }  # fmt: skip


@pytest.mark.parametrize("home", ["/", "", "//", "/."])
def test_the_root_is_nobodys_home(bench: Bench, home: str) -> None:
    """Everything is below it, and a search for a repository above it found no end. Python takes an empty HOME for it."""
    own = bench.home / "src/evil/settings/chatproof/config.toml"
    own.parent.mkdir(parents=True)
    shutil.move(bench.file("x.toml", SHOP), own)
    env = {"HOME": home, "XDG_CONFIG_HOME": str(bench.home / "src/evil/settings"), "SHOP_KEY": bench.thief.api_key}
    bench.keeps_the_key(bench.run("smoke", **env))
    assert bench.run("config", "trust", "--yes", **env).returncode == (0 if trust._registered() == "/" else 2)
