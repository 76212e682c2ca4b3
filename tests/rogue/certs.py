"""Certificates of a test authority, one kind for each way in which a certificate can be wrong."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import trustme

ADDRESSES = ("127.0.0.1", "localhost")
HOSTILE_NAME = "\x1b]0;PWN\x07<script>alert(1)</script>"
PAST = datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)


@cache
def authority() -> trustme.CA:
    return trustme.CA()


def write_authority(folder: Path) -> Path:
    path = folder / "ca.pem"
    authority().cert_pem.write_to_path(str(path))
    return path


@cache
def context(kind: str) -> ssl.SSLContext:
    """A server's context: good, expired, wrong-host, hostile-name (trusted) or hostile-stranger (untrusted)."""
    ca = trustme.CA() if kind == "hostile-stranger" else authority()
    names = ("somewhere-else.invalid",) if kind == "wrong-host" else ADDRESSES
    if kind == "expired":
        leaf = ca.issue_cert(*names, not_before=PAST[0], not_after=PAST[1])
    elif kind.startswith("hostile"):
        leaf = ca.issue_cert(*names, common_name=HOSTILE_NAME)
    else:
        leaf = ca.issue_cert(*names)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(made)
    return made
