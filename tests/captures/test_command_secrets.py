"""What a command line before a reply was given, and what stands deep in a request's body, is taken out of the report."""

from __future__ import annotations

import json
import time

import pytest

from chatproof.captures import curl_command, entry
from tests.captures.test_request_secrets import FORMS, SECRET, URL, har, held, shown
from tests.pace import within

PHRASE = "correct horse"  # a password that no form tells
COMMANDS = {
    "a header": "curl -i -H 'Authorization: Bearer {}' URL",
    "a header behind other letters": "curl -sSiH 'X-Auth: {}' URL",
    "a header without a blank": "curl -i '-Hapi-key: {}' URL",
    "a header in a shell's quotation": "curl -i -H $'api-key: {}' URL",
    "user": "curl -i -u user:{} URL",
    "user, joined": "curl -i -uuser:{} URL",
    "user behind other letters": "curl -isSu user:{} URL",
    "user, long": "curl -i --user user:{} URL",
    "user, with =": "curl -i --user=user:{} URL",
    "user, behind": "curl -i URL -u user:{}",
    "bearer": "curl -i --oauth2-bearer {} URL",
    "cookie": "curl -i -b session={} URL",
    "cookie, long": "curl -i --cookie 'a=b; session={}' URL",
    "a proxy's user": "curl -i --proxy-user u:{} URL",
    "a proxy": "curl -i -x http://u:{}@proxy.test:3128 URL",
    "a proxy without a scheme": "curl -i -x u:{}@proxy.test:3128 URL",
    "a proxy's header": "curl -i --proxy-header 'Proxy-Authorization: Bearer {}' URL",
    "a certificate": "curl -i -E cert.pem:{} URL",
    "a certificate's key": "curl -i --pass {} URL",
    "a query": "curl -i --url-query key={} URL",
    "a referer": "curl -i -e 'https://a.test/?token={}' URL",
    "the URL": "curl -i 'URL?key={}'",
    "a variable": 'export K={}\n$ curl -i -H "Authorization: Bearer $K" URL',
    "a variable of this call": "K={} curl -i URL",
    "a variable in braces": "export K={}\n$ curl -i -H 'x: y' -H \"api-key: ${K}\" URL",
    "a variable of curl": "curl -i --variable K={} --expand-header 'Authorization: Bearer {{K}}' URL",
    "HTTPie": "http -A bearer -a {} POST URL model=m",
    "HTTPie, long": "http POST URL --auth-type=bearer --auth={} model=m",
    "xh over lines": "xh URL -A bearer \\\n  -a {} model=m",
    "a pair of HTTPie": "http -a user:{} POST URL",
    "PowerShell, put together": '$h = @{Authorization = "Bearer " + "{}"}; irm URL -Headers $h',
    "another command": "curl -u user:{} https://login.test/token\nok\n$ curl -i URL",
    "a command over lines": "curl -i \\\n  -u user:{} \\\n  URL",
    "on Windows": 'curl.exe -i -u "user:{}" URL',
}
REPLY = 'HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\nx-request-id: QUOTED\r\n\r\n{"error":{"message":"bad: QUOTED","type":"x"}}'


def terminal(command: str, secret: str, quoted: str) -> bytes:
    typed = command.replace("{}", secret).replace("URL", URL)
    return f"$ {typed}\n{REPLY.replace('QUOTED', quoted)}\n".encode()


@pytest.mark.parametrize("form", ["plain", "base64", "hex", "cut"])
@pytest.mark.parametrize("way", COMMANDS)
def test_a_command_line(way: str, form: str) -> None:
    held(shown(terminal(COMMANDS[way], SECRET, FORMS[form])), FORMS[form])


HASH = "3f9a1c7be24d5068a1b2c3d4e5f60718"  # a key at some providers, and an id elsewhere


@pytest.mark.parametrize(
    "way", [way for way in COMMANDS if ("variable " in way and "call" not in way) or "HTTPie" in way]
)
def test_a_hash_that_is_used_as_a_key(way: str) -> None:
    held(shown(terminal(COMMANDS[way].replace("key=", "k="), HASH, f"no {HASH}")), HASH)


SPLIT = {
    "a literal": ('client = OpenAI(api_key="{}" + "{}")', "AuthenticationError"),
    "a header over two lines": (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer\r\n {}{}\r\n",
        "",
    ),
}


@pytest.mark.parametrize("way", SPLIT)
def test_a_key_that_is_written_in_two(way: str) -> None:
    typed = SPLIT[way][0].format(SECRET[:15], SECRET[15:])
    held(shown(f"{typed}\n{REPLY.replace('QUOTED', SECRET)}\n".encode()), SECRET)


