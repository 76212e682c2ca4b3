"""FAULTS: every fault by name, in reading order. A new one is one row in one of the files here.

Names are words that a user guesses; `code` and `verdict` are what a smoke run against the fault must come to, and for
those in VALIDATE a run of validate; tests hold each of them. ALL is both.
"""

from chatproof.simulator.fault import Fault
from chatproof.simulator.faults import (
    agents,
    auth,
    body,
    capabilities,
    content,
    envelope,
    errors,
    gateway,
    harmless,
    http,
    network,
    operations,
    other_streams,
    provider,
    stream,
    values,
)

_FILES = (network, http, gateway, auth, provider, body, content, stream, harmless)
_VALIDATE = (envelope, errors, capabilities, operations, other_streams, agents, values)

FAULTS: dict[str, Fault] = {row.name: row for file in _FILES for row in file.ROWS}
VALIDATE: dict[str, Fault] = {row.name: row for file in _VALIDATE for row in file.ROWS}
ALL: dict[str, Fault] = {**FAULTS, **VALIDATE}
