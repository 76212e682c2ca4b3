"""Whom apprise would speak to by a URL: asked of the service that apprise itself makes of it, never read off the text.

Its parser is not ours: a text may hold several URLs; `?smtp=`, `?mode=` and a name that looks like a token lead
elsewhere; others name a file, a template or a picture that is read or fetched first. So a URL is one destination, its
options are on a list, and host and encryption are those of the object that will send.
"""

import logging
import os
import re
import ssl
import sys
from types import ModuleType
from typing import Any

from chatproof.transport import resolver
from chatproof.wire.exchange import Secret

SERVICES = (
    "discord", "gchat", "gotifys", "line", "mailgun", "mailtos", "matrixs", "mmosts", "ntfys", "opsgenie",
    "pagerduty", "pover", "rockets", "sendgrid", "ses", "signl4", "slack", "sns", "splunk", "tgram", "twilio", "webex",
    "whatsapp", "workflows", "zulip",
)  # fmt: skip
"""Schemes of services that are reached over TLS. None reads a file, runs a program or speaks to this machine."""
LOOPBACK = ("mmost", "ntfy", "gotify", "rocket", "matrix", "mailto")
"""The same without TLS: to this machine only, or where the configuration says so."""
_ANY = frozenset({"to", "format", "overflow", "emojis", "tz"})
_BY_SERVICE = {
    "discord": "tts avatar footer footer_logo fields flags image ping thread batch href url",
    "gchat": "workspace key token thread",
    "gotifys": "priority",
    "line": "image",
    "mailgun": "name from region cc bcc batch",
    "mailtos": "name from reply cc bcc",
    "matrixs": "image path version msgtype token",
    "mmosts": "channel channels image team botname mode",
    "ntfys": "image click delay email priority xtags token auth",
    "opsgenie": "region priority entity alias tags action batch",
    "pagerduty": "group class click region severity image action dedup",
    "pover": "priority sound url url_title interval expire key e2ee",
    "rockets": "avatar webhook mode",
    "sendgrid": "template cc bcc",
    "ses": "from reply name token access key secret region cc bcc",
    "signl4": "service location alerting_scenario filtering external_id dedup action status",
    "slack": "image footer blocks timestamp mode token",
    "sns": "token access key secret region",
    "splunk": "apikey routing_key route entity_id action",
    "tgram": "image detect silent preview album topic thread mdv content",
    "twilio": "from sid token apikey method",
    "webex": "token mode",
    "whatsapp": "from token template lang",
    "workflows": "id image pa powerautomate route routeid wrap sig ver api-version",
    "zulip": "token",
}  # fmt: skip
"""Options that change what is told, and to whom at the service; none says where it is, or names what is read first."""
_TLS_OF = {scheme: f"{scheme}s" for scheme in LOOPBACK}
_OWN_HOST = frozenset(_TLS_OF) | frozenset(_TLS_OF.values())
_HERE = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
_SHAPE = re.compile(r"([A-Za-z0-9]{1,32})://([!-~]+)")
_NEXT = re.compile(r"[,;]+[A-Za-z0-9]{1,32}:[/\\]")


def problem_of(url: Secret, *, allow_http: bool) -> str:
    """Why this URL cannot be used; empty where it can. Never a part of it."""
    try:
        return _problem(url, allow_http)
    except Exception:  # of its parsers, whose texts are not ours
        return "apprise does not recognize it as a URL of the service"


def _problem(url: Secret, allow_http: bool) -> str:
    shape = _SHAPE.fullmatch(url.reveal())
    if shape is None:
        return "it is not the URL of a service (no white space; special characters percent-encoded): see apprise's list"
    scheme, rest = shape[1].lower(), shape[2]
    if scheme not in SERVICES and scheme not in LOOPBACK:
        return f"its service is not on the list: {', '.join(SERVICES)}"
    if "\\" in rest or _NEXT.search(rest):
        return "it contains several URLs: make an entry for each"
    if problem := _of_options(url.reveal(), scheme):
        return problem
    service = service_of(url)
    if service is None:
        return "apprise does not recognize it as a URL of the service"
    host, encrypted = destination(service, scheme)
    if not encrypted and host not in _HERE and not allow_http:
        return "it sends unencrypted: use the service's scheme with TLS, or set allow_http"
    return ""


