"""What is taken out of a run's record besides its own key and headers: the password of the proxy that it went through,
and the secrets of the other targets that this process asks. One gateway may serve two of them, and mix up its replies.
"""

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote

from chatproof.running.dispatch import proxy_in_force
from chatproof.secrets.packed import SHORTEST
from chatproof.secrets.redaction import is_word_like
from chatproof.target.target import Resolved
from chatproof.wire.exchange import Secret

_LONG = 20  # characters


def of_proxy(resolved: Resolved, environ: Mapping[str, str]) -> tuple[Secret, ...]:
    """The proxy's password, as it is sent; none where there is none, or one that is too short to be looked for."""
    proxy = proxy_in_force(resolved, environ)[0]
    user_info = proxy.partition("://")[2].rpartition("@")[0]
    user, colon, password = unquote(user_info).partition(":")
    held = password if colon else user  # alone, it is a token
    return (Secret(held),) if len(held) >= SHORTEST else ()


def apart(targets: Iterable[Resolved], environ: Mapping[str, str]) -> list[Resolved]:
    """The targets that one process asks, each with the secrets of all, where it does not send all of them itself."""
    targets = list(targets)
    found = of_all(targets, environ)
    return [one._replace(besides=() if {*of(one, environ)}.issuperset(found) else found) for one in targets]


def of_all(targets: Iterable[Resolved], environ: Mapping[str, str]) -> tuple[Secret, ...]:
    """The secrets that one process sends. What is given to servers that want no key (`lm-studio`) is a word that
    another one's reply may well say."""
    every = (secret for one in targets for secret in of(one, environ))
    return tuple(dict.fromkeys(secret for secret in every if not is_word_like(secret)))


def of(resolved: Resolved, environ: Mapping[str, str]) -> Iterator[Secret]:
    """The secrets that are sent for a target. A header that is none by its name, and short, may be a date or a word."""
    target = resolved.target
    if target.key is not None:
        yield target.key
    yield from (header.value for header in target.headers if header.credential or len(header.value) >= _LONG)
    yield from of_proxy(resolved, environ)
