"""chatproof: does this chat completions endpoint keep its contract, and if not, whose fault is it?

    from chatproof import Secret, Target, smoke
    run = smoke(Target("https://api.cometapi.com/v1", model=model, key=Secret(key), profile="cometapi"))
    run.verdict            # "GO", "NO-GO" or "UNDECIDED"
    run.diagnoses[0]       # .code, .summary, .evidence, .owner, .next_step, .confidence, .clauses
    print(run)             # the text report; run.report("markdown") for others

Names are loaded on first use: importing the package costs nothing that a command does not need.
"""

__version__ = "0.2.0"

TYPE_CHECKING = False  # a type checker takes the name for true; typing itself is loaded when something needs it
if TYPE_CHECKING:
    from typing import Any

    from chatproof.captures.library import judge_bytes, judge_file
    from chatproof.judging.contract import Contract, smoke_contract
    from chatproof.judging.judge import Finding, Judgement, judge
    from chatproof.record.document import Run
    from chatproof.record.told import Diagnosis, RecordedExchange, RecordedFinding
    from chatproof.running.plan import Settings
    from chatproof.running.run import smoke, validate
    from chatproof.target.target import Target
    from chatproof.usage_error import UsageError
    from chatproof.wire.exchange import Exchange, Fault, Request, Response, Secret

_HOME = {
    "Contract": "judging.contract",
    "Diagnosis": "record.told",
    "Exchange": "wire.exchange",
    "Fault": "wire.exchange",
    "Finding": "judging.judge",
    "Judgement": "judging.judge",
    "RecordedExchange": "record.told",
    "RecordedFinding": "record.told",
    "Request": "wire.exchange",
    "Response": "wire.exchange",
    "Run": "record.document",
    "Secret": "wire.exchange",
    "Settings": "running.plan",
    "Target": "target.target",
    "UsageError": "usage_error",
    "judge": "judging.judge",
    "judge_bytes": "captures.library",
    "judge_file": "captures.library",
    "smoke": "running.run",
    "smoke_contract": "judging.contract",
    "validate": "running.run",
}

__all__ = [
    "Contract",
    "Diagnosis",
    "Exchange",
    "Fault",
    "Finding",
    "Judgement",
    "RecordedExchange",
    "RecordedFinding",
    "Request",
    "Response",
    "Run",
    "Secret",
    "Settings",
    "Target",
    "UsageError",
    "__version__",
    "judge",
    "judge_bytes",
    "judge_file",
    "smoke",
    "smoke_contract",
    "validate",
]


def __getattr__(name: str) -> "Any":
    if name not in _HOME:
        raise AttributeError(f"module 'chatproof' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"chatproof.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """The public names, loaded or not: what completion and `help(chatproof)` show."""
    return [*__all__, "__doc__", "__file__", "__name__", "__path__"]
