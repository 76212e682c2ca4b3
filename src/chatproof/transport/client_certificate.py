"""Our own certificate, for servers that ask their clients for one. Loaded only where one is given.

OpenSSL reads key and certificate from their files itself: the key is never in a variable of ours. Nothing is asked for
at a terminal: the passphrase of an encrypted key is in a variable that the user names.
"""

import os
import ssl
import stat
from collections.abc import Callable, Mapping

from chatproof.files import safe_files
from chatproof.transport.tls import ClientCertificateError


def load(into: ssl.SSLContext, cert: str, key: str, named: str, environ: Mapping[str, str]) -> None:
    """Let `into` show a certificate. `named` is env:NAME or empty. Raises ClientCertificateError without a value."""
    _refuse_shared(key or cert)
    asked: list[str] = []
    try:
        into.load_cert_chain(cert, key or None, _passphrase(named, environ, asked))
    except ssl.SSLError as error:
        reason = (error.reason or "").replace("_", " ").lower()
        why = {
            "key values mismatch": "the key does not belong to the certificate",
        }.get(reason, f"it contains no certificate and key in PEM format{f' ({reason})' if reason else ''}")
        if asked and "mismatch" not in reason:  # OpenSSL 3 gives no reason for it
            why = f"the key is encrypted, and the passphrase in {asked[0]} is not the right one"
        raise ClientCertificateError(f"cannot use the client certificate {safe_files.tilde(cert)}: {why}") from None
    except (OSError, ValueError) as error:
        why = (
            error.strerror
            if isinstance(error, OSError) and error.strerror
            else "no path, or a passphrase that is too long"
        )
        raise ClientCertificateError(f"cannot use the client certificate {safe_files.tilde(cert)}: {why}") from None


def _refuse_shared(path: str) -> None:
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no path"
        raise ClientCertificateError(f"cannot read the client key {safe_files.tilde(path)}: {why}") from None
    if not stat.S_ISREG(status.st_mode):
        raise ClientCertificateError(f"the client key {safe_files.tilde(path)} is not a regular file")
    if others := safe_files.writers(status, path):
        raise ClientCertificateError(
            f"other users could change the client key {safe_files.tilde(path)}: {others}; chmod 600 it"
        )


def _passphrase(named: str, environ: Mapping[str, str], asked: list[str]) -> Callable[[], str]:
    """Called by OpenSSL for an encrypted key only; `asked` then holds the variable's name. Without a function, OpenSSL
    would ask at the terminal."""
    name = named.removeprefix("env:")

    def value() -> str:
        if not environ.get(name):
            said = f"{name} is not set" if name else "use --client-key-pass env:NAME"
            raise ClientCertificateError(f"the client key is encrypted: {said}")
        asked.append(name)
        return environ[name]

    return value
