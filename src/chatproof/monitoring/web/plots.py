"""Plots as inline SVG, drawn from figures: no script, no library, nothing loaded. Colours are classes of style.css."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from chatproof import clock

_NAMES = {"G": "good", "W": "with warnings", "F": "failing", "U": "undecided", "-": "no run"}
_CLASSES = {"G": "go", "W": "warn", "F": "no", "U": "un", "-": "none"}
_WORST = "FUWG-"


def strip(hours: Mapping[int, str], now: float, cells: int, hours_a_cell: int, label: str) -> Markup:
    """A row of cells, the newest on the right: the worst outcome of the hours in each."""
    last = int(now // 3600)
    first = last - cells * hours_a_cell + 1
    outcomes = []
    for cell in range(cells):
        start = first + cell * hours_a_cell
        seen = [hours.get(hour, "-") for hour in range(start, start + hours_a_cell)]
        outcomes.append(min(seen, key=_WORST.index))
    parts = []
    begin = 0
    for at in range(1, cells + 1):
        if at == cells or outcomes[at] != outcomes[begin]:
            box = f'x="{begin * 10}" width="{(at - begin) * 10 - 1}" height="20"'
            parts.append(f'<rect class="o-{_CLASSES[outcomes[begin]]}" {box}/>')
            begin = at
    counted = ", ".join(f"{outcomes.count(o)} {_NAMES[o]}" for o in "GWFU-" if o in outcomes)
    return Markup(  # noqa: S704  numbers and words of this file, and an escaped label
        f'<svg class="strip" viewBox="0 0 {cells * 10} 20" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}: {counted}">{"".join(parts)}</svg>'
    )


def curve(points: Sequence[tuple[float, float]], since: float, until: float, label: str, unit: str) -> Markup:
    """Values over time as one line with dots; nothing to draw is said in words."""
    if not points:
        return Markup('<p class="soft">No figures yet.</p>')
    top = _nice(max(value for _, value in points))
    width, height = 600, 120
    since = max(since, min(moment for moment, _ in points))
    span = max(until - since, 1.0)
    at = [(round((x - since) / span * width, 1), round(height - y / top * height, 1)) for x, y in sorted(points)]
    line = " ".join(f"{x},{y}" for x, y in at)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="2"/>' for x, y in at) if len(at) <= 100 else ""
    values = sorted(value for _, value in points)
    said = f"{label}: {len(points)} values from {values[0]:.4g} to {values[-1]:.4g} {unit}, median {middle(values):.4g}"
    return Markup(  # noqa: S704  numbers, and an escaped label
        f'<svg class="plot" viewBox="-60 -18 {width + 68} {height + 46}" role="img" aria-label="{escape(said)}">'
        f'<line class="axis" x1="0" x2="{width}" y1="{height}" y2="{height}"/>'
        f'<line class="axis" x1="0" x2="{width}" y1="0" y2="0"/>'
        f'<text x="-6" y="4" text-anchor="end">{top:.4g}</text><text x="-6" y="{height + 4}" text-anchor="end">0</text>'
        f'<text x="0" y="{height + 22}">{clock.utc(since)[5:16].replace("T", " ")}</text>'
        f'<text x="{width}" y="{height + 22}" text-anchor="end">{clock.utc(until)[5:16].replace("T", " ")}</text>'
        f'<polyline points="{line}"/>{dots}</svg>'
    )


def bars(days: Sequence[tuple[str, float]], label: str) -> Markup:
    """One bar a day, its number above it."""
    if not any(value for _, value in days):
        return Markup('<p class="soft">No figures yet.</p>')
    top = max(value for _, value in days)
    parts = []
    for number, (day, value) in enumerate(days):
        tall = round(value / top * 80, 1)
        x = number * 80
        parts.append(
            f'<rect class="bar" x="{x + 10}" y="{96 - tall}" width="60" height="{tall}"/>'
            f'<text x="{x + 40}" y="{90 - tall}" text-anchor="middle">{value:,.0f}</text>'
            f'<text x="{x + 40}" y="112" text-anchor="middle">{escape(day[5:])}</text>'
        )
    said = f"{label}: " + ", ".join(f"{day} {value:,.0f}" for day, value in days)
    return Markup(  # noqa: S704  numbers, and escaped words
        f'<svg class="plot" viewBox="0 0 {80 * len(days)} 118" role="img" aria-label="{escape(said)}">'
        f"{''.join(parts)}</svg>"
    )


def middle(values: Sequence[float], part: float = 0.5) -> float:
    """The value below which this part of sorted values lies."""
    return values[min(int(len(values) * part), len(values) - 1)]


def _nice(value: float) -> float:
    """A round number that is not smaller."""
    power = 10.0 ** len(str(int(value))) / 10 if value >= 1 else 1.0
    return next((power * step for step in (1, 2, 5) if power * step >= value), power * 10)
