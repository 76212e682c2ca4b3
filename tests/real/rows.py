"""The table: what chatproof must say of each real server. One line is one run of the CLI."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from . import install, servers

VERDICTS = {0: "GO", 1: "NO-GO", 3: "UNDECIDED"}
OPEN = ("--no-auth",)
STREAM = ("--stream",)
OPEN_STREAM = (*OPEN, *STREAM)


@dataclass(frozen=True)
class Row:
    """One run. `code` is the principal diagnosis: a code, several with `|` between, "" for none at all,
    None where it is not ours to say. `raw` is what the happy request is answered with, as test_premises.py
    sees it without chatproof: status, kind of body, coding. Where that fails, the server has changed."""

    server: str
    path: str
    exit: int
    code: str | None
    key: str | None = "good"  # "good", "wrong", or None: the run is given no key
    model: str = "gpt-4o"
    args: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()  # clauses that must be among the broken ones
    never: tuple[str, ...] = ()  # codes that would blame the wrong party
    raw: str | None = None
    spend: bool = False  # send one request first, to use up the location's budget
    owner: str = ""  # of the principal diagnosis; "": not ours to say
    confidence: str = ""  # likewise
    nightly: bool = False  # of a server that is there every day, a row that is not

    @property
    def id(self) -> str:
        parts = [self.server + (self.path or "/"), *(arg.lstrip("-") for arg in self.args)]
        parts += [f"{self.key or 'no'}-key"] if self.key != "good" else []
        parts += [self.model] if self.model != "gpt-4o" else []
        return "_".join(parts)


def go(server: str, path: str, code: str | None = "", **more: object) -> Row:
    """Expected: GO, and by default nothing to remark on."""
    return replace(Row(server, path, 0, code), **more)  # type: ignore[arg-type]


def nogo(server: str, path: str, code: str | None, **more: object) -> Row:
    """Expected: NO-GO, with this cause first."""
    return replace(Row(server, path, 1, code), **more)  # type: ignore[arg-type]


def undecided(server: str, path: str, code: str | None, **more: object) -> Row:
    """Expected: UNDECIDED, with this cause first."""
    return replace(Row(server, path, 3, code), **more)  # type: ignore[arg-type]


def is_nightly(row: Any) -> bool:
    package = install.PACKAGES[servers.packages(row.server)[-1]]
    return package.nightly or getattr(row, "nightly", False)


def parameters(rows: Iterable[Any]) -> list[Any]:
    """Rows as pytest parameters; those of a server too large for every day carry the nightly mark."""
    return [
        pytest.param(
            row,
            id=row.id,
            marks=[pytest.mark.nightly] if is_nightly(row) else [],
        )
        for row in rows
    ]


AUTH = ("auth.rejected", "auth.header", "auth.permission")
UNREAD = ("happy.media_type_json", "happy.body_json")
UNFINISHED = ("stream.finished",)
UNPARSED = ("stream.events_parse",)
UNGUARDED = ("auth.invalid_key.rejected", "auth.missing_key.rejected")

ROWS: list[Row] = [
    # aimock: a mock API that checks keys. It serves chat under any prefix, but lists models under /v1 only.
    go("aimock", "/v1", raw="200 json"),
    go("aimock", "/v1", args=STREAM),
    go("aimock", "/v1", "model.not_listed", model="gpt-4o-mini", raw="200 json"),
    go("aimock", "/some/prefix/v1", "contract.models", raw="200 json"),
    go("aimock", "", "contract.models", raw="200 json"),
    nogo("aimock", "/v1", "auth.rejected", key="wrong", broken=("happy.status_200",), raw="401 json"),
    nogo("aimock", "/v1/v1", "url.doubled_version", never=AUTH, raw="404 json"),
    nogo("aimock-error", "/v1", "server.error", never=AUTH, raw="500 json"),
    nogo("aimock-limit", "/v1", "account.rate_limited", never=AUTH, raw="429 json"),
    nogo("aimock-malformed", "/v1", "body.not_json", broken=("happy.body_json",), raw="200 json"),
    undecided("aimock-hangup", "/v1", "net.closed|net.reset", raw="closed"),
    # ferrogw: a gateway in front of aimock. Unknown paths below /v1 go to the provider, others are its own.
    go("ferrogw", "/v1", raw="200 json"),
    go("ferrogw", "/v1", args=STREAM),
    nogo("ferrogw", "/v1", "auth.rejected", key="wrong", raw="401 json"),
    nogo("ferrogw", "/v1", "model.unavailable", model="no-such-model", never=AUTH, raw="404 json"),
    nogo("ferrogw", "", "url.missing_version", never=AUTH, raw="404 text"),
    nogo("ferrogw", "/v1/v1", "url.doubled_version", never=AUTH, raw="404 json"),
    nogo("ferrogw", "/nope/v1", "url.wrong_path", never=AUTH, raw="404 text"),
    nogo("ferrogw-dead", "/v1", "server.error|gateway.error", never=AUTH, raw="500 json"),
    nogo("ferrogw-half", "/v1", "server.error|gateway.error", never=AUTH, raw="500 json"),
    # The gateway's own provider key is refused: the caller's key is fine and must not be blamed.
    nogo("ferrogw-stale", "/v1", "server.error|gateway.error", never=AUTH, raw="502 json"),
    undecided("ferrogw-slow", "/v1", "net.read_timeout", args=("--timeout", "1s"), raw="timeout"),
    # llmock: an endpoint that is open on purpose.
    nogo("llmock", "/v1", "auth.not_enforced", broken=UNGUARDED),
    go("llmock", "/v1", args=OPEN, key=None, raw="200 json"),
    go("llmock", "/v1", args=OPEN_STREAM, key=None),
    go("llmock", "/v1", "model.not_listed", args=OPEN, key=None, model="no-such-model", raw="200 json"),
    nogo("llmock", "", "url.missing_version", never=AUTH, raw="404 json"),
    nogo("llmock", "/v1/v1", "url.doubled_version", never=AUTH, raw="404 json"),
    nogo("llmock", "/nope/v1", "url.wrong_path", never=AUTH, raw="404 json"),
    nogo("llmock-403", "/v1", "auth.permission", raw="403 json"),
    nogo("llmock-404", "/v1", "url.wrong_path", never=AUTH, raw="404 json"),
    nogo("llmock-422", "/v1", "request.rejected", never=AUTH, raw="422 json"),
    nogo("llmock-503", "/v1", "server.error", never=AUTH, raw="503 json"),
    nogo("llmock-context", "/v1", "request.context_length", args=OPEN, key=None, raw="400 json"),
    nogo("llmock-truncate", "/v1", "stream.incomplete", args=OPEN_STREAM, key=None, broken=UNFINISHED),
    nogo("llmock-malformed", "/v1", "stream.malformed", args=OPEN_STREAM, key=None, broken=UNPARSED),
    undecided("llmock-disconnect", "/v1", "http.incomplete_body", args=OPEN_STREAM, key=None),
    undecided("llmock-stall", "/v1", "net.read_timeout", args=(*OPEN_STREAM, "--timeout", "2s"), key=None),
    # nginx: HTML for whatever it answers itself.
    go("nginx", "/ok/v1", raw="200 json"),
    go("nginx", "/ok/v1", args=STREAM),
    go("nginx", "/gzip/v1", raw="200 json gzip"),
    go("nginx", "/gzip/v1", args=STREAM),
    nogo("nginx", "/ok/v1", "auth.rejected", key="wrong", raw="401 json"),
    nogo("nginx", "/ok/v1/v1", "url.doubled_version", never=AUTH, raw="404 json"),
    nogo("nginx", "/nope/v1", "url.wrong_path", never=AUTH, raw="404 html"),
    nogo("nginx", "/dead/v1", "gateway.error", broken=("happy.status_200",), never=AUTH, raw="502 html"),
    nogo("nginx", "/closing/v1", "gateway.error", never=AUTH, raw="502 html"),
    nogo("nginx", "/slow/v1", "gateway.timeout", never=AUTH, raw="504 html"),
    nogo("nginx", "/down/v1", "gateway.error", never=AUTH, raw="503 html"),
    undecided("nginx", "/half/v1", "http.incomplete_body", raw="cut"),
    # nginx takes an upstream that speaks no HTTP for HTTP/0.9 and hands its bytes on as they are.
    undecided("nginx", "/banner/v1", "http.not_http", raw="not-http"),
    undecided("nginx", "/drop/v1", "net.closed", raw="closed"),
    nogo("nginx", "/moved/v1", "url.redirected", never=AUTH, raw="301 html"),
    nogo("nginx", "/found/v1", "url.redirected", never=AUTH, raw="302 html"),
    nogo("nginx", "/permanent/v1", "url.redirected", never=AUTH, raw="308 html"),
    nogo("nginx", "/login/v1", "url.not_an_api", broken=UNREAD, never=AUTH, raw="200 html"),
    nogo("nginx", "/nothing/v1", "contract.status", broken=("happy.status_200",), never=AUTH, raw="204 -"),
    nogo("nginx", "/basic/v1", "auth.header", raw="401 html"),
    nogo("nginx", "/deny/v1", "gateway.challenge", raw="403 html"),
    nogo("nginx", "/limit/v1", "account.rate_limited", never=AUTH, raw="429 html"),
    nogo("nginx", "/once/v1", "account.rate_limited", never=AUTH, spend=True),
    # caddy: an empty body for whatever it answers itself, and an empty 200 for a path that it does not know.
    go("caddy", "/ok/v1", raw="200 json"),
    go("caddy", "/ok/v1", args=STREAM),
    go("caddy", "/gzip/v1", raw="200 json gzip"),
    go("caddy", "/gzip/v1", args=STREAM),
    nogo("caddy", "/ok/v1", "auth.rejected", key="wrong", raw="401 json"),
    nogo("caddy", "/nope/v1", "url.wrong_path", never=AUTH, raw="200 -"),
    nogo("caddy", "/dead/v1", "gateway.error", never=AUTH, raw="502 -"),
    nogo("caddy", "/closing/v1", "gateway.error", never=AUTH, raw="502 -"),
    nogo("caddy", "/banner/v1", "gateway.error", never=AUTH, raw="502 -"),
    nogo("caddy", "/slow/v1", "gateway.timeout", never=AUTH, raw="504 -"),
    undecided("caddy", "/half/v1", "http.incomplete_body", raw="cut"),
    nogo("caddy", "/basic/v1", "auth.header", raw="401 -"),
    # envoy: plain text for a failed upstream, an empty 404 for a path that it does not know.
    go("envoy", "/ok/v1", raw="200 json"),
    go("envoy", "/ok/v1", args=STREAM),
    nogo("envoy", "/ok/v1", "auth.rejected", key="wrong", raw="401 json"),
    nogo("envoy", "/nope/v1", "url.wrong_path", never=AUTH, raw="404 -"),
    nogo("envoy", "/dead/v1", "gateway.error", never=AUTH, raw="503 text"),
    nogo("envoy", "/closing/v1", "gateway.error", never=AUTH, raw="503 text"),
    nogo("envoy", "/banner/v1", "gateway.error", never=AUTH, raw="502 text"),
    nogo("envoy", "/slow/v1", "gateway.timeout", never=AUTH, raw="504 text"),
    undecided("envoy", "/half/v1", "http.incomplete_body", raw="cut"),
    nogo("envoy", "/deny/v1", "gateway.challenge", raw="403 text"),
    # LiteLLM (nightly): refuses a wrong key with 400 and a missing one with a JSON 500; works without /v1.
    go("litellm", "/v1", model="mocked", raw="200 json"),
    go("litellm", "/v1", model="mocked", args=STREAM),
    go("litellm", "/v1", model="through-aimock", raw="200 json"),
    go("litellm", "", model="mocked", raw="200 json"),
    nogo("litellm", "/v1", "auth.rejected", model="mocked", key="wrong", raw="400 json"),
    nogo("litellm", "/v1", "model.unavailable", model="no-such-model", never=AUTH, raw="400 json"),
    nogo("litellm", "/v1", "gateway.error", model="dead-upstream", never=AUTH, raw="500 json"),
    # The gateway passes its provider's 401 on: from outside it looks like the caller's key.
    nogo("litellm", "/v1", "auth.rejected", model="stale-provider-key", raw="401 json"),
    nogo("litellm", "/v1/v1", "url.doubled_version", model="mocked", never=AUTH, raw="404 json"),
    nogo("litellm", "/nope/v1", "url.wrong_path", model="mocked", never=AUTH, raw="404 json"),
    # llama.cpp (nightly) serves a made model that says the alphabet: what smoke asks for holds all the same.
    go("llamacpp", "/v1", model="alphabet", raw="200 json"),
    go("llamacpp", "/v1", model="alphabet", args=STREAM),
    go("llamacpp", "", model="alphabet", raw="200 json"),
    nogo("llamacpp", "/v1", "auth.rejected", model="alphabet", key="wrong", raw="401 json"),
    nogo("llamacpp", "/v1/v1", "url.doubled_version", model="alphabet", never=AUTH, raw="404 json"),
    nogo("llamacpp", "/nope/v1", "url.wrong_path", model="alphabet", never=AUTH, raw="404 json"),
    # It answers whatever model is asked for: the listing alone tells.
    go("llamacpp", "/v1", "model.not_listed", model="no-such-model", raw="200 json"),
    nogo("llamacpp-open", "/v1", "auth.not_enforced", model="alphabet", broken=UNGUARDED),
    go("llamacpp-open", "/v1", args=OPEN_STREAM, key=None, model="alphabet"),
]
