"""The sections of the standard, as pydantic models with their defaults."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic_core import InitErrorDetails

from domain.severity import Severity
from domain.standard.collectors import Collector, Repository
from domain.standard.selector import Naming, Part, Pattern, Selector, any_matches
from domain.workload import Workload


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


class Scope(Part):
    """Which Fargate workloads are judged at all."""

    include: tuple[Naming, ...] = Field(default=(), description="Nothing here: everything is included.")
    exclude: tuple[Naming, ...] = Field(default=(), description="Left out of what is included.")


class Applications(Part):
    """What is asked of, and kept for, the containers that are neither collector, router, proxy nor agent."""

    cpu_floor: int = Field(default=256, ge=0, description="CPU units that they keep, together.")
    memory_floor: int = Field(default=512, ge=0, description="MiB that they keep, together.")
    repositories: tuple[Repository, ...] = Field(
        default=(),
        description="Patterns of repositories that are applications, where a name or a port suggests a collector.",
    )
    resource_attributes: tuple[str, ...] = Field(
        default=("service.name", "deployment.environment"), description="Resource attributes that they are to set."
    )
    require_endpoint: bool = Field(
        default=False, description="Whether an unset OTLP endpoint is a drift; SDKs default to localhost."
    )
    environment: str | None = Field(
        default=None, description="The value of deployment.environment where nothing else gives one."
    )


class DefaultRoles(Part):
    """The roles that a correction may set where a task definition has none."""

    execution: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:iam::\d{12}:role/.+$", description="The execution role's ARN."
    )
    task: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:iam::\d{12}:role/.+$", description="The task role's ARN."
    )


class Services(Part):
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


class Configuration(Part):
    """What is asked of collector configurations."""

    regions: tuple[Pattern, ...] = Field(
        default=(), description="Regions that exporters may name beside the task's own."
    )


class RuleSetting(Part):
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
            fixed = [f"{section}.{name}" for name in members if f"{section}.{name}" in _FOR_ALL_RULES]
            if fixed:
                raise ValueError(
                    f"without {fixed[0]}, which all rules share: set it for the document, or in collectors"
                )
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


class Remediation(Part):
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
        default=30, ge=1, le=720, description="Minutes without progress after which a deployment is set back."
    )
    require_rollback: bool = Field(
        default=True,
        description="Whether only services are updated whose deployment circuit breaker is on and rolls back.",
    )
    approval_hours: int = Field(
        default=168, ge=1, le=2160, description="Hours that a plan may be approved after it was drawn up."
    )
