"""Task definitions as people published them, in ../shared/corpus next to the project.

`corpus.yaml` holds what was gone through by hand: which files are refused and why, which are out of scope and why, and
for those in scope each drift, with its severity and what its fix would be. `PYTHONPATH=src:. python -m
tests.test_corpus` prints it again.
"""

import json
import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.evaluating import DefinitionResult, FileEvaluator
from cli.fix import Correction
from cli.main import main
from cli.output.names import Outcome
from cli.sources.definition import Definition
from cli.sources.detection import read_file
from cli.unusable import NoDefinition, Unusable
from domain.ecs.task_definition import TaskDefinition
from tests.rules.examples import base, task_json

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
REVIEWED = Path(__file__).with_name("corpus.yaml")
MOST_CONTAINERS = 10

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of collected task definitions is not available")

JUDGE = FileEvaluator.of(None, None)
FILES = sorted(str(path.relative_to(CORPUS)) for path in CORPUS.rglob("*.json"))


def _definitions() -> list[tuple[str, Definition]]:
    found = []
    for name in FILES:
        try:
            found += [(name, definition) for definition in read_file(str(CORPUS / name)).definitions]
        except Unusable:
            continue
    return found


DEFINITIONS = _definitions()
each_definition = pytest.mark.parametrize(
    "definition", [definition for _, definition in DEFINITIONS], ids=[name for name, _ in DEFINITIONS]
)


@cache
def reviewed() -> Any:
    return yaml.safe_load(REVIEWED.read_text(encoding="utf-8"))


def refusal(name: str) -> str | None:
    """Why a file is refused, without its name; None where it is read."""
    try:
        read_file(str(CORPUS / name))
    except Unusable as unusable:
        return str(unusable).removeprefix(str(CORPUS / name)).lstrip(", ")
    return None


def drifts(judgement: DefinitionResult) -> list[str]:
    return [f"{said.rule.id} {said.severity} {said.fix}" for said in judgement.said if said.word is Outcome.DRIFTED]


def as_it_is_now() -> dict[str, Any]:
    judged = [(name, JUDGE.judge(definition.task)) for name, definition in DEFINITIONS]
    refused = {name: reason for name in FILES if not name.startswith("services/") and (reason := refusal(name))}
    return {
        "refused": refused,
        "out of scope": {name: judgement.outside for name, judgement in judged if judgement.outside},
        "drifts": {name: drifts(judgement) for name, judgement in judged if not judgement.outside},
    }


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("services/")])
def test_a_file_is_read_or_refused_as_reviewed(name: str) -> None:
    assert refusal(name) == reviewed()["refused"].get(name)


def test_services_and_only_they_are_skipped_in_a_folder() -> None:
    def skipped(name: str) -> bool:
        try:
            read_file(str(CORPUS / name))
        except NoDefinition:
            return True
        except Unusable:
            return False
        return False

    assert {name for name in FILES if skipped(name)} == {name for name in FILES if name.startswith("services/")}


@each_definition
def test_a_definition_round_trips_byte_for_byte(definition: Definition) -> None:
    def canonical(thing: object) -> bytes:
        return json.dumps(thing, separators=(",", ":")).encode()

    task = definition.task
    assert canonical(TaskDefinition(task.to_aws()).to_aws()) == canonical(task.json)
    for container, written in zip(task.containers, task.json["containerDefinitions"], strict=True):
        assert canonical(container.to_aws()) == canonical(written)
        assert canonical(task.with_container(container).to_aws()) == canonical(task.json)


@pytest.mark.parametrize(("name", "definition"), DEFINITIONS, ids=[name for name, _ in DEFINITIONS])
def test_verdicts_are_the_reviewed_ones(name: str, definition: Definition) -> None:
    judgement = JUDGE.judge(definition.task)
    assert judgement.outside == reviewed()["out of scope"].get(name)
    assert drifts(judgement) == reviewed()["drifts"].get(name, [])


