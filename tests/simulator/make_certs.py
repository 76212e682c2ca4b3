"""Make the simulator's test certificates anew: python tests/simulator/make_certs.py (needs `cryptography`).

The authority's key is thrown away at the end, so nothing else can ever be signed with it. The leaf keys are public.
"""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER = Path(__file__).parents[2] / "src/chatproof/simulator/certs"
BEGIN = datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC)
END = datetime.datetime(2099, 12, 31, tzinfo=datetime.UTC)
PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
LOOPBACK = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
ELSEWHERE = (x509.DNSName("somewhere-else.invalid"),)


def name(text: str) -> x509.Name:
    made = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "chatproof simulator (public test key)")]
    return x509.Name([*made, x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def usage(*wanted: str) -> x509.KeyUsage:
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    every += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{each: each in wanted for each in every})


def authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name("chatproof simulator test CA")
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(BEGIN).not_valid_after(END)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage("key_cert_sign", "crl_sign"), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return builder.sign(key, hashes.SHA256()), key


def leaf(
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    end: datetime.datetime,
    names: tuple[x509.GeneralName, ...],
) -> bytes:
    """Certificate and key in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(name("chatproof simulator")).issuer_name(ca.subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(BEGIN).not_valid_after(end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(usage("digital_signature"), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    made = builder.add_extension(issuer, critical=False).sign(ca_key, hashes.SHA256())
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return pem(made) + key.private_bytes(encoding, form, serialization.NoEncryption())


def main() -> None:
    ca, ca_key = authority()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "ca.pem").write_bytes(pem(ca))
    (FOLDER / "good.pem").write_bytes(leaf(ca, ca_key, END, LOOPBACK))
    (FOLDER / "expired.pem").write_bytes(leaf(ca, ca_key, PAST, LOOPBACK))
    (FOLDER / "wrong-host.pem").write_bytes(leaf(ca, ca_key, END, ELSEWHERE))


if __name__ == "__main__":
    main()
