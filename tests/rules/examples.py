"""The rules' examples: YAML patches over `base.yaml`, read into the workloads that they mean.

A patch is merged into what it patches: mappings member by member, anything else replaced; null takes a member out.
`!null` is a null of the JSON itself, and `!replace {…}` a mapping that is not merged. `containers`, `environment`,
`secrets` and `tags` may be written as mappings by name.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from domain.drift import Grant, Safety
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import (
    Absent,
    Fact,
    Facts,
    Known,
    LogGroup,
    Newest,
    Parameter,
    Role,
    RunningContainer,
    RunningTask,
    Unavailable,
)
from domain.iam import Policy
from domain.places import Place
from domain.severity import Severity
from domain.standard import Standard
from domain.workload import ParameterReference, Workload

HERE = Path(__file__).parent

type Patch = dict[str, Any]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class ExpectedDrift(_Form):
    """`why` is the whole sentence; `severity` is asserted where it is given."""

    code: str
    where: str
    why: str
    found: str = ""
    wanted: str = ""
    severity: Severity | None = None
    missing: dict[str, tuple[str, ...]] = Field(
        default={}, description="`ACTION on RESOURCE` by the role or policy that has to allow it."
    )

    @property
    def grants(self) -> tuple[Grant, ...]:
        return tuple(
            Grant(to, *written.split(" on ", 1)) for to, permissions in self.missing.items() for written in permissions
        )


class Case(_Form):
    """One example as its file has it: the raw patches, which the documentation shows."""

    name: str
    about: str = ""
    standard: Patch = {}
    place: Patch = {}
    read_at: datetime | None = None
    runs_on: bool | None = None
    standalone: dict[str, str] = Field(default={}, description="Platform versions of tasks of no service, by cluster.")
    before: Patch = {}
    service: Patch | None = None
    facts: Patch = {}
    verdict: Literal["drifted", "compliant", "unknown", "exempt", "none"]
    verdicts: dict[str, Literal["drifted", "compliant", "unknown", "exempt"]] = Field(
        default={}, description="By the subject's name or its last part, where a workload has several subjects."
    )
    severity: Severity | None = None
    drift: tuple[ExpectedDrift, ...] = ()
    reasons: tuple[str, ...] | None = Field(default=None, description="All reasons of an Unknown.")
    after: Patch | Literal["unchanged"] | None = None
    after_service: Patch | None = None
    refused: str | None = None
    safety: Safety | None = None
    review: str | tuple[str, ...] | None = None
    notes: tuple[str, ...] | None = Field(default=None, description="All that the fix notes with its change.")
    left: tuple[str, ...] = Field(default=(), description="Where the fix leaves drift of its own rule standing.")

    @property
    def changes(self) -> bool:
        """Whether it says what the fix changes."""
        return self.refused is None and (isinstance(self.after, dict) or self.after_service is not None)

    @property
    def asserts_fix(self) -> bool:
        """Whether it says anything of the fix."""
        return self.changes or self.after == "unchanged" or self.refused is not None


@dataclass(frozen=True)
class Example:
    """One example of one rule. Its workloads are built where a test asks for them: collecting tests asks for none."""

    rule: str
    case: Case

    @property
    def id(self) -> str:
        return f"{self.rule}: {self.case.name}"

    @cached_property
    def standard(self) -> Standard:
        return Standard.model_validate({"version": 1} | _json(self.case.standard))

    @cached_property
    def before(self) -> Workload:
        case, start = self.case, base()
        before = Workload(
            place=Place(**patched(start["place"], case.place)),
            task=TaskDefinition(task_json(patched(start["task"], case.before))),
            service=None if case.service is None else Service(service_json(patched(start["service"], case.service))),
            kinds=self.standard.kind_of,
            runs_on=case.runs_on,
            standalone=tuple(case.standalone.items()),
            read_at=case.read_at or start["read_at"],
        )
        return replace(before, facts=_facts(_json(patched(start["facts"], case.facts)), before, self.standard))

    @cached_property
    def after(self) -> Workload | None:
        """What the fix makes of it; None where the example asserts nothing of the fix."""
        case = self.case
        if not case.changes:
            return self.before if case.after == "unchanged" or case.refused is not None else None
        task = patched(patched(base()["task"], case.before), case.after or {})
        after = self.before.with_task(TaskDefinition(task_json(task)))
        if case.after_service is not None:
            assert case.service is not None, f"{case.name}: after_service without a service"
            service = patched(patched(base()["service"], case.service), case.after_service)
            after = after.with_service(Service(service_json(service)))
        return after

    @property
    def verdict(self) -> str:
        return self.case.verdict

    @property
    def review(self) -> tuple[str, ...] | None:
        """The reasons why it needs approval; None where they are not asserted."""
        return (self.case.review,) if isinstance(self.case.review, str) else self.case.review


class _Replaced(dict[str, Any]):
    """A mapping that is not merged."""


class _Null:
    """A null that stays."""

    def __deepcopy__(self, memo: object) -> "_Null":
        return self


_NULL = _Null()


class _Loader(yaml.CSafeLoader):
    pass


def _replaced(loader: yaml.CSafeLoader, node: yaml.Node) -> _Replaced:
    assert isinstance(node, yaml.MappingNode)
    return _Replaced({str(key): value for key, value in loader.construct_mapping(node, deep=True).items()})


_Loader.add_constructor("!replace", _replaced)
_Loader.add_constructor("!null", lambda _loader, _node: _NULL)


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader with two tags of its own


def patched(thing: Any, patch: Any) -> Any:
    """A copy of `thing` with `patch` merged in."""
    if not isinstance(patch, Mapping) or isinstance(patch, _Replaced) or not isinstance(thing, Mapping):
        return _without_nones(patch)
    merged = dict(thing)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = patched(merged.get(key), value)
    return merged


def _without_nones(patch: Any) -> Any:
    if isinstance(patch, Mapping):
        return {key: _without_nones(value) for key, value in patch.items() if value is not None}
    return copy.deepcopy(patch)


_CONTENT = {"environment": "value", "secrets": "valueFrom"}


def _json(thing: Any) -> Any:
    """With the nulls that stay in their places."""
    if thing is _NULL:
        return None
    if isinstance(thing, Mapping):
        return {key: _json(value) for key, value in thing.items()}
    return [_json(item) for item in thing] if isinstance(thing, list) else thing


def _container(name: str, members: Patch) -> Patch:
    found: Patch = {"name": name}
    for key, value in members.items():
        content = _CONTENT.get(key)
        if content and isinstance(value, Mapping):
            found[key] = [{"name": variable, content: text} for variable, text in value.items()]
        else:
            found[key] = value
    return found


def task_json(task: Patch) -> Patch:
    """A task definition as ECS writes it, from the form with mappings by name."""
    found = dict[str, Any]()
    for key, value in task.items():
        if key == "containers":
            found.setdefault("containerDefinitions", [_container(name, members) for name, members in value.items()])
        elif key == "tags" and isinstance(value, Mapping):
            found["tags"] = [{"key": tag, "value": text} for tag, text in value.items()]
        else:
            found[key] = value
    json: Patch = _json(found)
    return json


def service_json(service: Patch) -> Patch:
    json: Patch = _json(task_json({key: value for key, value in service.items() if key != "containers"}))
    return json


@cache
def base() -> Patch:
    loaded: Patch = _load(HERE / "base.yaml")
    return loaded


def _fact[T](written: object, known: T) -> Fact[T]:
    match written:
        case "absent":
            return Absent()
        case "unavailable":
            return Unavailable()
        case _:
            return Known(known)


def _role(written: Any, arn: str | None) -> Fact[Role]:
    if not isinstance(written, Mapping):
        return _fact(written, Role("", Policy.parse({"Statement": []}, "none", trust=True), ()))
    name = (arn or "role").rpartition("/")[2]
    boundary = written.get("boundary")
    return Known(
        Role(
            arn=arn or "",
            trust=Policy.parse(written["trust"], f"trust policy of {name}", trust=True),
            policies=tuple(Policy.parse(document, source) for source, document in written.get("policies", {}).items()),
            boundary=Policy.parse(boundary, "boundary") if boundary else None,
        )
    )


def _parameter(written: Any, reference: ParameterReference | None, place: Place) -> Fact[Parameter]:
    if not isinstance(written, Mapping):
        return _fact(written, Parameter("", "", "String", ""))
    reference = reference or ParameterReference(place, "/fargate/otel-collector-config")
    members = dict(written)
    name = members.pop("name", reference.name)
    arn = members.pop("arn", ParameterReference(reference.place, name).arn)
    return Known(Parameter(arn=arn, name=name, **({"type": "String", "text": ""} | members)))


def _running(written: Any) -> Fact[tuple[RunningTask, ...]]:
    if isinstance(written, str):
        return _fact(written, ())
    return Known(
        tuple(
            RunningTask(
                arn=task["arn"],
                revision=task["revision"],
                started=task.get("started"),
                containers=tuple(RunningContainer(name, status) for name, status in task["containers"].items()),
            )
            for task in written
        )
    )


def _newest(written: Any) -> Fact[Newest]:
    if isinstance(written, str):
        return _fact(written, Newest(""))
    return Known(Newest(written["revision"], tuple(written.get("fixed", ())), tuple(written.get("worse", ()))))


def _facts(written: Patch, workload: Workload, standard: Standard) -> Facts:
    task = workload.task
    return Facts(
        parameter=_parameter(written["parameter"], workload.parameter_reference, workload.place),
        approved_parameter=_parameter(
            written["approved_parameter"],
            ParameterReference.parse(standard.collector_of(workload).parameter, workload.place),
            workload.place,
        ),
        execution_role=_role(written["execution_role"], workload.role_arn(task.execution_role)),
        task_role=_role(written["task_role"], workload.role_arn(task.task_role)),
        log_groups={name: _fact(state, LogGroup(name)) for name, state in written["log_groups"].items()},
        running=_running(written["running"]),
        newest=_newest(written["newest"]),
    )


@cache
def read(path: Path) -> tuple[Example, ...]:
    """The examples of one file; the file's place names the rule."""
    rule = f"{path.parent.name}.{path.stem}"
    return tuple(Example(rule, Case.model_validate(written)) for written in _load(path) or ())


@cache
def all_examples() -> tuple[Example, ...]:
    """Every example, in the order of topics and rules."""
    return tuple(example for path in sorted(HERE.glob("*/*.yaml")) for example in read(path))
