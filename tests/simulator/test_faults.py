"""Every fault of the simulator comes to the verdict and the diagnosis that its row promises, and leaks no key."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from itertools import islice

import pytest

from chatproof import simulator
from chatproof.running.plan import Settings
from chatproof.running.run import smoke
from chatproof.simulator import faults
from chatproof.simulator.chat import CHAT_PATH, MODELS_PATH, respond
from chatproof.simulator.fault import GO, SEED_MODES, Fault, Turn
from chatproof.simulator.faults import ALL, FAULTS
from chatproof.simulator.wire import GOOD, MISSING, WRONG, Asked, Script, message
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret

# What a smoke run can meet on loopback. Out of reach here: net.unreachable and net.write_timeout, which need another
# machine, and the codes of our own side, which stop a run before anything is sent.
REACHABLE = [
    "net.dns",
    "net.refused",
    "net.connect_timeout",
    "net.closed",
    "net.reset",
    "net.read_timeout",
    "net.proxy",
    "tls.untrusted",
    "tls.hostname_mismatch",
    "tls.expired",
    "tls.protocol",
    "http.not_http",
    "http.malformed",
    "http.framing",
    "http.incomplete_body",
    "http.encoding",
    "limit.deadline",
    "limit.size",
    "url.wrong_path",
    "url.missing_version",
    "url.doubled_version",
    "url.not_an_api",
    "url.redirected",
    "gateway.error",
    "gateway.timeout",
    "gateway.challenge",
    "body.not_json",
    "body.truncated",
    "body.encoding",
    "body.unsafe_json",
    "auth.rejected",
    "auth.header",
    "auth.permission",
    "auth.organization",
    "auth.not_enforced",
    "auth.error_body",
    "account.quota",
    "account.rate_limited",
    "account.region",
    "model.unavailable",
    "model.retired",
    "model.not_listed",
    "request.rejected",
    "request.unsupported_parameter",
    "request.context_length",
    "content.empty",
    "content.reasoning_budget",
    "content.filtered",
    "content.refused",
    "stream.unexpected",
    "stream.not_streamed",
    "stream.malformed",
    "stream.incomplete",
    "stream.left_open",
    "stream.error",
    "contract.status",
    "contract.media_type",
    "contract.error_present",
    "contract.choices_missing",
    "contract.choices_empty",
    "contract.choices_type",
    "contract.message_missing",
    "contract.content",
    "contract.schema",
    "contract.models",
    "server.error",
    "secret.reflected",
]

HARMLESS = [
    "error-null",
    "extra-fields",
    "no-usage-or-id",
    "dated-model",
    "media-type-case",
    "leading-blank-lines",
    "gzip",
    "chunked",
    "103",
    "error-string",
    "error-flat",
    "error-array",
    "reject-400",
    "reject-403",
]


def run(name: str, *, tls: bool = False) -> tuple[dict[str, object], str]:
    """The run document of a smoke run against a fault, and the key that was used."""
    server = simulator.start(name, tls=tls)
    try:
        target = Target(
            server.base_url,
            model=server.model,
            key=Secret(server.key),
            ca_file=server.ca_file,
            proxy=server.proxy,
            timeout=server.timeout or 10.0,
        )
        return smoke(target, Settings(stream=server.stream), environ={}).document, server.key
    finally:
        server.stop()


def check(fault: Fault, document: dict[str, object], key: str) -> None:
    codes = [found["code"] for found in document["diagnoses"]]  # type: ignore[attr-defined]
    assert (document["verdict"], codes[:1]) == (fault.verdict, [fault.code] if fault.code else [])
    text = json.dumps(document)
    for form in (key, key[7:27], key.encode().hex(), b64encode(key.encode()).decode()[:-4]):
        assert form not in text


@pytest.mark.parametrize("name", FAULTS)
def test_fault_comes_to_its_diagnosis(name: str) -> None:
    document, key = run(name)
    check(FAULTS[name], document, key)


@pytest.mark.parametrize(
    "name", ["cut-body", "empty-choices", "harmless-until-close", "key-in-header", "closed-without-reply"]
)
def test_fault_over_tls(name: str) -> None:
    document, key = run(name, tls=True)
    assert str(document["target"]["base_url"]).startswith("https://")  # type: ignore[index]
    check(FAULTS[name], document, key)


def test_conformant_simulator_is_go() -> None:
    for tls in (False, True):
        server = simulator.start(tls=tls)
        target = Target(server.base_url, server.model, Secret(server.key), ca_file=server.ca_file)
        document = smoke(target, Settings(stream=True, strict=True), environ={}).document
        server.stop()
        assert document["verdict"] == GO
        assert document["diagnoses"] == []
        assert {found["outcome"] for found in document["findings"]} == {"holds"}
        assert server.key not in json.dumps(document)


def test_every_reachable_code_has_a_fault() -> None:
    assert set(REACHABLE) == {row.code for row in FAULTS.values() if row.code}


def test_every_failure_mode_of_the_seed_has_a_fault() -> None:
    assert {row.seed for row in FAULTS.values()} == {"", *SEED_MODES}


def test_every_harmless_deviation_has_a_row() -> None:
    assert {f"harmless-{name}" for name in HARMLESS} <= set(FAULTS)


def test_rows_are_well_formed() -> None:
    assert len(FAULTS) == sum(len(file.ROWS) for file in faults._FILES), "two rows have one name"
    for name, row in FAULTS.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert row.about.endswith((".", ")."))
        assert row.about[0] in "`" or row.about[0].isupper() or row.about.startswith("stream: ")
        assert (row.code == "") == name.startswith("harmless-")
        assert row.verdict == GO or row.code
        assert 0 <= row.timeout <= 5


ODD_REQUESTS = [
    Asked(method, path, credential, body, 0.0, "req_0")
    for method in ("GET", "HEAD", "POST", "CONNECT")
    for path in (CHAT_PATH, MODELS_PATH, f"{MODELS_PATH}/x", "/", "/chat/completions", "host:443")
    for credential in (GOOD, WRONG, MISSING)
    for body in (b"", b"[]", b"\xff", b'{"model": "x", "messages": []}', b'{"model": "simulator-mini", "messages": 1}')
]


@pytest.mark.parametrize("name", ALL)
def test_faults_survive_any_request(name: str) -> None:
    """A fault that is served to other clients (`chatproof simulate`) meets requests that no row had in mind."""
    row = ALL[name]
    for asked in ODD_REQUESTS:
        turn = Turn(asked, respond(asked), "sk-sim-0123456789")
        if row.when(turn):
            answer = row.alter(turn)
            pieces = answer.pieces if isinstance(answer, Script) else message(asked, answer)
            assert all(isinstance(piece, bytes) for piece in islice(pieces, 5))


def test_unknown_fault_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        simulator.start("no-such-fault")
