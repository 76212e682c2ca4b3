"""A key in a program, a configuration or another tool's words beside a reply that quotes it: no report shows it."""

from __future__ import annotations

import base64
import json
import time
from itertools import pairwise

import pytest

import chatproof
from chatproof.captures import read
from chatproof.captures.beside import keys_beside

SECRET = "q8Zr4Kd1TqlhQCvpm8FOFlEsD4xW7nB2yG5j"
PASSWORD = "tr0mbone-lemon"
PROGRAMS = {
    "requests": "requests.post(url, auth=('me', '{}'))",
    "a variable of a process": "os.environ['OPENAI_API_KEY'] = '{}'",
    "a default": "client = OpenAI(api_key=os.getenv('K', '{}'))",
    "bytes": "api_key = b'{}'.decode()",
    "put together": "OpenAI(\n    api_key=(\n        '{0:.18}'\n        '{1}'\n    ))",
    "SecretStr": "ChatOpenAI(openai_api_key=SecretStr('{}'))",
    "aiohttp": "aiohttp.ClientSession(auth=aiohttp.BasicAuth('me', '{}'))",
    "fetch": "headers.set('x-api-key', '{}')",
    "btoa": "headers: {{Authorization: 'Basic ' + btoa('me:{}')}}",
    "Go": 'req.SetBasicAuth("me", "{}")',
    "a client in Go": 'openai.NewClient("{}")',
    "Rust": 'client.post(u).bearer_auth("{}")',
    "Basic in Rust": 'client.post(u).basic_auth("me", Some("{}"))',
    "Ruby": "req.basic_auth 'me', '{}'",
    "PHP": "curl_setopt($ch, CURLOPT_USERPWD, 'me:{}');",
    "a client in PHP": "$client = OpenAI::client('{}');",
    "C#": 'new AuthenticationHeaderValue("Bearer", "{}")',
    "Kotlin": 'bearerAuth("{}")',
    "R": 'add_headers(Authorization = paste("Bearer", "{}"))',
    "Elixir": 'Req.post!(u, auth: {{:bearer, "{}"}})',
    "PowerShell": '-Token (ConvertTo-SecureString "{}" -AsPlainText -Force)',
    "a shell": "read -r KEY <<< {}",
    "a file of requests": "Authorization: Basic me:{}",
    "Hurl": "[BasicAuth]\nme: {}",
    "a pod": "env:\n  - name: OPENAI_API_KEY\n    value: {}",
}
SHORT = ("requests", "aiohttp", "btoa", "Go", "Basic in Rust", "Ruby", "PHP", "a file of requests", "Hurl")


def pasted(program: str, quoted: str) -> bytes:
    said = json.dumps({"error": {"message": f"denied for {quoted} today", "type": "x", "code": None}})
    head = f"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
    return f"{program}\n{head}{said}\n".encode()


def shown(data: bytes) -> str:
    return json.dumps(chatproof.judge_bytes(data).document)


@pytest.mark.parametrize("way", PROGRAMS)
def test_a_key_by_its_form(way: str) -> None:
    program = PROGRAMS[way].format(SECRET, SECRET[18:])
    for quoted in (SECRET, base64.b64encode(SECRET.encode()).decode()[::-1]):
        told = shown(pasted(program, quoted))
        assert not any(quoted[at : at + 12] in told for at in range(len(quoted) - 12))


@pytest.mark.parametrize("way", SHORT)
def test_a_password_by_its_call(way: str) -> None:
    assert PASSWORD not in shown(pasted(PROGRAMS[way].format(PASSWORD, ""), PASSWORD))


def test_what_kubernetes_keeps() -> None:
    packed = base64.b64encode(SECRET.encode()).decode()
    assert SECRET not in shown(pasted(f"kind: Secret\ndata:\n  KEY: {packed}", SECRET))


@pytest.mark.parametrize(
    "says",
    [
        "headers['x-request-id'] = \"{}\"",
        "requestId: {}",
        "commit {}",
        "thread = client.threads.retrieve(thread_id='{}')",
        "organization: '{}'",
    ],
)
def test_what_is_called_an_id_stays(says: str) -> None:
    assert SECRET in shown(pasted(says.format(SECRET), SECRET))


def test_what_only_the_reply_says_stays() -> None:
    assert SECRET in shown(pasted("$ python ask.py", SECRET))


