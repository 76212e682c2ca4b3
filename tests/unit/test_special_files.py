"""Pipes, devices and links where a file was named: whole with a partner, and never waited for without end."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chatproof.cli import main as cli
from chatproof.files import special_files
from tests.unit.test_cli import run

SMOKE = ["smoke", "simulator", "--journal", "none", "-q"]


@pytest.fixture(autouse=True)
def _little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PARTNER_SECONDS", "SILENT_SECONDS", "FULL_SECONDS"):
        monkeypatch.setattr(special_files, name, 0.3)


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


@pytest.mark.timeout(20)
def test_a_report_to_a_fifo_without_a_reader_is_given_up(fifo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*SMOKE, "--report", f"json={fifo}"]) == 4
    shown = capsys.readouterr()
    assert shown.out.startswith("GO") and "nobody opened it for reading" in shown.err and fifo.is_fifo()


@pytest.mark.timeout(20)
def test_a_reader_that_does_not_read_is_given_up(fifo: Path) -> None:
    held = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(TimeoutError, match="nobody read from it"):
        special_files.write(str(fifo), b"x" * 1_000_000)
    os.close(held)


def test_a_slow_reader_gets_all_of_it(fifo: Path) -> None:
    got: list[bytes] = []

    def read() -> None:
        time.sleep(0.1)  # it comes after the writer
        with open(fifo, "rb", buffering=0) as file:
            while data := file.read(50_000):
                got.append(data)
                time.sleep(0.01)

    reader = threading.Thread(target=read)
    reader.start()
    data = os.urandom(1_000_000)
    special_files.write(str(fifo), data)
    reader.join()
    assert b"".join(got) == data


@pytest.mark.parametrize(
    "words",
    [
        ["judge", "FIFO"],
        ["show", "FIFO"],
        ["diff", "FIFO", "FIFO"],
        ["smoke", "--config", "FIFO"],
        ["config", "check", "FIFO"],
        ["journal", "import", "FIFO", "--journal", "j.sqlite3"],
        ["contract", "diff", "FIFO", "openai"],
    ],
    ids=lambda words: words[0],
)
@pytest.mark.timeout(20)
def test_a_fifo_that_nobody_writes_into_is_given_up(
    words: list[str], fifo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(fifo.parent)
    assert cli.main([word.replace("FIFO", str(fifo)) for word in words]) in (2, 4)
    shown = capsys.readouterr()
    assert "nobody wrote into it" in shown.err, shown


@pytest.mark.timeout(20)
def test_a_writer_that_stays_silent_is_given_up(fifo: Path) -> None:
    held: list[int] = []
    opening = threading.Thread(target=lambda: held.append(os.open(fifo, os.O_WRONLY)))
    opening.start()
    with pytest.raises(TimeoutError, match="no data arrived"), special_files.opened(str(fifo)) as file:
        file.read(10)
    opening.join()
    os.close(held[0])


def test_what_is_written_slowly_is_read_whole(fifo: Path) -> None:
    def write() -> None:
        time.sleep(0.1)
        with open(fifo, "wb", buffering=0) as file:
            for _ in range(20):
                file.write(b"x" * 10_000)
                time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    with special_files.opened(str(fifo)) as file:
        assert file.read(1_000_000) == b"x" * 200_000
    writer.join()


def test_a_shells_pipes(tmp_path: Path) -> None:
    """judge <(…) and --report json=>(…), an empty one included, which is not waited for."""
    good = tmp_path / "run.json"
    assert cli.main([*SMOKE, "--report", f"json={good}"]) == 0
    program = f"{sys.executable} -m chatproof"

    def shell(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=30)

    piped = shell(f"{program} judge <(sleep 0.2; cat run.json) -q").stdout
    assert piped == shell(f"{program} judge run.json -q").stdout and piped.startswith("UNDECIDED")
    shell(f"{program} smoke simulator -q --journal none --report json=>(cat > copy.json); sleep 0.3")
    assert json.loads((tmp_path / "copy.json").read_text())["verdict"] == "GO"
    begun = time.monotonic()
    assert shell(f"{program} judge <(true) -q").returncode == 2
    assert time.monotonic() - begun < special_files.PARTNER_SECONDS + 5


def test_a_report_to_standard_error_is_added_to_the_log_behind_it(tmp_path: Path) -> None:
    """Opened by its name, the log would be written from its beginning; as root, /dev/stderr itself would be replaced."""
    for name in ("/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"):
        with open(tmp_path / "log", "wb") as log:
            log.write(b"before\n")
            log.flush()
            done = run(*SMOKE, "--report", f"yaml={name}", stdout=subprocess.PIPE, stderr=log)
        assert done.returncode == 0
        assert (tmp_path / "log").read_text().startswith("before\nsmoke_test_run:"), name
    assert os.path.islink("/dev/stderr")


def dangling(place: Path) -> None:
    place.symlink_to(place.parent / "nowhere" / "r.json")


def dangling_beside(place: Path) -> None:
    place.symlink_to("elsewhere.json")


def circle(place: Path) -> None:
    place.symlink_to(place.name)


@pytest.mark.parametrize("link", [dangling, dangling_beside, circle])
def test_a_link_that_leads_nowhere_is_replaced(link: Callable[[Path], None], tmp_path: Path) -> None:
    """Not followed: nothing comes to be where it points."""
    place = tmp_path / "r.json"
    link(place)
    assert cli.main([*SMOKE, "--report", f"json={place}"]) == 0
    assert not place.is_symlink() and json.loads(place.read_text())["verdict"] == "GO"
    assert place.stat().st_mode & 0o777 == 0o600 and [p.name for p in tmp_path.iterdir()] == ["r.json"]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("missing/r.json", "No such file or directory"),
        (".", "Is a directory"),
        ("file/r.json", "Not a directory"),
        ("n" * 300, "File name too long"),
    ],
)
def test_a_report_that_has_no_place_is_named_before_anything_is_sent(
    place: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert cli.main([*SMOKE, "--report", f"json={tmp_path / place}"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and words in shown.err and "nothing was sent" in shown.err and "check --report" in shown.err


@pytest.mark.parametrize("owner", [0, 1])
def test_a_pipe_that_another_user_planted_gets_no_report(
    fifo: Path, owner: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """He waits at its other end, in a folder where everybody can put files."""
    fifo.parent.chmod(0o1777)
    real = os.lstat

    def lstat(name: str | Path) -> os.stat_result:
        found = real(name)
        return os.stat_result((*found[:4], found.st_uid + owner, *found[5:])) if str(name) == str(fifo) else found

    monkeypatch.setattr(os, "lstat", lstat)
    held = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = cli.main([*SMOKE, "--report", f"csv={fifo}"])
        got = os.read(held, 1_000_000)
    finally:
        os.close(held)
    assert (status, bool(got)) == ((4, False) if owner else (0, True))
    assert ("the pipe belongs to another user" in capsys.readouterr().err) is bool(owner)


@pytest.mark.parametrize(("closed", "path"), [(">&-", "/dev/stdout"), ("2>&-", "/dev/stderr"), ("", "/dev/fd/9")])
@pytest.mark.parametrize("first", [True, False])
def test_a_report_to_what_is_not_open_is_named_before_anything_is_sent(
    tmp_path: Path, closed: str, path: str, first: bool
) -> None:
    """What is opened next would get its number: another report, or the journal."""
    reports = [f"--report=csv={path}", "--report=json=other.json"]
    words = [sys.executable, "-m", "chatproof", *SMOKE, *(reports if first else reports[::-1]), "--journal=runs.jsonl"]
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *words],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        timeout=30,
    )
    assert done.returncode == 2 and os.listdir(tmp_path) == []


def test_a_folder_that_another_user_planted_as_a_link_gets_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    everybodys, his = tmp_path / "everybodys", tmp_path / "his"
    everybodys.mkdir()
    his.mkdir()
    everybodys.chmod(0o1777)
    link = everybodys / "link"
    link.symlink_to(his)
    real = os.lstat

    def lstat(name: str | Path) -> os.stat_result:
        found = real(name)
        return os.stat_result((*found[:4], found.st_uid + 1, *found[5:])) if str(name) == str(link) else found

    assert cli.main([*SMOKE, "--report", f"csv={link}/mine.csv"]) == 0
    (his / "mine.csv").unlink()
    monkeypatch.setattr(os, "lstat", lstat)
    assert cli.main([*SMOKE, "--report", f"csv={link}/a.csv"]) == 2
    assert "is a link that belongs to another user" in capsys.readouterr().err and os.listdir(his) == []


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="Linux has a file that opens, and then fails to read")
@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (["smoke", "http://127.0.0.1:9/v1", "--model", "m", "--journal", "none", "--key-file", "/proc/self/mem"], 2),
        (["requests", "from", "/proc/self/mem"], 2),
        (["history", "--journal", "/proc/self/mem"], 4),
    ],
)
def test_a_file_that_fails_to_be_read_is_no_bug_of_ours(
    argv: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = cli.main(argv)
    said = capsys.readouterr().err
    assert "internal error" not in said and "mem" in said
    assert ended == status
