"""Whole bodies of replies that broke something: what is kept of them, where, how long, and who may see it."""

import gzip
import json
import os
import socket
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.cli import main as cli
from chatproof.journal import JournalError, bodies
from chatproof.record import whole_bodies
from chatproof.secrets.redaction import MARK
from tests.journal_support import fresh_place
from tests.support import KEY, play, wire

PAGE = b"<html><title>502</title>" + b"<p>filler \x1b[31m</p>\r\n" * 500 + "<p>größer</p>##vso[x]END</html>".encode()
LIST = b'{"object":"list","data":[{"id":"m"}]}'


def kept(reply: str | bytes) -> whole_bodies.WholeBody:
    """What is kept of a reply to the happy path."""
    played = play({"happy": wire(reply)})
    return next(body for body in whole_bodies.of(played.judgement, played.exchanges) if body.exchange == "x-happy")


def page(body: bytes, *headers: bytes, status: bytes = b"502") -> bytes:
    return b"\n".join([status + b" text/html", *headers, b"", body])


def test_a_good_run_keeps_nothing() -> None:
    played = play()
    assert whole_bodies.of(played.judgement, played.exchanges) == ()


def test_only_what_is_in_question_is_kept() -> None:
    played = play({"happy": wire(page(PAGE)), "models": wire(page(b""))})
    found = whole_bodies.of(played.judgement, played.exchanges)
    assert [body.exchange for body in found] == ["x-happy"] and found[0].data == PAGE and found[0].whole
    assert "filler" not in repr(found)


def test_the_key_is_taken_out_wherever_it_stands() -> None:
    for place in (0, 3000, len(PAGE)):
        body = kept(page(PAGE[:place] + KEY.encode() + PAGE[place:]))
        assert body.data == PAGE[:place] + MARK.encode() + PAGE[place:] and not body.refused


def test_a_secret_of_somebody_else_is_taken_out() -> None:
    assert kept(page(PAGE + b" gsk_" + b"a1B2" * 8)).data == PAGE + b" [REDACTED:secret]"


@pytest.mark.parametrize("char", ["x", "é", "€", "😀"])
@pytest.mark.parametrize("shift", range(4))
def test_a_long_body_is_cut_between_characters(char: str, shift: int) -> None:
    whole = ("-" * shift + char * (whole_bodies.MOST + 10)).encode()
    body = kept(page(whole))
    assert not body.whole and whole.startswith(body.data) and body.data.decode()
    assert whole_bodies.BEGINNING - 4 < len(body.data) <= whole_bodies.BEGINNING


def test_the_key_is_not_cut_in_half_at_the_bound() -> None:
    for back in (1, 8, 20, len(KEY)):
        body = kept(page(b"-" * (whole_bodies.BEGINNING - back) + KEY.encode() + b"-" * whole_bodies.MOST))
        assert KEY[:8].encode() not in body.data and len(body.data) <= whole_bodies.BEGINNING


def test_other_bytes_than_text_stay_as_they_are() -> None:
    noise = (b"<p>" + bytes(range(0xC0, 0x100)) + b"</p>" + b"a page of some code page " * 20) * 10
    assert kept(page(noise)).data == noise
    assert kept(page(noise + KEY.encode() + noise)).data == noise + MARK.encode() + noise


def _raw(data: bytes) -> bytes:
    """As zlib, without its header: nothing says that it is compressed."""
    return zlib.compress(data, wbits=-15)


