"""Generate the reference tables in docs/ from the code's own tables. `--check` fails when a file is stale."""

import json
import os
import sys
from functools import partial
from pathlib import Path

from chatproof.cli import main as cli
from chatproof.cli.commands import completion
from chatproof.cli.commands.explain import NO_RUN, OWN_SIDE
from chatproof.cli.shared.options import LIMITS, VARIABLES
from chatproof.contract.areas import AREAS
from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.contract.clients import CLIENTS
from chatproof.contract.probe import OWN
from chatproof.contract.surface import CHAT
from chatproof.diagnosis import confidence
from chatproof.diagnosis.failure_modes import ALONGSIDE, OF_RUNS, every_coded, every_mode
from chatproof.simulator.faults import FAULTS
from chatproof.simulator.rules import RULES
from chatproof.simulator.rules.accepted import ACCEPTED
from chatproof.surfaces import names, surface_of
from chatproof.surfaces.chat import clauses, probes, probes_validate
from chatproof.target import alert_fields, config_fields, monitor_fields, profile
from chatproof.wire.message import Limits
from chatproof.wire.sse import SseLimits
from chatproof.wire.strictjson import REASONS, JsonLimits

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
NOTE = "<!-- Made by `make docs` from the code's tables. Do not edit. -->\n\n"


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def clause_rows(scope: str, api: str = CHAT) -> list[list[str]]:
    surface = surface_of(api)
    smoke = surface.clauses(SMOKE)
    return [
        [
            f"`{c.id}`",
            c.level,
            c.layer,
            c.says,
            c.why,
            ", ".join(f"`{n}`" for n in c.needs),
            f"`{c.code}`" if c.code else "",
            f"{c.source.url} ({c.source.accessed})",
        ]
        for c in surface.clauses(scope).values()
        if scope == SMOKE or c.id not in smoke
    ]


_CLAUSE_HEADS = ["clause", "level", "layer", "what it says", "who breaks", "needs", "diagnosis", "source (accessed)"]


def clause_page_of(api: str) -> str:
    """The clauses of another API than chat: asked for with --api."""
    return (
        f"# Clauses of {surface_of(api).title}\n\nWith `--api {api}`. Ids are fixed: waivers, `--only` and `--skip` take "
        "them, or the beginning of a family.\n\n## Smoke\n\n"
        + table(_CLAUSE_HEADS, clause_rows(SMOKE, api))
        + "\n## Validate, beside those of smoke\n\n"
        + table(_CLAUSE_HEADS, clause_rows(VALIDATE, api))
        + "\n## On your own requests\n\nJudged on each request of `--request`, in smoke and in validate.\n\n"
        + table(_CLAUSE_HEADS, clause_rows(OWN, api))
    )


def fault_page_of(api: str) -> str:
    """The faults of another API's simulator."""
    surface = surface_of(api)
    rows = [
        [
            f"`{f.name}`",
            f"`{f.code}`" if f.code else "none",
            f.verdict,
            ", ".join(f"`{id}`" for id in f.breaks),
            f.about,
        ]
        for f in surface.simulator().faults().values()
    ]
    heads = ["fault", "diagnosis", "verdict", "breaks", "what it does"]
    said = f"`chatproof smoke simulator --api {api} --fault NAME`"
    return f"# Faults of the simulator: {surface.title}\n\n{said}\n\n" + table(heads, rows)


def clause_page() -> str:
    heads = _CLAUSE_HEADS
    areas = [[a.name, a.verify, f"{a.url} ({a.accessed})", a.wording] for a in AREAS]
    capabilities: dict[str, list[str]] = {}
    for c in clauses.load(VALIDATE).values():
        if c.capability:
            capabilities.setdefault(c.capability, []).append(f"`{c.id}`")
    return (
        "# Clauses\n\nIds are fixed: waivers, `--only` and `--skip` take them, or the beginning of a family (`auth`, `error.get_endpoint`).\n\n"
        "## Smoke\n\n"
        + table(heads, clause_rows(SMOKE))
        + "\n## Validate, beside those of smoke\n\n"
        + table(heads, clause_rows(VALIDATE))
        + "\n## On your own requests\n\nJudged on each request of `--request`, in smoke and in validate.\n\n"
        + table(heads, clause_rows(OWN))
        + "\n## Capabilities\n\nWhat `--require` and `requires` in chatproof.toml take, and the clauses that say how it stands.\n\n"
        + table(["capability", "clauses"], [[f"`{name}`", ", ".join(ids)] for name, ids in capabilities.items()])
        + "\n## Contract areas\n\n"
        + table(["area", "what to verify", "source (accessed)", "safe wording"], areas)
    )


