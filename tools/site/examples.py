"""An example of each diagnosis code, with its real output: `python -m tools.site.examples` writes examples.json anew.

A code that the simulator reaches has a fault; one of our own side a command that stops before anything is sent; the
others what a person would paste. `--check` fails where a command no longer comes to its code.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from chatproof.cli.commands.explain import codes
from chatproof.contract.surface import CHAT
from chatproof.simulator.fault import Fault
from chatproof.simulator.faults import FAULTS, VALIDATE
from chatproof.surfaces import names, surface_of

FILE = Path(__file__).with_name("examples.json")
WIDTH = 100


class Example(NamedTuple):
    """A command line. `variables` are set for it, as `shown`; `pasted` is the file that it judges."""

    command: str
    variables: Mapping[str, str] = {}
    shown: str = ""
    pasted: str = ""


def _paste(text: str) -> Example:
    return Example("chatproof judge pasted.txt", pasted=text)


_HAR = {
    "startedDateTime": "2026-06-01T10:00:00Z",
    "response": {"status": 0, "content": {"size": 0}, "_error": "net::ERR_ABORTED"},
}
_HAR["request"] = {"method": "POST", "url": "https://llm.example/v1/chat/completions"}  # fmt: skip
OTHERS: dict[str, Example] = {
    "auth.key_missing": Example("chatproof smoke https://llm.example/v1 --model ID"),
    "auth.key_malformed": Example(
        "chatproof smoke https://llm.example/v1 --model ID",
        {"CHATPROOF_API_KEY": "Bearer abc"},
        "CHATPROOF_API_KEY='Bearer …' ",
    ),
    "auth.wrong_provider": Example(
        "chatproof smoke openai --model ID", {"OPENAI_API_KEY": "sk-ant-api03-" + "Zx9" * 8}, "OPENAI_API_KEY=sk-ant-… "
    ),
    "url.invalid": Example("chatproof smoke http://llm.example/v1 --model ID"),
    "net.unreachable": _paste(
        "curl: (7) Failed to connect to llm.example port 443 after 2 ms: Network is unreachable\n"
    ),
    "net.write_timeout": _paste("httpx.WriteTimeout: The write operation timed out\n"),
    "net.client": _paste(json.dumps({"log": {"creator": {"name": "WebInspector"}, "entries": [_HAR]}})),
    "tls.client_certificate": _paste(
        "curl: (56) OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0\n"
    ),
    "limit.capture": _paste("HTTP/1.1 200 OK\nContent-Type: application/json\n\n"),
    "limit.unobserved": Example("chatproof validate simulator --budget-tokens 20 --require tools"),
}
# The first fault of a code is not always the one that people meet.
TYPICAL = {"auth.rejected": "rejected-key-401", "gateway.error": "html-502"}


def example_of(code: str) -> Example:
    """The command that leads to a code. Raises KeyError where there is none."""
    if code in OTHERS:
        return OTHERS[code]
    for command, api, faults in _faults():
        found = [fault for fault in faults if fault.code == code]
        named = [fault.name for fault in sorted(found, key=lambda fault: fault.verdict == "GO")]
        if named:
            name = TYPICAL[code] if TYPICAL.get(code) in named else named[0]
            return Example(f"chatproof {command} simulator{api} --fault {name}")
    raise KeyError(code)


def _faults() -> Iterator[tuple[str, str, list[Fault]]]:
    """(command, option, faults), in the order in which an example is looked for."""
    yield "smoke", "", list(FAULTS.values())
    yield "validate", "", list(VALIDATE.values())
    for api in names():
        if api != CHAT:
            yield "validate", f" --api {api}", list(surface_of(api).simulator().faults().values())


def made(code: str) -> dict[str, str]:
    """The example as a page shows it, run now. Raises ValueError where it does not come to its code."""
    example = example_of(code)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pasted.txt").write_text(example.pasted)
        Path(folder, "home").mkdir()
        environ = {"PATH": os.environ["PATH"], "HOME": f"{folder}/home", "COLUMNS": str(WIDTH), **example.variables}
        environ |= {"CHATPROOF_JOURNAL": "none"}
        argv = [sys.executable, "-m", "chatproof", *shlex.split(example.command)[1:]]
        done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, timeout=300, check=False)
    output = done.stdout or done.stderr
    if not re.search(rf"(?:(?:cause|warning) +|usage: |chatproof: |^){re.escape(code)}\b", output, re.MULTILINE):
        raise ValueError(f"{code}: {example.command} says\n{output}")
    command = f"{example.shown}{example.command}"
    return {"command": command, "pasted": example.pasted, "output": steady(output)}


def steady(text: str) -> str:
    """Without what differs from run to run."""
    for pattern, shown in (
        (r"127\.0\.0\.1:\d+", "127.0.0.1:8080"),
        (r"\S*/chatproof/simulator/certs/", ".../chatproof/simulator/certs/"),  # where this copy is installed
        (r"(smoke|validate|judge)-\d{8}-\d{6}-[0-9a-f]{6}", r"\1-20260601-120000-3f9a1c"),
        (r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "2026-06-01T12:00:00.000Z"),
        (r"fingerprint [0-9a-f]{8}", "fingerprint 3950c63f"),
        (r"(req_)[0-9a-f]{24}", r"\g<1>15f3ec1a0e640553b3151553"),
        (r"\b\d+(\.\d+)? ms\b", "12 ms"),
    ):
        text = re.sub(pattern, shown, text)
    return text


def main(arguments: list[str]) -> int:
    """Write all, or those named; with --check, run all and say which come to another code."""
    wanted = [name for name in arguments if name != "--check"] or codes()
    known: dict[str, dict[str, str]] = json.loads(FILE.read_text()) if FILE.exists() else {}
    wrong = 0
    for code in wanted:
        try:
            known[code] = made(code)
        except (KeyError, ValueError) as error:
            wrong += 1
            print(error, file=sys.stderr)
    if "--check" not in arguments:
        FILE.write_text(json.dumps({code: known[code] for code in sorted(known)}, indent=1, ensure_ascii=False) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
