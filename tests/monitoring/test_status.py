"""`chatproof status`: static files for the public, of chosen targets, that tell nothing of how we are set up."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from lxml import etree

from chatproof import journal
from chatproof.cli import main
from chatproof.files import safe_files
from chatproof.monitoring.board import Board
from chatproof.monitoring.standing import Policy
from chatproof.monitoring.store import Store
from chatproof.monitoring.values import Cause, Observation
from tests.unit.test_journal_cli import run as cli

CAUSE = Cause("gateway.error", "s3cr3t-summary", "gateway", "certain", "s3cr3t-step", "s3cr3t-run")
ORIGIN = "https://s3cr3t-origin.test"


def seen(name: str, at: float, verdict: str = "GO", **fields: object) -> Observation:
    cause = CAUSE if verdict != "GO" else Cause("", "", "", "", "", "")
    made = Observation(name, at, f"smoke-{name}-{at}", "smoke", verdict, cause, (), ORIGIN)
    return made._replace(**fields)  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> str:
    """A journal in which a monitor has watched: one fine, one failing, one cut off, one that nobody may see."""
    path = str(tmp_path / "m.sqlite3")
    now = time.time()
    policy = Policy(confirm=False)
    names = ("fine", "bad", "away", "s3cr3t-target", "a/b c")
    store = Store(journal.open(path), Board(dict.fromkeys(names, policy)))
    rows = [seen(name, now - 600 + count) for count, name in enumerate(names)]
    rows += [seen("bad", now - 300 + count, "NO-GO") for count in range(2)]
    rows += [seen("s3cr3t-target", now - 250 + count, "NO-GO", origin="https://other.test") for count in range(2)]
    rows += [seen("away", now - 200 + count, "UNDECIDED", side="ours") for count in range(2)]

    def work(at: float) -> None:
        for row in rows:
            store.board.fold(row)
            store.ran(row, {})

    store.change(work, now)
    store.journal.close()
    return path


def written(place: str, folder: Path, *names: str) -> tuple[str, dict[str, object], list[str]]:
    out = folder / "public"
    out.mkdir()
    done = cli("status", *names, "--journal", place, "--html", str(out), "--json", str(out / "status.json"), "--badge")
    assert done.returncode == 0 and done.stdout == "", done.stderr
    files = sorted(path.name for path in out.iterdir())
    return (out / "index.html").read_text(), json.loads((out / "status.json").read_text()), files


def test_the_files(place: str, tmp_path: Path) -> None:
    page, said, files = written(place, tmp_path, "fine", "bad", "away", "a/b c")
    assert files == [
        "badge-a%2Fb%20c.svg", "badge-away.svg", "badge-bad.svg", "badge-fine.svg", "index.html", "status.json",
    ]  # fmt: skip
    assert said["schema"] == "chatproof.public/1"
    assert {row["target"]: row["state"] for row in said["targets"]} == {  # type: ignore[attr-defined]
        "fine": "passing", "bad": "failing", "away": "unknown", "a/b c": "passing",
    }  # fmt: skip
    assert "<h1>2 of 4 passing</h1>" in page and ">failing<" in page and len(page.encode()) < 150_000
    assert all((tmp_path / "public" / name).stat().st_mode & 0o044 for name in files), "a web server is another user"
    badge = (tmp_path / "public" / "badge-bad.svg").read_text()
    assert etree.fromstring(badge.encode()).get("aria-label") == "bad: failing"


def test_nothing_of_how_we_are_set_up(place: str, tmp_path: Path) -> None:
    page, said, files = written(place, tmp_path, "fine", "bad", "away")
    whole = page + json.dumps(said) + "".join(files)
    for inside in ("s3cr3t", "gateway", "owner", "smoke-", "https://", "inc-", "our network", "budget"):
        assert inside not in whole, inside
    assert len(said["incidents"]) == 2, "that of the other target is nobody's business"  # type: ignore[arg-type]


def test_the_page_is_whole_and_runs_nothing(place: str, tmp_path: Path) -> None:
    page, _, _ = written(place, tmp_path, "fine", "bad")
    tree = etree.fromstring(page, etree.HTMLParser())
    assert not tree.xpath("//script|//link|//img|//iframe|//@src|//@href|//@style|//*[starts-with(name(@*),'on')]")
    policy = tree.xpath("//meta[@http-equiv]/@content")[0]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    import base64
    import hashlib

    digest = base64.b64encode(hashlib.sha256(tree.xpath("//style")[0].text.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy, "else no browser would use the style"
    assert page.startswith("<!doctype html>")


def test_a_dead_monitor_is_never_green(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time() + 3700
    monkeypatch.setattr(time, "time", lambda: later)
    from chatproof.cli.main import main

    out = tmp_path / "later.json"
    assert main(["status", "fine", "bad", "--journal", place, "--json", str(out)]) == 0
    assert {row["state"] for row in json.loads(out.read_text())["targets"]} == {"stale"}


def test_the_configuration_says_when_it_is_old(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time() + 3700
    monkeypatch.setattr(time, "time", lambda: later)
    from chatproof.cli.main import main

    config, out = tmp_path / "w.toml", tmp_path / "later.json"
    config.write_text(
        '[monitor]\nevery = "6h"\n[targets.fine]\nbase_url = "https://llm.test/v1"\n[targets.fine.monitor]\n'
    )
    config.chmod(0o600)
    assert main(["status", "fine", "--config", str(config), "--journal", place, "--json", str(out)]) == 0
    assert json.loads(out.read_text())["targets"][0]["state"] == "passing"


def test_it_writes_nothing_into_the_journal(place: str, tmp_path: Path) -> None:
    before = Path(place).read_bytes()
    written(place, tmp_path, "fine")
    assert Path(place).read_bytes() == before


def test_a_folder_that_is_not_there_is_made(place: str, tmp_path: Path) -> None:
    done = cli("status", "fine", "--html", str(tmp_path / "new/public"), "--journal", place)
    assert done.returncode == 0 and (tmp_path / "new/public/index.html").is_file(), done.stderr


def test_a_link_of_another_user_leads_nowhere(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "his").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "his")
    monkeypatch.setattr(safe_files, "is_planted", lambda path: path == str(tmp_path / "link"))
    assert main.main(["status", "fine", "--html", str(tmp_path / "link" / "pages"), "--journal", place]) == 2
    assert "another user" in capsys.readouterr().err and not list((tmp_path / "his").iterdir())


def test_without_files_it_is_a_line_a_target(place: str) -> None:
    done = cli("status", "bad", "fine", "--journal", place)
    assert done.returncode == 0 and done.stdout.split() == ["failing", "bad", "passing", "fine"]
    done = cli("status", "bad", "--journal", place, "--json", "-")
    assert json.loads(done.stdout)["targets"][0]["state"] == "failing"


def test_what_is_wrong_is_told(place: str, tmp_path: Path) -> None:
    for args, said in (
        ((), "next: name the targets to show: a/b c, away, bad, fine, s3cr3t-target\n"),
        (("other",), "no monitor has watched 'other'"),
        (("fin",), "next: did you mean fine?"),
        (("fine", "--badge"), "--badge writes to the folder of --html"),
        (("fine", "--html", "/proc/none"), "the folder of --html cannot be made"),
    ):
        done = cli("status", *args, "--journal", place)
        assert done.returncode == 2 and said in done.stderr, done.stderr
    done = cli("status", "fine", "--journal", str(tmp_path / "missing.sqlite3"))
    assert done.returncode == 2 and "no monitor has used this journal" in done.stderr
    done = cli("status", "fine", "--journal", place, "--json", "/proc/none/x.json")
    assert done.returncode == 4