def code_page() -> str:
    rows = [[f"`{m.code}`", m.owner, m.confidence, m.summary, m.next_step] for m in (*every_mode(), *ALONGSIDE)]
    coded = [[f"`{m.code}`", m.owner, m.confidence, m.summary, m.next_step] for m in every_coded()]
    rules = [[", ".join(f"`{code}`" for code in r.codes), r.rule, ", ".join(r.excluded)] for r in confidence.RULES]
    of_runs = [[f"`{m.code}`", m.owner, m.confidence, m.summary, m.next_step] for m in OF_RUNS]
    own = [[f"`{code}`", meaning, advice] for code, (meaning, advice) in OWN_SIDE.items()]
    heads = ["code", "owner", "confidence", "what it means", "next step"]
    return (
        "# Diagnosis codes\n\nIn the order in which they are tried on an exchange; the first that matches is its cause. A code\n"
        "with several rows is reached in several ways. Evidence may change owner and confidence.\n\n"
        + table(heads, rows)
        + "\n## Of validate's clauses\n\nA broken clause of validate names its code itself: see the clauses' table.\n\n"
        + table(heads, coded)
        + "\n## Of a run that is undecided\n\nWhere no reply tells the cause: the verdict is never UNDECIDED without a diagnosis.\n\n"
        + table(heads, of_runs)
        + "\n## How sure, and whom that leaves out\n\n"
        + "`certain`: what was seen leaves nobody else. `likely`: another hop could have done the same. `possible`: the status or\n"
        + "the words alone say it. What else a run shows can lower a row's confidence, never raise it.\n\n"
        + table(["codes", "rule", "left out where certain"], rules)
        + "\n## Our own side: exit status 2, nothing was sent\n\n"
        + table(["code", "what it means", "next step"], own)
        + "\n## Of an incident that no run found\n\nNo diagnosis, but what a monitor's incident may have for its cause.\n\n"
        + table(["code", "what it means", "next step"], [[f"`{code}`", *said] for code, said in NO_RUN.items()])
    )


def fault_page() -> str:
    rows = [[f"`{f.name}`", f"`{f.code}`" if f.code else "none", f.verdict, f.about] for f in FAULTS.values()]
    return "# Faults of the simulator\n\n`chatproof smoke simulator --fault NAME`\n\n" + table(
        ["fault", "diagnosis", "verdict", "what it does"], rows
    )


def rule_page() -> str:
    rules = [
        [f"`{r.name}`", r.refuses, f"`{r.param}`", f"`{json.dumps(_shown(r.example))}`", f"{r.source} ({r.date})"]
        for r in RULES
    ]
    odd = [[row.name, row.source] for row in ACCEPTED]
    return (
        "# What the simulator refuses\n\nThe simulator answers 400 where OpenAI does, so that a mistake of your client is seen "
        "before a provider sees it. Each row is a rule with an example: the fields that are put over a plain request (`...` "
        "takes one out, long values are cut). The error has OpenAI's shape, `type` is `invalid_request_error`, `param` as in "
        "the table. Sources are threads at github.com, or the schema of the reference.\n\n"
        + table(["rule", "refused is", "`param`", "example", "source (date)"], rules)
        + "\n## What looks odd and is answered\n\nTests hold these, too: what OpenAI takes is never refused here.\n\n"
        + table(["request", "source"], odd)
    )


def _shown(value: object) -> object:
    """An example, short enough for a table."""
    if isinstance(value, dict):
        return {name[:20]: _shown(item) for name, item in list(value.items())[:6]}
    if isinstance(value, list):
        return [_shown(item) for item in value[:5]]
    if value is ...:
        return "..."
    return value[:40] if isinstance(value, str) else value


