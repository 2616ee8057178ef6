"""What `make cloud` says to type, typed by the AWS CLI and the command line as it is printed.

The AWS CLI is release 1, from its locked requirements. `AWS_CLI=FOLDER` names a folder with another one: release 2 is
in no Python registry, and is tried by hand with the `dist` folder of its installer.
"""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.builds import ROOT
from local.cloud import PYTHON, Cloud
from local.playground import ENVIRONMENT, STEPS, deployed, instructions
from local.sam import SAM

AWS = Path(os.environ.get("AWS_CLI", ROOT / ".venvs/aws/bin"))


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    for tool in (PYTHON, SAM, AWS / "aws"):
        if not tool.exists():
            pytest.skip(f"{tool} is not there: run `make venvs` once.")
    with Cloud() as running:
        deployed(running)
        yield running


def typed(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a person does, in a shell of their own."""
    env = {"PATH": f"{AWS}:{os.environ['PATH']}", "HOME": os.devnull}
    return subprocess.run(  # noqa: S603 - what the playground prints
        ["/bin/bash", "-c", f". {ENVIRONMENT}; {command}"],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def until_typed(command: str) -> str:
    """Type it again until it succeeds, as a person does who is quicker than the events."""
    end = time.monotonic() + 120
    while (found := typed(command)).returncode != 0:
        assert time.monotonic() < end, f"{command}\n{found.stdout}\n{found.stderr}"
        time.sleep(0.5)
    return found.stdout


def runs(cloud: Cloud, service: str) -> str:
    (found,) = cloud.client("ecs").describe_services(cluster="shop", services=[service])["services"]
    return str(found["taskDefinition"].rpartition("/")[2])


def wait(cloud: Cloud, service: str, revision: str) -> None:
    end = time.monotonic() + 120
    while runs(cloud, service) != revision:
        assert time.monotonic() < end, f"{service} runs {runs(cloud, service)}, not {revision}"
        time.sleep(0.2)


def test_each_step_that_is_printed_works(cloud: Cloud) -> None:
    printed = instructions()
    steps = iter(STEPS)
    for step in STEPS:
        assert all(command in printed for command in step.commands)

    for command in next(steps).commands:  # a finding, a correction, a rollout
        found = typed(command)
        assert found.returncode == 0, f"{command}\n{found.stderr}"
    wait(cloud, "payments", "payments:2")

    for command in next(steps).commands:  # an approval
        until_typed(command)
    (inventory,) = cloud.client("ecs").describe_services(cluster="shop", services=["inventory"])["services"]
    assert inventory["platformVersion"] == "LATEST"

    for command in next(steps).commands:  # undo
        until_typed(command)
    wait(cloud, "payments", "payments:1")

    for command in next(steps).commands:  # another standard
        until_typed(command)
    end = time.monotonic() + 120
    while "family/inventory/sidecar.not-essential" not in typed("aws securityhub get-findings").stdout:
        assert time.monotonic() < end, "inventory was not evaluated by the new standard"
        time.sleep(0.5)
    for command in next(steps).commands:  # redrive
        until_typed(command)
    for command in next(steps).commands:  # doctor
        assert "failing" not in until_typed(command)


def test_a_browser_shows_the_messages_of_slack(cloud: Cloud) -> None:
    with urllib.request.urlopen(f"{cloud.slack.origin}/", timeout=10) as answer:  # noqa: S310 - loopback
        shown = answer.read().decode()
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "payments" in shown
    assert "<!date" not in shown


def test_the_quick_start_has_what_is_printed() -> None:
    _, _, steps = instructions().split("\n", 2)
    assert steps in (ROOT / "docs/quick-start.md").read_text(encoding="utf-8")
