"""Certificates that are refused for what they are: a real handshake in memory, then the code and the words."""

import datetime
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from chatproof.transport import tls
from chatproof.wire.exchange import Fault
from tests.support import play
from tests.transport_support import looked

BEGIN, END = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2024, 2090))
Key = Any


def key(bits: int = 0) -> Key:
    return rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())


def certificate(
    subject: str, own: Key, issuer: str = "authority", by: Key = None, *, authority: bool = False, **options: Any
) -> x509.Certificate:
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (subject, issuer)]
    builder = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(own.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(BEGIN).not_valid_after(END)
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if san := options.get("san", "" if authority else "localhost"):
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(san)]), critical=False)
    if options.get("purpose"):
        builder = builder.add_extension(x509.ExtendedKeyUsage([options["purpose"]]), critical=False)
    if options.get("access"):
        builder = builder.add_extension(options["access"], critical=False)
    return builder.sign(by or own, hashes.SHA256())


def pem(made: x509.Certificate) -> bytes:
    return made.public_bytes(serialization.Encoding.PEM)


class Chain:
    """An authority, what stands between, and the server's certificate, in files of their own."""

    def __init__(self, folder: Path) -> None:
        self.root_key, self.key = key(), key()
        self.root = certificate("authority", self.root_key, authority=True)
        self.between: list[x509.Certificate] = []
        self.leaf = certificate("localhost", self.key, by=self.root_key)
        self.folder = folder

    def play(self) -> tuple[Fault | None, str]:
        """(the fault of a verified handshake, what a second look shows)."""
        private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self.folder / "ca.pem").write_bytes(pem(self.root))
        (self.folder / "leaf.pem").write_bytes(b"".join([pem(self.leaf), *map(pem, self.between), private]))
        fault = None
        try:
            shake(tls.context(str(self.folder / "ca.pem")), talker(self.folder / "leaf.pem"))
        except ssl.SSLError as error:
            fault = tls.fault(error)
        return fault, looked("localhost", talker(self.folder / "leaf.pem"))


def talker(leaf: Path) -> Callable[[bytes], bytes]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers("ALL:@SECLEVEL=0")  # it would not offer what the tests are about
    server.load_cert_chain(leaf)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    side = server.wrap_bio(incoming, outgoing, server_side=True)

    def talk(data: bytes) -> bytes:
        incoming.write(data)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return outgoing.read()

    return talk


def shake(client: ssl.SSLContext, talk: Callable[[bytes], bytes]) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    side = client.wrap_bio(incoming, outgoing, server_hostname="localhost")
    while True:
        try:
            return side.do_handshake()
        except ssl.SSLWantReadError:
            incoming.write(talk(outgoing.read()))


def weak_key(chain: Chain) -> None:
    chain.key = key(1024)
    chain.leaf = certificate("localhost", chain.key, by=chain.root_key)


def weak_authority(chain: Chain) -> None:
    chain.root_key = key(1024)
    chain.root = certificate("authority", chain.root_key, authority=True)
    chain.leaf = certificate("localhost", chain.key, by=chain.root_key)


def for_clients(chain: Chain) -> None:
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH
    chain.leaf = certificate("localhost", chain.key, by=chain.root_key, purpose=purpose)


def no_authority(chain: Chain) -> None:
    middle = key()
    chain.between = [certificate("between", middle, by=chain.root_key)]
    chain.leaf = certificate("localhost", chain.key, "between", middle)


def common_name_only(chain: Chain) -> None:
    chain.leaf = certificate("localhost", chain.key, by=chain.root_key, san="")


def other_name(chain: Chain) -> None:
    chain.leaf = certificate("localhost", chain.key, by=chain.root_key, san="; it has no subject alternative name")


def stranger(chain: Chain) -> None:
    chain.root = certificate("somebody else", key(), "somebody else", authority=True)


def fetched_by_browsers(chain: Chain) -> None:
    """As public authorities do it: the certificate says where its issuer's can be fetched."""
    where = x509.UniformResourceIdentifier("http://ca.test/r3.der")
    access = x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)])
    chain.leaf = certificate("localhost", chain.key, "Public Issuing CA", key(), access=access)


def whole_chain(chain: Chain) -> None:
    """Nothing is missing in what came: its authority is not trusted here."""
    chain.between = [chain.root]
    stranger(chain)