def profile_page() -> str:
    parts = ["# Profiles\n\nWhat is known of a provider, each fact with its source and the date it was read.\n"]
    for name in profile.names():
        read = profile.parse((Path(profile.__file__).parent / "profiles" / f"{name}.json").read_text(), name)
        rows = [[fact, f"`{value.value}`", f"{value.source} ({value.accessed})"] for fact, value in read.facts.items()]
        rows += [[f"waived: `{c}`", w.reason, f"{w.source} ({w.accessed})"] for c, w in read.waivers.items()]
        rows += [["note", quirk.text, f"{quirk.source} ({quirk.accessed})"] for quirk in read.quirks]
        parts.append(f"\n## {read.title} (`{name}`)\n\n" + table(["fact", "value", "source (accessed)"], rows))
    return "".join(parts)


def limit_page() -> str:
    limits = [(Limits(), "response"), (SseLimits(), "stream"), (JsonLimits(), "JSON")]
    rows = [[where, name, str(value)] for group, where in limits for name, value in group._asdict().items()]
    probe_rows = [
        [
            f"`{p.id}`",
            p.method,
            f"`{p.suffix}`",
            p.credential,
            "yes" if p.billable else "no",
            str(p.tokens) if p.billable else "",
            p.does
            + (f", after `{p.after}`" if p.after else "")
            + (", only `--with`" if p.opt_in or p.unjudged else ""),
        ]
        for p in (probes_validate.ROWS | probes.ROWS).values()
    ]
    return (
        "# Probes, limits, exit statuses\n\n## Probes\n\nThe first five are those of smoke. Tokens are what is expected of prompt and answer together: `--plan` adds\n"
        "them up, `--budget-tokens` counts with them.\n\n"
        + table(["probe", "method", "path after the base URL", "key", "billable", "tokens", "what is sent"], probe_rows)
        + "\n## Limits\n\nBytes, unless the name says otherwise.\n\n"
        + table(["of", "limit", "value"], rows)
        + "\n## Why bytes are not strict JSON\n\n"
        + table(["reason", "meaning"], [[f"`{name}`", text] for name, text in REASONS.items()])
        + "\n## Exit statuses\n\n"
        + table(["status", "meaning"], [[str(status), text] for status, text in cli.EXIT.items()])
    )


def real_page() -> str:
    sys.path.insert(0, str(FOLDER.parent.parent))
    from tests.real import rows_debian
    from tests.real.install import PACKAGES
    from tests.real.rows import ROWS, VERDICTS

    rows = [
        [
            r.server,
            f"`{r.path or '/'}`",
            r.key or "none",
            r.model,
            " ".join(r.args),
            r.raw or "",
            VERDICTS[r.exit],
            f"`{r.code}`" + "".join(f", {said}" for said in (r.owner, r.confidence) if said) if r.code else "none",
        ]
        for r in (*ROWS, *rows_debian.ROWS)
    ]
    packages = [
        [name, f"{p.source}: `{p.requirement}`", "nightly" if p.nightly else "each run"] for name, p in PACKAGES.items()
    ]
    return (
        "# Real servers\n\nSoftware that others wrote, installed by `tests/real/install.py` and started on loopback by the tests. Each row is one\n"
        "run of the command line in `tests/real/test_smoke.py`; `test_premises.py` checks without chatproof that the server answers\n"
        "the happy request as the column says (status, kind of body, coding). The keys are known to no server but these.\n\n"
        + table(["server", "from", "run"], packages)
        + "\n"
        + table(["server", "base path", "key", "model", "options", "answers", "verdict", "principal diagnosis"], rows)
        + _validated()
        + _own_requests()
        + _compared()
        + "\n## What was learnt\n\nnginx hands over an upstream's bytes without a status line as HTTP/0.9; LiteLLM without a database\n"
        "refuses a wrong key with 400 and a missing one with a JSON 500; Caddy answers an unknown path with an empty 200; a gateway whose\n"
        "own upstream key is stale relays the upstream's 401, which from outside looks like the caller's key.\n"
        "Squid as an accelerator leaves Authorization out unless it is told `login=PASSTHRU`; Apache and Squid hand over an upstream\n"
        "without HTTP as nginx does; lighttpd answers 500 for an upstream that closes; tinyproxy resets the connection behind its page.\n"
        "LiteLLM takes a deployment out of service for some seconds when its provider refuses a request: `validate` sends what must\n"
        "not pass last, and a gateway's own clients may notice (`--skip error` leaves those requests out).\n"
    )