def in_json(text: str) -> bytes:
    return b'data: {"choices":[{"index":0,"delta":{"content":%s}}]}\n\n' % json.dumps(text).encode()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (page(b"\xff\xfe" + KEY.encode("utf-16-le")), whole_bodies.HIDDEN),
        (page(KEY.encode("utf-16-be") + b"\xff"), whole_bodies.HIDDEN),
        (page(gzip.compress(KEY.encode(), mtime=0)), whole_bodies.SEALED),
        (page(zlib.compress(KEY.encode() * 9)), whole_bodies.SEALED),
        (page(_raw(KEY.encode())), whole_bodies.NO_TEXT),
        (page(bytes(range(256)) * 40), whole_bodies.NO_TEXT),
        (page(b"\xff\0" + gzip.compress(KEY.encode(), mtime=0)), whole_bodies.HIDDEN),
        (page(b"\x8b\x03\x80" + KEY.encode(), b"Content-Encoding: br"), whole_bodies.SEALED),
        (page("|".join(KEY).encode()), whole_bodies.HIDDEN),
        (page(b"\xff" + ("gsk_" + "a1B2" * 8).encode("utf-16-le")), whole_bodies.FOREIGN),
        (b"200 text/event-stream\n\n" + b"".join(in_json(KEY[at : at + 6]) for at in range(0, 40, 6)), whole_bodies.HIDDEN),
    ],
)  # fmt: skip
def test_where_a_secret_may_hide_nothing_is_kept(reply: bytes, reason: str) -> None:
    body = kept(reply)
    assert (body.data, body.refused) == (b"", reason)


# -- where they are kept ----------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> bodies.Folder:
    return bodies.Folder(str(tmp_path / "j-bodies"))


def files(folder: bodies.Folder) -> list[Path]:
    """Those of bodies: not the one that keeps git away from them."""
    return sorted(path for path in Path(folder.path).rglob("*-*") if path.is_file())


def test_once_by_hash_for_its_owner_only(folder: bodies.Folder) -> None:
    old = os.umask(0)
    try:
        first, _ = bodies.keep(folder, "https://a.test", b"one" * 100, "30d")
        again, _ = bodies.keep(folder, "https://b.test", b"one" * 100, "30d")
    finally:
        os.umask(old)
    assert first == again and len(files(folder)) == 1 and bodies.read(folder, first) == b"one" * 100
    assert {path.stat().st_mode & 0o777 for path in files(folder)} == {0o600}
    assert (Path(folder.path) / ".gitignore").read_text() == "*\n"
    assert {p.stat().st_mode & 0o777 for p in (Path(folder.path), files(folder)[0].parent)} == {0o700}


def test_no_body_can_be_committed_by_mistake_where_the_first_writer_was_killed(folder: bodies.Folder) -> None:
    os.mkdir(folder.path, 0o700)  # as far as it came
    bodies.keep(folder, "https://a.test", b"one" * 100, "30d")
    assert (Path(folder.path) / ".gitignore").read_text() == "*\n" and len(files(folder)) == 1


