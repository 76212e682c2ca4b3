"""What a journal's URL says of the way to PostgreSQL, and which variables count no more beside it."""

import os
from urllib.parse import parse_qs, unquote, urlsplit

_ELSEWHERE = ("HOSTALIASES", "LOCALDOMAIN", "SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""As transport.resolver and transport.tls have it. OpenSSL takes the last two for the system's authorities."""
_VERIFYING, _WEAK = ("verify-ca", "verify-full"), ("disable", "allow")
_OF_TRUST = (
    "PGSSLROOTCERT",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGGSSENCMODE",
    "PGSSLMINPROTOCOLVERSION",
    "PGSSLMAXPROTOCOLVERSION",
)
"""Kerberos, where there is a ticket, is spoken in place of TLS, whatever the URL says of that: KRB5_CONFIG and
KRB5CCNAME would say who vouches for the server."""


def way(url: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """(what is said beside a URL, the variables that are taken from libpq).

    A URL that names a host has a password for that host: it goes there, not to PGHOSTADDR, and not as a service of
    PGSERVICEFILE says, which may turn TLS off or log its secrets. A URL that asks for a verified host also says whom
    to trust; where it does not say whether TLS is spoken, a variable may ask for it, and not turn it off.
    """
    try:
        parts = urlsplit(url)
        said = parse_qs(parts.query)
    except ValueError:
        return {}, _ELSEWHERE
    if not (parts.hostname or said.keys() & {"host", "hostaddr", "service"}):
        return {}, _ELSEWHERE
    taken = ["PGHOSTADDR", "PGSERVICE"]
    beside = {} if "hostaddr" in said else {"hostaddr": ""}  # libpq takes an empty one for none
    if said.get("sslmode", [""])[-1] in _VERIFYING:
        taken += _OF_TRUST
        beside |= {} if "gssencmode" in said else {"gssencmode": "disable"}
    if os.environ.get("PGSSLMODE") in _WEAK:
        taken += ["PGSSLMODE"]
    return beside, (*_ELSEWHERE, *taken)


def shown(url: str) -> str:
    """Scheme, user, host, port and database. No password, and none of the parameters, which may hold one."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        user = f"{parts.username}@" if parts.username else ""
        secrets = [parts.password or "", *parse_qs(parts.query).get("password", [])]
        told = f"postgresql://{user}{parts.hostname or ''}{port}{parts.path}"
    except ValueError:
        return "postgresql://…"
    given = {form for secret in secrets if secret for form in (secret, unquote(secret))}
    return "postgresql://…" if any(secret in told for secret in given) else told
