"""What `[monitor]` and `[targets.NAME.monitor]` may say: one table, for checks, the documentation and the schema.

A target is watched where it has a table of its own, empty or not. What it does not say is taken from `[monitor]`, but
for the budgets: those of `[monitor]` are for all targets together.
"""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from chatproof.usage_error import UsageError, near

if TYPE_CHECKING:
    from chatproof.target.config_fields import Place

Value = Any


class Setting(NamedTuple):
    """One name. `read` makes the value of what the file says, and raises ValueError with what it should have been."""

    read: Callable[[Any], Value]
    default: Value
    about: str
    example: str  # as it stands in TOML
    schema: dict[str, Any]
    top: bool = True  # in [monitor]
    target: bool = True  # in [targets.NAME.monitor]


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def seconds(said: Any, least: float = 1.0, most: float = 31 * 86400.0) -> float:
    """Seconds of 30s, 5m, 6h, 1d; of 0, which switches something off where `least` is 0."""
    found = re.fullmatch(r"([0-9]{1,6})([smhdw])", said) if isinstance(said, str) else None
    value = float(found[1]) * _UNITS[found[2]] if found else 0.0 if said in (0, "0") else -1.0
    if not least <= value <= most:
        raise ValueError('must be a duration such as "30s", "15m", "6h" or "1d"')
    return value


def _every(said: Any) -> float:
    value = seconds(said, 0.0)
    if 0 < value < 5:
        raise ValueError('must be "5s" or more, or "0s" for never')
    return value


def _kept(said: Any) -> float:
    return seconds(said, 86400.0, 366 * 86400.0)


def _flag(said: Any) -> bool:
    if not isinstance(said, bool):
        raise ValueError("must be true or false")
    return said


def _count(said: Any) -> int:
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said <= 10**12:
        raise ValueError("must be a whole number, 0 for no limit")
    return said


def _money(said: Any) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 1e9:
        raise ValueError("must be an amount, 0 for no limit")
    return float(said)


def _rule(said: Any) -> tuple[int, int]:
    """(at least so many, of the last so many)."""
    found = re.fullmatch(r"([0-9]{1,2}) of ([0-9]{1,2})", said) if isinstance(said, str) else None
    if isinstance(said, int) and not isinstance(said, bool):
        least, of = said, said
    else:
        least, of = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= least <= of <= 50:
        raise ValueError('must be a number of checks in a row, such as 3, or "3 of 5"')
    return least, of


def _jitter(said: Any) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 0.4:
        raise ValueError("must be a part of the period, from 0 to 0.4")
    return float(said)


def _runs(said: Any) -> int:
    if isinstance(said, bool) or not isinstance(said, int) or not 1 <= said <= 256:
        raise ValueError("must be a whole number from 1 to 256")
    return said


def _windows(said: Any) -> tuple[tuple[str, float, str], ...]:
    """(cron, seconds, time zone) of each."""
    wanted = 'must be tables such as { cron = "0 3 * * 0", duration = "2h" }'
    if not isinstance(said, list):
        raise ValueError(wanted)
    found = []
    for each in said:
        if (
            not isinstance(each, dict)
            or {*each} - {"cron", "duration", "zone"}
            or not isinstance(each.get("cron"), str)
        ):
            raise ValueError(wanted)
        zone = each.get("zone", "UTC")
        if not isinstance(zone, str) or len(each["cron"]) > 100 or len(zone) > 60:
            raise ValueError(wanted)
        found.append((each["cron"], seconds(each.get("duration"), 60.0, 7 * 86400.0), zone))
    return tuple(found)


def _names(said: Any) -> tuple[str, ...]:
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        raise ValueError("must be an array of strings")
    return tuple(said)


def _networks(said: Any) -> tuple[str, ...]:
    from ipaddress import ip_network

    for each in _names(said):
        try:
            ip_network(each, strict=False)
        except ValueError:
            raise ValueError('must be addresses or networks such as "10.0.0.1" or "10.0.0.0/8"') from None
    return tuple(said)


_TEXT = {"type": "string"}
_NUMBER = {"type": "number", "minimum": 0}
_WHOLE = {"type": "integer", "minimum": 0}
_BOOLEAN = {"type": "boolean"}
_OF = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[0-9]+ of [0-9]+$"}]}
_WINDOW = {
    "type": "object",
    "required": ["cron", "duration"],
    "additionalProperties": False,
    "properties": {"cron": _TEXT, "duration": _TEXT, "zone": _TEXT},
}

