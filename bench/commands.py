"""Start-up and throughput of the command line, compared with linters.

Each command is a process of its own, with bytecode, as an installed tool is. Start-up is its CPU time, the best of some
runs, because other work on a machine changes the time on the clock. Throughput is the time on the clock, and the CPU
time of all its processes.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter

from bench.clock import Row

ROOT = Path(__file__).resolve().parents[1]
DEFINITION = Path(__file__).with_name("definition.json")
_ROUNDS = 10
_FLEET = 1_500
_TEMPLATES = 15
_TOOLS = Path(sys.executable).parent
_OUTRIDER = (sys.executable, str(ROOT / "src"))
_TEMPLATE = """\
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      Cpu: "512"
      Memory: "1024"
      NetworkMode: awsvpc
      RequiresCompatibilities: [FARGATE]
      ContainerDefinitions:
        - Name: app
          Image: nginx:1.27
"""


@dataclass(frozen=True, slots=True)
class _Spent:
    """What one process and its children took, in seconds."""

    clock: float
    cpu: float


def startup() -> Iterator[Row]:
    """Measure commands that do little."""
    with tempfile.TemporaryDirectory() as folder:
        template, module = Path(folder) / "web.yaml", Path(folder) / "web.py"
        template.write_text(_TEMPLATE, encoding="utf-8")
        module.write_text("x = 1\n", encoding="utf-8")
        yield _started("python -c pass", [sys.executable, "-c", "pass"])
        yield _started("outrider --help", [*_OUTRIDER, "--help"], "0.2 s")
        yield _started("outrider check, one definition", [*_OUTRIDER, "check", str(DEFINITION)], "0.35 s")
        yield _started("cfn-lint --help", [str(_TOOLS / "cfn-lint"), "--help"])
        yield _started("cfn-lint, one template of one task definition", [str(_TOOLS / "cfn-lint"), str(template)])
        yield _started("ruff check, one file", [str(_TOOLS / "ruff"), "check", "--no-cache", str(module)])


def throughput() -> Iterator[Row]:
    """Measure commands that have much to do."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("clean", "drifted", "templates"):
            (folder / part).mkdir()
        text = DEFINITION.read_text(encoding="utf-8")
        for number in range(_FLEET):
            own = json.loads(text.replace("web", f"web-{number}"))
            for container in own["containerDefinitions"]:
                container["essential"] = True  # also of the collector, which is a drift with a fix
            (folder / "drifted" / f"{number:04}.json").write_text(json.dumps(own), encoding="utf-8")
            (folder / "clean" / f"{number:04}.json").write_text(text.replace("web", f"web-{number}"), encoding="utf-8")
        for number in range(_TEMPLATES):
            path = folder / "templates" / f"{number:02}.yaml"
            path.write_text(_TEMPLATE.replace("web", f"web-{number}"), encoding="utf-8")
        for part in ("clean", "drifted"):
            for form in ("table", "json"):
                command = [*_OUTRIDER, "check", "--format", form, str(folder / part)]
                yield _done(f"{part} definitions: outrider check --format {form}", _FLEET, command, "6 s")
        yield _done(
            "templates of one task definition: cfn-lint",
            _TEMPLATES,
            [str(_TOOLS / "cfn-lint"), *map(str, sorted((folder / "templates").iterdir()))],
        )
        sources = sorted((ROOT / "src").rglob("*.py"))
        command = [str(_TOOLS / "ruff"), "check", "--no-cache", "--select", "ALL", str(ROOT / "src")]
        yield _done("files of src: ruff check --select ALL", len(sources), command)


def _started(what: str, command: Sequence[str], goal: str = "") -> Row:
    spent = [_run(command) for _ in range(_ROUNDS + 1)][1:]  # the first one writes the bytecode
    best = min(each.cpu for each in spent)
    return Row(what, f"{best:.3f} s", f"on the clock {min(each.clock for each in spent):.3f} s", goal)


def _done(what: str, count: int, command: Sequence[str], goal: str = "") -> Row:
    spent = min((_run(command) for _ in range(2)), key=lambda each: each.clock)
    return Row(
        f"{count:,} of {what}", f"{spent.clock:.2f} s", f"CPU {spent.cpu:.2f} s; {count / spent.clock:,.0f}/s", goal
    )


def _run(command: Sequence[str]) -> _Spent:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, start = getrusage(RUSAGE_CHILDREN), perf_counter()
    # A linter that finds something exits with 1.
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    clock, after = perf_counter() - start, getrusage(RUSAGE_CHILDREN)
    return _Spent(clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