def inspected(chain: Chain) -> None:
    chain.leaf = certificate("localhost", chain.key, "Zscaler Intermediate Root CA (zscaler.net)", key())


def stand_in(chain: Chain) -> None:
    name = "Kubernetes Ingress Controller Fake Certificate"
    chain.leaf = certificate(name, chain.key, name)


def by_itself(chain: Chain) -> None:
    chain.leaf = certificate("localhost", chain.key, "localhost")


def boasts(chain: Chain) -> None:
    """Our own words in a stranger's name are a stranger's words."""
    chain.leaf = certificate("localhost", chain.key, "the certificate is self-signed; ", key())


THEIRS = (stranger, whole_chain, inspected, by_itself, boasts)
"""Where trusting another authority may be right, here and in the application."""


def nothing(chain: Chain) -> None:
    """The control: without a flaw, the handshake succeeds."""


@pytest.mark.parametrize(
    ("flaw", "code", "owner", "words"),
    [
        (weak_key, "tls.untrusted", "provider", "key of the server's certificate is too weak"),
        (weak_authority, "tls.untrusted", "provider", "key of the authority behind the certificate is too weak"),
        (for_clients, "tls.untrusted", "provider", "issued for another purpose"),
        (no_authority, "tls.untrusted", "provider", "not allowed to sign others"),
        (common_name_only, "tls.hostname_mismatch", "provider", "no subject alternative name"),
        (other_name, "tls.hostname_mismatch", "provider", "is for another host"),
        (stranger, "tls.untrusted", "unknown", "incomplete, or its issuer is a private authority"),
        (fetched_by_browsers, "tls.untrusted", "provider", "the intermediate certificate is missing"),
        (whole_chain, "tls.untrusted", "you", "not signed by an authority this machine trusts"),
        (inspected, "tls.untrusted", "you", "a proxy or firewall on the way decrypts TLS"),
        (stand_in, "tls.untrusted", "gateway", "a placeholder certificate"),
        (by_itself, "tls.untrusted", "you", "self-signed"),
        (boasts, "tls.untrusted", "unknown", "incomplete, or its issuer is a private authority"),
        (nothing, "", "", ""),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_is_wrong_is_named(
    flaw: Callable[[Chain], None], code: str, owner: str, words: str, tmp_path: Path
) -> None:
    chain = Chain(tmp_path)
    flaw(chain)
    fault, shown = chain.play()
    assert (fault.code if fault else "") == code
    if fault:
        first = play({"all": fault._replace(detail=f"{fault.detail}; {shown}")}).diagnoses[0]
        assert (first.code, first.owner) == (code, owner) and words in first.summary
        step = first.next_step
        assert ("with --ca-file" in step) is (flaw in THEIRS) and ("REQUESTS_CA_BUNDLE" in step) is (flaw in THEIRS)
        if flaw in THEIRS:
            (issuer,) = chain.leaf.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
            assert f"its issuer: CN={issuer.value!s}" in first.evidence[0]


def test_a_sha_1_signature_is_named(tmp_path: Path) -> None:
    """The library that makes the others' certificates signs nothing with SHA-1; the openssl program does."""

    def openssl(*words: str) -> None:
        done = subprocess.run(["openssl", *words], cwd=tmp_path, capture_output=True)
        if done.returncode:
            pytest.skip(f"openssl cannot: {done.stderr[-200:]!r}")

    new = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    openssl("req", *new, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=localhost")
    (tmp_path / "names").write_text("subjectAltName=DNS:localhost")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-sha1")
    openssl("x509", "-req", "-in", "leaf.csr", *signing, "-out", "leaf.crt")
    (tmp_path / "leaf.pem").write_bytes((tmp_path / "leaf.crt").read_bytes() + (tmp_path / "leaf.key").read_bytes())
    with pytest.raises(ssl.SSLError) as raised:
        shake(tls.context(str(tmp_path / "ca.pem")), talker(tmp_path / "leaf.pem"))
    fault = tls.fault(raised.value)
    first = play({"all": fault}).diagnoses[0]
    assert (first.code, first.owner) == ("tls.untrusted", "provider") and "SHA-1" in first.summary
    assert looked("localhost", talker(tmp_path / "leaf.pem")).endswith("; it is signed with SHA-1")