def _validated() -> str:
    """What validate found on each server, each finding as true; then on the ones that were looked at once."""
    from tests.real.looked_at import LOOKED_AT
    from tests.real.rows import VERDICTS
    from tests.real.validations import VALIDATIONS

    text = (
        "\n## The whole contract\n\nWhat `chatproof validate` finds, by `tests/real/test_validate.py`: the sets are exact. Each finding was looked at by hand\n"
        "beside its exchange, and is true: the server does deviate. `must` stands where it is one; the others are warnings.\n"
    )
    shown: dict[str, str] = {}
    for row in VALIDATIONS:
        name = f"{row.server} `{row.path}`, model {row.model}{', ' + ' '.join(row.args) if row.args else ''}"
        text += f"\n### {name}: {VERDICTS[row.exit]}\n\n"
        body = _findings(row.true, "true") + _findings(row.unseen, "not observed")
        if row.may_be_unseen:
            body.append([f"`{row.may_be_unseen}*`", "", "not observed, or as above", "429 while the deployment rests"])
        found = table(["clauses", "level", "finding", "exchange"], body)
        text += f"The same as for {shown[found]}.\n" if found in shown else found
        shown.setdefault(found, name)
    text += "\n## Looked at once\n\nRun by hand, not installed by the tests.\n"
    for one in LOOKED_AT:
        text += f"\n### {one.server}: {one.verdict}\n\n{one.package}. {one.about}\n\n"
        text += table(["clauses", "level", "finding", "exchange"], _findings(one.true, "true"))
    return text


def _own_requests() -> str:
    from tests.real.rows import VERDICTS
    from tests.real.test_own_requests import ROWS

    rows = [
        [r.server, f"`{r.path}`", name.partition(", ")[2], VERDICTS[r.exit], f"`{r.code}`" if r.code else "none"]
        for name, r in ROWS.items()
    ]
    return (
        "\n## Requests of one's own\n\n`chatproof smoke --request FILE`, by `tests/real/test_own_requests.py`. No word of the request is in a record.\n\n"
        + table(["server", "base path", "request", "verdict", "principal diagnosis"], rows)
    )


def _times(nightly: bool, ran: str) -> tuple[str, str]:
    """How often a server is compared with itself, and when it last differed in nothing."""
    often = "20 by night" if nightly else "2 at each commit; 20 by night"
    return often, f"20 of 20, {ran}" if ran else "not run"


def _compared() -> str:
    from tests.real.compared import ALONE, PAIRS

    text = (
        "\n## One against another\n\nWhat `chatproof compare` says of servers of different make, by `tests/real/test_compare.py`. Each difference was\n"
        "checked by hand with curl. What differs at first is asked again (docs/decisions/0012). A server compared with itself\n"
        "differs in nothing, in how often the table says. A server that does tools, schemas and JSON mode every second time had\n"
        "0 breaks in 20 of 20 on 2026-11-29, and a gateway with one broken upstream of three was GO in 0 of 20 (tests/migration).\n\n"
    )
    text += table(
        ["compared with itself", "base path", "model", "times", "without a difference"],
        [[r.server, f"`{r.path}`", r.model, *_times(r.nightly, r.ran)] for r in ALONE],
    )
    for pair in PAIRS:
        rows = [[seen.effect, seen.what, f"`{seen.probe}`", seen.checked] for seen in pair.seen]
        text += f"\n### {pair.a} to {pair.b}: {pair.decision}\n\n"
        text += table(["effect", "difference", "first probe", "both exchanges"], rows)
    return text


