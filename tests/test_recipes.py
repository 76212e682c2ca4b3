"""The recipes run: their shell is executed, their manifests are checked by tools that others wrote."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def shell(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), "CHATPROOF_JOURNAL": "none", **env}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder, env=environ, capture_output=True, text=True, timeout=100,
    )  # fmt: skip


# -- GitHub ---------------------------------------------------------------------------------------------------------


def action() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
    return read


def step(name: str, inputs: dict[str, str]) -> tuple[str, dict[str, str]]:
    """A step's script and environment, with the inputs put in as the runner does."""
    found = next(s for s in action()["runs"]["steps"] if s["name"] == name)
    defaults = {name: str(given["default"]) for name, given in action()["inputs"].items()}
    env = {
        key: re.sub(r"\$\{\{ inputs\.(\S+) \}\}", lambda m: {**defaults, **inputs}[m[1]], value)
        for key, value in found["env"].items()
    }
    assert "${{" not in found["run"], "an expression inside a script is an injection"
    return found["run"], env


def act(folder: Path, **inputs: str) -> tuple[int, dict[str, str], str]:
    """The action's Run step with a fake runner: (status, outputs, everything that was printed)."""
    temp = folder / "temp"
    (temp / "chatproof" / "bin").mkdir(parents=True)
    (temp / "chatproof" / "bin" / "chatproof").symlink_to(BIN / "chatproof")
    runner = {"RUNNER_TEMP": str(temp), "GITHUB_ACTIONS": "true", "GITHUB_ACTION_PATH": str(ROOT), "CI": "true"}
    runner |= {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    script, env = step("Install", inputs)
    assert shell(script, folder, **runner, **env).returncode == 0
    script, env = step("Run", inputs)
    done = shell(script, folder, **runner, **env)
    lines = (folder / "GITHUB_OUTPUT").read_text().splitlines() if (folder / "GITHUB_OUTPUT").exists() else []
    return done.returncode, dict(line.split("=", 1) for line in lines), done.stdout + done.stderr


def test_the_action_on_a_good_and_a_bad_endpoint(tmp_path: Path) -> None:
    for name, args, status, verdict in (("good", "", 0, "GO"), ("bad", "--fault html-502", 1, "NO-GO")):
        (tmp_path / name).mkdir()
        done, outputs, said = act(tmp_path / name, target="simulator", args=args)
        assert done == status and outputs["verdict"] == verdict, said
        reports = tmp_path / name / "temp" / "chatproof-report"
        assert json.loads((reports / "run.json").read_text())["verdict"] == verdict
        assert (reports / "report.html").stat().st_size > 1000 and (reports / "junit.xml").stat().st_size > 100
        assert verdict in (tmp_path / name / "GITHUB_STEP_SUMMARY").read_text()
        assert ("::error" in said) is (verdict == "NO-GO")


def test_the_action_takes_a_configuration_that_its_input_names(tmp_path: Path) -> None:
    """One that merely lies in the checkout decides nothing."""
    from chatproof.simulator.harness import ChatSimulator

    with ChatSimulator() as simulator:
        text = f'[targets.shop]\nbase_url = "{simulator.base_url}"\nmodel = "{simulator.model}"\nno_auth = true\n'
        for name in ("without", "with"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "chatproof.toml").write_text(text)
        status, _, said = act(tmp_path / "without", target="shop")
        assert status == 2 and "chatproof config trust" in said and not simulator.requests
        status, _, said = act(tmp_path / "with", target="shop", config="chatproof.toml", args="--only happy")
        assert status == 1 and simulator.requests and "chatproof.toml (named by --config)" in said, said


def test_the_actions_inputs_are_no_shell(tmp_path: Path) -> None:
    status, outputs, said = act(
        tmp_path, target="$(touch hit)`touch hit`; touch hit", model="'; touch hit", args="$(touch hit)"
    )
    assert status == 2 and outputs == {} and not list(tmp_path.glob("hit")), said


def test_the_action_runs_no_module_of_the_checkout(tmp_path: Path) -> None:
    """The key is in the step's environment, and `python -m` looks in the working folder first."""
    for name in ("venv", "pip", "ensurepip"):
        (tmp_path / f"{name}.py").write_text(f"open('hit-{name}', 'w')")
    script, env = step("Install", {"package": str(tmp_path / "no-such-package")})
    done = shell(script, tmp_path, RUNNER_TEMP=str(tmp_path / "temp"), GITHUB_ACTION_PATH=str(ROOT), **env)
    assert not list(tmp_path.glob("hit-*")) and done.returncode and "no-such-package" in done.stderr, done.stderr
    assert (tmp_path / "temp/chatproof/bin/python").exists()


def test_the_action_names_what_there_is() -> None:
    outputs = {value["value"] for value in action()["outputs"].values()}
    assert outputs == {"${{ steps.run.outputs.verdict }}", "${{ steps.run.outputs.cause }}"}
    assert "key" not in action()["inputs"], "a key is no input: inputs are printed"


# -- GitLab, pre-commit ---------------------------------------------------------------------------------------------


def test_the_gitlab_job(tmp_path: Path) -> None:
    job = yaml.safe_load((ROOT / "contrib/gitlab/chatproof.gitlab-ci.yml").read_text())["chatproof"]
    env = {**job["variables"], "CHATPROOF_TARGET": "simulator", "GITLAB_CI": "true"}
    script = "\n".join([*job["before_script"], *job["script"]])
    (tmp_path / "own.toml").write_text("[targets.x]\nmodel = 'm'\n")
    (tmp_path / "own.toml").chmod(0o666)  # as the runner leaves it
    done = shell(script, tmp_path, **env)
    assert done.returncode == 0 and done.stdout.startswith("GO"), done.stderr
    named = shell(script, tmp_path, **{**env, "CHATPROOF_FILE": "own.toml"})
    assert named.returncode == 0, named.stderr
    (tmp_path / "own.toml").unlink()
    artifacts = [*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(artifacts)


def test_the_pre_commit_hook(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    wanted = re.compile(hook["files"])
    assert wanted.search("a/chatproof.toml") and wanted.search("pyproject.toml") and not wanted.search("other.toml")
    (tmp_path / "chatproof.toml").write_text("[targets.a]\nbase_ur = 'x'\n")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    done = shell(f"{hook['entry']} pyproject.toml chatproof.toml", tmp_path)
    assert done.returncode == 2 and "chatproof.toml:2" in done.stderr and "did you mean base_url" in done.stderr
    assert shell(f"{hook['entry']} pyproject.toml", tmp_path).returncode == 0


# -- machines -------------------------------------------------------------------------------------------------------


def test_the_systemd_units(tmp_path: Path) -> None:
    for path in (ROOT / "contrib/systemd").iterdir():
        text = path.read_text().replace("/usr/bin/chatproof", str(BIN / "chatproof"))
        (tmp_path / path.name).write_text(text)
    service = (tmp_path / "chatproof@.service").read_text()
    assert "LoadCredential=key:" in service and "Environment=" not in service
    if shutil.which("systemd-analyze"):
        units = [str(tmp_path / f"chatproof@shop.{kind}") for kind in ("service", "timer")]
        for unit in units:
            shutil.copy(unit.replace("@shop", "@"), unit)
        done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60)
        mine = [line for line in done.stderr.splitlines() if "chatproof" in line]
        assert mine == [] and done.returncode == 0, done.stderr


def test_the_commands_of_service_and_crontab_are_right(tmp_path: Path) -> None:
    """With the placeholders filled in, each sends what it says to a simulator of its own."""
    from chatproof.simulator.harness import ChatSimulator

    with ChatSimulator() as simulator:
        (tmp_path / "key").write_text(simulator.api_key)
        (tmp_path / "key").chmod(0o600)
        config = f'[targets.shop]\nbase_url = "{simulator.base_url}"\nmodel = "{simulator.model}"\n'
        (tmp_path / "chatproof.toml").write_text(config)
        service = (ROOT / "contrib/systemd/chatproof@.service").read_text()
        command = re.findall(r"^ExecStart=/usr/bin/(.*)$", service, re.MULTILINE)[0]
        command = command.replace("%i", "shop").replace("/etc/chatproof/", f"{tmp_path}/")
        done = shell(command, tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path), STATE_DIRECTORY=str(tmp_path))
        assert done.returncode == 0 and (tmp_path / "runs.sqlite3").exists(), done.stderr
        crontab = (ROOT / "contrib/cron/chatproof").read_text().splitlines()[-1]
        command = crontab.split(None, 6)[6].replace("/etc/chatproof/", f"{tmp_path}/").replace("shop.key", "key")
        done = shell(command, tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        with simulator.fault("html-502"):
            assert "NO-GO" in shell(command, tmp_path).stdout


def test_the_kubernetes_manifests() -> None:
    documents = list(yaml.safe_load_all((ROOT / "contrib/kubernetes/cronjob.yaml").read_text()))
    assert [d["kind"] for d in documents] == ["ConfigMap", "CronJob"]
    spec = documents[1]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid" and spec["jobTemplate"]["spec"]["backoffLimit"] == 0
    kubernetes = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    for document in documents:
        kubernetes.validate(document, kubernetes.latest_version(), strict=True)
    documents[1]["spec"]["schedul"] = "x"
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate(documents[1], kubernetes.latest_version(), strict=True)


def test_the_manifests_configuration_and_arguments(tmp_path: Path) -> None:
    documents = list(yaml.safe_load_all((ROOT / "contrib/kubernetes/cronjob.yaml").read_text()))
    (tmp_path / "key").write_text("a-key-of-the-secret-volume-1")
    config = documents[0]["data"]["chatproof.toml"].replace("/run/secrets/chatproof/", f"{tmp_path}/")
    (tmp_path / "chatproof.toml").write_text(config)
    assert shell("chatproof config check", tmp_path).returncode == 0
    container = documents[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    args = " ".join(container["args"]).replace("/etc/chatproof/", f"{tmp_path}/")
    done = shell(f"chatproof {args} --plan", tmp_path)
    assert done.returncode == 0 and "https://api.cometapi.com/v1" in done.stdout


@pytest.mark.nightly
def test_the_container_image() -> None:
    engine = next((e for e in ("podman", "docker") if shutil.which(e)), "")
    if not engine or subprocess.run([engine, "info"], capture_output=True, timeout=60).returncode:
        pytest.skip("no container engine runs here")
    built = subprocess.run(
        [engine, "build", "-q", "-f", "contrib/container/Containerfile", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert built.returncode == 0, built.stderr
    done = subprocess.run(
        [engine, "run", "--rm", built.stdout.strip(), "smoke", "simulator"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and done.stdout.startswith("GO")


# -- the long suites ------------------------------------------------------------------------------------------------


def test_each_tool_of_the_nightly_run_starts() -> None:
    """A script that nobody starts by day may have lost an import weeks ago."""
    recipe = (ROOT / "Makefile").read_text().partition("\nnightly-tools:\n")[2].partition("\n\n")[0]
    lines = [line.split("#")[0].split() for line in recipe.splitlines()]
    tools = {tuple(words[1:3] if words[1] == "-m" else words[1:2]) for words in lines}
    assert tools == {("-m", "tools.clients.run"), ("tools/mutate.py",), ("tools/fuzz.py",)}
    for tool in sorted(tools):
        done = subprocess.run([sys.executable, *tool, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stdout.startswith("usage:"), done.stderr
