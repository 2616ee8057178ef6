"""A workload: what is evaluated."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Self

from domain.assumptions import Assumption
from domain.collector import CollectorConfiguration, ConfigurationUnreadable, bundled, bundled_paths
from domain.collector.distributions import OWN, OWN_BUILD, Distribution, Language, distribution_of
from domain.collector.releases import Release, release_facts
from domain.drift import Remark
from domain.ecs.container import Container, Hidden
from domain.ecs.container_roles import COLLECTOR_NAME, ContainerRoles
from domain.ecs.placeholders import has_whole_placeholder
from domain.ecs.recognition import DEFAULT_VARIABLE, CollectorKind, config_uris
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Absent, Fact, Facts, Known, MissingReason, Role, Unavailable
from domain.places import Arn, Place, Revision
from domain.subject import Subject, SubjectId

CONFIG_VARIABLE = "AOT_CONFIG_CONTENT"
_IMAGE_DEFAULT = "/etc/otel-config.yaml"
"""What the image's own command names."""


@dataclass(frozen=True, slots=True)
class ParameterReference:
    """A parameter as `valueFrom` names it: the place that it is read in, and its name."""

    place: Place
    name: str

    @classmethod
    def parse(cls, value_from: str, place: Place) -> "ParameterReference | None":
        """A bare name is in the task's own region. None for what is no SSM parameter: a Secrets Manager secret, say."""
        arn = Arn.parse(value_from)
        if arn is None:
            return None if value_from.startswith("arn:") or not value_from else cls(place, value_from)
        if arn.service != "ssm" or not arn.resource.startswith("parameter/"):
            return None
        name = arn.resource.removeprefix("parameter")
        # An ARN does not tell `/a` from `a`: a name of one level is written without its slash.
        return cls(arn.place, name if name.count("/") > 1 else name.removeprefix("/"))

    @property
    def arn(self) -> str:
        return self.place.arn("ssm", "parameter/" + self.name.removeprefix("/"))


def _adot(_: "Workload") -> CollectorKind:
    return CollectorKind()