def command_page() -> str:
    """The help of each command, as it prints it."""
    import contextlib
    import importlib
    import io

    from chatproof.cli.main import COMMANDS

    os.environ["COLUMNS"] = "100"  # wherever this runs
    text = "# Commands\n\n"
    for command, about in COMMANDS.items():
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
            importlib.import_module(f"chatproof.cli.commands.{command}").main(["--help"])
        text += f"## {command}\n\n{about[0].upper()}{about[1:]}.\n\n```text\n{said.getvalue().strip()}\n```\n\n"
    return text.rstrip("\n") + "\n"


def comparison_page() -> str:
    from chatproof.analysis.comparison import clients
    from chatproof.analysis.comparison.chance import STATES
    from chatproof.analysis.comparison.decision import DECISIONS
    from chatproof.analysis.comparison.difference import EFFECTS, KINDS

    rows = [[row["client"], _depends(row), row["says"], row["source"], row["accessed"]] for row in clients.rows()]
    return (
        "# Comparisons\n\n`chatproof compare A B` runs the same contract on both; the schema is `chatproof.comparison/1`.\n\n"
        + table(["decision", "meaning"], [[f"`{name}`", text] for name, text in DECISIONS.items()])
        + "\n"
        + table(["effect", "meaning"], [[f"`{name}`", text] for name, text in EFFECTS.items()])
        + "\n"
        + table(["kind", "what differs"], [[f"`{name}`", text] for name, text in KINDS.items()])
        + "\nWhere the answers differ, both sides are asked again: `--ask-again N` more requests at most (default 40).\n\n"
        + table(["state", "what came of asking again"], [[f"`{name}`", text] for name, text in STATES.items()])
        + "\n## Clients known to depend on a difference\n\nA client that is not here is unknown, not safe.\n\n"
        + table(["client", "depends on", "what happens", "source", "read"], rows)
    )


def _depends(row: dict[str, object]) -> str:
    from chatproof.analysis.comparison.clients import CRITERIA

    words = [word for name in CRITERIA for word in row.get(name, ())]  # type: ignore[attr-defined]
    return ", ".join(f"`{word}`" for word in words)


def _findings(groups: dict[str, str], finding: str) -> list[list[str]]:
    known = clauses.load(VALIDATE)
    rows = []
    for group, said in groups.items():
        levels = {known[id].level for id in group.split()}
        rows.append([", ".join(f"`{id}`" for id in group.split()), " and ".join(sorted(levels)), finding, said])
    return rows


def rogue_page() -> str:
    sys.path.insert(0, str(FOLDER.parent.parent))
    from tests.rogue.table import markdown

    return "# Hostile servers\n\n" + markdown()


def own_side_page() -> str:
    sys.path.insert(0, str(FOLDER.parent.parent))
    from tests.own_side import markdown

    return "# What can be wrong on our own side\n\n" + markdown()


def config_schema() -> str:
    return json.dumps(config_fields.schema(), indent=2) + "\n"


