"""A server that echoes the key in bodies of up to a mebibyte: the whole body is kept, and no file holds the key."""

from __future__ import annotations

import codecs
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.leaks.runs import Ran, reports, run
from tests.leaks.scanner import KEY, readings, whole_forms

pytestmark = pytest.mark.each_commit
END = b"THE-END-OF-THE-PAGE"
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "base64": lambda key: b64encode(key.encode()).decode(),
    "hex": lambda key: key.encode().hex(),
    "percent": lambda key: quote(key.replace("-", "%2D")),
    "JSON escapes": lambda key: "".join(f"\\u{ord(char):04x}" for char in key),
    "HTML references": lambda key: "".join(f"&#{ord(char)};" for char in key),
    "separators": "|".join,
    "rot13": lambda key: codecs.encode(key, "rot13"),
    "UTF-16": lambda key: key.encode("utf-16-le").decode("latin-1"),
    "reversed": lambda key: key[::-1],
}
SIZES = {"small": 300, "beyond the excerpt": 20_000, "large": 1024 * 1024 - 4000}
FILL = b"<p>What the gateway says of itself.</p>\n"


def page(form: str, size: int, place: float) -> bytes:
    fill = FILL * (size // len(FILL))
    at = int(len(fill) * place)
    return fill[:at] + FORMS[form](KEY.value).encode("latin-1") + fill[at:] + END


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], str]]:
    servers: list[socket.socket] = []

    def start(body: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)
        head = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body)

        def talk(client: socket.socket) -> None:
            with client:
                while b"\r\n\r\n" not in client.recv(65536):
                    pass
                client.sendall(head + body)

        def accept() -> None:
            try:
                while True:
                    threading.Thread(target=talk, args=(server.accept()[0],), daemon=True).start()
            except OSError:
                pass

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/v1"

    yield start
    for server in servers:
        server.close()


def kept(ran: Ran) -> dict[str, bytes]:
    """The packed bodies that the run left, by name."""
    return {
        name: data for name, data in ran.artefacts.items() if "-bodies/" in name and not name.endswith("/.gitignore")
    }


def check(ran: Ran, *, end: bool) -> None:
    assert ran.status == 1 and ran.leaks() == []
    seen = [any(END in text for _, text in readings(data)) for data in kept(ran).values()]
    assert all(seen) and bool(seen) is end, "the scanner reads what is kept, up to its end"


@pytest.mark.parametrize("size", SIZES)
def test_the_control_is_kept_whole_and_can_be_read(size: str, serve: Callable[[bytes], str], tmp_path: Path) -> None:
    url = serve(FILL * (SIZES[size] // len(FILL)) + END)
    check(run(tmp_path, ["smoke", url, "--model", "m", *reports()]), end=True)


def test_the_scanner_would_find_the_key(serve: Callable[[bytes], str], tmp_path: Path) -> None:
    """The same run with a redactor that removes nothing: or the tests below prove nothing."""
    code = (
        "import sys; from chatproof.record import whole_bodies; from chatproof.cli import main as cli; whole_bodies.clean = lambda text, *keys: text;"
        "whole_bodies._reads = lambda *_: False; sys.exit(cli.main(sys.argv[1:]))"
    )
    ran = run(tmp_path, ["smoke", serve(page("base64", 20_000, 0.9)), "--model", "m"], launch=["-c", code])
    assert {found.place for found in ran.leaks() if "-bodies/" in found.place}


def _places() -> list[Any]:
    """Each form and each place at each commit; a mebibyte in each form by night: the scan of one takes seconds."""
    places = [("beyond the excerpt", 0.9), ("large", 0.5), ("large", 1.0)]
    each_commit = {("large", 0.5): "none of them", ("large", 1.0): "plain"}
    return [
        pytest.param(form, *at, marks=[pytest.mark.nightly] if each_commit.get(at, form) != form else [])
        for at in places
        for form in FORMS
    ]


@pytest.mark.parametrize(("form", "size", "place"), _places())
def test_no_file_holds_the_key(
    form: str, size: str, place: float, serve: Callable[[bytes], str], tmp_path: Path
) -> None:
    ran = run(tmp_path, ["smoke", serve(page(form, SIZES[size], place)), "--model", "m", *reports()])
    check(ran, end=bool(kept(ran)))
    assert kept(ran) or form in ("separators", "UTF-16", "JSON escapes", "HTML references", "percent"), "refused"


@pytest.mark.parametrize("form", ["plain", "base64", "reversed"])
def test_no_command_brings_it_back(form: str, serve: Callable[[bytes], str], tmp_path: Path) -> None:
    """What is shown, written to a file and packed for a help center is what was kept."""
    run(tmp_path, ["smoke", serve(page(form, 20_000, 0.9)), "--model", "m"])
    shown = run(tmp_path, ["show", "latest", "--body", "happy"])
    written = run(tmp_path, ["show", "latest", "--body", "happy", "--output", "body"])
    packed = run(tmp_path, ["escalate", "latest", "--attach-bodies", "--output", "bundle.zip"])
    for ran, place in ((shown, "stdout"), (written, "file body"), (packed, "file bundle.zip")):
        assert ran.status == 0 and ran.leaks() == []
        assert any(END in text for _, text in readings(ran.artefacts[place]))


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(len([*whole_forms(KEY.value)])))
def test_every_form_that_the_scanner_knows(number: int, serve: Callable[[bytes], str], tmp_path: Path) -> None:
    name, text = [*whole_forms(KEY.value)][number]
    fill = FILL * 500
    ran = run(tmp_path, ["smoke", serve(fill + text.encode("utf-8", "surrogatepass") + fill + END), "--model", "m"])
    assert ran.leaks() == [], name
