"""Manifests of AWS Copilot: the task definition and the service that Copilot makes of one, for ECS on Fargate.

https://aws.github.io/copilot-cli/docs/manifest/overview/. What Copilot adds by itself, such as the roles, the log group
and the collector of `observability`, is added here too. A manifest is evaluated as it is, and once more for each
environment that overrides something of the task.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cli.sources.cloudformation_writing import named_as_the_api
from cli.sources.copilot_writing import Rewritten
from cli.sources.definition import Around, Definition, File, Origin, Stack, Variant
from cli.sources.json_text import DEEPEST
from cli.sources.nodes import Node, Part, Style, mapping, sequence
from cli.sources.open_images import as_collectors
from cli.sources.resolving import ACCOUNT, REGION, STAND_INS, VARIANTS, open_text
from cli.texts import Text, integer, shown
from cli.unusable import NoDefinition
from domain.ecs.cloudformation import api_name
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import LogGroup

_SERVICES: Final = frozenset({"Load Balanced Web Service", "Backend Service", "Worker Service"})
_JOBS: Final = frozenset({"Scheduled Job"})
_ELSEWHERE: Final = {"Request-Driven Web Service": "App Runner", "Static Site": "S3 and CloudFront"}
_VARIABLE = re.compile(r"\$\{(?!COPILOT_)(\w+)\}")
_STEP = re.compile(r"(?P<name>[^.\[\]]+)|\[(?P<index>\d+|-)\]")
_COLLECTOR: Final = "public.ecr.aws/aws-observability/aws-otel-collector:v0.17.0"
_ROUTER: Final = "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable"
_ARCHITECTURES: Final = {"amd64": "X86_64", "x86_64": "X86_64", "arm": "ARM64", "arm64": "ARM64"}


def is_manifest(content: Any) -> bool:
    """Return whether a document is a manifest of a service or job."""
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        return False
    kind = content.get("type")
    return isinstance(kind, str) and kind in {*_SERVICES, *_JOBS, *_ELSEWHERE}


def of_manifest(given: Text, root: Node) -> File:
    """Return the task definitions of a manifest."""
    kind = root.value["type"]
    if kind in _ELSEWHERE:
        raise NoDefinition(
            f"{shown(given.name)} is a {kind} of Copilot, which runs on {_ELSEWHERE[kind]} and not on ECS."
        )
    found = [*_manifests(root)]
    definitions = [_definition(given, name, manifest) for name, manifest in found]
    different = [
        number
        for number, each in enumerate(definitions)
        if not number or each.task.with_(family="") != definitions[0].task.with_(family="")
    ]
    kept = tuple(definitions[number] for number in different)
    tasks = [each.origin.nodes[""] for each in kept if each.origin is not None]
    rewriting = Rewritten(given.text, tasks, [found[number][1] for number in different])
    return File(given.name, given.text, given.encoding, kept, rewriting)


def _manifests(root: Node) -> Iterator[tuple[str, Node]]:
    """Yield the manifest, and what it is in each environment that overrides something, with the family's name."""
    name = str(root.value["name"])
    yield name, root
    for environment, part in root.members("environments").items():
        if isinstance(part.node.parts, dict):
            own = {each: inner for each, inner in part.node.parts.items() if each not in {"name", "type"}}
            yield f"{environment}-{name}", _over(root, mapping(part.node, own))


def _over(base: Node, other: Node) -> Node:
    """Return a value with what another one overrides: objects are merged, everything else is replaced."""
    if not isinstance(base.parts, dict) or not isinstance(other.parts, dict):
        return other
    parts = dict(base.parts)
    for name, part in other.parts.items():
        parts[name] = replace(part, node=_over(parts[name].node, part.node)) if name in parts else part
    return mapping(base, parts, Style.FIXED)


def _definition(given: Text, family: str, manifest: Node) -> Definition:
    renders = [_Render(manifest, variant) for variant in range(VARIANTS)]
    tasks = [each.task(family) for each in renders]
    node, name = tasks[0], str(manifest.value["name"])
    service = _service(manifest, name) if manifest.value["type"] in _SERVICES else None
    group = renders[0].log_group
    stack = Stack(log_groups={group: LogGroup(group)})
    others = [Variant(TaskDefinition(as_collectors(each.value, each)), service, stack) for each in tasks[1:]]
    around = Around(service, stack, tuple(others), STAND_INS, tuple(renders[0].unresolved))
    roots = {"": node, "service": manifest}
    return Definition(
        TaskDefinition(node.value), (family,), origin=Origin(given.name, given.text, roots), around=around
    )


def _service(manifest: Node, name: str) -> Service:
    """Return the service as Copilot makes it: its platform version is the latest, its circuit breaker is on."""
    count = manifest.value.get("count")
    spot = isinstance(count, dict) and "spot" in count
    provider = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}
    return Service(
        {
            "serviceName": name,
            "platformVersion": "LATEST",
            "propagateTags": "SERVICE",
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
        }
        | (provider if spot else {"launchType": "FARGATE"})
    )