@pytest.mark.parametrize(
    "says", ["Incorrect key ({})", "API key `{}` is wrong", "the token is <{}>", "api key was [{}]"]
)
def test_a_reply_alone_that_calls_it_a_key(says: str) -> None:
    held(shown(REPLY.replace("bad: QUOTED", says.format(SECRET)).replace("QUOTED", "r1").encode()), SECRET)


@pytest.mark.parametrize(
    "text", ["http -a ", "http xh ", "key $a", "Authorization: x\n ", '"+"', "export A=abcdefghijklmnopqrst "]
)
def test_the_looks_are_bounded(text: str) -> None:
    with within(2):
        assert list(curl_command.secrets_before((text * (256 * 1024 // len(text))).encode())) is not None
        assert list(entry.named_in((text * (256 * 1024 // len(text))).encode())) is not None


@pytest.mark.parametrize("way", [way for way in COMMANDS if "user" in way or "cookie" in way or "key" in way])
def test_a_password_that_no_form_tells(way: str) -> None:
    word = PHRASE.replace(" ", ".")
    assert word not in shown(terminal(COMMANDS[way], word, f"the password {word} is wrong"))


VERBOSE = """* Connected to api.x.test (192.0.2.1) port 443
> POST /v1/chat/completions HTTP/1.1
> Host: api.x.test
>
< HTTP/1.1 401 Unauthorized
< content-type: application/json
<
{"error":{"message":"bad QUOTED"}}
"""
BESIDE = {
    "curl -v": ("curl -v -u user:{} URL", VERBOSE),
    "curl -v, a header": ("curl -v -H 'X-Auth: {}' URL", VERBOSE),
    "a body alone": ("curl -u user:{} URL", '{"error":{"message":"bad QUOTED"}}'),
    "wget": (
        "wget -S --http-password={} URL",
        "--2026-11-28 10:00:00--  https://api.x.test/v1/chat/completions\nHTTP request sent, awaiting response... \n"
        '  HTTP/1.1 401 Unauthorized\n  Content-Type: application/json\n\n{"error":{"message":"bad QUOTED"}}\n',
    ),
}


@pytest.mark.parametrize("secret", [SECRET, "tr0mbone.lemon"])
@pytest.mark.parametrize("beside", BESIDE)
def test_a_command_beside_other_formats(beside: str, secret: str) -> None:
    """The command line is no part of what its reader reads: a prompt and what is typed there is cut off."""
    typed, reply = BESIDE[beside]
    text = f"$ {typed.replace('{}', secret).replace('URL', URL)}\n{reply.replace('QUOTED', secret)}"
    told = shown(text.encode())
    assert secret not in told and "bad" in told


BODIES = {
    "a field": {"api_key": SECRET},
    "within": {"extra": {"auth": {"token": SECRET}}},
    "an MCP server's headers": {"tools": [{"type": "mcp", "headers": {"Authorization": f"Bearer {SECRET}"}}]},
    "an MCP server's URL": {"tools": [{"type": "mcp", "server_url": f"https://mcp.test/sse?api_key={SECRET}"}]},
    "a server's token": {"mcp_servers": [{"type": "url", "authorization_token": SECRET}]},
    "an image's URL": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"https://u:{SECRET}@x.test/a.png"}}]}]},
}  # fmt: skip


@pytest.mark.parametrize("where", BODIES)
def test_a_body(where: str) -> None:
    kept = json.loads(har(URL, ("Accept", "*/*"), SECRET))
    posted = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **BODIES[where]}
    kept["log"]["entries"][0]["request"]["postData"]["text"] = json.dumps(posted)
    held(shown(json.dumps(kept).encode()), SECRET)


def test_a_schema_hides_no_words() -> None:
    """Names of secrets within a tool's description and arguments are no secrets by themselves."""
    properties = {"password": {"type": "string", "description": "necessary"}, "token": {"type": "string"}}
    posted = {"model": "m", "messages": [{"role": "user", "content": "hi", "secret": "wordlike"}],
              "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": properties}}}]}  # fmt: skip
    kept = json.loads(har(URL, ("Accept", "*/*"), "wordlike necessary"))
    kept["log"]["entries"][0]["request"]["postData"]["text"] = json.dumps(posted)
    assert "wordlike necessary" in shown(json.dumps(kept).encode())


def test_commands_are_read_in_linear_time() -> None:
    """Quotations without an end, and many commands: CPU grows with the text."""
    for text in (b"curl 'a\n" * 1000, b"curl -u a:b https://x.test\n" * 200, b"curl '" + b"x" * 4_000):
        began = time.process_time()
        list(curl_command.secrets_before(text))
        once = time.process_time() - began
        began = time.process_time()
        list(curl_command.secrets_before(text * 4))
        assert time.process_time() - began < 16 * once + 1.0