def config_page() -> str:
    def rows(known: dict[str, config_fields.Field]) -> str:
        return table(
            ["name", "what it says", "example"], [[f"`{n}`", f.about, f"`{f.example}`"] for n, f in known.items()]
        )

    monitor = [
        [f"`{name}`", row.about + ("" if row.target else " (`[monitor]` only)"), f"`{name} = {row.example}`"]
        for name, row in monitor_fields.MONITOR.items()
    ]
    alerts = [
        [
            f"`{name}`",
            row.about,
            "all" if row.kinds == alert_fields.KINDS else ", ".join(row.kinds),
            f"`{name} = {row.example}`",
        ]
        for name, row in alert_fields.ALERT.items()
    ]
    variables = [
        [f"`{variable}`", f"--{option.replace('_', '-')}", LIMITS.get(option, "")]
        for option, variable in VARIABLES.items()
    ]
    trusted = [
        ["named by `--config`", "yes, for this run"],
        ["`chatproof/config.toml` in `~/.config`, or in `$XDG_CONFIG_HOME` below your home", "yes"],
        ["`chatproof.toml` or `pyproject.toml` that is found here", "once you approved it: `chatproof config trust`"],
        ["named by `CHATPROOF_CONFIG`", "once you approved it"],
        ["one that belongs to another user, or that others can write to", "no: it is ignored, and a note says so"],
    ]
    deciding = [f"`{name}`" for name, field in {**config_fields.TOP, **config_fields.TARGET}.items() if field.decides]
    return (
        ("# Configuration\n\nThe strongest first: an option, a variable, `chatproof.toml` (the "
"nearest from the working folder upward, to the\nroot of the repository or your home "
"folder),\n`[tool.chatproof]` in `pyproject.toml`, `chatproof/config.toml` in "
"`$XDG_CONFIG_HOME` or `~/.config`, what is built in. A target is\ntaken whole from one "
"file: half of it from another could send a key to a host that it was not meant for. "
"`CHATPROOF_MODEL` is the\nmodel of targets that name none.\n\n`chatproof config show "
"--origin` says where each value comes from; `config check` lints; `config init` writes "
"a file; `config schema`\nprints print print the JSON Schema for editors (put `#:schema "
"PATH` in the first line of the file).\n\nA relative path means the folder of the file "
"that says it; `~` is your home folder.\n\n## Which file may decide where a key goes\n\nA "
"file that merely lies in the working folder was written by whoever wrote the "
"repository. A run that would use its settings stops\n(exit 2, nothing is sent) until you "
"approve the file:\n\n```sh\nchatproof config trust --yes\nchatproof config trust --list\n"
"```\n\n`config trust` shows what it approves and asks; without a terminal it needs "
"`--yes`. `config distrust` withdraws an approval.\n\n")
        + table(["file", "may decide"], trusted)
        + f"\nAn approval covers these settings, the names of targets, and the bytes of each `ca_file`: {', '.join(deciding)}.\n"
        "If one of them changes you are asked again; a model or a waiver may change without. In a pipeline that runs code of others (pull\n"
        "requests of forks) no file helps: give such a job no key. RelocatedSimulator name the file: `--config chatproof.toml`.\n\n"
        "## Top level\n\n"
        + rows(config_fields.TOP) + "\n## A target\n\n" + rows(config_fields.TARGET)
        + "\n## The monitor\n\n`[monitor]` for all targets, `[targets.NAME.monitor]` for one of them: what a target does not say is as `[monitor]` says,\n"
        "but for budgets, which are those of all targets together there. A target is watched where it has such a table, empty or not.\n\n"
        + table(["name", "what it says", "example"], monitor)
        + "\n## Alerts\n\n`[[monitor.alerts]]`, a table for each receiver. Needed are `kind` and `url`, of a webhook `secret`, too.\n\n"
        + table(["name", "what it says", "of which kind", "example"], alerts)
        + "\n## A waiver\n\n" + rows(config_fields.WAIVER)
        + "\n## Variables\n\n" + table(["variable", "stands for", "but"], variables)
    )  # fmt: skip