@dataclass
class _Render:
    """Makes the task definition of one manifest, in one variant of what is open."""

    manifest: Node
    variant: int
    unresolved: dict[str, None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.manifest.value["name"])

    @property
    def log_group(self) -> str:
        return f"/copilot/${{COPILOT_APPLICATION_NAME}}-${{COPILOT_ENVIRONMENT_NAME}}-{self.name}"

    def task(self, family: str) -> Node:
        manifest = self.manifest
        members: dict[str, Node | None] = {
            "family": _made(manifest, family),
            "networkMode": _made(manifest, "awsvpc"),
            "requiresCompatibilities": _made(manifest, ["FARGATE"]),
            "cpu": self._size("cpu", "256"),
            "memory": self._size("memory", "512"),
            "executionRoleArn": _made(manifest, f"arn:aws:iam::{ACCOUNT}:role/{self.name}-ExecutionRole"),
            "taskRoleArn": _made(manifest, f"arn:aws:iam::{ACCOUNT}:role/{self.name}-TaskRole"),
            "runtimePlatform": self._platform(manifest.get("platform")),
            "containerDefinitions": _list(manifest, [*self._containers()]),
        }
        if (size := manifest.get("storage", "ephemeral")) is not None:
            members["ephemeralStorage"] = _object(size, {"sizeInGiB": size})
        task = _object(manifest, members)
        for override in manifest.below("taskdef_overrides"):
            path, value = override.get("path"), override.get("value")
            steps = [found["name"] or found["index"] for found in _STEP.finditer(str(path.value) if path else "")]
            if steps and value is not None:
                made = self._overridden(task, steps[:DEEPEST], self._value(named_as_the_api(value, ())))
                containers = made.get("containerDefinitions")
                if len(steps) <= DEEPEST and containers is not None and containers.lists_objects:
                    task = made
                else:
                    self.unresolved["taskdef_overrides"] = None
        return task

    # --- containers ---------------------------------------------------------------------------------------------------

    def _containers(self) -> Iterator[Node]:
        manifest, image = self.manifest, self.manifest.get("image") or self.manifest
        logging = manifest.get("logging")
        yield self._container(
            manifest,
            self.name,
            {
                "image": self._image(image),
                "portMappings": self._ports(image.get("port")),
                "healthCheck": self._verbatim(image.get("healthcheck")),
                "dependsOn": self._depends_on(image.get("depends_on")),
                "dockerLabels": self._verbatim(image.get("labels")),
                "readonlyRootFilesystem": manifest.get("storage", "readonly_fs"),
            },
            logging,
        )
        if logging is not None:
            router = logging.get("image") or _made(logging, _ROUTER)
            firelens = _object(logging, {"type": _made(logging, "fluentbit")})
            yield self._container(logging, "firelens_log_router", {"image": router, "firelensConfiguration": firelens})
        tracing = manifest.get("observability", "tracing")
        if tracing is not None and str(tracing.value).lower() == "awsxray":
            command = _made(tracing, ["--config=/etc/ecs/ecs-xray.yaml"])
            members = {"image": _made(tracing, _COLLECTOR), "command": command}
            yield self._container(tracing, "aws-otel-collector", members)
        for name, part in sorted(manifest.members("sidecars").items()):
            if isinstance(part.node.parts, dict):
                yield self._sidecar(name, replace(part.node, begin=part.begin))

    def _sidecar(self, name: str, written: Node) -> Node:
        credentials = written.get("credentialsParameter")
        members = {
            "image": self._image(written),
            "essential": written.get("essential"),
            "portMappings": self._ports(written.get("port")),
            "healthCheck": self._verbatim(written.get("healthcheck")),
            "dependsOn": self._depends_on(written.get("depends_on")),
            "dockerLabels": self._verbatim(written.get("labels")),
            "repositoryCredentials": credentials and _object(credentials, {"credentialsParameter": credentials}),
        }
        return self._container(written, name, members)

    def _container(
        self, written: Node, name: str, members: Mapping[str, Node | None], logging: Node | None = None
    ) -> Node:
        """Return a container: its own members, and those that all containers have."""
        options = {"awslogs-region": REGION, "awslogs-group": self.log_group, "awslogs-stream-prefix": "copilot"}
        logs = {"logDriver": "awslogs", "options": options}
        if logging is not None:
            destination = logging.get("destination")
            logs = {"logDriver": "awsfirelens", "options": destination.value if destination else {}}
        return _object(
            written,
            {
                "name": _made(written, name),
                **members,
                "entryPoint": self._words(written.get("entrypoint")),
                "command": members.get("command") or self._words(written.get("command")),
                "environment": self._pairs(written.get("variables"), "value"),
                "secrets": self._pairs(written.get("secrets"), "valueFrom"),
                "logConfiguration": _made(written, logs),
            },
        )

    def _image(self, written: Node) -> Node:
        image = written.get("image")
        if written.get("location") is not None or written.get("build") is not None:
            image = written
        if image is not None and isinstance(image.parts, dict):
            image = image.get("location")
        return self._open(written, "image.build") if image is None else self._value(image)

    def _ports(self, port: Node | None) -> Node | None:
        if port is None:
            return None
        number, _, protocol = str(port.value).partition("/")
        members: dict[str, Any] = {"containerPort": number if (known := integer(number)) is None else known}
        return _made(port, [members | ({"protocol": protocol} if protocol else {})])

    def _depends_on(self, written: Node | None) -> Node | None:
        found = written.value if written is not None and isinstance(written.value, dict) else {}
        waits = [{"containerName": name, "condition": str(each).upper()} for name, each in found.items()]
        return _made(written, waits) if written is not None and waits else None

    def _pairs(self, written: Node | None, name: str) -> Node | None:
        if written is None or not isinstance(written.parts, dict):
            return None
        pairs = list[Node]()
        for key, part in written.parts.items():
            value = part.node
            if isinstance(value.parts, dict):
                secret = value.get("secretsmanager")
                arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
                known = secret is not None and isinstance(secret.value, str)
                value = _made(value, f"{arn}{secret.value}") if known and secret else self._open(value, key)
            elif not isinstance(value.value, str):
                value = replace(value, value="" if value.value is None else str(value.value))
            pair = {"name": _made(replace(part.node, begin=part.begin), key), name: self._value(value)}
            pairs.append(_object(replace(part.node, begin=part.begin), pair))
        return _list(written, pairs)

    # --- values -------------------------------------------------------------------------------------------------------

    def _size(self, name: str, default: str) -> Node:
        found = self.manifest.get(name)
        if found is None:
            return _made(self.manifest, default)
        return self._value(replace(found, value=str(found.value)))

    def _platform(self, written: Node | None) -> Node | None:
        if written is None or not isinstance(written.value, str):
            return None
        system, _, architecture = written.value.lower().partition("/")
        family = "WINDOWS_SERVER_2019_CORE" if system == "windows" else "LINUX"
        cpu = _ARCHITECTURES.get(architecture, "X86_64")
        return _made(written, {"operatingSystemFamily": family, "cpuArchitecture": cpu})

    def _words(self, written: Node | None) -> Node | None:
        if written is None or written.parts is not None:
            return written
        return _made(written, str(written.value).split())

    def _verbatim(self, written: Node | None) -> Node | None:
        """Return an object whose members are those of the API, with small letters at the beginning."""
        if written is None or not isinstance(written.value, dict):
            return None
        members = {"start_period": "startPeriod"}
        value = {members.get(name, name): each for name, each in written.value.items()}
        seconds = {name: int(each[:-1]) for name, each in value.items() if re.fullmatch(r"\d{1,9}s", str(each))}
        return _made(written, value | seconds)

    def _value(self, node: Node) -> Node:
        """Return a value in which what the shell or CloudFormation gives is open."""
        match node.value:
            case str() as text if (found := _VARIABLE.search(text)) is not None:
                value = _VARIABLE.sub(lambda each: str(self._open(node, each[1]).value), text)
                return replace(node, value=value, style=Style.FIXED, open=found[1])
            case dict() as value if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref", "fn::", "ref")):
                return self._open(node, next(iter(value)))
            case _:
                return node

    def _open(self, place: Node, name: str) -> Node:
        self.unresolved[name] = None
        return Node(place.begin, place.end, open_text(name, self.variant), None, Style.FIXED, name)

    # --- overrides ----------------------------------------------------------------------------------------------------

    def _overridden(self, node: Node, steps: Sequence[str], value: Node) -> Node:
        """Return a value with another one at a path of CloudFormation's names."""
        if not steps:
            return value
        step, rest = steps[0], steps[1:]
        below = _made(value, None)
        if step == "-" or step.isdecimal():
            parts = list(node.parts) if isinstance(node.parts, list) else []
            at = len(parts) if step == "-" else integer(step)
            if at is None or at > len(parts):
                self.unresolved["taskdef_overrides"] = None
                return node
            inner = parts[at].node if at < len(parts) else below
            parts[at : at + 1] = [Part(value.begin, self._overridden(inner, rest, value))]
            return sequence(node, parts)
        name, members = api_name(step), dict(node.members())
        inner = members[name].node if name in members else below
        members[name] = Part(value.begin, self._overridden(inner, rest, value))
        return mapping(node, members)


def _made(place: Node, value: Any) -> Node:
    """Return a value that the manifest does not have in this form."""
    match value:
        case dict():
            return _object(place, {name: _made(place, each) for name, each in value.items()})
        case list():
            return _list(place, [_made(place, each) for each in value])
        case _:
            return Node(place.begin, place.begin, value, None, Style.FIXED)


def _object(place: Node, members: Mapping[str, Node | None]) -> Node:
    parts = {name: Part(node.begin, node) for name, node in members.items() if node is not None}
    return mapping(_made(place, None), parts)


def _list(place: Node, items: Sequence[Node]) -> Node:
    return sequence(_made(place, None), [Part(item.begin, item) for item in items])
