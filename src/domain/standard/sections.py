"""The sections of the standard, with their defaults."""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from domain.places import Place
from domain.severity import Severity
from domain.standard.accounts import Accounts
from domain.standard.collectors import Collector, Repository
from domain.standard.part import BeforeValidator, Field, Part, field_validator
from domain.standard.selector import Naming, Pattern, Selector, any_matches
from domain.verdict import ExemptedBy
from domain.workload import Workload

if TYPE_CHECKING:
    from pydantic import ValidationError


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


def _off(value: object) -> object:
    """What reads YAML 1.1 and writes it again makes `false` of a bare `off`."""
    return "off" if value is False else value


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

GivenMode = Annotated[Mode, BeforeValidator(_off, Mode)]


class Scope(Part):
    """Which Fargate workloads are evaluated."""

    include: tuple[Naming, ...] = Field(default=(), description="Workloads to include; empty for all.")
    exclude: tuple[Naming, ...] = Field(default=(), description="Workloads to exclude from those.")

    def leaves_out(self, place: Place) -> bool:
        """Whether no workload of an account and region can be in scope, so that none is read."""
        if self.include and not any(selector.may_match(place) for selector in self.include):
            return True
        return any(selector.matches_all_of(place) for selector in self.exclude)


class Applications(Part):
    """Requirements and reserved resources for the application containers."""

    cpu_floor: int = Field(default=256, ge=0, description="CPU units that all applications of a task keep.")
    memory_floor: int = Field(default=512, ge=0, description="MiB that all applications of a task keep.")
    repositories: tuple[Repository, ...] = Field(
        default=(),
        description="Patterns of repositories of applications whose name or port suggests a collector: they are not"
        " taken for one.",
    )
    resource_attributes: tuple[str, ...] = Field(
        default=("service.name", "deployment.environment"),
        description="Resource attributes that applications must set.",
    )
    require_endpoint: bool = Field(
        default=False, description="Whether an unset OTLP endpoint is a drift; SDKs default to localhost."
    )
    environment: str | None = Field(
        default=None, description="The value of deployment.environment if nothing else sets one."
    )

    @field_validator("resource_attributes")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """OTEL_RESOURCE_ATTRIBUTES is a list of `name=value`, so no name has these signs."""
        if any(not each.strip() or set(each) & {"=", ","} for each in value):
            raise ValueError("names of attributes such as service.name, without `=` and `,`")
        return value


class DefaultRoles(Part):
    """The roles that a correction may set if a task definition has none."""

    execution: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:iam::\d{12}:role/.+$", description="The execution role's ARN."
    )
    task: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:iam::\d{12}:role/.+$", description="The task role's ARN."
    )


class Services(Part):
    """Requirements for services."""

    platform_version: str = Field(
        default="1.4.0", pattern=r"^\d+\.\d+\.\d+$", description="The oldest accepted platform version."
    )
    gateways: tuple[Pattern, ...] = Field(default=(), description="`cluster/service` patterns of central collectors.")
    config_grace_days: int = Field(
        default=7, ge=0, description="Days for which running tasks may use an older collector configuration."
    )
    settling_minutes: int = Field(
        default=5, ge=0, description="Minutes after the start of a task in which its collector must start."
    )


class Configuration(Part):
    """Requirements for collector configurations."""

    regions: tuple[Pattern, ...] = Field(
        default=(), description="Regions that exporters may name in addition to the task's."
    )


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_RuleIds = Annotated[tuple[Pattern, ...], BeforeValidator(_listed, tuple[Pattern, ...] | Pattern)]


