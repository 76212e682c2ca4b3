"""Secrets that a request carries besides its key, in its URL and its body: known by their names or their form.

A captured request is somebody's, and so is one of the user's own that is sent: an MCP server's token stands within it.
"""

import json
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from chatproof.key_form import KEY, UNSURE, form
from chatproof.wire.exchange import Secret

_SECRET_WORDS = ("authorization", "cookie", "api-key", "apikey", "api_key", "token", "secret", "password", "signature")
_SECRET_ENDS = ("key", "auth", "credential", "passwd")
_WEIGHED = 512  # characters of a value: enough to tell
_MOST_KEYS, _LONGEST_KEY = 24, 512  # that are looked for in every form; what is beyond, as it stands
_MOST_VALUES, _LONGEST_URL = 20_000, 8192  # objects and lists of a request's body that are looked into


def names_secret(name: str, sent: bool) -> bool:
    """By its name, a header, parameter or field holds a secret. `sent`: by a client, whose every …-Key is one; a
    reply's may be a cache's."""
    lowered = name.lower()
    return any(word in lowered for word in _SECRET_WORDS) or (sent and lowered.endswith(_SECRET_ENDS))


def credentials(value: str) -> Iterator[str]:
    """What an Authorization header holds: a token; user and password of Basic; the parts of a signature."""
    scheme, _, token = value.partition(" ")
    token = token.strip()
    yield token or value
    if scheme.lower() == "basic":
        yield from basic_secrets(token)
    elif "=" in token and "," in token:  # Digest, AWS4-HMAC-SHA256
        for part in token.split(",")[:40]:
            yield part.partition("=")[2].strip().strip('"')


def basic_secrets(token: str) -> Iterator[str]:
    """The password of Basic credentials first; the user where that may be the key; both as one text."""
    from binascii import Error, a2b_base64

    try:
        pair = a2b_base64(token + "=" * (-len(token) % 4)).decode("utf-8", "surrogateescape")
    except (Error, ValueError):
        return
    user, colon, password = pair.partition(":")
    if password:
        yield password
    if colon and (not password or form(user)):
        yield user
    yield pair


def secrets_in_url(url: str) -> Iterator[str]:
    """User information; values of the query and the fragment that are secrets by their name or their form; parts of the
    path that are keys by their form. Each as it stands, and percent-decoded."""
    for text in _secrets_in_url(url):
        yield text
        if "%" in text:
            yield unquote(text)


def _secrets_in_url(url: str) -> Iterator[str]:
    plain, _, fragment = url.partition("#")
    plain, _, query = plain.partition("?")
    authority, _, path = plain.partition("://")[2].partition("/")
    if "@" in authority:
        user = authority.rpartition("@")[0]
        yield user
        yield from user.split(":", 1)
    for part in path.split("/")[:200]:
        if form(unquote(part)) == KEY:
            yield part
    for text in (query, fragment):
        for part in text.split("&")[:200]:
            name, separator, value = part.partition("=")
            if separator and (
                name.lower() in ("sig", "code") or names_secret(name, True) or form(unquote(value)) >= UNSURE
            ):
                yield value
            elif not separator and form(unquote(part)):
                yield part


def secrets_in_body(posted: bytes) -> Iterator[str]:
    """Values of a request's JSON object that are secrets by their name, as some gateways take a key there. Further
    within, such as the headers of an MCP server among the tools, those that have a key's form as well: a name alone may
    be a schema's or a text's."""
    if not any(word.encode() in posted.lower() for word in (*_SECRET_WORDS, *_SECRET_ENDS, "://")):
        return
    try:
        value = json.loads(posted)
    except (ValueError, RecursionError):
        return
    for name, said in value.items() if isinstance(value, dict) else ():
        if isinstance(said, str):
            yield from _of_field(name, said)
        else:
            yield from secrets_within(said)


def in_bodies(bodies: Iterable[bytes]) -> tuple[Secret, ...]:
    """The secrets of several requests' bodies, that are to be looked for in every form."""
    return as_keys(secret for body in dict.fromkeys(bodies) for secret in secrets_in_body(body))


def secrets_within(value: object) -> Iterator[str]:
    """Values of any JSON that are secrets by their name and have a key's form: members, and pairs of a name and a value
    as tools keep headers, variables and credentials."""
    waiting, left = [value], _MOST_VALUES
    while waiting and left:
        left -= 1
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value[:left]
        if not isinstance(value, dict):
            continue
        pair = value.get("name", value.get("key")), value.get("value")
        for name, said in (*value.items(), pair):
            if isinstance(said, str) and isinstance(name, str):
                yield from (found for found in _of_field(name, said) if form(found[:_WEIGHED]))
            elif isinstance(said, dict | list):
                waiting.append(said)


def _of_field(name: str, value: str) -> Iterator[str]:
    if names_secret(name, True):
        yield from credentials(value.strip()) if "authorization" in name.lower() else (value,)
    elif name.lower().endswith(("url", "uri")) and "://" in value:
        yield from secrets_in_url(value[:_LONGEST_URL])


def as_keys(values: Iterable[str]) -> tuple[Secret, ...]:
    """The secrets of requests that are looked for in every form: those of keys' form first, each once."""
    distinct = [value for value in dict.fromkeys(values) if 8 <= len(value) <= _LONGEST_KEY]
    return tuple(map(Secret, sorted(distinct, key=lambda value: -form(value))[:_MOST_KEYS]))
