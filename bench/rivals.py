"""`outrider scan` compared with Cloud Custodian and Prowler, on one emulated AWS and in one run, by turns.

The server is moto's, a process of its own, so that only the client is measured: its time on the clock, the CPU time and
the memory of its processes, and the calls that the server received. The rivals have environments of their own:
`make bench-scan` makes them.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import boto3

from aws.ecs import registrable_members
from bench.clock import Row

ROOT = Path(__file__).resolve().parents[1]
DEFINITION = json.loads(Path(__file__).with_name("definition.json").read_text(encoding="utf-8"))
POLICIES = Path(__file__).with_name("custodian.yaml")
CUSTODIAN = ROOT / ".venvs" / "bench-custodian" / "bin" / "custodian"
PROWLER = ROOT / ".venvs" / "bench-prowler" / "bin" / "prowler"
_REGION = "eu-west-1"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_CONFIGURATION = "receivers: {otlp: {protocols: {grpc: , http: }}}\nexporters: {awsxray: }\nservice: {pipelines: {}}\n"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a command and its children took: seconds, MiB and calls."""

    clock: float
    cpu: float
    memory: float
    calls: int


@dataclass(frozen=True, slots=True)
class Server:
    """The emulated AWS: how to reach it, and its log, which has a line for each call."""

    environment: Mapping[str, str]
    log: Path

    def calls(self) -> int:
        return len(re.findall(r'"POST /|"GET /', self.log.read_text(encoding="utf-8", errors="replace")))


def small() -> Iterator[Row]:
    """Measure 1,000 families."""
    yield from _measured(1_000, rounds=3, prowler=True)


def large() -> Iterator[Row]:
    """Measure 5,000 families; Prowler would take minutes."""
    yield from _measured(5_000, rounds=1, prowler=False)


def _measured(families: int, *, rounds: int, prowler: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name, _server(Path(name)) as server:
        _fill(server, families)
        commands = _commands(Path(name), prowler=prowler)
        spent = {what: list[Spent]() for what in commands}
        for _ in range(rounds):
            for what, command in commands.items():
                spent[what].append(_run(server, command))
    for what, found in spent.items():
        clock, cpu = median(each.clock for each in found), median(each.cpu for each in found)
        remark = f"CPU {cpu:.1f} s, {max(each.memory for each in found):,.0f} MiB, {found[0].calls:,} calls"
        yield Row(f"{families:,} families: {what}", f"{clock:.1f} s", remark)


def _commands(folder: Path, *, prowler: bool) -> Mapping[str, Sequence[str]]:
    every: dict[str, Sequence[str]] = {
        "outrider scan": [sys.executable, str(ROOT / "src"), "scan"],
        "Cloud Custodian, 25 policies": [
            *(str(CUSTODIAN), "run", "--dryrun", "--cache", "memory", "-r", _REGION),
            *("-s", str(folder / "custodian"), str(POLICIES)),
        ],
        "Prowler, its ECS checks": [
            *(str(PROWLER), "aws", "--service", "ecs", "-f", _REGION, "-M", "csv", "-b", "-z"),
            *("-o", str(folder / "prowler")),
        ],
    }
    there = {what: command for what, command in every.items() if Path(command[0]).exists()}
    return {what: command for what, command in there.items() if prowler or "Prowler" not in what}


@contextmanager
def _server(folder: Path) -> Iterator[Server]:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}", folder / "server.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(folder),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with log.open("wb") as written:
        command = [str(CUSTODIAN.with_name("python")), "-m", "moto.server", "-p", str(port)]
        process = subprocess.Popen(command, stdout=written, stderr=written, env=environment)
        try:
            _wait_for(port)
            yield Server(environment, log)
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return
        except OSError:
            sleep(0.2)
    raise RuntimeError("The emulated AWS does not answer.")


def _fill(server: Server, families: int) -> None:
    """Register the families, with the roles, parameter and log groups that they name."""
    given: dict[str, Any] = {
        "endpoint_url": server.environment["AWS_ENDPOINT_URL"],
        "region_name": _REGION,
        "aws_access_key_id": "bench",
        "aws_secret_access_key": "bench",
    }
    make: Any = boto3.client  # the stubs know a service only by its literal name
    ecs, iam, ssm, logs = (make(service, **given) for service in ("ecs", "iam", "ssm", "logs"))
    for member in ("executionRoleArn", "taskRoleArn"):
        iam.create_role(RoleName=DEFINITION[member].rpartition("/")[2], AssumeRolePolicyDocument=json.dumps(_TRUST))
    containers = DEFINITION["containerDefinitions"]
    for secret in {each["valueFrom"] for one in containers for each in one.get("secrets", ())}:
        name = secret.partition(":parameter")[2] or secret
        ssm.put_parameter(Name=name, Value=_CONFIGURATION, Type="String")
    for group in {one["logConfiguration"]["options"]["awslogs-group"] for one in containers}:
        logs.create_log_group(logGroupName=group)
    accepted = registrable_members()
    document = {member: value for member, value in DEFINITION.items() if member in accepted}
    for number in range(families):
        ecs.register_task_definition(**document | {"family": f"web-{number}"})


def _run(server: Server, command: Sequence[str]) -> Spent:
    before, start = server.calls(), perf_counter()
    process = subprocess.Popen(
        command, env=dict(server.environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    clock = perf_counter() - start
    return Spent(clock, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, server.calls() - before)