MONITOR: dict[str, Setting] = {
    "every": Setting(_every, 900.0, "time between two paid checks (smoke); 0s: only on request", '"15m"', _TEXT),
    "every_free": Setting(_every, 300.0, "time between two free checks (the model list); 0s: none", '"5m"', _TEXT),
    "jitter": Setting(_jitter, 0.1, "how much earlier or later a check may start, as a part of its period", "0.1",
                      _NUMBER),
    "stream": Setting(_flag, False, "also send a streaming request: a second paid request", "true", _BOOLEAN),
    "validate": Setting(_flag, False, "allow /probe?module=validate to run the complete contract", "true", _BOOLEAN),
    "confirm": Setting(_flag, True, "check once more before a failure counts", "true", _BOOLEAN),
    "fail_after": Setting(_rule, (2, 2), "failures in a row, or m of n, until the target counts as failing", '"3 of 5"',
                          _OF),
    "recover_after": Setting(_rule, (1, 1), "good checks in a row, or m of n, until it counts as passing again", "2",
                             _OF),
    "stale_after": Setting(
        lambda said: seconds(said, 0.0), 0.0,
        "after this time without a paid check, the target's state is stale (default 3 periods)", '"1h"', _TEXT,
    ),
    "windows": Setting(
        _windows, (), "maintenance: when it begins (cron, UTC or a zone), how long it lasts",
        '[{ cron = "0 3 * * 0", duration = "2h", zone = "Europe/Berlin" }]', {"type": "array", "items": _WINDOW},
    ),
    "budget_requests": Setting(_count, 2000, "requests a day (UTC), never exceeded", "500", _WHOLE),
    "budget_tokens": Setting(_count, 100_000, "tokens a day; one answer may exceed it; then nothing is sent", "20000",
                             _WHOLE),
    "budget_money": Setting(_money, 0.0, "money a day, at the target's prices", "1.50", _NUMBER),
    "keep": Setting(_kept, 30 * 86400.0,
                    "how long the data behind the monitor's pages is kept; the runs stay in the journal", '"30d"',
                    _TEXT, target=False),
    "runs_at_once": Setting(_runs, 16, "how many checks run at the same time", "16", _WHOLE, target=False),
    "trusted_proxies": Setting(_networks, (), "trusted networks for X-Forwarded-For (--behind-proxy)",
                               '["10.0.0.1", "10.1.0.0/16"]',
                               {"type": "array", "items": _TEXT}, target=False),
}  # fmt: skip
"""Every setting. The defaults of the budgets are a target's; in `[monitor]` there is no limit by default."""
TOTAL = ("budget_requests", "budget_tokens", "budget_money")
ALERTS = "alerts"
"""Tables of `[monitor]`, checked by `alert_fields`."""


def problems(said: dict[str, Any], where: str, place: "Place") -> Iterator[UsageError]:
    """What is wrong with a table; `where` is monitor or targets.NAME.monitor."""
    is_top = where == "monitor"
    known = {name: row for name, row in MONITOR.items() if (row.top if is_top else row.target)}
    for name, value in said.items():
        at = f"{where}.{name}"
        if is_top and name == ALERTS:
            from chatproof.target import alert_fields

            yield from alert_fields.problems(value, at, place)
            continue
        if name not in known:
            yield place.error(at, "unknown name", near(name, known))
            continue
        try:
            known[name].read(value)
        except ValueError as error:
            yield place.error(at, str(error), f"write {name} = {known[name].example}")


def values(top: dict[str, Any], target: dict[str, Any] | None = None) -> dict[str, Value]:
    """The values in force for a target; without one, those of the monitor as a whole. The tables were checked."""
    found: dict[str, Value] = {}
    for name, row in MONITOR.items():
        if target is None:
            empty = row.default if name not in TOTAL else type(row.default)(0)
            found[name] = row.read(top[name]) if name in top else empty
        elif name in target:
            found[name] = row.read(target[name])
        else:
            found[name] = row.read(top[name]) if name in top and name not in TOTAL else row.default
    return found


def schema(is_top: bool) -> dict[str, Any]:
    """JSON Schema of one of the two tables."""
    shown = {
        name: {**row.schema, "description": row.about}
        for name, row in MONITOR.items()
        if (row.top if is_top else row.target)
    }
    if is_top:
        from chatproof.target import alert_fields

        shown[ALERTS] = {**alert_fields.schema(), "description": "who is told about incidents"}
    return {"type": "object", "additionalProperties": False, "properties": shown}
