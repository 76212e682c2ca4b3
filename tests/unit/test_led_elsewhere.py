"""No variable of the C library's or of libpq's leads a name that was given to another host."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chatproof import simulator

LOOKED_UP = """
import ctypes, json, os, socket, sys
c = ctypes.CDLL(None)
c.getenv.restype = ctypes.c_char_p
seen = []
def look_up(host, *args, **more):
    seen.append([str(host), [n for n in ("HOSTALIASES", "LOCALDOMAIN") if c.getenv(n.encode())]])
    raise socket.gaierror(socket.EAI_NONAME, "nobody")
socket.getaddrinfo = look_up
from chatproof.cli.main import main
status = main(sys.argv[1:])
print(json.dumps([status, seen, "LOCALDOMAIN" in os.environ]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    [
        ["smoke", "http://ollama:1/v1", "--allow-http", "--model", "m", "--journal", "none"],
        ["models", "http://ollama:1/v1", "--allow-http"],
        ["smoke", "http://ollama:1/v1", "--allow-http", "--model", "m", "--journal", "postgresql://db:1/runs"],
    ],
)
def test_a_name_is_looked_up_without_variables(words: list[str], tmp_path: Path) -> None:
    """HOSTALIASES gives a name without a dot another meaning, LOCALDOMAIN a domain of somebody's: a key that goes out
    without TLS would go there."""
    given = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "CHATPROOF_API_KEY": "sk-canary-0123456789abcdefghij",
        "HOSTALIASES": str(tmp_path / "aliases"),
        "LOCALDOMAIN": "evil.test",
    }
    done = subprocess.run(
        [sys.executable, "-c", LOOKED_UP, *words], env=given, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    status, seen, still_told = json.loads(done.stderr.splitlines()[-1])
    assert seen, (status, done.stderr)
    assert [names for _, names in seen] == [[]] * len(seen)
    assert still_told, "the process's own variables stay as they are, for doctor to tell"


MADE = """
import ctypes, json, ssl, sys
c = ctypes.CDLL(None)
c.getenv.restype = ctypes.c_char_p
seen = []
class Context(ssl.SSLContext):
    def __new__(cls, *args, **more):
        seen.append(c.getenv(b"SSLKEYLOGFILE") is None)
        return super().__new__(cls, *args, **more)
ssl.SSLContext = Context
from chatproof.cli.main import main
main(sys.argv[1:])
print(json.dumps(seen), file=sys.stderr)
"""


def test_openssl_is_told_of_no_file_for_its_secrets(tmp_path: Path) -> None:
    """Some builds of OpenSSL 3.5 read SSLKEYLOGFILE themselves, whatever Python does."""
    given = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "SSLKEYLOGFILE": str(tmp_path / "log")}
    words = ["smoke", "https://127.0.0.1:1/v1", "--no-auth", "--model", "m", "--journal", "none"]
    done = subprocess.run(
        [sys.executable, "-c", MADE, *words], env=given, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    seen = json.loads(done.stderr.splitlines()[-1])
    assert seen and all(seen)


def test_doctor_tells_of_them(tmp_path: Path) -> None:
    given = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LOCALDOMAIN": "evil.test"}
    command = [sys.executable, "-m", "chatproof", "doctor", "https://127.0.0.1:1/v1", "--no-auth"]
    done = subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "LOCALDOMAIN" in done.stdout and "evil" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "url", ["postgresql://user:pw@127.0.0.1:{port}/runs", "postgresql:///runs?host=127.0.0.1&port={port}&user=user"]
)
def test_a_journals_password_goes_to_the_host_of_its_url(url: str, tmp_path: Path) -> None:
    """libpq connects to PGHOSTADDR with the password of the host that the URL names."""
    pytest.importorskip("psycopg")
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        with socket.create_server(("127.0.0.2", port)) as theirs:
            given = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PGHOSTADDR": "127.0.0.2"}
            came: list[str] = []

            def accept(server: socket.socket, name: str) -> None:
                try:
                    with server.accept()[0]:
                        came.append(name)  # before it is closed: the command ends soon after
                except OSError:
                    pass

            for server, name in ((ours, "ours"), (theirs, "theirs")):
                server.settimeout(20)
                threading.Thread(target=accept, args=(server, name), daemon=True).start()
            command = [sys.executable, "-m", "chatproof", "history", "--journal", url.format(port=port)]
            done = subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, timeout=60)
            assert done.returncode == 4, done.stderr
            assert came == ["ours"]