@dataclass(frozen=True)
class Workload:
    """One task-definition revision, the service that runs it if any, and the facts that it depends on.

    `kinds` says which collector the standard wants for it, so that which container is the collector is decided once.
    `runs_on` tells, for a definition that names no compatibility, whether its known services run on Fargate.
    `standalone` are the clusters where tasks ran recently that no service started, with their platform version.
    """

    place: Place
    task: TaskDefinition
    service: Service | None = None
    facts: Facts = field(default_factory=Facts)
    kinds: "Callable[[Workload], CollectorKind]" = field(default=_adot, compare=False, repr=False)
    runs_on: bool | None = None
    standalone: tuple[tuple[str, str], ...] = ()
    read_at: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)
    remarks: tuple[Remark, ...] = ()
    assumptions: tuple[Assumption, ...] = ()

    @cached_property
    def kind(self) -> CollectorKind:
        """Which collector the standard wants for this workload."""
        return self.kinds(self)

    @cached_property
    def container_roles(self) -> ContainerRoles:
        return ContainerRoles.of(self.task, self.kind)

    @cached_property
    def collector(self) -> Container | None:
        """The collector; the first one, where a task has several."""
        return self.container_roles.collectors[0] if self.container_roles.collectors else None

    @property
    def present_collector(self) -> Container:
        """The collector of a workload that has one: a rule `of_collector` evaluates no other."""
        if self.collector is None:
            raise LookupError("The workload has no collector.")
        return self.collector

    @property
    def applications(self) -> tuple[Container, ...]:
        return self.container_roles.applications

    @property
    def revision(self) -> Revision | None:
        """None for a definition that is not registered."""
        return self.task.revision

    @cached_property
    def parameter_reference(self) -> ParameterReference | None:
        """The SSM parameter that feeds the collector by `secrets`, if one does."""
        collector = self.collector
        if collector is None or (value_from := collector.secrets.get(self.config_variable)) is None:
            return None
        return ParameterReference.parse(value_from, self.place)

    @cached_property
    def distribution(self) -> Distribution:
        """What is known of the collector in the task; of the one that the standard wants, where there is none.

        Of an image that no distribution has, and that is not the standard's own, nothing is known.
        """
        collector, kind = self.collector, self.kind
        if collector is None:
            return kind.distribution
        known = distribution_of(collector.image.repository)
        return known or (kind.distribution if collector.image.repository == kind.repository else OWN_BUILD)

    @cached_property
    def config_variable(self) -> str:
        """The variable whose content the collector reads.

        The distribution's own (AOT_CONFIG_CONTENT) where it is set; else a secret that `--config=env:…` names; else the
        one to set.
        """
        collector, own = self.collector, self.distribution.variables
        if collector is not None:
            if set_here := next((name for name in own if collector.variable(name) is not None), None):
                return set_here
            named = [uri.removeprefix("env:") for uri in config_uris(collector) if uri.startswith("env:")]
            if named := [name for name in named if name in collector.secrets]:
                return named[0]
        wanted = self.kind.variable if self.kind.id in {self.distribution.id, OWN} else None
        return wanted or next(iter(own), DEFAULT_VARIABLE)

    @cached_property
    def release(self) -> Release | None:
        """The ADOT release of the collector's image; None for a floating tag, a bare digest, another distribution.

        In a repository of another name, a tag is a release where ADOT has that release.
        """
        image = self.collector.image if self.collector else None
        if image is None or not image.tag or not self.distribution.is_adot:
            return None
        release = Release.of_tag(image.tag)
        return release if image.name == COLLECTOR_NAME or release in release_facts().releases else None

    @property
    def image_as_published(self) -> bool:
        """Whether the collector's image is one that ADOT publishes, so that its files are known; not a copy of it."""
        known = self.distribution
        return self.collector is not None and known.is_adot and self.collector.image.repository in known.published

    @property
    def read_as_collector(self) -> bool:
        """Whether the collector's configuration is one that is read here: YAML with receivers and pipelines."""
        return self.distribution.language is Language.OTEL

    @cached_property
    def configuration(self) -> Fact[CollectorConfiguration | ConfigurationUnreadable]:
        """The configuration that the collector starts with, parsed; Known also where it does not parse.

        It is the parameter's where one feeds the collector, else that of a plain variable or of a file in the image. A
        parameter that was read though nothing names it (a file on the command line) replaces what cannot be read.
        """
        if self.collector is not None and not self.read_as_collector:
            return Unavailable(MissingReason.OTHER_LANGUAGE, resource=self.distribution.title)
        if self._own is not None and not self.reads_parameter:
            return self._own
        match self.facts.parameter:
            case Known(parameter):
                return _read(parameter.text)
            case Absent() | Unavailable() as missing:
                return self._own or missing

    @property
    def reads_parameter(self) -> bool:
        """Whether its configuration is a parameter's text: neither the definition nor a known file has it."""
        return self._own is None or isinstance(self._own, Unavailable)

    @cached_property
    def _own(self) -> Fact[CollectorConfiguration | ConfigurationUnreadable] | None:
        return None if self.parameter_reference else self._own_configuration()

    @property
    def read_configuration(self) -> CollectorConfiguration | None:
        """The configuration; None where it is not known or does not parse."""
        match self.configuration:
            case Known(CollectorConfiguration() as configuration):
                return configuration
            case _:
                return None

    @property
    def whole_configuration(self) -> CollectorConfiguration | None:
        """The same; None also where a variable decides which of its components run."""
        found = self.read_configuration
        return None if found is None or found.open_at else found

    @property
    def holds_configuration(self) -> bool:
        """Whether the task definition itself has the text of the configuration, and not the name of a place.

        A text that cannot be read may be one that a template's placeholder completes later.
        """
        text = self._own_variable if self.parameter_reference is None and self.read_as_collector else None
        if not isinstance(text, str):
            return False
        if self.read_configuration is not None:
            return True
        return not has_whole_placeholder(text) and ("\n" in text.strip() or text.lstrip().startswith("{"))

    @cached_property
    def _own_variable(self) -> "str | Hidden | None":
        """The value of the variable from which the collector takes its configuration, if one is set."""
        if self.collector is None:
            return None
        uris, own = config_uris(self.collector), self.distribution.variables
        value = self.collector.variable(self.config_variable) if self.config_variable in own else None
        if value is None and len(uris) == 1 and uris[0].startswith("env:"):
            value = self.collector.variable(uris[0].removeprefix("env:")) or ""
        return value

    def _own_configuration(self) -> Fact[CollectorConfiguration | ConfigurationUnreadable] | None:
        """What the collector reads where no parameter feeds it; None where there is no collector."""
        collector = self.collector
        if collector is None:
            return None
        uris, value = config_uris(collector), self._own_variable
        if isinstance(value, str):
            return _read(value)
        if isinstance(value, Hidden):
            return Unavailable(MissingReason.HIDDEN_CONFIGURATION, resource=value.source)
        if self.distribution.is_adot and not uris and not collector.command and not collector.entry_point:
            uris = (_IMAGE_DEFAULT,)
        if len(uris) != 1 or uris[0].removeprefix("file:") not in bundled_paths():
            return Unavailable(MissingReason.CONFIGURATION_ELSEWHERE)
        try:
            content = bundled(uris[0], self.release) if self.release else None
        except ConfigurationUnreadable as unreadable:
            return Known(unreadable)
        if content is None:
            return Unavailable(MissingReason.UNKNOWN_IMAGE_FILE)
        return Known(content)

    @cached_property
    def configuration_unread(self) -> bool:
        """Whether a parameter feeds the collector and could not be read."""
        refers = self.parameter_reference is not None and isinstance(self.facts.parameter, Unavailable)
        return refers and isinstance(self.configuration, Unavailable)

    @cached_property
    def log_groups(self) -> tuple[str, ...]:
        """The log groups that the task's containers write to by awslogs."""
        named = (c.log_options.get("awslogs-group") for c in self.task.containers if c.log_driver == "awslogs")
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def roles(self) -> tuple[tuple[str, Fact[Role]], ...]:
        """The ARNs of the execution role and of the task role, as far as it names them, with what is known of each."""
        named = ((self.task.execution_role, self.facts.execution_role), (self.task.task_role, self.facts.task_role))
        return tuple((arn, fact) for name, fact in named if (arn := self.role_arn(name)))

    def role_arn(self, role: str | None) -> str | None:
        """A role's ARN, where the task definition gives only its name."""
        if not role or role.startswith("arn:"):
            return role
        return f"arn:{self.place.partition}:iam::{self.place.account}:role/{role.lstrip('/')}"

    def subject(self, kind: Subject) -> tuple[SubjectId, ...]:
        """The subjects of a kind that this workload has: none, one, or two roles."""
        match kind:
            case Subject.FAMILY:
                return (SubjectId(self.place, kind, self.task.family),)
            case Subject.SERVICE:
                return (SubjectId(self.place, kind, self.service.title),) if self.service else ()
            case Subject.PARAMETER:
                reference = self.parameter_reference
                return (SubjectId(reference.place, kind, reference.name),) if reference else ()
            case Subject.ROLE:
                return tuple(SubjectId(self.place, kind, role) for role in dict(self.roles))

    def of_family(self) -> Self:
        """The same task definition without the service that runs it."""
        return self if self.service is None else replace(self, service=None)

    def with_task(self, task: TaskDefinition) -> Self:
        return replace(self, task=task)

    def with_container(self, container: Container) -> Self:
        return self.with_task(self.task.with_container(container))

    def with_service(self, service: Service) -> Self:
        return replace(self, service=service)

    def noting(self, code: str, text: str) -> Self:
        """With a remark that is shown with the diff."""
        return replace(self, remarks=(*self.remarks, Remark(code, text)))

    def assuming(self, *assumptions: Assumption) -> Self:
        """With what this change depends on: it is SAFE only where all of that is known to hold."""
        return replace(self, assumptions=(*self.assumptions, *assumptions))

    def needing_approval(self, code: str, text: str) -> Self:
        """With a remark that says why this change needs approval."""
        return replace(self, remarks=(*self.remarks, Remark(code, text, needs_approval=True)))


@lru_cache(maxsize=256)
def _read(text: str) -> Known[CollectorConfiguration | ConfigurationUnreadable]:
    try:
        return Known(CollectorConfiguration.parse(text))
    except ConfigurationUnreadable as unreadable:
        return Known(unreadable)
