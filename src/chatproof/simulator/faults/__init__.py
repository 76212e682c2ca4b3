"""FAULTS: every fault by name, in reading order. A new one is one row in one of the files here.

Names are words that a user guesses; `code` and `verdict` are what a smoke run against the fault must come to, and a
test holds each of them.
"""

from chatproof.simulator.fault import Fault
from chatproof.simulator.faults import auth, body, content, gateway, harmless, http, network, provider, stream

_FILES = (network, http, gateway, auth, provider, body, content, stream, harmless)

FAULTS: dict[str, Fault] = {row.name: row for file in _FILES for row in file.ROWS}
