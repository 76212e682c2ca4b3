"""chatproof: does this chat completions endpoint keep its contract, and if not, whose fault is it?

    from chatproof import Secret, Target, smoke
    run = smoke(Target("https://api.cometapi.com/v1", model=model, key=Secret(key), profile="cometapi"))
    run.verdict            # "GO", "NO-GO" or "UNDECIDED"
    run.diagnoses[0]       # code, summary, evidence, owner, next_step, confidence, clauses

Names are loaded on first use: importing the package costs nothing that a command does not need.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from chatproof.contract import Contract, smoke_contract
    from chatproof.exchange import Exchange, Fault, Request, Response, Secret
    from chatproof.judging import Finding, Judgement, judge
    from chatproof.record import Run
    from chatproof.run import Settings, smoke, validate
    from chatproof.target import Target
    from chatproof.usage_error import UsageError

_HOME = {
    "Contract": "contract",
    "Exchange": "exchange",
    "Fault": "exchange",
    "Finding": "judging",
    "Judgement": "judging",
    "Request": "exchange",
    "Response": "exchange",
    "Run": "record",
    "Secret": "exchange",
    "Settings": "run",
    "Target": "target",
    "UsageError": "usage_error",
    "judge": "judging",
    "smoke": "run",
    "smoke_contract": "contract",
    "validate": "run",
}

__all__ = [
    "Contract",
    "Exchange",
    "Fault",
    "Finding",
    "Judgement",
    "Request",
    "Response",
    "Run",
    "Secret",
    "Settings",
    "Target",
    "UsageError",
    "__version__",
    "judge",
    "smoke",
    "smoke_contract",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'chatproof' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"chatproof.{_HOME[name]}"), name)