def illegal(task: TaskDefinition) -> list[str]:
    """What ECS or Fargate would refuse of a definition, found without the rules' help."""
    size, names = task.size, [container.name for container in task.containers]
    waits = {waited for container in task.containers for waited, _ in container.depends_on}
    wrong = {
        "size": size is None or not size.legal,
        "network mode": task.network_mode != "awsvpc",
        "containers": not 0 < len(names) <= MOST_CONTAINERS or len(set(names)) != len(names),
        "essential": not any(container.essential for container in task.containers),
        "dependsOn": not waits <= set(names),
        "CPU": size is not None and sum(container.cpu for container in task.containers) > size.cpu,
        "memory": size is not None and sum(container.memory for container in task.containers) > size.memory,
        "secrets": task.execution_role is None and any(container.secrets for container in task.containers),
        "host ports": any(
            mapping.get("hostPort") not in {None, mapping.get("containerPort")}
            for container in task.containers
            for mapping in container.port_mappings
        ),
    }
    return [what for what, found in wrong.items() if found]


@pytest.mark.parametrize("review", [False, True], ids=["safe", "review"])
@each_definition
def test_a_fix_is_legal_and_does_what_it_says_once_or_says_why_not(definition: Definition, review: bool) -> None:  # noqa: FBT001 - both are tried
    before = JUDGE.judge(definition.task)
    correction = Correction.of(JUDGE, definition, review=review)
    sentences = "\n".join(correction.sentences(review=review))
    if before.outside or before.worst is None:
        assert correction.wanted.task is definition.task
        return

    after = JUDGE.judge(correction.wanted.task)
    left = {said.rule.id for said in after.said if said.word is Outcome.DRIFTED}
    fixed = set(correction.plan.fixes) if correction.plan else set()
    assert fixed & left == set(), "it has no drift that it says it fixed"
    assert left <= {said.rule.id for said in before.said if said.word is Outcome.DRIFTED}, "it brings no new drift"
    reasons = dict(re.findall(r"not fixed: (\S+) \(\w+\): (.+\.)$", sentences, re.MULTILINE))
    assert set(reasons) == left, "each with its reason"
    assert all(rule in sentences for rule in fixed)
    # A fix makes nothing illegal that was not; what stays illegal is said.
    new = set(illegal(correction.wanted.task)) - set(illegal(definition.task))
    assert new == set()
    if review and not left & {"task.size", "task.network-mode", "task.depends-on"}:
        assert set(illegal(correction.wanted.task)) <= ({"size"} if unsized(definition.task) else set())

    again = Correction.of(JUDGE, Definition(correction.wanted.task), review=review)
    assert again.wanted.task.json == correction.wanted.task.json, "a second fix changes nothing"


def unsized(task: TaskDefinition) -> bool:
    """Whether a template's placeholder, or nothing, stands where the size should."""
    return task.size is None


def test_the_commands_take_the_whole_corpus_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--format", "json", str(CORPUS)]) == 1
    said = capsys.readouterr()
    output = json.loads(said.out)
    assert len([each for each in output["results"] if each["file"].endswith(".json")]) == len(DEFINITIONS)
    drifts = [drift for each in output["results"] for found in each["verdicts"] for drift in found["drifts"]]
    assert drifts
    for drift in drifts:
        place = drift["location"]
        row = Path(place["file"]).read_text(encoding="utf-8-sig").split("\n")[place["line"] - 1]
        assert not row[place["column"] - 1 :].startswith((" ", "\t"))
    assert len(output["errors"]) == len(reviewed()["refused"])
    assert said.err.count("\n") == len(reviewed()["refused"]) + 1, "and one line for the services"
    for name, definition in DEFINITIONS:
        assert main(["fix", str(CORPUS / name)]) in {0, 1}
        text = capsys.readouterr().out
        if JUDGE.judge(definition.task).outside:
            assert text.rstrip() == (CORPUS / name).read_text(encoding="utf-8").rstrip()


def test_configurations_of_the_corpus_are_taken_without_a_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = tmp_path / "web.json"
    source.write_text(json.dumps(task_json(base()["task"])), encoding="utf-8")
    for configuration in sorted((CORPUS / "collector-configs").iterdir()):
        assert main(["check", "--format", "json", "--config", str(configuration), str(source)]) in {0, 1}
        assert json.loads(capsys.readouterr().out)["results"][0]["verdicts"]


if __name__ == "__main__":
    found = as_it_is_now()
    for section, entries in found.items():
        sys.stdout.write(f"\n{section}:\n")
        for name, said in entries.items():
            # JSON is YAML, and keeps an entry on its line.
            sys.stdout.write(f"  {json.dumps(name)}: {json.dumps(said)}\n")
    counts = Counter(line.split()[0] for lines in found["drifts"].values() for line in lines)
    for rule, count in counts.most_common():
        sys.stderr.write(f"{count:3} of {len(found['drifts'])} {rule}\n")
