"""Every secret that a captured request carries is taken out of what is shown, in whatever form a reply quotes it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from chatproof import captures, reporters
from chatproof.captures import judge_captures
from chatproof.captures.judge_captures import Asked, Source

SECRET = "zQ7kW2mVx9TbR4nWc8JpL5hYd3GfS6aEu1"
SHORT = "tr0ub4dor-3x"
URL = "https://api.x.test/v1/chat/completions"


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


WAYS: dict[str, tuple[str, tuple[str, str]]] = {
    "Basic": (URL, ("Authorization", basic(f"user:{SECRET}"))),
    "Basic, lower case": (URL, ("authorization", basic(f"user:{SECRET}").replace("Basic", "basic"))),
    "Basic, no user": (URL, ("Authorization", basic(f":{SECRET}"))),
    "Basic, no password": (URL, ("Authorization", basic(f"{SECRET}:"))),
    "Basic, a colon in the password": (URL, ("Authorization", basic(f"user:{SECRET}:x"))),
    "Basic, the key as the user": (URL, ("Authorization", basic(f"{SECRET}:x-oauth-basic"))),
    "Basic, without padding": (URL, ("Authorization", basic(f"user:{SECRET}").rstrip("="))),
    "Basic to a proxy": (URL, ("Proxy-Authorization", basic(f"user:{SECRET}"))),
    "Bearer": (URL, ("Authorization", f"Bearer {SECRET}")),
    "a scheme of its own": (URL, ("Authorization", f"Key {SECRET}")),
    "Digest": (URL, ("Authorization", f'Digest username="u", realm="r", response="{SECRET}"')),
    "a signature": (
        URL,
        ("Authorization", f"AWS4-HMAC-SHA256 Credential=AK/x, SignedHeaders=host, Signature={SECRET}"),
    ),
    "api-key": (URL, ("api-key", SECRET)),
    "X-Api-Key": (URL, ("X-Api-Key", SECRET)),
    "X-Api-Key, Bearer": (URL, ("X-Api-Key", f"Bearer {SECRET}")),
    "X-Goog-Api-Key": (URL, ("X-Goog-Api-Key", SECRET)),
    "cookie": (URL, ("Cookie", f"a=b; session={SECRET}")),
    "query": (f"{URL}?key={SECRET}", ("Accept", "*/*")),
    "query, no telling name": (f"{URL}?k={SECRET}", ("Accept", "*/*")),
    "query, percent-encoded": (f"{URL}?api_key={quote(SECRET + '+/')}", ("Accept", "*/*")),
    "user information": (URL.replace("://", f"://user:{SECRET}@"), ("Accept", "*/*")),
    "fragment": (f"{URL}#{SECRET}", ("Accept", "*/*")),
    "fragment, named": (f"{URL}#access_token={SECRET}&state=1", ("Accept", "*/*")),
    "path": (f"https://api.x.test/{SECRET}/v1/chat/completions", ("Accept", "*/*")),
    "path, a vendor's key": (f"https://api.x.test/k/sk-{SECRET}/v1/chat/completions", ("Accept", "*/*")),
}
FORMS = {
    "plain": SECRET,
    "in a sentence": f"the password '{SECRET}' is wrong",
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "the pair in base64": base64.b64encode(f"user:{SECRET}".encode()).decode(),
    "hex": SECRET.encode().hex(),
    "reversed": SECRET[::-1],
    "upper case": SECRET.upper(),
    "cut": SECRET[:20],
    "spaced": " ".join(SECRET),
    "percent-encoded": "".join(f"%{ord(char):02X}" for char in SECRET),
}
ASKED = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]})


def har(url: str, header: tuple[str, str], says: str) -> bytes:
    body = json.dumps({"error": {"message": f"bad: {says}"}})
    entry = {
        "startedDateTime": "2026-11-28T10:00:00.000Z",
        "time": 1,
        "request": {"method": "POST", "url": url, "headers": [{"name": header[0], "value": header[1]}],
                    "postData": {"mimeType": "application/json", "text": ASKED}},
        "response": {"status": 401, "statusText": "Unauthorized", "headers": [
            {"name": "Content-Type", "value": "application/json"}, {"name": "X-Request-Id", "value": says}],
            "content": {"size": len(body), "mimeType": "application/json", "text": body}},
    }  # fmt: skip
    return json.dumps(
        {"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": [entry]}}
    ).encode()


def curl(url: str, header: tuple[str, str], says: str) -> bytes:
    body = json.dumps({"error": {"message": f"bad: {says}"}})
    path = "/" + url.partition("://")[2].partition("/")[2].partition("#")[0]
    return "\r\n".join([
        "* Connected to api.x.test (192.0.2.1) port 443", f"> POST {path} HTTP/1.1", "> Host: api.x.test",
        f"> {header[0]}: {header[1]}", "> Content-Type: application/json", f"> Content-Length: {len(ASKED)}", "> ",
        "< HTTP/1.1 401 Unauthorized", "< Content-Type: application/json", f"< X-Request-Id: {says}", "< ", body,
    ]).encode()  # fmt: skip


def shown(data: bytes) -> str:
    made = judge_captures.judge_captures([Source("a", captures.read(data))], Asked(keep_bodies=True)).document
    texts = [
        reporters.render(format, made, reporters.Style(verbosity=2)) for format in ("text", "json", "decision", "har")
    ]
    return "\n".join(texts)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", WAYS)
def test_a_har(way: str, form: str) -> None:
    url, header = WAYS[way]
    held(shown(har(url, header, FORMS[form])), FORMS[form])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", [way for way in WAYS if "fragment" not in way and "user information" not in way])
def test_curl(way: str, form: str) -> None:
    """curl sends no fragment, and user information as a header."""
    url, header = WAYS[way]
    held(shown(curl(url, header, FORMS[form])), FORMS[form])


def held(text: str, quoted: str) -> None:
    assert SECRET not in text and quoted not in text
    assert not [SECRET[at : at + 8] for at in range(len(SECRET) - 7) if SECRET[at : at + 8] in text]


@pytest.mark.parametrize("make", [har, curl])
def test_a_short_password(make: type) -> None:
    header = ("Authorization", basic(f"admin:{SHORT}"))
    assert SHORT not in shown(make(URL, header, f"no such password: {SHORT}"))


def test_the_scan_reads_what_is_shown() -> None:
    """The control: without the header the same words are there, so that the tests above can fail."""
    text = shown(har(URL, ("Accept", "*/*"), SHORT))
    assert SHORT in text


def test_names_in_a_url_stay() -> None:
    url = "https://gateway.ai.cloudflare.com/v1/9f2c4b7a1d3e5f60718293a4b5c6d7e8/xai-gateway-eu-prod-2026/openai/chat/completions"
    text = shown(
        har(
            url + "?api-version=2024-10-21&deployment=gpt-4o-mini-2024-07-18",
            ("Authorization", f"Bearer {SECRET}"),
            "x",
        )
    )
    assert "/9f2c4b7a1d3e5f60718293a4b5c6d7e8/xai-gateway-eu-prod-2026/openai" in text
