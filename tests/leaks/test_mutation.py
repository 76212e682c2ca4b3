"""Each protection switched off in turn: the scan of the same run must then find something. Else the suite sleeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.leaks.rogue import Rogue
from tests.leaks.runs import LAUNCH, Ran, reports, run
from tests.leaks.scanner import KEY, ODD_KEY, controls

IDENTITY = "lambda text, *a, **k: text"
LIBRARY = """
import os, sys
from chatproof import Secret, Target
target = Target(sys.argv[1], model='m', key=Secret(os.environ['CHATPROOF_API_KEY']))
print(target, repr(target.key), f'{target.key}')
"""
PRINTED = """
import os, sys
from chatproof import Secret, Settings, Target
from chatproof.running import run as run_module; from chatproof.target import target as target_module
aim = Target(sys.argv[1], model='m', key=Secret(os.environ['CHATPROOF_API_KEY']))
done = run_module.carry(target_module.check(aim), Settings(), environ={})
print(done.sent, run_module.judge(done.contract, done.sent.exchanges, model='m', key=aim.key, no_auth=False, not_sent={}))
"""
LOCALS = """
import os, sys, traceback
import chatproof.running.run as m
from chatproof import Secret, Target
m.judge = lambda *a, **k: 1 / 0
try:
    m.smoke(Target(sys.argv[1], model='m', key=Secret(os.environ['CHATPROOF_API_KEY'])))
except ZeroDivisionError as error:
    frame, own = error.__traceback__, 'chatproof'
    while frame:
        if own in frame.tb_frame.f_code.co_filename:
            print({name: value for name, value in frame.tb_frame.f_locals.items()})
        frame = frame.tb_next
