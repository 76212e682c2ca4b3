"""Starts a driver, gives it jobs, and takes one that hangs for lost."""

import json
import os
import select
import subprocess
from pathlib import Path
from typing import Any

from tools.clients import install

HERE = Path(__file__).parent / "drivers"
START = 300.0  # seconds: a machine that does other things takes long to import LiteLLM
PATIENCE = 12.0  # seconds for one job, above the timeouts of the clients: a client that has none may hang for ever

# The columns: where it is installed (a venv, "node" for the API's own JavaScript packages, or another folder of such),
# what is run, and with which argument.
CLIENTS: dict[str, tuple[str, str, str]] = {
    "openai-python": ("openai", "openai_python.py", "create"),
    "openai-python helpers": ("openai", "openai_python.py", "helpers"),
    "openai-node": ("node", "openai_node.mjs", "create"),
    "openai-node helpers": ("node", "openai_node.mjs", "helpers"),
    "AI SDK compatible": ("node", "ai_sdk.mjs", "compatible"),
    "AI SDK openai": ("node", "ai_sdk.mjs", "openai"),
    "LangChain": ("openai", "langchain_openai_chat.py", ""),
    "LlamaIndex": ("llamaindex", "llama_index_like.py", ""),
    "LiteLLM": ("litellm", "litellm_completion.py", ""),
}

OF_RESPONSES: dict[str, tuple[str, str, str]] = {
    "openai-python": ("openai", "openai_python_responses.py", "create"),
    "openai-python helpers": ("openai", "openai_python_responses.py", "helpers"),
    "openai-node": ("node", "openai_node_responses.mjs", "create"),
    "openai-node helpers": ("node", "openai_node_responses.mjs", "helpers"),
    "AI SDK openai": ("node", "ai_sdk_responses.mjs", "openai"),
    "AI SDK open-responses": ("node", "ai_sdk_responses.mjs", "open-responses"),
    "LangChain": ("openai", "langchain_openai_responses.py", ""),
    "openai-node 6": ("npm-responses-before", "openai_node_responses.mjs", "create"),
    "openai-node 6 helpers": ("npm-responses-before", "openai_node_responses.mjs", "helpers"),
    "AI SDK 6 openai": ("npm-responses-before", "ai_sdk_responses.mjs", "openai"),
    "AI SDK 6 open-responses": ("npm-responses-before", "ai_sdk_responses.mjs", "open-responses"),
    "Codex": ("npm-codex", "codex_responses.mjs", ""),
}
OF_MESSAGES: dict[str, tuple[str, str, str]] = {
    "anthropic-python": ("anthropic", "anthropic_python.py", "create"),
    "anthropic-python helpers": ("anthropic", "anthropic_python.py", "helpers"),
    "anthropic-node": ("node", "anthropic_node.mjs", "create"),
    "anthropic-node helpers": ("node", "anthropic_node.mjs", "helpers"),
    "AI SDK anthropic": ("node", "ai_sdk_anthropic.mjs", ""),
}
OF_EMBEDDINGS: dict[str, tuple[str, str, str]] = {
    "openai-python": ("openai", "openai_python_embeddings.py", ""),
    "openai-node": ("node", "openai_node_embeddings.mjs", ""),
    "AI SDK openai": ("node", "ai_sdk_embeddings.mjs", ""),
    "LangChain": ("openai", "langchain_openai_embeddings.py", ""),
}
CLIENTS_OF = {"chat": CLIENTS, "responses": OF_RESPONSES, "messages": OF_MESSAGES, "embeddings": OF_EMBEDDINGS}


class Driver:
    """One client, in a process of its own that is started when it is needed."""

    def __init__(self, client: str, api: str = "chat") -> None:
        place, script, argument = CLIENTS_OF[api][client]
        folder = install.OF_API[api][1][0] if place == "node" else place
        self._modules = install.modules(folder)
        runner = install.node() if folder in install.FOLDERS else install.python(place)
        self._command = [runner, str(HERE / script), argument]
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, url: str, kind: str) -> dict[str, Any]:
        """What the client made of the reply at this base URL. A time limit is tried again: the machine may be busy."""
        found = self._ask(url, kind)
        slow = "timeout" in found.get("raised", {}).get("type", "").lower() or found.get("lost")
        return self._ask(url, kind) if slow else found

    def _ask(self, url: str, kind: str) -> dict[str, Any]:
        process = self._process = self._process or self._start()
        assert process.stdin
        process.stdin.write(json.dumps({"url": url, "kind": kind}).encode() + b"\n")
        process.stdin.flush()
        line = _line(process, PATIENCE)
        if not line:
            ended = process.poll() is not None
            self.stop()
            why = "ended the process" if ended else f"no answer after {PATIENCE:.0f} s"
            return {"raised": {"type": why, "text": why}, "lost": True}
        return json.loads(line)  # type: ignore[no-any-return]

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> "subprocess.Popen[bytes]":
        # No variable of the user's: neither a key nor a proxy. The model map of LiteLLM is the packaged one.
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(install.ROOT),
            "CLIENTS_MODULES": str(self._modules),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "AI_SDK_LOG_WARNINGS": "false",
        }
        log = open(install.ROOT / f"{Path(self._command[1]).stem}.log", "ab")  # noqa: SIM115 - the process has it
        process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=env)
        if _line(process, START) != b"ready\n":
            process.kill()
            raise RuntimeError(f"{self._command} did not start: see {log.name}")
        return process


def _line(process: "subprocess.Popen[bytes]", patience: float) -> bytes:
    """The next whole line that the process writes; nothing when it is too slow, or has ended."""
    assert process.stdout
    ready = select.select([process.stdout], [], [], patience)[0]
    line = process.stdout.readline() if ready else b""
    return line if line.endswith(b"\n") else b""
