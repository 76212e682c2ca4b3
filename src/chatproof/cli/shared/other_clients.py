"""What programs on the SDKs take from this machine's surroundings, where chatproof does not: for `doctor`.

No value of a variable is shown but a URL's origin, and the path of a file that is missing.
"""

import os
from collections.abc import Iterator, Mapping

from chatproof.files import safe_files
from chatproof.key_form import without
from chatproof.secrets.key_check import NO_VALUE, NO_VALUES
from chatproof.target.environment import PROXY_VARIABLES
from chatproof.target.target import Resolved
from chatproof.wire.exchange import Secret
from chatproof.wire.urls import UrlProblem, parse_base_url

_BASE_URLS = ("OPENAI_BASE_URL", "OPENAI_API_BASE")
_TRUST_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
Remark = tuple[str, str, str]  # name of the check, what is so, next step


def remarks(environ: Mapping[str, str], resolved: Resolved | None, env_file: str) -> Iterator[Remark]:
    """All of them; none for a machine on which there is nothing to say. `env_file` is what --env-file names."""
    yield from _socks(environ)
    yield from _trust_files(environ)
    if resolved is not None:
        yield from _base_url(environ, resolved)
        yield from _exempt(environ, resolved)
        yield from _key(resolved)
    if not env_file and os.path.isfile(".env"):
        said = (
            "there is a file .env here, which is not read: chatproof reads no key or setting from it without --env-file"
        )
        yield "configuration", said, "use --env-file .env if your application loads it"


def _socks(environ: Mapping[str, str]) -> Iterator[Remark]:
    for name in PROXY_VARIABLES:
        scheme = environ.get(name, "").partition("://")[0].lower()
        if name.lower() == "no_proxy" or not scheme.startswith("socks"):
            continue
        if scheme in ("socks5", "socks5h"):
            said = "openai-python cannot start with it unless the package httpx[socks] is installed"
        else:
            said = "openai-python cannot start with it at all: httpx knows only socks5:// and socks5h://"
        known = scheme if scheme in ("socks", "socks4", "socks4a", "socks5", "socks5h") else "socks"
        step = "unset it for this program, or name an http:// proxy; chatproof itself does not support SOCKS"
        yield "variables", f"{name} names a SOCKS proxy ({known}://): {said}", step


def _trust_files(environ: Mapping[str, str]) -> Iterator[Remark]:
    for name in _TRUST_FILES:
        path = environ.get(name, "")
        if path and not os.path.exists(path):
            said = f"{name} names a file that does not exist: {without(safe_files.tilde(path))}"
            yield "variables", said, "correct or unset it: httpx and requests fail at start, Node continues without it"


def _base_url(environ: Mapping[str, str], resolved: Resolved) -> Iterator[Remark]:
    for name in _BASE_URLS:
        if not environ.get(name):
            continue
        url = parse_base_url(environ[name], allow_http=True)
        if isinstance(url, UrlProblem):
            yield "variables", f"{name} is set, but is not a usable URL", "correct it: the SDKs read it"
        elif str(url) != str(resolved.url):
            said = f"{name} says {without(url.origin)}" + (
                "" if url.origin != resolved.url.origin else " with another path"
            )
            step = "programs that use the SDKs go there by default; check that endpoint, or correct the variable"
            yield "variables", f"{said}, but this check is about {resolved.url}", step


def _exempt(environ: Mapping[str, str], resolved: Resolved) -> Iterator[Remark]:
    from chatproof.running.dispatch import is_exempt

    proxies = [name for name in PROXY_VARIABLES if name.lower() != "no_proxy" and environ.get(name)]
    named = next((name for name in ("NO_PROXY", "no_proxy") if environ.get(name)), "")
    if proxies and named and is_exempt(environ, resolved.url):
        yield "variables", f"{named} covers {resolved.url.host}: other clients use no proxy for it either", ""


def _key(resolved: Resolved) -> Iterator[Remark]:
    key = resolved.target.key
    if any(key == Secret(word) for word in NO_VALUES):
        said = f"the key is {NO_VALUE}"
        yield "key", said, f"look at what sets {resolved.target.key_source}: the variable it is copied from is not set"
