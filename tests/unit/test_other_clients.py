"""What doctor says of variables that the SDKs read and we do not, and of an endpoint on this machine in a container."""

from pathlib import Path

import pytest

from chatproof.cli.shared.other_clients import remarks
from chatproof.running.dispatch import transport_options
from chatproof.target.target import Resolved, Wanted, resolve
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Fault
from tests.support import KEY, play


@pytest.fixture(autouse=True)
def no_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def target(url: str = "https://llm.test/v1", key: str = KEY, **options: str) -> Resolved:
    return resolve(Wanted(target=url, model="m", **options), {"CHATPROOF_API_KEY": key})


def said(environ: dict[str, str], env_file: str = "", **options: str) -> str:
    return "\n".join(" | ".join(remark) for remark in remarks(environ, target(**options), env_file))


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"ALL_PROXY": "socks5h://127.0.0.1:1080"}, "ALL_PROXY names a SOCKS proxy (socks5h://): openai-python cannot start"),
        ({"https_proxy": "SOCKS4://u:geheim@127.0.0.1"}, "https_proxy names a SOCKS proxy (socks4://)"),
        ({"REQUESTS_CA_BUNDLE": "/nowhere/ca.pem"}, "REQUESTS_CA_BUNDLE names a file that does not exist: /nowhere"),
        ({"OPENAI_BASE_URL": "https://u:geheim@other.test/v1?k=geheim"}, "OPENAI_BASE_URL"),
        ({"OPENAI_BASE_URL": "https://other.test/v1"}, "OPENAI_BASE_URL says https://other.test, but this check is about"),
        ({"OPENAI_API_BASE": "https://llm.test"}, "OPENAI_API_BASE says https://llm.test with another path"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.test,.llm.test"}, "NO_PROXY covers llm.test"),
    ],
)  # fmt: skip
def test_what_other_clients_obey_is_told(environ: dict[str, str], words: str) -> None:
    assert words in said(environ) and "geheim" not in said(environ)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"ALL_PROXY": "http://127.0.0.1:1080"},
        {"SSL_CERT_FILE": __file__},
        {"OPENAI_BASE_URL": "https://llm.test/v1/"},
        {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.test"},
    ],
)
def test_nothing_is_said_of_what_is_right(environ: dict[str, str]) -> None:
    assert said(environ) == ""


@pytest.mark.parametrize("key", ["undefined", "null", "None"])
def test_a_key_that_is_a_word_for_no_value(key: str) -> None:
    assert "a word that programs print for a missing value" in said({}, key=key)


def test_an_env_file_that_lies_here_and_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}")
    assert "file .env here, which is not read" in said({}) and KEY not in said({})
    assert said({}, env_file=".env") == ""


def test_a_socks_proxy_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="a SOCKS proxy is not supported"):
        transport_options(target(proxy="socks5://127.0.0.1:1080"), {})


def test_a_container_counts_for_an_endpoint_on_this_machine_only() -> None:
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert transport_options(target("http://127.0.0.1:9/v1"), pod).in_container
    assert not transport_options(target(), pod).in_container


@pytest.mark.parametrize(
    ("code", "detail", "owner", "confidence", "step"),
    [
        ("net.refused", "x; this is a container, and localhost is the container", "unknown", "likely", "host.docker.internal"),
        ("net.refused", "127.0.0.1 port 9: connection refused", "provider", "likely", "Check host and port"),
        ("net.proxy", "the proxy answers CONNECT with HTTP 403; plain forwarding (a", "you", "likely", "most clients forward"),
        ("net.proxy", "the proxy answers CONNECT with HTTP 407", "you", "certain", "the proxy's credentials"),
    ],
)  # fmt: skip
def test_what_is_said_of_it(code: str, detail: str, owner: str, confidence: str, step: str) -> None:
    phase = "connect" if code == "net.refused" else "proxy"
    first = play({"all": Fault(code, phase, detail)}).diagnoses[0]
    assert (first.code, first.owner, first.confidence) == (code, owner, confidence) and step in first.next_step
