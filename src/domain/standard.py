"""The standard: what the organisation wants. One versioned YAML document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import InitErrorDetails

from domain.images import Image
from domain.rule import Rule, Severity
from domain.standard_text import StandardInvalid, read, sentences
from domain.workload import Workload

__all__ = ["DEFAULT", "Mode", "Standard", "StandardInvalid", "default_standard"]


class Mode(StrEnum):
    """What is done about a drift; each includes those before it."""

    OFF = "off"
    REPORT = "report"
    REGISTER = "register"
    DEPLOY = "deploy"

    @property
    def rank(self) -> int:
        return list(Mode).index(self)

    def capped(self, cap: "Mode") -> "Mode":
        return self if self.rank <= cap.rank else cap


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


Pattern = Annotated[str, Field(min_length=1, description="A name; `*` and `?` are wildcards. Case counts.")]


class Selector(_Part):
    """Which workloads: every member that is set must match; a list matches when one of its patterns does."""

    account: tuple[Pattern, ...] = Field(default=(), description="Account numbers.")
    region: tuple[Pattern, ...] = Field(default=(), description="Regions.")
    cluster: tuple[Pattern, ...] = Field(
        default=(),
        description="Names of clusters. Only services have one: a rule that speaks of anything else never matches.",
    )
    family: tuple[Pattern, ...] = Field(default=(), description="Task-definition families.")
    service: tuple[Pattern, ...] = Field(
        default=(), description="Names of services, without their cluster; for the rules that speak of services."
    )
    resource: tuple[Pattern, ...] = Field(
        default=(),
        description="Names of parameters and ARNs of roles; for exemptions of the rules that speak of those.",
    )
    tags: Mapping[str, Pattern] = Field(
        default_factory=dict, description="Tag keys and patterns of their values; all must match."
    )

    @field_validator(
        "account",
        "region",
        "cluster",
        "family",
        "service",
        "resource",
        mode="before",
        json_schema_input_type=tuple[Pattern | int, ...] | Pattern | int,
    )
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        # An account number without quotes is an integer in YAML; one that begins with a zero is read as text.
        items = value if isinstance(value, list | tuple) else [value]
        return [str(item) if isinstance(item, int) and not isinstance(item, bool) else item for item in items]

    @field_validator("account")
    @classmethod
    def _accounts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for account in value:
            if not any(mark in account for mark in "*?[") and not (
                len(account) == len("123456789012") and account.isdigit()
            ):
                raise ValueError(f"account numbers of 12 digits, or patterns; {account} matches none")
        return value

    @property
    def empty(self) -> bool:
        return not self.model_fields_set or not any(getattr(self, name) for name in self.model_fields_set)

    def matches(self, workload: Workload, resource: str = "") -> bool:
        service = workload.service
        named: tuple[tuple[tuple[str, ...], str], ...] = (
            (self.account, workload.place.account),
            (self.region, workload.place.region),
            (self.cluster, service.cluster if service else ""),
            (self.family, workload.task.family),
            (self.service, service.name if service else ""),
            (self.resource, resource),
        )
        if not all(any_matches(patterns, name) for patterns, name in named if patterns):
            return False
        if not self.tags:
            return True
        tags = {**workload.task.tags, **(service.tags if service else {})}
        return all(key in tags and fnmatchcase(tags[key], pattern) for key, pattern in self.tags.items())


def any_matches(patterns: Sequence[str], name: str) -> bool:
    return bool(name) and any(fnmatchcase(name, pattern) for pattern in patterns)


def _naming(selector: Selector) -> Selector:
    # An empty one would match everything: an exclusion or exemption of all there is, by a slip of the pen.
    if selector.empty:
        raise ValueError("must name what it means; for everything write family: '*'")
    return selector


type Naming = Annotated[Selector, AfterValidator(_naming)]


class Scope(_Part):
    """Which Fargate workloads are judged at all."""

    include: tuple[Naming, ...] = Field(default=(), description="Nothing here: everything is included.")
    exclude: tuple[Naming, ...] = Field(default=(), description="Left out of what is included.")


class Logging(_Part):
    """How the collector's own log is kept."""

    driver: Literal["awslogs", "splunk", "awsfirelens"] = Field(
        default="awslogs", description="The log driver; Fargate has these three."
    )
    group: str = Field(
        default="/ecs/aws-otel-collector", description="Used where no application of the task has a log group."
    )
    stream_prefix: str = Field(default="ecs", min_length=1, description="What the names of log streams begin with.")


