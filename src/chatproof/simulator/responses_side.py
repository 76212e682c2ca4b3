"""The Responses API's side of the simulator: what answers, and the faults, which are loaded when one is asked for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chatproof.simulator.chat import MODEL
from chatproof.simulator.responses import respond
from chatproof.simulator.wire import Side

if TYPE_CHECKING:
    from chatproof.simulator.fault import Fault


def _faults() -> "Mapping[str, Fault]":
    from chatproof.simulator import responses_faults

    return responses_faults.ALL


SIDE = Side(respond, MODEL, _faults)
