"""Our own certificate: shown to a server that asks for one, and refused here in words where it cannot be used."""

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from chatproof.running.dispatch import transport_options
from chatproof.target.target import Target, Wanted, resolve
from chatproof.usage_error import UsageError
from tests.support import KEY
from tests.unit.test_refused_handshakes import AUTHORITY, NEW, OLD, wants_a_certificate

URL, PASS = "https://localhost/v1", "geheim-geheim"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    mine = AUTHORITY.issue_cert("me.test")
    mine.cert_chain_pems[0].write_to_path("me.pem")
    mine.private_key_pem.write_to_path("me.key")
    mine.private_key_and_cert_chain_pem.write_to_path("both.pem")
    trustme.CA().issue_cert("other.test").private_key_pem.write_to_path("other.key")
    AUTHORITY.cert_pem.write_to_path("ca.pem")
    key = serialization.load_pem_private_key(mine.private_key_pem.bytes(), None)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    Path("locked.key").write_bytes(key.private_bytes(*form, serialization.BestAvailableEncryption(PASS.encode())))
    for path in tmp_path.iterdir():
        path.chmod(0o600)
    return tmp_path


def context(environ: dict[str, str] | None = None, **options: str) -> ssl.SSLContext:
    found = resolve(Wanted(target=URL, model="m", ca_file="ca.pem", **options), {"CHATPROOF_API_KEY": KEY})
    made = transport_options(found, environ or {}).tls
    assert made is not None
    return made()


def shown_to(server: ssl.SSLContext, client: ssl.SSLContext) -> object:
    """Whom the server sees, after a handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(to_client, to_server, server_hostname="localhost"),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
    return (sides[1].getpeercert() or {}).get("subjectAltName")


MINE = (("DNS", "me.test"),)


@pytest.mark.parametrize("newest", [NEW, OLD])
@pytest.mark.parametrize(
    "options",
    [
        {"client_cert": "me.pem", "client_key": "me.key"},
        {"client_cert": "both.pem"},
        {"client_cert": "me.pem", "client_key": "locked.key", "client_key_pass": "env:PASS"},
    ],
    ids=["two-files", "one-file", "encrypted"],
)
def test_the_server_sees_it(files: Path, options: dict[str, str], newest: ssl.TLSVersion) -> None:
    assert shown_to(wants_a_certificate(newest), context({"PASS": PASS}, **options)) == MINE


def test_without_it_the_server_refuses(files: Path) -> None:
    with pytest.raises(ssl.SSLError):
        shown_to(wants_a_certificate(NEW), context())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"client_key": "me.key"}, "without its certificate"),
        ({"client_cert": "nowhere.pem"}, "cannot read the client key nowhere.pem: No such file"),
        ({"client_cert": "me.pem", "client_key": "other.key"}, "the key does not belong to the certificate"),
        ({"client_cert": "me.pem"}, "cannot use the client certificate me.pem"),
        ({"client_cert": "me.pem", "client_key": "locked.key"}, "is encrypted: use --client-key-pass env:NAME"),
        ({"client_cert": "me.pem", "client_key": "locked.key", "client_key_pass": "env:NONE"}, "NONE is not set"),
        (
            {"client_cert": "me.pem", "client_key": "locked.key", "client_key_pass": "env:WRONG"},
            "the passphrase in WRONG is not the right one",
        ),
        ({"client_cert": "me.pem", "client_key": "me.key", "client_key_pass": PASS}, "by the name of its variable"),
        ({"client_cert": "me.pem", "client_key": "."}, "not a regular file"),
    ],
)
def test_what_cannot_be_used_is_told(files: Path, options: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError) as raised:
        context({"WRONG": "another-passphrase"}, **options)
    assert words in raised.value.detail and PASS not in str(raised.value) and "another" not in str(raised.value)


def test_a_key_that_others_could_change_is_refused(files: Path) -> None:
    (files / "me.key").chmod(0o666)
    with pytest.raises(UsageError, match="other users could change"):
        context(client_cert="me.pem", client_key="me.key")


def test_a_key_that_others_can_read_is_noted(files: Path) -> None:
    wanted = Wanted(target=URL, model="m", client_cert="me.pem", client_key="me.key")
    assert not any("other users can read" in note for note in resolve(wanted, {"CHATPROOF_API_KEY": KEY}).notes)
    (files / "me.key").chmod(0o644)
    assert any(
        "other users can read the client key me.key" in note
        for note in resolve(wanted, {"CHATPROOF_API_KEY": KEY}).notes
    )


def test_a_configuration_names_it_from_its_own_folder(files: Path) -> None:
    text = f'[targets.x]\nbase_url = "{URL}"\nkey_env = "K"\nclient_cert = "me.pem"\nclient_key = "me.key"\n'
    folder = files / "below"
    folder.mkdir()
    (folder / "c.toml").write_text(text)
    found: Target = resolve(Wanted(target="x", model="m", config="below/c.toml"), {"K": KEY}).target
    assert (found.client_cert, found.client_key) == (str(folder / "me.pem"), str(folder / "me.key"))
