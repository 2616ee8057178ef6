"""Definitions that are changed at random."""

import copy
from typing import Any

from hypothesis import strategies as st

from domain.ecs.task_definition import TaskDefinition
from domain.standard import Standard
from domain.workload import Workload
from tests.corpus import corpus
from tests.strategies import (
    PLACE,
    ROLE,
    amounts,
    collector_parts,
    facts,
    images,
    json_values,
    names,
    standards,
    task_definitions,
)

placeholders = st.sampled_from(["${VALUE}", "{{value}}", "<VALUE>", "$VALUE", "true", "0"])

_mutable_parts = collector_parts | {
    "name": names,
    "image": images,
    "firelensConfiguration": st.sampled_from(
        [{"type": "fluentbit"}, {"type": "fluentbit", "options": {"config-file-type": "s3"}}, None]
    ),
    "user": st.sampled_from(["0", "root", "10001", None]),
    "readonlyRootFilesystem": st.sampled_from([True, False, "true", None]),
    "links": st.sampled_from([["app"], None]),
}
_mutable_members: dict[str, st.SearchStrategy[Any]] = {
    "cpu": amounts,
    "memory": amounts,
    "networkMode": st.sampled_from(["awsvpc", "bridge", "host", None]),
    "executionRoleArn": st.sampled_from([f"{ROLE}web-execution", "${ROLE}", "", None]),
    "taskRoleArn": st.sampled_from([f"{ROLE}web-task", f"{ROLE}web-execution", None]),
    "family": st.sampled_from(["web", "${FAMILY}"]),
    "tags": st.sampled_from(
        [[{"key": "Environment", "value": "test"}], [{"key": "stage", "value": "{{stage}}"}], None]
    ),
    "pidMode": st.sampled_from(["task", "host", None]),
}


@st.composite
def mutated(draw: st.DrawFn, task: dict[str, Any]) -> dict[str, Any]:
    """The definition with one to four members set, removed or made odd; a container may be copied under a name."""
    found = copy.deepcopy(task)
    for _ in range(draw(st.integers(1, 4))):
        items = found.get("containerDefinitions")
        containers = [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
        parts, document = _mutable_members, found
        if draw(st.integers(0, 3)) and containers:
            parts, document = _mutable_parts, draw(st.sampled_from(containers))
        match draw(st.sampled_from(["set", "set", "set", "fill", "remove", "odd", "copy"])):
            case "set":
                name = draw(st.sampled_from(sorted(parts)))
                document[name] = draw(parts[name])
            case "fill":
                document[draw(st.sampled_from(sorted(parts)))] = draw(placeholders)
            case "remove":
                document.pop(draw(st.sampled_from(sorted(document))), None) if document else None
            case "odd":
                document[draw(st.sampled_from(sorted(parts)))] = draw(json_values)
            case _ if isinstance(items, list) and document is not found:
                items.append(copy.deepcopy(document) | {"name": draw(names)})
            case _:
                pass
    return found


@st.composite
def mutants(draw: st.DrawFn) -> tuple[Workload, Standard]:
    """A generated or a published definition, mutated, with the facts and the standard that it is judged by."""
    published = list(corpus().values())
    generated = draw(task_definitions())
    task = draw(st.sampled_from([generated, *published])) if draw(st.booleans()) else generated
    task = draw(mutated(task)) | {"requiresCompatibilities": ["FARGATE"]}
    standard = draw(standards)
    return Workload(PLACE, TaskDefinition(task), facts=draw(facts), kinds=standard.kind_of), standard