def reporter_page() -> str:
    from chatproof import reporters
    from chatproof.cli import exit_status
    from chatproof.reporters.cases import SHOWN, STATES

    rows = []
    for name in reporters.formats():
        module = reporters.load(name)
        about = (module.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
        needs = f"`chatproof[{reporters.EXTRA}]` ({module.NEEDS})" if getattr(module, "NEEDS", "") else "nothing"
        rows.append([f"`{name}`", about, needs, f"`--report {name}=PATH`"])
    states = [[outcome, "must" if must else "should, may", state] for (outcome, must), state in STATES.items()]
    shown = [
        [state, s.junit, f"`{s.tap}`", s.ctrf, f"{s.sarif_kind}, {s.sarif_level}", s.github or "–", s.gitlab or "–"]
        for state, s in SHOWN.items()
    ]
    policy = [[f"`--fail-on {word}`", meaning] for word, meaning in exit_status.FAIL_ON.items()]
    return (
        "# Reporters\n\n`--format FORMAT` chooses what stands on standard output (default `text`). `--report FORMAT=PATH` writes a\n"
        "file, as often as wanted in one run; `--report FORMAT` alone is standard output. A file is proved writable, and the\n"
        "library of a format is looked for, before anything is sent. `pip install 'chatproof[reports]'` brings the library.\n\n"
        "```sh\nchatproof smoke simulator --report junit=smoke.xml --report html=smoke.html --report json=smoke.json\n```\n\n"
        + table(["format", "what for", "needs", "example"], rows)
        + "\n## How outcomes are told\n\nA test report is red exactly when the verdict is not GO. Where nothing that was\n"
        "selected could be judged, so that no case failed or is an error, there is one more, `verdict`, which is an error.\n\n"
        + table(["outcome", "level", "state"], states)
        + "\n"
        + table(["state", "JUnit", "TAP", "CTRF", "SARIF kind, level", "GitHub", "GitLab"], shown)
        + "\n## What fails a run\n\nA NO-GO exits 1 and an UNDECIDED run exits 3 unless `--fail-on` says otherwise; it may be repeated, and its\n"
        "words joined with commas. `broken` is always meant, but for `never`. `warning` and `drift` add to the default and exit\n"
        "1; `broken,drift` leaves UNDECIDED out. Our own faults (2, 4) and signals are never hidden.\n\n"
        + table(["option", "what fails the run"], policy)
        + "\n## GitHub Actions\n\nWhere `GITHUB_ACTIONS` is `true`, every run also annotates the step (on standard error), appends Markdown to\n"
        "`GITHUB_STEP_SUMMARY`, and sets the step's outputs: `verdict`, `exit-status`, `run-id`, `cause`, `owner`, `next-step`,\n"
        "`model`, `requests`, `billable-requests`, `tokens-reported`. GitLab takes `junit` and `codequality` as report artifacts.\n"
    )


def client_page() -> str:
    sys.path.insert(0, str(FOLDER.parent.parent))
    from tools.clients import page

    rows = [
        [
            f"`{name}`",
            ", ".join(f"`{id}`" for id in row.clauses),
            row.says,
            f"{row.source} ({row.accessed})" if row.accessed else "measured",
        ]
        for name, breaks in CLIENTS.items()
        for row in breaks
    ]
    return (
        page.client_page({id: c.level for id, c in clauses.load(VALIDATE).items()}, table)
        + '\n## Your own client\n\n`--client NAME`, or `clients = ["NAME"]` in chatproof.toml: these clauses become a must, and the report names '
        "the client.\n\n" + table(["client", "clauses", "what it does", "source (accessed)"], rows)
    )


def client_page_of(api: str) -> str:
    """What the clients of another API than chat make of the bytes."""
    sys.path.insert(0, str(FOLDER.parent.parent))
    from tools.clients import page

    surface = surface_of(api)
    levels = {id: clause.level for id, clause in surface.clauses(VALIDATE).items()}
    return page.client_page(levels, table, api, surface.title)


def python_page() -> str:
    """The public names with their docstrings."""
    sys.path.insert(0, str(FOLDER.parent.parent))
    from tools.python_page import page

    return page()


PAGES = {
    "python.md": python_page,
    "reporters.md": reporter_page,
    "../../contrib/man/chatproof.1": completion.man,
    "config.md": config_page,
    "../../src/chatproof/schemas/config.schema.json": config_schema,
    "rogue.md": rogue_page,
    "own-side.md": own_side_page,
    "../real-servers.md": real_page,
    "clauses.md": clause_page,
    "clients.md": client_page,
    **{f"clients-{api}.md": partial(client_page_of, api) for api in ("responses", "messages", "embeddings")},
    "commands.md": command_page,
    "comparisons.md": comparison_page,
    "codes.md": code_page,
    "faults.md": fault_page,
    "simulator-rules.md": rule_page,
    "profiles.md": profile_page,
    "probes-and-limits.md": limit_page,
    **{f"clauses-{api}.md": partial(clause_page_of, api) for api in names() if api != CHAT},
    **{f"faults-{api}.md": partial(fault_page_of, api) for api in names() if api != CHAT},
}


def main() -> int:
    check = "--check" in sys.argv
    stale = []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        text = NOTE + make() if name.endswith(".md") else make()
        path = FOLDER / name
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if not check:
                path.write_text(text)
    if check and stale:
        print(f"stale: {', '.join(stale)}; run make docs")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
