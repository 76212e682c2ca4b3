"""What is said instead of a name that nothing has, and where all errors come at once."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from chatproof import Secret, Target, simulator, smoke
from chatproof.cli import main as cli
from chatproof.reporters.as_markdown import _folded
from chatproof.reporters.markdown import prose
from chatproof.target.hints import in_env_file, no_target, with_scheme
from chatproof.usage_error import UsageError, near, raise_all

KEY = "sk-Near7Qv2mXw9LpTz4RbN8sKd3YhF6"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr("chatproof.cli.output._write", lambda stream, text: said.append(text))
    monkeypatch.setenv("CHATPROOF_JOURNAL", "none")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return said


def test_hyphens_make_no_option_near() -> None:
    """`judge --journal none` was answered with "did you mean --only or --format?"."""
    assert near("--journal", ["--only", "--format"]) == "there are: --only, --format"
    assert near("--jornal", ["--format", "--journal"]) == "did you mean --journal?"


@pytest.mark.parametrize(
    ("argv", "advice"),
    [
        (["smkoe"], "did you mean smoke"),
        (["smoke", "simulator", "--modle", "x"], "did you mean --model"),
        (["smoke", "simulator", "--strictt"], "did you mean --strict"),
        (["smoke", "simulatr"], "did you mean simulator?"),
        (["smoke", "cometap"], "did you mean cometapi?"),
        (["smoke", "localhost:8080/v1"], "http://localhost:8080/v1"),
        (["smoke", "api.example.com/v1"], "https://api.example.com/v1"),
        (["smoke", "simulator", "--only", "happy.stauts_200"], "did you mean happy.status_200?"),
        (["smoke", "simulator", "--skip", "atuh"], "did you mean auth"),
        (["smoke", "simulator", "--only", "tools.typed"], "chatproof validate"),
        (["smoke", "simulator", "--fault", "html-520"], "html-502"),
        (["simulate", "--fault", "html-520"], "html-502"),
        (["smoke", "simulator", "--format", "jsn"], "did you mean json"),
        (["smoke", "simulator", "--report", "markdwn=x"], "did you mean markdown?"),
        (["smoke", "https://x.test/v1", "--profile", "comet"], "did you mean cometapi?"),
        (["smoke", "simulator", "--fail-on", "brokn"], "did you mean broken?"),
        (["validate", "simulator", "--layer", "shema"], "did you mean schema?"),
        (["validate", "simulator", "--require", "tols"], "did you mean tools?"),
        (["contract", "--profile", "opnai"], "did you mean openai?"),
        (["history", "--verdict", "NOGO"], "did you mean NO-GO"),
        (["history", "--kind", "smokee"], "did you mean smoke?"),
        (["judge", "x", "--as", "hapy"], "did you mean happy?"),
        (["compare", "simulator", "simulator", "--require", "tols"], "did you mean tools?"),
        (["explain", "auth.rejectd"], "did you mean auth.rejected"),
        (["smoke", "simulator", "--api", "response"], "did you mean responses?"),
        (["smoke", "simulator", "--api", "responses", "--fault", "html-520"], "--api responses --list-faults"),
        (["smoke", "nobody-knows-it"], "[targets.NAME]"),
        (["judge"], "chatproof judge -"),
        (["requests"], "chatproof requests from traffic.har"),
        (["compare", "simulator"], "1 target is given"),
        (["fleet", "run", "none.jsonl"], "none.jsonl"),
        (["fleet", "run", "a.jsonl", "--targets", "b.jsonl"], "leave out --targets"),
        (["history", "shop", "--target", "desk"], "leave out --target"),
        (["serve", "--config", "empty.toml"], "chatproof serve --demo"),
    ],
)
def test_the_nearest_name_is_told(argv: list[str], advice: str, told: list[str]) -> None:
    Path("empty.toml").touch()
    assert cli.main(argv) == 2
    assert advice in "".join(told)


def test_a_program_that_names_the_simulator_learns_how_to_start_one() -> None:
    with pytest.raises(UsageError, match=r"simulator\.start") as refused:
        Target.from_config("simulator")
    assert "did you mean" not in str(refused.value)


def test_no_name_is_near_to_nonsense() -> None:
    assert near("qqqqqq", [f"name-{n}" for n in range(40)], "see: chatproof contract") == "see: chatproof contract"
    assert near("qqqqqq", ["smoke", "validate"]) == "there are: smoke, validate"
    assert near("", ["smoke"]) == "there are: smoke"


def test_an_argument_that_may_be_a_key_is_not_repeated(told: list[str]) -> None:
    assert cli.main(["smoke", f"--{KEY}"]) == 2
    assert KEY not in "".join(told)


@pytest.mark.parametrize("name", ["simulator", "a b.c", "my-target", "x:y", "", "[::1", "..:"])
def test_what_is_no_host_gets_no_scheme(name: str) -> None:
    assert with_scheme(name) == ""


def test_an_env_file_that_holds_the_variable_is_named_and_not_read(told: list[str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"COMETAPI_KEY={KEY}\n")
    os.environ.pop("COMETAPI_KEY", None)
    assert cli.main(["smoke", "--model", "m"]) == 2
    text = "".join(told)
    assert "auth.key_missing" in text and "sets COMETAPI_KEY" in text and "--env-file .env" in text and KEY not in text


def test_an_env_file_of_something_else_is_not_named(told: list[str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OTHER=1\n")
    assert in_env_file(["COMETAPI_KEY"]) == ""
    (tmp_path / ".env").write_text("what is this")
    assert "--env-file .env" in in_env_file(["COMETAPI_KEY"])


def test_a_pipe_called_env_does_not_hang(told: list[str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    assert stat.S_ISFIFO((tmp_path / ".env").stat().st_mode)
    assert in_env_file(["COMETAPI_KEY"]) == ""


def test_all_errors_of_a_file_come_at_once_with_line_and_column(told: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(
        'defualt = "a"\n[targets.a]\nbase_ur = "x"\n  timeout = 3\n[targets.b]\nprofile = "openai"\nno_auth = "x"\n'
    )
    assert cli.main(["config", "check", "bad.toml"]) == 2
    text = "".join(told)
    for place in ("bad.toml:1:1: defualt", "bad.toml:3:1: targets.a.base_ur", "bad.toml:4:3: targets.a.timeout",
                  "bad.toml:7:1: targets.b.no_auth"):  # fmt: skip
        assert place in text
    assert text.count("next: ") == 4 and "did you mean default?" in text


def test_names_that_only_a_run_would_miss_have_their_place_too(told: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(
        '[targets.c]\nbase_url = "x"\nrequires = ["tols"]\nprofile = "opnai"\ntimeout = "5 parsecs"\n'
    )
    assert cli.main(["config", "check", "bad.toml"]) == 2
    text = "".join(told)
    assert [f"bad.toml:{line}:1: targets.c." in text for line in (2, 3, 4, 5)] == [True] * 4
    assert "did you mean tools?" in text and "did you mean openai?" in text


def test_a_hundred_errors_are_counted(told: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[targets.a]\n" + "".join(f"x{n} = 1\n" for n in range(100)))
    assert cli.main(["config", "check", "bad.toml"]) == 2
    assert "79 more" in "".join(told) and "".join(told).count("unknown name") == 21


def test_raise_all_holds_what_it_was_given() -> None:
    first, second = UsageError("usage", "a"), UsageError("usage", "b")
    raise_all([])
    with pytest.raises(UsageError) as caught:
        raise_all([first, second])
    assert caught.value is first and first.more == (second,)


def test_a_usage_error_says_what_to_do() -> None:
    assert str(UsageError("usage", "no model is given", "use --model ID")) == "no model is given; next: use --model ID"
    assert str(UsageError("usage", "no model is given")) == "no model is given"


def test_an_api_that_the_endpoint_lacks_is_no_wrong_url() -> None:
    """Its list of models is answered at the same base URL; where that is not so, the URL is what to look at."""
    running = simulator.start()
    try:
        at = Target(running.base_url, model=running.model, key=Secret(running.key), api="responses")
        steps = [smoke(each).diagnoses[0] for each in (at, at._replace(base_url=f"{running.base_url}/other"))]
    finally:
        running.stop()
    assert [each.code for each in steps] == ["url.wrong_path"] * 2
    assert "does not offer /responses" in steps[0].next_step and steps[1].next_step.startswith("Compare the base URL")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Copy it from `chatproof models TARGET` exactly.", "Copy it from `chatproof models TARGET` exactly."),
        ("a lone ` and plain words after it", "a lone `` ` `` and plain words after it"),
    ],
)
def test_a_command_in_backticks_is_one_code_span(text: str, shown: str) -> None:
    assert prose(text) == shown


@pytest.mark.parametrize("text", ['not supported with this model."', "more than 32,000 characters", "up to 1,000."])
def test_plain_words_and_numbers_are_no_code(text: str) -> None:
    assert prose(text) == text


def test_a_clause_that_many_requests_skip_is_counted() -> None:
    many = _folded([f"a.b ({n})" for n in range(4)] + ["c.d"])
    assert many == ["a.b (4 requests)", "c.d"]


def test_a_target_of_ones_own_in_another_folder_is_no_misspelled_profile() -> None:
    """At night somebody types a name that stands in chatproof.toml, in a folder that has none."""
    alone = no_target("staging", [], ()).advice
    assert "did you mean" in alone and alone.endswith("are in chatproof.toml, and no chatproof.toml was found here")
    assert "no chatproof.toml was found here" not in no_target("stagin", ["staging"], ()).advice
