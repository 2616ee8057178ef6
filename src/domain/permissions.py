"""The permissions that a task needs: to start, of its execution role; for the collector, of its task role.

Sources: the pages of the ECS developer guide on the task execution role and on secrets, and the calls of the
collector's components (`domain.collector.permissions`). What is not known before the task runs becomes a pattern, so
that no permission is reported as missing that may be there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from domain import collector as adot
from domain.collector import CollectorConfiguration, RegionSource
from domain.collector.cloudwatch_agent import agent_permissions
from domain.collector.releases import Release
from domain.ecs.container import Container
from domain.ecs.placeholders import is_open, without_placeholders
from domain.ecs.values import mapping_of, objects_of, pairs_of, text_of, truth_of
from domain.facts import Absent, Known, Role
from domain.iam import ACTION_RESOURCES, Context, resources_for, role_context
from domain.iam.context import Values
from domain.identical import once
from domain.masking import log_group, word
from domain.places import Arn, Place, account_of, partition_of
from domain.workload import ParameterReference, Workload

_PULL: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_WRITE: Final = ("logs:CreateLogStream", "logs:PutLogEvents")
_AWS_KEY: Final = "alias/aws/ssm"
"""The key that SSM has in every account. Everybody who may read a parameter may use it."""

_UNLESS_IT_EXISTS: Final = "needed only where the log group does not exist"
_UNLESS_THE_KEY_ALLOWS: Final = "unless the key's own policy, which is not read, allows it"

# A Secrets Manager ARN ends in a hyphen and six characters that AWS adds; a name may end so by itself.
_SUFFIXED = re.compile(r".+-[A-Za-z0-9]{6}", re.ASCII | re.DOTALL)

# The form that a value of a configuration must have to be read, and shown, as the name of an AWS resource. `*` is the
# part of a name that only the running task knows.
_LOG_GROUP = re.compile(r"[\w./#*-]{1,512}", re.ASCII)
_LOG_STREAM = re.compile(r"[^:?]{1,512}")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}", re.ASCII)
_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_WORKSPACE = re.compile(r"[\w-]{1,99}", re.ASCII)
_CLUSTER = re.compile(r"[\w-]{1,255}", re.ASCII)
_TOPIC = re.compile(r"[\w.-]{1,249}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Permission:
    """One action that a role must allow, and what asks for it.

    `part` is a path of names (`containers/app/image`, `exporters/awsemf`), `purpose` a verb with its object (`pulls
    the image`). `resources` are those that IAM checks, with wildcards for what is not known; one of them is enough.
    `grant` is the resource that a statement names. `unless` says when the permission is not needed; a `minor` one often
    is not.
    """

    part: str
    action: str
    resources: tuple[str, ...]
    grant: str
    purpose: str
    region: str | None
    via: str | None = None
    keys: Mapping[str, Values] = field(default_factory=dict, compare=False)
    unless: str = ""
    minor: bool = False

    @property
    def account(self) -> str | None:
        """The account of the resource, where its ARN has one and that is known."""
        return _sure(account_of(self.resources[0]))


@dataclass(frozen=True, slots=True)
class CallContexts:
    """What is known of the condition keys of a task's calls with a role; shared by calls that are alike."""

    role: Role
    _made: dict[tuple[str | None, str | None, str | None], Context] = field(default_factory=dict, repr=False)

    def of(self, need: Permission) -> Context:
        """What is known of the call that needs this permission."""
        alike = (need.region, need.via, need.account)
        context = self._made.get(alike)
        if context is None:
            context = self._made[alike] = self._make(*alike)
        return context.with_(need.keys) if need.keys else context

    def _make(self, region: str | None, via: str | None, account: str | None) -> Context:
        context = role_context(self.role.arn, region or "", tags=self.role.tags, via=via)
        keys = dict(context.keys)
        if region is None:
            del keys["aws:RequestedRegion"]
        if account is not None:
            keys["aws:ResourceAccount"] = (account,)
        return Context(keys, context.closed)


def permissions_to_start(workload: Workload) -> Iterator[Permission]:
    """Yield what starting this task requires of the execution role, container by container."""
    place = _pattern(workload.place)
    for container in workload.task.containers:
        where = f"containers/{container.name}"
        for part, value_from in secret_references(container, place):
            yield from _secret(f"{where}/{part}", value_from, place)
        yield from _image(container, where)
        yield from _logs(container, where, workload)
        yield from _environment_files(container, where)
    yield from _key(workload)


def secret_references(container: Container, place: Place) -> Iterator[tuple[str, str]]:
    """Yield what names a secret or a parameter that Fargate reads at the start, each with its path in the container.

    Of a template it may be a placeholder. `place` is the task's own.
    """
    credentials = text_of(mapping_of(container.json.get("repositoryCredentials")).get("credentialsParameter"))
    if credentials:
        # A bare name is a secret of the task's own region.
        whole = credentials.startswith("arn:") or is_open(credentials)
        yield "repositoryCredentials", credentials if whole else place.arn("secretsmanager", f"secret:{credentials}")
    for name, value_from in container.secrets.items():
        yield f"secrets/{name}", value_from
    secret_options = mapping_of(container.json.get("logConfiguration")).get("secretOptions")
    for name, value_from in pairs_of(secret_options, "name", "valueFrom").items():
        yield f"logConfiguration/secretOptions/{name}", value_from