"""
FORCED = """
import os
import chatproof.running.run as m
def fail(*a, **k): raise RuntimeError(os.environ['CHATPROOF_API_KEY'])
m.judge = fail
"""
SMOKE = ("smoke", "URL", "--model", "m", "--stream", "--keep-bodies", "-vv")
UNFILTERED = "import chatproof.key_form as f; f.without = lambda text: text;"
"""Errors look at their own texts, too (UsageError): the second guard is off, so that the first one is seen."""
# name: (what is switched off, way of the server, arguments, program)
SWITCHES: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "Redactor.finds": (
        # The key's form alone would betray it: the other net is taken away as well.
        "import chatproof.record.document as m; m.Redactor.finds = lambda *a: False; m.FOREIGN_STARTS = ()", "echo-plain", SMOKE, LAUNCH,
    ),
    "secrets of others": ("import chatproof.record.document as m; m.FOREIGN_STARTS = ()", "foreign", SMOKE, LAUNCH),
    "secrets of others, forms": (
        "import chatproof.secrets.known_formats as m; m.without = lambda text: text", "foreign", SMOKE, LAUNCH,
    ),
    "gzip in base64": (
        "import chatproof.secrets.redaction as m; m._inflated = lambda data: (b'', True);"
        "import chatproof.secrets.reading as r; r._inflated = lambda piece, most: b''", "refuse-gzip-base64", SMOKE, LAUNCH,
    ),
    "validate": (
        "import chatproof.record.document as m; m.Redactor.finds = lambda *a: False; m.FOREIGN_STARTS = ()", "model-names",
        ("validate", "URL", "--model", "m", "--keep-bodies"), LAUNCH,
    ),
    "shapes": (
        "import chatproof.record.document as m; clean = m._redacted;"
        "m._redacted = lambda value, by: value if isinstance(value, list) and value and isinstance(value[0], list) else clean(value, by)",
        "tool-names", SMOKE, LAUNCH,
    ),
    "Response.__repr__": (
        "from chatproof.wire.exchange import Response; Response.__repr__ = lambda self: str(self._asdict())", "echo-plain",
        ("URL",), PRINTED,
    ),
    "Fault.__repr__": (
        "from chatproof.wire.exchange import Fault; Fault.__repr__ = lambda self: str(self._asdict())", "status-line", ("URL",), PRINTED,
    ),
    "Finding.__repr__": (
        "from chatproof.judging.judge import Finding; Finding.__repr__ = lambda self: str(self._asdict())", "header-name", ("URL",),
        PRINTED,
    ),
    "environment": (
        "import chatproof.target.environment as m; m.Unshown = lambda environ: environ", "good", ("URL",), LOCALS,
    ),
    "Redactor.text": (
        "import chatproof.secrets.redaction as m; m.Redactor.text = lambda self, text: text", "echo-base64-1", SMOKE, LAUNCH,
    ),
    "Redactor, pieces": (
        "import chatproof.secrets.redaction as m; m.Redactor._without_runs = lambda self, text: text", "refuse-eight", SMOKE, LAUNCH,
    ),
    "Redactor, spelt out": (
        "import chatproof.secrets.redaction as m; m._SQUEEZED_WINDOW = 10**6", "refuse-hex-spaces", SMOKE, LAUNCH,
    ),
    "leaky excerpt": (
        "import chatproof.record.exchanges as m; whole = m._excerpt; m._excerpt = lambda body, leaky: whole(body, False)",
        "split-uneven", SMOKE, LAUNCH,
    ),
    "leaky excerpt, not requested": (
        "import chatproof.record.document as m; m._leaky = lambda judgement, shown: set()",
        "split-uneven", (*SMOKE, "--skip", "secret.not_reflected"), LAUNCH,
    ),
    "escapes spelt out": (
        "import chatproof.secrets.escapes as m; m.spelt_out = lambda data, most=0: data;"
        "import chatproof.secrets.reading as r; r.as_read = lambda data: data;"
        "import chatproof.secrets.redaction as d; d.rows = lambda data, shortest: b''; d._MANY = d._MOST_PIECES = 10**6",
        "refuse-percent-here-and-there", SMOKE, LAUNCH,
    ),
    "packed and divided": (
        "import chatproof.secrets.redaction as m; m.rows = lambda data, shortest: b''", "echo-gzip-base64-spaced", SMOKE, LAUNCH,
    ),
    "packed forms": (
        "import chatproof.secrets.reading as m; m.unpacked = lambda data, shortest: (b'', b'', True)",
        "echo-base64-of-hex", SMOKE, LAUNCH,
    ),
    "models, ids": (
        "import chatproof.cli.commands.models as m; m._safe = lambda id, resolved: id", "echo-plain", ("models", "URL"), LAUNCH,
    ),
    "models, ids of choice": (
        f"{UNFILTERED}import chatproof.cli.commands.models as m; m._safe = lambda id, resolved: id", "echo-hex", ("smoke", "URL"), LAUNCH,
    ),
    "models, explained": (
        "import chatproof.cli.commands.models as m; m.clean = lambda text, *secrets: text", "ids-unreadable", ("models", "URL"),
        LAUNCH,
    ),
    "keys on argv": (f"{UNFILTERED}import chatproof.cli.main as m; m.refuse_keys = lambda argv: None", "good", ("smoke", "KEY"), LAUNCH),
    "unknown options": (
        f"{UNFILTERED}import chatproof.cli.main as c; c.refuse_keys = lambda argv: None;"
        "import argparse, chatproof.cli.shared.options as m; m.Parser.error = lambda self, message: print(message)",
        "good", ("smoke", "--api-key=ODD"), LAUNCH,
    ),
    "internal error": (
        f"{FORCED}\nimport chatproof.cli.main as m; m.place_of = lambda error: str(error)", "good", SMOKE, LAUNCH,
    ),
    "traceback": (f"{FORCED}\nimport chatproof.cli.main as m; m.main = m._dispatch", "good", SMOKE, LAUNCH),
    "fingerprint": (
        "import hashlib, chatproof.record.document as m;"
        "m.fingerprint = lambda s: hashlib.sha256(s.reveal().encode()).hexdigest()", "good", SMOKE, LAUNCH,
    ),
    "Secret.__repr__": (
        "from chatproof.wire.exchange import Secret; Secret.__repr__ = lambda self: self.reveal()", "good", ("URL",), LIBRARY,
    ),
    "key check": (
        f"{UNFILTERED}import chatproof.secrets.key_check as m;"
        "m._class = lambda code: __import__('os').environ['CHATPROOF_API_KEY'];"
        "m._INVISIBLE = {}", "good", ("doctor", "URL"), LAUNCH,
    ),
}  # fmt: skip
BAD_KEYS = {"key check": f"{KEY.value}\u200b"}

ESC = "\x1b[2J"
ESCAPES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "text report": ("import chatproof.reporters.lines as m", "good", (*SMOKE, "--key-file", f"k{ESC}")),
    "standard error": ("import chatproof.cli.output as m", "good", ("smoke", "URL", "--key-file", f"none{ESC}")),
    "models": ("import chatproof.cli.commands.models as m", "control-ids", ("models", "URL")),
    "doctor": ("import chatproof.cli.commands.doctor as m", "good", ("doctor", "URL", "--key-file", f"k{ESC}")),
}


def play(rogue: Rogue, folder: Path, way: str, args: tuple[str, ...], program: str, key: str = KEY.value) -> Ran:
    folder.mkdir(exist_ok=True)
    filled = [{"URL": rogue.url(way), "KEY": KEY.value}.get(arg, arg.replace("ODD", ODD_KEY.value)) for arg in args]
    more = reports() if args[0] == "smoke" and "--model" in args else []
    ran = run(folder, [*filled, *more], launch=["-c", program], key=key)
    ran.artefacts.pop("proc")  # the key on argv is the test's own doing
    return ran


@pytest.mark.parametrize("switch", SWITCHES)
def test_without_it_the_suite_is_red(switch: str, rogue: Rogue, tmp_path: Path) -> None:
    off, way, args, program = SWITCHES[switch]
    program = program if program in (LIBRARY, PRINTED, LOCALS) else f"import sys\n{program}"
    key = BAD_KEYS.get(switch, KEY.value)
    guarded = play(rogue, tmp_path / "on", way, args, program, key)
    assert guarded.leaks() == [], "the protection is on"
    if program in (LIBRARY, PRINTED, LOCALS):
        assert guarded.status == 0, guarded.artefacts["stderr"].decode()  # a program that fails shows nothing, either
    found = play(rogue, tmp_path / "off", way, args, f"{off}\n{program}", key).leaks()
    assert found, f"{switch} is off, and nothing was found: the suite would stay green"


@pytest.mark.parametrize("sink", ESCAPES)
def test_without_the_escape_control_bytes_are_seen(sink: str, rogue: Rogue, tmp_path: Path) -> None:
    module, way, args = ESCAPES[sink]
    seen = []
    for switch in ("on", "off"):
        folder = tmp_path / switch
        (folder / "work").mkdir(parents=True)
        (folder / "work" / f"k{ESC}").write_text(KEY.value)
        off = f"{module}; m.escape = {IDENTITY}" if switch == "off" else ""
        ran = play(rogue, folder, way, args, f"{off}\n{LAUNCH}")
        seen.append(controls(ran.stdout) + controls(ran.artefacts["stderr"]))
    assert seen[0] == [] and "U+001B" in seen[1]