class Collector(_Part):
    """The collector container that every task is to have."""

    name: str = Field(
        default="adot-collector", pattern=r"^[A-Za-z0-9_-]{1,255}$", description="Its name where it is added."
    )
    image: str = Field(
        default="public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0",
        description="The approved image, with a release tag or a digest.",
    )
    repositories: tuple[Pattern, ...] = Field(
        default=(
            "public.ecr.aws/aws-observability/aws-otel-collector",
            "amazon/aws-otel-collector",
            "docker.io/amazon/aws-otel-collector",
            "*.dkr.ecr.*.amazonaws.com/*aws-observability/aws-otel-collector",
            "*.dkr.ecr.*.amazonaws.com.cn/*aws-observability/aws-otel-collector",
        ),
        description="Patterns of the repositories that the collector may come from.",
    )
    also: tuple[Pattern, ...] = Field(
        default=(), description="Patterns of repositories that are collectors too, though not named aws-otel-collector."
    )
    minimum_release: str = Field(
        default="v0.47.0",
        pattern=r"^v\d+\.\d+\.\d+$",
        description="The oldest release accepted; v0.47.0 mends CVE-2025-68156.",
    )
    parameter: str = Field(
        default="/fargate/otel-collector-config",
        pattern=r"^(/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*|arn:[a-z-]+:ssm:[a-z0-9-]+:\d{12}:parameter/[A-Za-z0-9_./-]+)$",
        description="The SSM parameter that holds the configuration: a name in the task's region, or an ARN.",
    )
    parameters_allowed: tuple[Pattern, ...] = Field(
        default=("*",), description="Patterns of the parameter names that are accepted."
    )
    allow_secrets_manager: bool = Field(
        default=False, description="Whether the configuration may come from Secrets Manager instead of SSM."
    )
    essential: bool = Field(default=False, description="Whether a task ends with its collector.")
    cpu: int = Field(default=256, ge=0, le=16384, description="CPU units reserved.")
    memory: int = Field(default=512, ge=6, le=122880, description="MiB reserved.")
    logging: Logging = Field(default=Logging(), description="How its own log is kept.")

    @field_validator("image")
    @classmethod
    def _pinned(cls, value: str) -> str:
        if not Image.parse(value).pinned:
            message = (
                "an image with a release tag such as v0.49.0, or a digest; a floating tag is what the rules refuse"
            )
            raise ValueError(message)
        return value


class Applications(_Part):
    """What is asked of, and kept for, the containers that are neither collector, router, proxy nor agent."""

    cpu_floor: int = Field(default=256, ge=0, description="CPU units that they keep, together.")
    memory_floor: int = Field(default=512, ge=0, description="MiB that they keep, together.")
    resource_attributes: tuple[str, ...] = Field(
        default=("service.name", "deployment.environment"), description="Resource attributes that they are to set."
    )
    require_endpoint: bool = Field(
        default=False, description="Whether an unset OTLP endpoint is a drift; SDKs default to localhost."
    )
    environment: str | None = Field(
        default=None, description="The value of deployment.environment where nothing else gives one."
    )


class Roles(_Part):
    """The roles that a correction may set where a task definition has none."""

    execution: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:iam::\d{12}:role/.+$", description="The execution role's ARN."
    )
    task: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:iam::\d{12}:role/.+$", description="The task role's ARN."
    )


class Services(_Part):
    """What is asked of services."""

    platform_version: str = Field(
        default="1.4.0", pattern=r"^\d+\.\d+\.\d+$", description="The oldest platform version accepted."
    )
    gateways: tuple[Pattern, ...] = Field(
        default=(), description="`cluster/service` patterns of collectors that are meant to be central."
    )
    config_grace_days: int = Field(
        default=7, ge=0, description="Days that running tasks may keep an older collector configuration."
    )
    settling_minutes: int = Field(
        default=5, ge=0, description="Minutes that a new task has until its collector must be running."
    )


class Configuration(_Part):
    """What is asked of collector configurations."""

    regions: tuple[Pattern, ...] = Field(
        default=(), description="Regions that exporters may name beside the task's own."
    )