class RuleSetting(Part):
    """Severity, mode and parameters of some rules, for some workloads. A later entry wins over an earlier one."""

    rules: _RuleIds = Field(description="Rule ids: `sidecar.*`. A single one needs no list.")
    where: Selector = Field(default=Selector(), description="Which workloads; all if left out.")
    mode: GivenMode | None = Field(default=None, description="What is done about a drift of these rules.")
    approval: bool | None = Field(
        default=None,
        description="Whether a safe correction of these rules waits for approval, too.",
    )
    severity: Severity | None = Field(default=None, description="The severity of a drift of these rules.")
    set: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        description="Parameters for these rules, as members of this document: `collector: {cpu: 512}`.",
    )

    @field_validator("set")
    @classmethod
    def _known(cls, value: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        return settable(value, SETTABLE)


def settable(
    value: Mapping[str, Mapping[str, Any]], sections: "Mapping[str, type[Part]]", fixed: frozenset[str] = frozenset()
) -> Mapping[str, Mapping[str, Any]]:
    """Return the fields of sections that an entry sets; raise ValueError or ValidationError for what it may not set.

    `fixed` are fields that the document alone may set.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - a standard that is read has loaded it

    for section, members in value.items():
        part = sections.get(section)
        if part is None:
            raise ValueError(f"sections among {', '.join(sections)}; not {section}")
        named = [f"{section}.{name}" for name in members]
        if shared := [name for name in named if name in _FOR_ALL_RULES]:
            raise ValueError(f"without {shared[0]}, which all rules share: set it for the document, or in collectors")
        if own := [name for name in named if name in fixed]:
            raise ValueError(f"without {own[0]}, which is for all accounts: set it for the document")
        try:
            part.model_validate(members)
        except ValidationError as error:
            raise _below(section, error) from None
    return value


def _below(section: str, error: "ValidationError") -> "ValidationError":
    """Return the same mistakes, found one level deeper."""
    from pydantic import ValidationError  # noqa: PLC0415 - a standard that is read has loaded it
    from pydantic_core import InitErrorDetails  # noqa: PLC0415 - as above

    mistakes = [
        InitErrorDetails(
            type=mistake["type"], loc=(section, *mistake["loc"]), input=mistake["input"], ctx=mistake.get("ctx", {})
        )
        for mistake in error.errors(include_url=False)
    ]
    return ValidationError.from_exception_data(error.title, mistakes)


# What decides which container is a collector.
_FOR_ALL_RULES = frozenset({"collector.kind", "collector.also", "applications.repositories"})

SETTABLE: dict[str, type[Part]] = {
    "collector": Collector,
    "applications": Applications,
    "roles": DefaultRoles,
    "services": Services,
    "configuration": Configuration,
}


class Exemption(Part):
    """Rules from which some workloads are exempt, why, and until when. An expired exemption has no effect."""

    rules: _RuleIds = Field(description="Rule ids: `sidecar.*`. A single one needs no list.")
    where: Naming = Field(description="Which workloads.")
    reason: str = Field(min_length=8, description="Why; shown with the exemption.")
    expires: date | None = Field(default=None, description="The last day of the exemption, in UTC.")
    by: ClassVar[ExemptedBy] = ExemptedBy.STANDARD

    @field_validator("expires", mode="before")
    @classmethod
    def _of_days(cls, value: object) -> object:
        """A number is a moment to pydantic, and so is a date with a time."""
        if value is None or isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
            return value
        raise ValueError("a date such as 2026-12-31")

    def covers(self, rule: str, workload: Workload, resource: str) -> bool:
        alive = self.expires is None or workload.read_at.date() <= self.expires
        return alive and any_matches(self.rules, rule) and self.where.matches(workload, resource)


class TagExemption(Exemption):
    """An exemption by a tag of the task definition."""

    by = ExemptedBy.TAG


class Stage(Part):
    """Accounts whose corrections begin before those of the others. Only the document itself has stages, no layer."""

    where: Accounts = Field(description="Which accounts. An account is in the first stage that matches it.")
    wait_hours: int = Field(
        default=24,
        ge=0,
        le=2160,
        description="Hours between the first verified correction of this stage and the start of the next. Without a"
        " verified correction in this stage, the next one does not begin.",
    )


class Remediation(Part):
    """Limits of corrections."""

    attempts: int = Field(default=2, ge=1, le=10, description="Corrections of one family within the window, at most.")
    window_hours: int = Field(default=24, ge=1, le=720, description="The window, in hours.")
    settling_minutes: int = Field(
        default=5,
        ge=0,
        le=720,
        description="Minutes after a registration or deployment before it is corrected: a pipeline may still be"
        " running.",
    )
    registrations_per_hour: int = Field(
        default=20, ge=1, le=1000, description="Corrected revisions in one account and region within an hour, at most."
    )
    rollouts_per_hour: int = Field(
        default=10, ge=1, le=1000, description="Updated services in one account and region within an hour, at most."
    )
    all_registrations_per_hour: int | None = Field(
        default=None, ge=1, le=10000, description="Corrected revisions in all accounts within an hour, at most."
    )
    all_rollouts_per_hour: int | None = Field(
        default=None, ge=1, le=10000, description="Updated services in all accounts within an hour, at most."
    )
    leave_to: tuple[Pattern, ...] = Field(
        default=(),
        description="Patterns of the tools whose task definitions are never corrected by Outrider: CloudFormation*,"
        " Terraform*. Their findings say what to change at the source.",
    )
    at_once: int = Field(
        default=2, ge=1, le=50, description="Services of one family that are updated at a time, at most."
    )
    canary: tuple[Pattern, ...] = Field(
        default=(),
        description="Patterns of services, as `cluster/service`: those that match are updated first, and the others of"
        " their family after these are verified.",
    )
    deploy_minutes: int = Field(
        default=30, ge=1, le=720, description="Minutes without progress after which a deployment is rolled back."
    )
    require_rollback: bool = Field(
        default=True,
        description="Whether a service is updated only if its deployment circuit breaker is on and rolls back.",
    )
    approval_hours: int = Field(
        default=168, ge=1, le=2160, description="Hours after a plan was made in which it may be approved."
    )
    stages: tuple[Stage, ...] = Field(
        default=(),
        description="Accounts whose corrections begin first, one stage after the other; all other accounts are the last"
        " stage. What a person approves waits for no stage. The stages begin again at the first one with a new release"
        " of Outrider, and when one of these changes in the standard: `mode`, `scope`, `collector`, `collectors`,"
        " `applications`, `roles`, `services`, `configuration`, `rules`, `layers`, `locked`, `remediation.stages`."
        " Other changes, of `exemptions` or `notification` for example, leave each stage where it is.",
    )
    stop_after: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Corrections that fail or are undone, after which the stages stop: none begins in any account"
        " until a person releases them or the stages begin again.",
    )