def test_the_look_is_bounded() -> None:
    started = time.process_time()
    for piece in (b"a1B2c3D4e5F6g7H8 ", b"x" * 600 + b" ", b"auth='a' ", b"basic a ", b'"a" "b" ', b"[BasicAuth]\n"):
        assert len([*keys_beside(piece * (100_000 // len(piece)), ())]) <= 300
    assert time.process_time() - started < 4


PRINTED = {
    "print_r": "Array\n(\n    [headers] => Array\n        (\n            [{0}] => {1}\n        )\n\n)\n",
    "a list of headers, by var_dump": 'array(1) {{\n  [0]=>\n  string(60) "{0}: {1}"\n}}\n',
    "var_dump": 'array(1) {{\n  ["{0}"]=>\n  string(40) "{1}"\n}}\n',
    "var_export": "array (\n  '{0}' => '{1}',\n)\n",
    "Guzzle": "Request Object\n(\n    [{0}] => Array\n        (\n            [0] => {1}\n        )\n)\n",
    "Ruby": '#<struct Faraday::Env request_headers={{"{0}"=>"{1}"}}>\n',
    "Go, %v": "map[Accept:[*/*] {0}:[{1}]]\n",
    "Go, %#v": 'http.Header{{"{0}":[]string{{"{1}"}}}}\n',
    "Java": "headers: {{Accept=[*/*], {0}=[{1}]}}\n",
    "Spring": '<POST https://h.test/v1/chat/completions,[{0}:"{1}", Accept:"*/*"]>\n',
    "Erlang": '[{{<<"{0}">>,<<"{1}">>}}]\n',
    "Elixir": '%Req.Request{{headers: %{{"{0}" => ["{1}"]}}}}\n',
    "Clojure": '{{:headers {{"{0}" "{1}"}}}}\n',
    "Perl": "$VAR1 = {{\n  '{0}' => '{1}'\n}};\n",
    "Lua": '{{ headers = {{ ["{0}"] = "{1}" }} }}\n',
    "Swift": 'Optional(["{0}": "{1}"])\n',
    "Objective-C": '{{\n    "{0}" = "{1}";\n}}\n',
    "Dart": "{{Accept: */*, {0}: {1}}}\n",
    "Rust": 'headers: {{"{0}": "{1}"}}\n',
    "C#": "Headers:\n{{\n  {0}: {1}\n}}\n",
    "PowerShell": "Name                 Value\n----                 -----\n{0}            {1}\n",
    "bytes of Python": "[(b'{0}', b'{1}')]\n",
    "Node": "{{\n  headers: {{ '{0}': '{1}' }}\n}}\n",
    "undici": "Map(1) {{ '{0}' => {{ name: '{0}', value: '{1}' }} }}\n",
    "XML": "<header><name>{0}</name><value>{1}</value></header>\n",
    "a table": "| {0} | {1} |\n",
}
HEADERS = {
    "authorization": "Bearer {}",
    "X-API-Key": "{}",
    "Ocp-Apim-Subscription-Key": "{}",
    "Cookie": "a=b; session={}",
}
ODD = ("tr0mbone-lem0n", "team7:Zr4Kd1TqlhQCvpm8FOFl", "7c9e6679-7425-40de-944b-e07fc1f90ae7")
"""Keys that no form tells: short, of two parts, an id as well."""


@pytest.mark.parametrize("way", PRINTED)
def test_what_a_header_that_is_printed_holds(way: str) -> None:
    """Its name tells what it is, in whatever language, and in whatever form the reply quotes it."""
    number = [*PRINTED].index(way)
    name, value = [*HEADERS.items()][number % 4]
    key, told = ODD[number % 3], (key_in_pieces, hexadecimal, str)[number // 3 % 3]
    quoted = told(key)
    for said in (quoted, f"Incorrect API key provided: {quoted}. Sorry"):
        text = shown(pasted(PRINTED[way].format(name, value.format(key)), said))
        assert not any(quoted[at : at + 10] in text for at in range(len(quoted) - 9))


def key_in_pieces(key: str) -> str:
    return " ".join(key)


def hexadecimal(key: str) -> str:
    return key.encode().hex()


@pytest.mark.parametrize(
    "says",
    ["authorization: required", "x-api-key => invalid value", '{"cookie": "missing entirely"}', "api key  absent"],
)
def test_what_a_reply_says_of_a_header_is_no_key(says: str) -> None:
    data = pasted("", says)
    assert [*keys_beside(data, read(data).entries)] == []


def test_headers_without_end_are_read_in_time() -> None:
    pieces = (b"cookie", b'api-key"<value', b"authorization </b", b"x-api-key string(1)", b"cookie: " + b"x" * 520)
    for piece in (one + other * 30 for one, other in pairwise(pieces)):
        began = time.process_time()
        [*keys_beside((piece * (262_144 // len(piece) + 1))[:262_144], ())]
        assert time.process_time() - began < 2