class RuleSetting(_Part):
    """Severity, mode and parameters of some rules, for some workloads. A later entry wins over an earlier one."""

    rules: tuple[Pattern, ...] = Field(description="Rule ids: `sidecar.*`. One needs no list.")
    where: Selector = Field(default=Selector(), description="For which workloads; left out, for all.")
    mode: Mode | None = Field(default=None, description="What is done about a drift of these rules.")
    approval: bool | None = Field(
        default=None,
        description="Whether a correction of these rules waits for a person's approval, though it is safe.",
    )
    severity: Severity | None = Field(default=None, description="The severity of a drift of these rules.")
    set: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        description="Members of this document as these rules are to see them: `collector: {cpu: 512}`.",
    )

    @field_validator("rules", mode="before", json_schema_input_type=tuple[Pattern, ...] | Pattern)
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("mode", mode="before")
    @classmethod
    def _off(cls, value: object) -> object:
        return "off" if value is False else value  # YAML 1.1 reads a bare `off` as false

    @field_validator("set")
    @classmethod
    def _known(cls, value: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        for section, members in value.items():
            part = SETTABLE.get(section)
            if part is None:
                raise ValueError(f"sections among {', '.join(SETTABLE)}; not {section}")
            try:
                part.model_validate(members)
            except ValidationError as error:
                raise _below(section, error) from None
        return value


def _below(section: str, error: ValidationError) -> ValidationError:
    """The same mistakes, found one level deeper."""
    mistakes = [
        InitErrorDetails(
            type=mistake["type"], loc=(section, *mistake["loc"]), input=mistake["input"], ctx=mistake.get("ctx", {})
        )
        for mistake in error.errors(include_url=False)
    ]
    return ValidationError.from_exception_data(error.title, mistakes)


SETTABLE: dict[str, type[_Part]] = {
    "collector": Collector,
    "applications": Applications,
    "roles": Roles,
    "services": Services,
    "configuration": Configuration,
}


class Exemption(_Part):
    """Rules that some workloads need not keep, why, and until when. An expired one counts for nothing."""

    rules: tuple[Pattern, ...] = Field(description="Rule ids: `sidecar.*`. One needs no list.")
    where: Naming = Field(description="Which workloads.")
    reason: str = Field(min_length=8, description="Shown wherever the exemption is; long enough to mean something.")
    expires: date | None = Field(default=None, description="The last day on which it holds.")

    @field_validator("rules", mode="before", json_schema_input_type=tuple[Pattern, ...] | Pattern)
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def covers(self, rule: str, workload: Workload, resource: str) -> bool:
        alive = self.expires is None or workload.read_at.date() <= self.expires
        return alive and any_matches(self.rules, rule) and self.where.matches(workload, resource)


class Remediation(_Part):
    """Bounds of what is corrected."""

    attempts: int = Field(default=2, ge=1, le=10, description="Corrections of one family within the window.")
    window_hours: int = Field(default=24, ge=1, le=720, description="The window, in hours.")
    settling_minutes: int = Field(
        default=5,
        ge=0,
        le=720,
        description="Minutes that a revision or deployment is left alone before it is corrected: a pipeline may be at"
        " work yet.",
    )
    registrations_per_hour: int = Field(
        default=20, ge=1, le=1000, description="Corrected revisions in one account and region within an hour."
    )
    rollouts_per_hour: int = Field(
        default=10, ge=1, le=1000, description="Services updated in one account and region within an hour."
    )
    leave_to: tuple[Pattern, ...] = Field(
        default=(),
        description="Patterns of the tools whose task definitions are never corrected by Outrider: CloudFormation*,"
        " Terraform*. Their findings say what to change at the source.",
    )
    at_once: int = Field(default=2, ge=1, le=50, description="Services of one family that are updated at a time.")
    canary: tuple[Pattern, ...] = Field(
        default=(),
        description="Patterns of services, as `cluster/service`: those that match are updated first, and the others of"
        " their family only once these are verified.",
    )
    deploy_minutes: int = Field(
        default=30, ge=1, le=720, description="Minutes that a deployment may take before it is set back."
    )
    require_rollback: bool = Field(
        default=True,
        description="Whether only services are updated whose deployment circuit breaker is on and rolls back.",
    )
    approval_hours: int = Field(
        default=168, ge=1, le=2160, description="Hours that a plan may be approved after it was drawn up."
    )


class Standard(_Part):
    """What the organisation wants."""

    version: Literal[1] = Field(description="The version of this document's form.")
    name: str = Field(
        default="default", min_length=1, max_length=64, description="Shown in findings: name it with a date or release."
    )
    mode: Mode = Field(
        default=Mode.REPORT,
        description="The mode of rules for which `rules` says nothing. The stack caps it.",
    )
    scope: Scope = Field(default=Scope(), description="Which Fargate workloads are judged at all.")
    collector: Collector = Field(default=Collector(), description="The collector container that every task is to have.")
    applications: Applications = Field(default=Applications(), description="What is asked of applications.")
    roles: Roles = Field(default=Roles(), description="Roles for task definitions that have none.")
    services: Services = Field(default=Services(), description="What is asked of services.")
    configuration: Configuration = Field(
        default=Configuration(), description="What is asked of collector configurations."
    )
    rules: tuple[RuleSetting, ...] = Field(
        default=(), description="Severity, mode and parameters of some rules, for some workloads. A later entry wins."
    )
    exemptions: tuple[Exemption, ...] = Field(
        default=(), description="What some workloads need not keep, why, and until when."
    )
    remediation: Remediation = Field(default=Remediation(), description="Bounds of what is corrected.")

    @field_validator("mode", mode="before")
    @classmethod
    def _off(cls, value: object) -> object:
        return "off" if value is False else value

    @classmethod
    def parse(cls, text: str, source: str = "the standard") -> Self:
        """Read from YAML; StandardInvalid with line, field and what would be right for each mistake."""
        node, content = read(text, source)
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise StandardInvalid("\n".join(sentences(source, node, cls, error))) from None

    def setting(self, rule: Rule, workload: Workload) -> "Setting":
        """Mode, severity and the standard as this rule is to see it, for this workload."""
        return self.settings(workload).of(rule)

    def settings(self, workload: Workload) -> "Settings":
        """The same for all rules: which entries of `rules` speak of the workload is found out once."""
        entries = tuple([i for i, entry in enumerate(self.rules) if entry.where.matches(workload)])
        found = self._settings.get(entries)
        if found is None:
            found = self._settings[entries] = Settings(self, entries)
        return found

    def setting_by(self, rule: Rule, entries: tuple[int, ...]) -> "Setting":
        """How a rule is to be applied where these entries of `rules`, by their index, speak of the workload."""
        mode, severity, approval = self.mode, rule.severity, False
        changes = dict[str, dict[str, Any]]()
        entries = tuple(i for i in entries if any_matches(self.rules[i].rules, rule.id))
        for entry in (self.rules[i] for i in entries):
            mode, severity = entry.mode or mode, entry.severity or severity
            approval = approval if entry.approval is None else entry.approval
            for section, members in entry.set.items():
                changes[section] = _merged(changes.get(section, {}), members)
        parts = {
            section: SETTABLE[section].model_validate(_merged(getattr(self, section).model_dump(), members))
            for section, members in changes.items()
        }
        seen = self.model_copy(update=parts) if parts else self
        return Setting(mode, severity, seen, approval=approval)

    @cached_property
    def _settings(self) -> dict[tuple[int, ...], "Settings"]:
        # One of pydantic's private attributes costs a microsecond each time it is read, and every rule reads this.
        return {}

    def unmatched(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The patterns of `rules` and `exemptions` that match none of these rules: misspelt, most likely."""
        known = tuple(ids)
        named = [*(entry.rules for entry in self.rules), *(entry.rules for entry in self.exemptions)]
        patterns = dict.fromkeys(pattern for patterns in named for pattern in patterns)
        return tuple(pattern for pattern in patterns if not any(fnmatchcase(rule, pattern) for rule in known))

    def never_met(self, ids: Iterable[str], of_services: Iterable[str]) -> tuple[str, ...]:
        """The patterns of entries that name a cluster or a service, where none of their rules speaks of services."""
        known, theirs = tuple(ids), frozenset(of_services)
        entries = [*((each.rules, each.where) for each in self.rules), *((e.rules, e.where) for e in self.exemptions)]
        return tuple(
            ", ".join(rules)
            for rules, where in entries
            if (where.cluster or where.service)
            and not any(rule in theirs for rule in known if any_matches(rules, rule))
        )

    def exemption(self, rule: str, workload: Workload, resource: str) -> Exemption | None:
        for entry in self.exemptions:
            if entry.covers(rule, workload, resource):
                return entry
        return None


def _merged(start: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """With the changes made, member by member: `collector: {logging: {group: …}}` leaves the rest of logging alone."""
    merged = dict(start)
    for name, value in changes.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


@dataclass(frozen=True, slots=True)
class Setting:
    """How one rule is to be applied to one workload."""

    mode: Mode
    severity: Severity
    standard: Standard
    approval: bool = False

    @property
    def unasked(self) -> Mode:
        """What is done about a drift without asking a person."""
        return self.mode.capped(Mode.REPORT) if self.approval else self.mode


class Settings:
    """How rules are to be applied to the workloads that the same entries of a standard's `rules` speak of."""

    __slots__ = ("_entries", "_made", "_standard")

    def __init__(self, standard: Standard, entries: tuple[int, ...]) -> None:
        self._standard = standard
        self._entries = entries
        self._made = dict[str, Setting]()

    def of(self, rule: Rule) -> Setting:
        """Made when it is first asked for."""
        made = self._made.get(rule.id)
        if made is None:
            made = self._made[rule.id] = self._standard.setting_by(rule, self._entries)
        return made


@lru_cache(maxsize=1)
def default_standard() -> Standard:
    """The one that is packaged with Outrider."""
    return Standard.parse(DEFAULT.read_text(encoding="utf-8"), "the packaged standard")


DEFAULT = Path(__file__).with_name("default-standard.yaml")