@pytest.mark.parametrize("service", ["port={port}", "sslmode=disable"])
def test_a_journals_password_goes_the_way_of_its_url(service: str, tmp_path: Path) -> None:
    """libpq adds what a service of PGSERVICEFILE says to what the URL does not: another port, no TLS."""
    pytest.importorskip("psycopg")
    with socket.create_server(("127.0.0.1", 0)) as ours, socket.create_server(("127.0.0.1", 0)) as theirs:
        said = service.format(port=theirs.getsockname()[1])
        (tmp_path / "services").write_text(f"[evil]\n{said}\n")
        given = {
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "PGSERVICE": "evil",
            "PGSERVICEFILE": str(tmp_path / "services"),
        }
        first: list[bytes] = []

        def accept() -> None:
            ours.settimeout(20)
            try:
                with ours.accept()[0] as peer:
                    first.append(peer.recv(8))
            except OSError:
                pass

        threading.Thread(target=accept, daemon=True).start()
        port = "" if said.startswith("port=") else f"&port={ours.getsockname()[1]}"
        url = f"postgresql://user:pw@/runs?host=127.0.0.1{port}"
        command = [sys.executable, "-m", "chatproof", "history", "--journal", url]
        done = subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 4, done.stderr
        if port:
            assert first == [b"\0\0\0\x08\x04\xd2\x16/"], "it asks for TLS, as it does without a variable"
        else:
            theirs.settimeout(0.2)
            with pytest.raises(TimeoutError):
                theirs.accept()


CERTS = Path(simulator.__path__[0]) / "certs"
STRANGER = {"SSL_CERT_FILE": str(CERTS / "ca.pem"), "PGSSLROOTCERT": str(CERTS / "ca.pem"), "PGSSLMODE": "disable"}


@pytest.mark.parametrize(
    ("variable", "asked"),
    [
        ("SSL_CERT_FILE", "sslmode=verify-full&sslrootcert=system"),
        ("PGSSLROOTCERT", "sslmode=verify-full"),
        ("PGSSLMODE", ""),
    ],
)
def test_no_variable_vouches_for_a_journals_server(variable: str, asked: str, tmp_path: Path) -> None:
    """A stranger's server, with a certificate of an authority that only a variable names: it gets no password, and a
    URL that says nothing of TLS asks for it all the same."""
    pytest.importorskip("psycopg")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "good.pem")
    context.set_alpn_protocols(["postgresql"])
    came: list[bytes] = []

    def serve() -> None:
        try:
            while True:
                with server.accept()[0] as peer:
                    came.append(peer.recv(8))
                    peer.sendall(b"S")
                    with context.wrap_socket(peer, server_side=True) as secure:
                        came.append(secure.recv(64))
        except OSError:
            pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        threading.Thread(target=serve, daemon=True).start()
        given = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], variable: STRANGER[variable]}
        url = f"postgresql://user:pw@127.0.0.1:{server.getsockname()[1]}/runs?{asked}"
        command = [sys.executable, "-m", "chatproof", "history", "--journal", url]
        done = subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 4 and "pw" not in done.stderr
        if asked:
            assert b"user" not in b"".join(came) and "sslrootcert=FILE" in done.stderr
        else:
            assert came[0] == b"\0\0\0\x08\x04\xd2\x16/"


@pytest.mark.parametrize(
    "asked", ["sslmode=verify-full", "sslmode=verify-full&gssencmode=disable", "sslmode=verify-ca"]
)
def test_no_ticket_vouches_for_a_journals_server(asked: str, tmp_path: Path) -> None:
    """libpq speaks Kerberos in place of TLS where there is a ticket, whatever sslmode says: KRB5CCNAME and KRB5_CONFIG
    name ticket and realm. Without one, `require` keeps it from connecting."""
    pytest.importorskip("psycopg")
    first: list[bytes] = []

    def accept() -> None:
        try:
            with server.accept()[0] as peer:
                first.append(peer.recv(8))
        except OSError:
            pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        threading.Thread(target=accept, daemon=True).start()
        given = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PGGSSENCMODE": "require"}
        given["KRB5CCNAME"] = str(tmp_path / "none")
        url = f"postgresql://user:pw@127.0.0.1:{server.getsockname()[1]}/runs?{asked}&sslrootcert={CERTS / 'ca.pem'}"
        command = [sys.executable, "-m", "chatproof", "history", "--journal", url]
        done = subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 4 and "pw" not in done.stderr
        assert first == [b"\0\0\0\x08\x04\xd2\x16/"], "it asks for TLS"


def test_a_url_that_asks_for_kerberos_gets_it() -> None:
    from chatproof.journal.postgres_url import way

    url = "postgresql://u@db.test/runs?sslmode=verify-full"
    assert way(url)[0] == {"hostaddr": "", "gssencmode": "disable"}
    assert way(f"{url}&gssencmode=prefer")[0] == {"hostaddr": ""}
    assert "gssencmode" not in way("postgresql://u@db.test/runs")[0]