def _of_options(url: str, scheme: str) -> str:
    from apprise.utils.parse import parse_url, parse_urls

    if parse_urls(url) != [url]:
        return "it contains several URLs: make an entry for each"
    parsed = parse_url(url, verify_host=False) or {}
    known = _ANY | {*_BY_SERVICE[_TLS_OF.get(scheme, scheme)].split()}
    # Those that begin with a sign are headers and fields of a payload.
    if parsed.get("qsd+") or parsed.get("qsd-") or parsed.get("qsd:") or not known.issuperset(parsed.get("qsd") or ()):
        return f"it has an option that is not allowed here: for {scheme}, use {', '.join(sorted(known))}"
    return ""


def service_of(url: Secret) -> Any:
    """The one service of a URL, told to verify, to follow nothing and to keep nothing; None where there is none."""
    import apprise
    import certifi

    log = logging.getLogger("apprise")
    log.handlers, log.propagate = [logging.NullHandler()], False
    asset = apprise.AppriseAsset(
        app_id="chatproof", app_desc="chatproof", app_url="", secure_logging=True, async_mode=False,
        http_redirects=False, plugin_paths=[], storage_mode="memory",
    )  # fmt: skip
    service = apprise.Apprise.instantiate(url.reveal(), asset=asset)  # one: add would divide it
    if service is None or not type(service).__module__.startswith("apprise.plugins."):
        return None
    # As a path: where it is told True, requests takes the authorities that REQUESTS_CA_BUNDLE names.
    service.redirects, service.verify_certificate = False, certifi.where()
    if hasattr(service, "discovery"):
        service.discovery = False  # Matrix: a server names another, which gets the password
    os.environ["NETRC"] = os.devnull  # requests sends what ~/.netrc has for the host, in place of the token
    os.environ.pop("SSLKEYLOGFILE", None)
    resolver.take_away()
    _without_variables()
    return service


def _without_variables() -> None:
    """Let no variable say who may read what is sent: a proxy sees what is not encrypted, and OpenSSL's own way to the
    system's authorities, which a mail plugin goes, begins with SSL_CERT_FILE and SSL_CERT_DIR."""
    from requests import sessions

    vars(sessions)["get_environ_proxies"] = _proxies_of_tls
    for name, module in [*sys.modules.items()]:
        if name.startswith("apprise.plugins.email") and getattr(module, "ssl", None) is ssl:
            module.ssl = _ssl()  # type: ignore[attr-defined]


def _proxies_of_tls(url: str, no_proxy: Any = None) -> dict[str, str]:
    """The environment's proxies, where TLS hides from them what is said."""
    from requests.utils import get_environ_proxies

    return get_environ_proxies(url, no_proxy) if url.lower().startswith("https:") else {}


def _ssl() -> ModuleType:
    """The module ssl, whose contexts have the system's authorities, and no variable's."""
    from chatproof.transport import tls

    def context(*args: Any, **options: Any) -> ssl.SSLContext:
        made = tls.context()
        made.set_alpn_protocols([])  # a mail server speaks no HTTP
        return made

    found = ModuleType("ssl")
    vars(found).update(vars(ssl), create_default_context=context)
    return found


def destination(service: Any, scheme: str) -> tuple[str, bool]:
    """(host, whether it is spoken to over TLS). The host is empty for a service that has its own."""
    if scheme in ("mailto", "mailtos"):
        return str(service.smtp_host).lower(), service.secure_mode != "insecure"
    if scheme not in _OWN_HOST or getattr(service, "mode", "") in ("cloud", "t2bot"):
        return "", True
    return str(service.host).lower(), bool(service.secure)