def _pattern(place: Place) -> Place:
    """The place as a part of ARNs, with a wildcard for what is not known."""
    return Place(place.account or "*", place.region or "*")


def _sure(part: str | None) -> str | None:
    """An account or region, if it is known."""
    return None if part == "*" else part


def _image(container: Container, where: str) -> Iterator[Permission]:
    registry, repository = container.image.private_place, container.image.private_repository
    if registry is None or not repository:
        return
    asked = [("ecr:GetAuthorizationToken", "*")]
    asked += [(action, registry.arn("ecr", f"repository/{repository}")) for action in _PULL]
    for action, resource in asked:
        yield Permission(f"{where}/image", action, (resource,), resource, "pulls the image", registry.region)


def _logs(container: Container, where: str, workload: Workload) -> Iterator[Permission]:
    where += "/logConfiguration"
    here = _pattern(workload.place)
    options = container.log_options
    group = options.get("awslogs-group")
    if container.log_driver != "awslogs" or not group:
        return
    place = Place(here.account, word(options.get("awslogs-region") or here.region))
    prefix = options.get("awslogs-stream-prefix")
    log = _Log(where, place, group, f"{prefix}/{container.name}/*" if prefix else "*")
    for action in _WRITE:
        yield log.need(action, "writes the container's log")
    known = workload.facts.log_groups.get(group)
    if truth_of(options.get("awslogs-create-group")) is True and not isinstance(known, Known):
        yield log.need("logs:CreateLogGroup", "creates the log group", sure=isinstance(known, Absent))


@dataclass(frozen=True, slots=True)
class _Log:
    """Where a container's log goes; `part` is what sets it."""

    part: str
    place: Place
    group: str
    stream: str

    def need(self, action: str, purpose: str, *, sure: bool = True) -> Permission:
        place, group = self.place, self.group
        forms = resources_for(
            action, region=place.region, account=place.account, log_group=group, log_stream=self.stream
        )
        unless = "" if sure else _UNLESS_IT_EXISTS
        grant = place.arn("logs", f"log-group:{log_group(group)}:*")
        region = _sure(place.region)
        return Permission(self.part, action, forms, grant, purpose, region, unless=unless, minor=not sure)


def _secret(part: str, value_from: str, place: Place) -> Iterator[Permission]:
    """A secret of Secrets Manager or a parameter of SSM, as `valueFrom` names it; nothing where it names neither.

    A template's placeholder may be any part of a name; where it is all of it, not even the service is known.
    """
    if is_open(value_from):
        return
    value_from = without_placeholders(value_from)
    reference = ParameterReference.parse(value_from, place)
    if reference is not None:
        # A version or label behind a colon does not belong to the parameter's ARN.
        arn = ParameterReference(reference.place, reference.name.partition(":")[0]).arn
        region = _sure(reference.place.region)
        yield Permission(part, "ssm:GetParameters", (arn,), arn, "reads the parameter", region)
        return
    found = Arn.parse(value_from)
    if found is None or found.service != "secretsmanager" or not found.resource.startswith("secret:"):
        return
    # A key of its JSON, a version stage and a version follow the name.
    name = found.resource.split(":")[1]
    plain = f"arn:{found.partition}:secretsmanager:{found.region}:{found.account}:secret:{name}"
    forms = (plain, f"{plain}-??????") if _SUFFIXED.fullmatch(name) else (f"{plain}-??????",)
    region = _sure(found.region)
    yield Permission(part, "secretsmanager:GetSecretValue", forms, forms[0], "reads the secret", region)


def _environment_files(container: Container, where: str) -> Iterator[Permission]:
    for item in objects_of(container.json.get("environmentFiles")):
        found = Arn.parse(text_of(item.get("value")) or "")
        if found is None or found.service != "s3":
            continue
        bucket = f"arn:{found.partition}:s3:::{found.resource.partition('/')[0]}"
        for action, resource in (("s3:GetBucketLocation", bucket), ("s3:GetObject", str(found))):
            yield Permission(
                f"{where}/environmentFiles", action, (resource,), resource, "reads the environment file", None
            )


