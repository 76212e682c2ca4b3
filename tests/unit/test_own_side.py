"""Our own side: keys, URLs, targets, configuration. Problems are named with their place; values are never echoed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatproof.secrets import key_check
from chatproof.target import trust
from chatproof.target.target import Target, Wanted, check, duration, resolve
from chatproof.usage_error import UsageError
from chatproof.wire import urls
from chatproof.wire.exchange import Secret, Url
from tests.support import KEY, approve

BAD_KEYS = {
    "": ("auth.key_missing", "empty"),
    "\ufeff" + KEY: ("auth.key_malformed", "byte order mark (U+FEFF) at offset 0"),
    KEY[:12] + "\n" + KEY[12:]: ("auth.key_malformed", "line feed (U+000A) at offset 12"),
    KEY[:12] + "\r\nX-Evil: 1": ("auth.key_malformed", "carriage return (U+000D) at offset 12"),
    KEY[:5] + "\t" + KEY: ("auth.key_malformed", "tab (U+0009) at offset 5"),
    KEY + "\0": ("auth.key_malformed", "NUL (U+0000)"),
    KEY[:9] + " " + KEY[9:]: ("auth.key_malformed", "a space (U+0020) at offset 9"),
    KEY + "é": ("auth.key_malformed", "outside ASCII (U+00E9)"),
    KEY + "\u200b": ("auth.key_malformed", "zero-width space"),
    KEY + "\u00a0x": ("auth.key_malformed", "no-break space"),
    KEY + "\udcff": ("auth.key_malformed", "outside ASCII (U+DCFF)"),
    f'"{KEY}"': ("auth.key_malformed", "quotation marks"),
    f"“{KEY}”": ("auth.key_malformed", "quotation marks"),
    f"Bearer {KEY}": ("auth.key_malformed", "a part of the header"),
    f"Authorization: Bearer {KEY}": ("auth.key_malformed", "a part of the header"),
    "sk-xxxxxxxxxxxx": ("auth.key_malformed", "a placeholder"),
    "<your-key>": ("auth.key_malformed", "a placeholder"),
    "YOUR_API_KEY": ("auth.key_malformed", "a placeholder"),
    "changeme": ("auth.key_malformed", "a placeholder"),
    key_check.INVALID_KEY: ("auth.key_malformed", "a placeholder"),
    "$COMET_API_KEY": ("auth.key_malformed", "not expanded"),
    "${COMET_API_KEY}": ("auth.key_malformed", "not expanded"),
    "{{ secrets.KEY }}": ("auth.key_malformed", "not expanded"),
    "https://api.cometapi.com/v1": ("auth.key_malformed", "a URL"),
    "k" * 5000: ("auth.key_malformed", "longer than 4096"),
    "sk-ant-" + KEY: ("auth.wrong_provider", "Anthropic"),
}
OTHERS = {"sk-ant-": "Anthropic"}


@pytest.mark.parametrize("key", BAD_KEYS)
def test_bad_key(key: str) -> None:
    problem = key_check.check(key, OTHERS)
    assert problem is not None
    code, words = BAD_KEYS[key]
    assert (problem.code, words in problem.detail) == (code, True), problem
    for part in (problem.detail, problem.advice):
        assert not any(KEY[i : i + 6] in part for i in range(len(KEY) - 5))


@pytest.mark.parametrize(
    "key", [KEY, "sk-1234567890abcdef", "gsk_AbC", "a" * 20, "x" * 9 + "y", "fgw_test_0000", "todo-list-key-9"]
)
def test_good_key(key: str) -> None:
    assert key_check.check(key, OTHERS) is None


@pytest.mark.parametrize(("raw", "count"), [(KEY, 0), (KEY + "\n", 1), (f" \t{KEY}\r\n", 1)])
def test_edge_white_space_is_removed_with_one_note(raw: str, count: int) -> None:
    key, notes = key_check.clean(raw)
    assert key == KEY and len(notes) == count


@given(st.text(max_size=30))
def test_no_part_of_any_key_is_echoed(tail: str) -> None:
    problem = key_check.check(KEY + tail)
    assert problem is None or KEY[3:10] not in problem.detail + problem.advice


BAD_URLS = {
    "api.cometapi.com/v1": "scheme",
    "ftp://h/v1": "scheme is ftp",
    "file:///etc/passwd": "scheme is file",
    "javascript://x": "scheme",
    "//host/v1": "scheme",
    "https://u:p@host/v1": "user information",
    "https://api.cometapi.com@evil.test": "user information",
    "https://evil.test#@api.cometapi.com": "user information",
    "https://evil.test/v1#x": "fragment",
    "https://evil.test\\@api.cometapi.com": "U+005C",
    "https://host/v1?key=1": "query",
    "https://exa\nmple.com": "U+000A",
    "https://exa mple.com": "U+0020",
    "https://host:0/v1": "port",
    "https://host:99999": "port",
    "https://host:-1": "port",
    "https://host:abc": "port",
    "https://host:": "port",
    "https://::1/v1": "brackets",
    "https://[::zz]/v1": "IPv6",
    "https://[fe80::1%25eth0]/v1": "",
    "https:///v1": "host",
    "https://-bad-.test": "host",
    "https://аpi.cometapi.com/v1": "mixes letters",
    "https://straße.example/v1": "read differently",
    "https://STRAẞE.example/v1": "read differently",
    "https://αγορας.example/v1": "read differently",
    "https://host/v1/chat/completions": "already ends in /chat/completions",
    "http://remote.test/v1": "unencrypted",
    "https://host/v1/ü": "percent-encoded",
}


@pytest.mark.parametrize("text", BAD_URLS)
def test_bad_url(text: str) -> None:
    problem = urls.parse_base_url(text)
    assert isinstance(problem, urls.UrlProblem), problem
    assert BAD_URLS[text] in problem.detail and problem.advice
    assert "u:p" not in problem.detail + problem.advice


GOOD_URLS = {
    "https://api.cometapi.com/v1": "https://api.cometapi.com/v1",
    "HTTPS://API.CometAPI.com:443/v1/": "https://api.cometapi.com/v1",
    "https://host.": "https://host",
    "http://127.0.0.1:8080/v1": "http://127.0.0.1:8080/v1",
    "http://127.1/v1": "http://127.1/v1",
    "http://0x7f000001": "http://0x7f000001",
    "http://localhost:80/v1": "http://localhost/v1",
    "http://[::1]:9/v1": "http://[::1]:9/v1",
    "https://bücher.example/v1": "https://xn--bcher-kva.example/v1",
    "https://host/api/openai/v1beta": "https://host/api/openai/v1beta",
}


@pytest.mark.parametrize("text", GOOD_URLS)
def test_good_url(text: str) -> None:
    assert str(urls.parse_base_url(text)) == GOOD_URLS[text]


def test_http_to_a_remote_host_only_when_allowed() -> None:
    assert isinstance(urls.parse_base_url("http://10.0.0.7/v1", allow_http=True), Url)


@given(st.text(max_size=40))
def test_any_text_is_a_url_or_a_problem(text: str) -> None:
    assert isinstance(urls.parse_base_url("https://" + text), Url | urls.UrlProblem)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("500ms", 0.5), ("2m", 120), ("7", 7), ("0.5s", 0.5)])
def test_duration(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e308", "5x", "", "s", "1h", "61m", "0x10", "1.2.3", "٣s"])
def test_bad_duration(text: str) -> None:
    with pytest.raises(UsageError):
        duration(text)


# -- targets ---------------------------------------------------------------------------------------------------


def usage(call: Callable[[], object]) -> UsageError:
    with pytest.raises(UsageError) as caught:
        call()
    assert KEY not in str(caught.value.args) + caught.value.detail + caught.value.advice
    return caught.value


@pytest.fixture(autouse=True)
def no_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(trust, "_registered", lambda: os.path.realpath(tmp_path))  # else a working folder is no home


def test_default_is_cometapi_and_its_variables_in_order() -> None:
    resolved = resolve(Wanted(model="m"), {"COMET_API_KEY": KEY})
    assert resolved.target.base_url == "https://api.cometapi.com/v1"
    assert resolved.target.key == Secret(KEY) and resolved.target.key_source == "env:COMET_API_KEY"
    assert any("Comet ML" in note for note in resolved.notes)
    both = resolve(Wanted(model="m"), {"COMET_API_KEY": "sk-other-0123456789", "COMETAPI_KEY": KEY})
    assert both.target.key == Secret(KEY) and any("several key variables" in note for note in both.notes)


def test_a_bare_url_gets_no_other_key() -> None:
    environ = {"COMETAPI_KEY": KEY, "OPENAI_API_KEY": KEY}
    error = usage(lambda: resolve(Wanted("https://evil.test/v1"), environ))
    assert error.code == "auth.key_missing" and "CHATPROOF_API_KEY" in error.detail
    assert resolve(Wanted("https://h.test/v1"), {"CHATPROOF_API_KEY": KEY}).target.key == Secret(KEY)


def test_a_providers_key_stays_with_the_provider(tmp_path: Path) -> None:
    (tmp_path / "chatproof.toml").write_text(
        'default = "t"\n[targets.t]\nbase_url = "http://127.0.0.1:9/v1"\nprofile = "cometapi"'
    )
    approve(tmp_path / "chatproof.toml")
    error = usage(lambda: resolve(Wanted(), {"COMETAPI_KEY": KEY}))
    assert error.code == "auth.key_missing" and "CHATPROOF_API_KEY" in error.detail
    (tmp_path / "chatproof.toml").write_text(
        '[targets.t]\nbase_url = "https://api.cometapi.com/v1"\nprofile = "cometapi"'
    )
    approve(tmp_path / "chatproof.toml")
    assert resolve(Wanted("t"), {"COMETAPI_KEY": KEY}).target.key == Secret(KEY)
    usage(lambda: resolve(Wanted("t", key_env="not a name"), {}))


def test_key_of_another_provider() -> None:
    error = usage(lambda: resolve(Wanted("openai"), {"OPENAI_API_KEY": "sk-ant-" + KEY}))
    assert error.code == "auth.wrong_provider"
    assert resolve(Wanted("https://gateway.test/v1"), {"CHATPROOF_API_KEY": "sk-ant-" + KEY}).target.key


@pytest.mark.parametrize("value", [None, "", "  \n"])
def test_missing_key(value: str | None) -> None:
    environ = {} if value is None else {"COMETAPI_KEY": value}
    error = usage(lambda: resolve(Wanted(), environ))
    assert error.code == "auth.key_missing" and "COMETAPI_KEY" in error.detail
    assert resolve(Wanted(no_auth=True), environ).target.key is None


def test_key_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    path.chmod(0o600)
    resolved = resolve(Wanted("https://h.test/v1", key_file=str(path)), {})
    assert resolved.target.key == Secret(KEY) and len(resolved.notes) == 1
    path.chmod(0o644)
    assert any("chmod 600" in n for n in resolve(Wanted("https://h.test/v1", key_file=str(path)), {}).notes)
    link = tmp_path / "link"
    link.symlink_to(path)
    assert resolve(Wanted("https://h.test/v1", key_file=str(link)), {}).target.key == Secret(KEY)


@pytest.mark.parametrize("kind", ["missing", "directory", "fifo", "large", "zero"])
def test_bad_key_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "key"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "large":
        path.write_text("k" * 9000)
    elif kind == "zero":
        path = Path("/dev/zero")
    assert usage(lambda: resolve(Wanted("https://h.test/v1", key_file=str(path)), {})).code.startswith("auth.key_")


CONFIG = """
default = "stage"
[targets.stage]
base_url = "https://stage.test/v1"
model = "m1"
key_env = "STAGE_KEY"
environment = "staging"
timeout = "5s"
"""


def test_config(tmp_path: Path) -> None:
    (tmp_path / "chatproof.toml").write_text(CONFIG)
    approve(tmp_path / "chatproof.toml")
    resolved = resolve(Wanted(), {"STAGE_KEY": KEY, "CHATPROOF_MODEL": "m9"})
    target = resolved.target
    assert (target.name, target.base_url, target.model, target.environment) == (
        "stage", "https://stage.test/v1", "m1", "staging"
    )  # fmt: skip
    assert target.timeout == 5.0 and target.key_source == "env:STAGE_KEY"
    assert resolve(Wanted(model="m2", timeout=7.0), {"STAGE_KEY": KEY}).target[1] == "m2"
    (tmp_path / "below").mkdir()
    os.chdir(tmp_path / "below")
    assert resolve(Wanted(), {"STAGE_KEY": KEY}).target.name == "stage"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[targets.a]\nbase_ur = 'x'", ".toml:2:1: targets.a.base_ur: unknown name"),
        ("[targets.a]\napi_key = 'sk-1'", "a key does not belong in a file"),
        ("[targets.a]\nmodel = 5", "must be a string"),
        ("[targets.a]\nno_auth = 'yes'", "must be true or false"),
        ("default = 'b'\n[targets.a]", "default: names no target"),
        ("x = 1", ".toml:1:1: x: unknown name"),
        ("a = [", ""),
        ("targets = 3", "targets: must be a table"),
    ],
)
def test_bad_config(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "chatproof.toml"
    path.write_text(text)
    error = usage(lambda: resolve(Wanted("a"), {}))
    assert words in error.detail and str(path) in error.detail and "sk-1" not in error.detail


def test_config_bytes(tmp_path: Path) -> None:
    path = tmp_path / "chatproof.toml"
    path.write_bytes(b"\xef\xbb\xbf" + CONFIG.replace("\n", "\r\n").encode())
    approve(path)
    assert resolve(Wanted(), {"STAGE_KEY": KEY}).target.name == "stage"
    path.write_bytes(b'default = "\xff"')
    assert "not UTF-8 at byte 11" in usage(lambda: resolve(Wanted(), {})).detail
    path.write_bytes(b"#" * (1024 * 1024 + 1))
    assert "larger than 1 MiB" in usage(lambda: resolve(Wanted(), {})).detail


def test_unknown_target_names_what_there_is() -> None:
    error = usage(lambda: resolve(Wanted("comet"), {}))
    assert error.advice.startswith("did you mean cometapi? ") and "no chatproof.toml was found here" in error.advice
    error = usage(lambda: resolve(Wanted("nothing-of-the-kind"), {}))
    assert "cometapi" in error.advice and "simulator" in error.advice


def test_azure_needs_a_url() -> None:
    assert usage(lambda: resolve(Wanted("azure"), {})).code == "url.invalid"


def test_library_targets_are_checked_too() -> None:
    assert usage(lambda: check(Target("https://h.test/v1"))).code == "auth.key_missing"
    assert usage(lambda: check(Target("h.test", key=Secret(KEY)))).code == "url.invalid"
    assert (
        usage(lambda: check(Target("https://h.test/v1", key=Secret(KEY + "\x00"), model="m"))).code
        == "auth.key_malformed"
    )
    assert usage(lambda: check(Target("https://h.test/v1", key=Secret(KEY), model="m\n"))).code == "usage"
    assert check(Target("https://h.test/v1", key=Secret(KEY + "\n"))).target.key == Secret(KEY)
    assert KEY not in repr(check(Target("https://h.test/v1", key=Secret(KEY))))
