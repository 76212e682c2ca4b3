"""Make the text that the journal's documents are packed with: `dictionary-N.txt`, from runs against the simulator.

A dictionary that was released is never written again: rows packed with it could not be read. Raise `packing.NEWEST` first,
then run this; it refuses to replace a file. What a run of smoke says most stands at the end, where zlib reaches it cheapest.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from chatproof.journal import packing

MOST = 20_000  # more is slower, and packs no better
BASE = "https://api.cometapi.com/v1"


def runs(folder: str) -> list[dict[str, Any]]:
    """The documents of a validate, a failed and a good smoke, and what was written when each began."""
    place = f"{folder}/j.jsonl"
    environ = {"PATH": os.environ["PATH"], "HOME": folder, "CHATPROOF_JOURNAL": place, "COMETAPI_KEY": "x" * 40}
    for args in (["validate"], ["smoke", "--fault", "html-502"], ["smoke"]):
        command = [sys.executable, "-m", "chatproof", args[0], "simulator", "-q", *args[1:]]
        subprocess.run(command, env=environ, cwd=folder, stdout=subprocess.DEVNULL, check=False)
    with open(place, encoding="ascii") as file:
        return [json.loads(line)["document"] for line in file]


def text(document: Any) -> str:
    """As it is stored, for a provider instead of the simulator, and without what no other run has."""
    made = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    made = re.sub(r"http://127\.0\.0\.1:\d+/v1", BASE, made)
    made = re.sub(r"[0-9a-f]{32,}", "", made)
    return made.replace('"name":"simulator"', '"name":"cometapi"').replace("127.0.0.1", "api.cometapi.com")


def main() -> None:
    path = Path(packing.__file__).parent / f"dictionary-{packing.NEWEST}.txt"
    if path.exists():
        sys.exit(f"{path.name} is there: rows may be packed with it. Raise packing.NEWEST first.")
    with tempfile.TemporaryDirectory() as folder:
        found = runs(folder)
    begun, ended = found[::2], found[1::2]
    validate, bad, good = ended
    findings = "".join(text(each) for each in validate["findings"] if each["outcome"] != "not_applicable")
    exchanges = text(validate["exchanges"][-3:])
    short = "".join(
        map(text, [bad["diagnoses"], begun[0]["planned"][:6], begun[2], bad["exchanges"][:1], bad["findings"], good])
    )
    made = ((findings + exchanges)[-(MOST - len(short)) :] + short).encode("ascii")
    path.write_bytes(made[-MOST:])
    print(f"{path.name}: {len(made)} bytes")


if __name__ == "__main__":
    main()