def _key(workload: Workload) -> Iterator[Permission]:
    """The key of the collector's parameter, where it is the customer's own."""
    collector, reference = workload.collector, workload.parameter_reference
    if collector is None or reference is None or not isinstance(workload.facts.parameter, Known):
        return
    parameter = workload.facts.parameter.value
    key, place = parameter.key_id, reference.place
    if parameter.type != "SecureString" or not key or key.endswith(_AWS_KEY):
        return
    named = Arn.parse(key)
    resource = (named.resource if named else key).removeprefix("key/")
    if named:
        place = named.place
    if resource.startswith("alias/"):  # whose key it is, only KMS knows; IAM is asked on the key
        resource = "*"
    arn = place.arn("kms", f"key/{resource}")
    keys: dict[str, Values] = {
        "kms:EncryptionContext:PARAMETER_ARN": (parameter.arn,),
        "kms:EncryptionContextKeys": ("PARAMETER_ARN",),
    }
    part = f"containers/{collector.name}/secrets/{workload.config_variable}"
    purpose, unless = "decrypts the parameter", _UNLESS_THE_KEY_ALLOWS
    yield Permission(part, "kms:Decrypt", (arn,), arn, purpose, place.region, via="ssm", keys=keys, unless=unless)


def permissions_of_collector(workload: Workload, configuration: CollectorConfiguration) -> tuple[Permission, ...]:
    """What this configuration requires of the task role, part by part."""
    collector = workload.collector
    # Fargate sets these in every container, unless the container sets them itself.
    regions = ("AWS_REGION", "AWS_DEFAULT_REGION")
    known = tuple(name for name in regions if collector is not None and collector.variable(name) is None)
    return _of_configuration(configuration, workload.release, workload.place, known)


def permissions_of_agent(workload: Workload) -> tuple[Permission, ...] | None:
    """Give what the CloudWatch agent's configuration asks of the task role; None where it is not known."""
    collector, variable = workload.collector, workload.config_variable
    if collector is None:
        return None
    text: str | None = collector.environment.get(variable)
    if workload.parameter_reference is not None:
        text = workload.facts.parameter.value.text if isinstance(workload.facts.parameter, Known) else None
    needs = None if text is None else agent_permissions(text)
    return None if needs is None else tuple(_of_part(need, workload.place) for need in needs)


@once
def _of_configuration(
    configuration: CollectorConfiguration, release: Release | None, place: Place, known: tuple[str, ...]
) -> tuple[Permission, ...]:
    configuration = configuration.with_variables(dict.fromkeys(known, place.region), release)
    return tuple(_of_part(need, place) for need in adot.component_permissions(configuration, release))


def _of_part(need: adot.ComponentPermission, here: Place) -> Permission:
    here = Place(here.account or "*", here.region)
    action, purpose, unless, region = need.action, need.why, "", _region(need, here)
    place = Place(here.account, region or "*")
    keys: dict[str, Values] = {}
    if action == "sts:AssumeRole":
        role = _legal(_ROLE, need.role_arn)
        return _need(need, (f"arn:{here.partition}:iam::*:role/*" if role == "*" else role,), None)
    if action.startswith("logs:"):
        group, stream = _legal(_LOG_GROUP, need.log_group), _legal(_LOG_STREAM, need.log_stream)
        forms = _forms(action, here, region, log_group=group, log_stream=stream)
        if action == "logs:CreateLogGroup":
            purpose, unless = "creates its log group", _UNLESS_IT_EXISTS
        partition = partition_of(region) if region else here.partition
        grant = f"arn:{partition}:logs:{place.region}:{place.account}:log-group:{group}:*"
        return Permission(need.part, action, forms, grant, purpose, region, unless=unless, minor=bool(unless))
    if action.startswith("kafka-cluster:"):
        topic = _legal(_TOPIC, need.topic)
        # A cluster of MSK may belong to another account, and no configuration holds its ARN.
        forms = _forms(action, Place("*", here.region), region, cluster="*", topic=topic)
        return _need(need, forms, region)
    if action.startswith("ecs:"):
        cluster = _legal(_CLUSTER, need.cluster)
        if cluster != "*" and region:
            keys["ecs:cluster"] = (place.arn("ecs", f"cluster/{cluster}"),)
        return _need(need, _forms(action, here, region, cluster=cluster), region, keys)
    return _need(need, _forms(action, here, region, workspace=_legal(_WORKSPACE, need.workspace)), region)


def _need(
    need: adot.ComponentPermission, forms: tuple[str, ...], region: str | None, keys: Mapping[str, Values] | None = None
) -> Permission:
    # The last of several forms is the widest.
    return Permission(need.part, need.action, forms, forms[-1], need.why, region, keys=keys or {})


def _region(need: adot.ComponentPermission, here: Place) -> str | None:
    match need.region_source:
        case RegionSource.DEFAULT:
            return here.region
        case RegionSource.CONFIGURED if need.region is not None and _REGION.fullmatch(need.region):
            return need.region
        case RegionSource.CONFIGURED | RegionSource.ENVIRONMENT:
            return None


def _forms(action: str, here: Place, region: str | None, **parts: str) -> tuple[str, ...]:
    if action not in ACTION_RESOURCES:
        return ("*",)
    forms = resources_for(action, region=region or here.region, account=here.account, **parts)
    return forms if region else tuple(form.replace(f":{here.region}:", ":*:", 1) for form in forms)


def _legal(form: re.Pattern[str], value: str | None) -> str:
    """The value where it has the form of such a name, else `*`."""
    return value if value and form.fullmatch(value) else "*"