def test_a_target_has_room_for_so_much_a_day(folder: bodies.Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_MOST_A_DAY", 3000)
    results = [bodies.keep(folder, "https://a.test", os.urandom(1000), "30d") for _ in range(4)]
    assert [bool(hash) for hash, _ in results] == [True, True, False, False] and "64 MiB" in results[2][1]
    assert bodies.keep(folder, "https://b.test", os.urandom(1000), "30d")[0]  # another target's room is its own
    monkeypatch.setattr("chatproof.clock.utc", lambda *_: "2099-01-01T00:00:00.000Z")
    assert bodies.keep(folder, "https://a.test", os.urandom(1000), "9999w")[0]


def test_what_is_too_old_goes_and_what_comes_again_stays(
    folder: bodies.Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on(day: str, data: bytes) -> str:
        monkeypatch.setattr("chatproof.clock.utc", lambda *_: f"{day}T12:00:00.000Z")
        return bodies.keep(folder, "https://a.test", data, "30d")[0]

    once, twice = on("2026-01-01", b"once"), on("2026-01-01", b"twice")
    assert on("2026-01-20", b"twice") == twice
    on("2026-01-31", b"later")
    assert folder.hashes() >= {once, twice}
    on("2026-02-01", b"still later")
    assert once not in folder.hashes() and twice in folder.hashes()
    with pytest.raises(JournalError, match="not kept here"):
        bodies.read(folder, once)
    assert not (Path(folder.path) / "2026-01-01").exists()


def test_a_changed_body_is_found(folder: bodies.Folder) -> None:
    hashes = [bodies.keep(folder, "https://a.test", data, "30d")[0] for data in (b"one", b"two", b"three")]
    assert [*bodies.flaws(folder)] == []
    a, b = (next(path for path in files(folder) if hash in path.name) for hash in hashes[:2])
    a.write_bytes(zlib.compress(b"other"))
    b.write_bytes(b"no zlib")
    assert len([*bodies.flaws(folder)]) == 2
    for hash in hashes[:2]:
        with pytest.raises(JournalError, match="was changed"):
            bodies.read(folder, hash)
    a.write_bytes(zlib.compress(b"\0" * 300_000_000, 9))  # a bomb costs no memory
    assert len([*bodies.flaws(folder)]) == 2


def test_a_folder_that_is_not_ours_is_not_used(folder: bodies.Folder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Path(folder.path).symlink_to(elsewhere)
    with pytest.raises(JournalError, match="not a folder that belongs to this user"):
        bodies.keep(folder, "https://a.test", b"x", "30d")
    assert list(elsewhere.iterdir()) == [] and folder.hashes() == set()


@pytest.mark.parametrize("text", ["", "30", "d", "30 d", "-1d", "30h", "٣d", "99999d"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        bodies.days(text)


# -- as commands use them ---------------------------------------------------------------------------------------------


@pytest.fixture
def base_url() -> Iterator[str]:
    """A server whose happy path is a broken gateway that tells the key."""
    server = socket.create_server(("127.0.0.1", 0))

    def talk(client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65536) or b"\r\n\r\n"
        listing = head.startswith(b"GET")
        body = LIST if listing else PAGE + b" you sent " + head.partition(b"Authorization: ")[2].partition(b"\r\n")[0]
        kind = (b"200 OK", b"application/json") if listing else (b"502 Bad", b"text/html")
        client.sendall(b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (*kind, len(body)) + body)
        client.close()

    def accept() -> None:
        try:
            while True:
                threading.Thread(target=talk, args=(server.accept()[0],), daemon=True).start()
        except OSError:
            pass

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    server.close()


Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("CHATPROOF_API_KEY", KEY)

    def run(*words: str, status: int = 0) -> str:
        assert cli.main(words) == status, capfd.readouterr()
        shown = capfd.readouterr()
        assert KEY not in shown.out + shown.err
        return shown.out + shown.err

    return run


WHOLE = PAGE + b" you sent Bearer " + MARK.encode()


@pytest.mark.parametrize("place", ["", "j.sqlite3", "j.jsonl"])
def test_from_the_reply_to_the_file(place: str, base_url: str, run: Run, tmp_path: Path) -> None:
    name = ("--journal", place) if place else ()
    run("smoke", base_url, "--model", "m", "--report", "json=r.json", "-q", *name, status=1)
    report = (tmp_path / "r.json").read_text()
    exchange = json.loads(report)["exchanges"][0]
    said = exchange["response"]["body"]["kept"]
    assert (said["bytes"], said["whole"], said["reason"]) == (len(WHOLE), True, "")
    assert len(exchange["response"]["body"]["excerpt"]) <= 2048 and "END</html>" not in report
    for exchange in ("x1", "happy"):
        shown = run("show", "latest", "--body", exchange, *name)
        assert shown.endswith("<p>größer</p>#\\x23vso[x]END</html> you sent Bearer [REDACTED:api_key]\n")
        assert "\\x1b[31m</p>\n" in shown and "\x1b" not in shown
    run("show", "latest", "--body", "x1", "--output", "body", *name)
    assert (tmp_path / "body").read_bytes() == WHOLE and (tmp_path / "body").stat().st_mode & 0o777 == 0o600
    assert "whole body" in run("show", "latest", "-v", *name)
    run("escalate", "latest", "--attach-bodies", "-o", "b.zip", *name)
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        assert packed.read("bodies/x1-happy.txt") == WHOLE and "bundle.md" in packed.namelist()
    assert (tmp_path / "b.zip").stat().st_mode & 0o777 == 0o600
    run("journal", "verify", *name)


def test_what_cannot_be_shown_is_told(base_url: str, run: Run) -> None:
    run("smoke", base_url, "--model", "m", "-q", status=1)
    assert "there are: x1 (happy), " in run("show", "latest", "--body", "x9", status=2)
    assert "it had no failure" in run("show", "latest", "--body", "models", status=2)
    assert "--output needs --body" in run("show", "latest", "--output", "f", status=2)
    assert "writes a zip file" in run("escalate", "latest", "--attach-bodies", status=2)
    run("smoke", "simulator", "--fault", "connection-refused", "-q", status=3)
    assert "has no body" in run("escalate", "latest", "--attach-bodies", "-o", "b.zip", status=2)


def test_prune_removes_what_no_run_names_any_more(base_url: str, run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        run("smoke", base_url, "--model", "m", "-q", "--journal", "j.sqlite3", status=1)
    store = bodies.Folder(str(tmp_path / "j.sqlite3-bodies"))
    assert len(store.hashes()) == 3
    assert "bodies" not in run("journal", "prune", "--keep", "1", "--journal", "j.sqlite3")
    assert len(store.hashes()) == 3 and run("show", "latest", "--body", "x1", "--journal", "j.sqlite3")
    run("smoke", "simulator", "-q", "--journal", "j.sqlite3")
    assert "3 complete bodies" in run("journal", "prune", "--keep", "1", "--journal", "j.sqlite3")
    assert store.hashes() == set() and files(store) == []


def test_verify_names_a_changed_body_and_show_refuses_it(base_url: str, run: Run, tmp_path: Path) -> None:
    run("smoke", base_url, "--model", "m", "-q", "--journal", "j.sqlite3", status=1)
    for path in files(bodies.Folder(str(tmp_path / "j.sqlite3-bodies"))):
        path.write_bytes(zlib.compress(b"something else"))
    shown = run("journal", "verify", "--journal", "j.sqlite3", status=1)
    assert "the chain holds" in shown and "does not match its hash" in shown
    assert "was changed" in run("show", "latest", "--body", "x1", "--journal", "j.sqlite3", status=4)


@pytest.mark.parametrize("keep", ["0d", "1d"])
def test_the_configuration_says_how_long(keep: str, base_url: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(f'keep = "{keep}"\n')
    config = ("--config", "c.toml", "--journal", "j.sqlite3")
    run("smoke", base_url, "--model", "m", "-q", *config, status=1)
    if keep == "0d":
        assert not (tmp_path / "j.sqlite3-bodies").exists()
        assert "the configuration says that none is kept" in run("show", "latest", "--body", "x1", *config, status=2)
    else:
        assert "END</html>" in run("show", "latest", "--body", "x1", *config)
        store = tmp_path / "j.sqlite3-bodies"
        next(store.glob("2*")).rename(store / "2020-01-01")
        run("journal", "prune", "--keep", "9", *config)
        assert "not kept here" in run("show", "latest", "--body", "x1", *config, status=2)


@pytest.mark.parametrize("text", ['keep = "soon"', "keep = 30", 'bodies = "yes"', 'keep = "30h"'])
def test_a_configuration_that_says_it_wrongly(text: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(text)
    assert "c.toml:1:1: " in run("config", "check", "c.toml", status=2)


def test_a_body_that_cannot_be_kept_costs_no_record(base_url: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise JournalError("journal.unwritable", "the disk is full", "make room")

    monkeypatch.setattr(bodies.Folder, "add", full)
    assert "the body of x1 is not kept" in run("smoke", base_url, "--model", "m", "-q", status=1)
    assert "the disk is full" in run("show", "latest", "--body", "x1", status=2)


def test_a_shared_journal_keeps_them_only_when_told(
    base_url: str, run: Run, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = ("--journal", fresh_place(request, tmp_path, "postgresql"))
    run("smoke", base_url, "--model", "m", "-q", *name, status=1)
    assert "no journal kept it" in run("show", "latest", "--body", "x1", *name, status=2)
    (tmp_path / "c.toml").write_text("bodies = true\n")
    told = ("--config", "c.toml", *name)
    run("smoke", base_url, "--model", "m", "-q", *told, status=1)
    assert "END</html>" in run("show", "latest", "--body", "x1", *told)
    run("smoke", base_url, "--model", "m", "-q", *told, status=1)
    store = bodies.beside(journal.open(name[1]), name[1])
    assert len(store.hashes()) == 3
    run("journal", "verify", *told)
    run("smoke", "simulator", "-q", *told)
    assert "3 complete bodies" in run("journal", "prune", "--keep", "1", *told) and store.hashes() == set()
