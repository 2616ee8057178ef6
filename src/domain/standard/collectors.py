"""The collector that a workload must have: its kind, its image and its settings."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from domain.collector.distributions import ADOT, NONE, OWN, Distribution, distribution_of, distributions
from domain.ecs.images import Image, never_matches
from domain.ecs.recognition import DEFAULT_VARIABLE, CollectorKind
from domain.standard.part import AfterValidator, Field, Part, WithJsonSchema, field_validator, model_validator
from domain.standard.selector import Pattern, Selector
from domain.workload import Workload

if TYPE_CHECKING:
    from pydantic import ValidationInfo


def _kinds() -> tuple[str, ...]:
    return (*(key for key, each in distributions().items() if each.published), OWN, NONE)


def _known(value: str) -> str:
    if value not in _kinds():
        raise ValueError(f"one of {', '.join(_kinds())}; not {value[:40]}")
    return value


def _may_match(pattern: str) -> str:
    if why := never_matches(pattern):
        raise ValueError(f"a pattern that can match a repository: {why}")
    return pattern


Kind = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(_kinds())})]
Repository = Annotated[Pattern, AfterValidator(_may_match)]


class Logging(Part):
    """The collector's own log."""

    driver: Literal["awslogs", "splunk", "awsfirelens"] = Field(
        default="awslogs", description="The log driver; Fargate supports these three."
    )
    group: str = Field(
        default="/ecs/aws-otel-collector", description="The log group if no application of the task has one."
    )
    stream_prefix: str = Field(default="ecs", min_length=1, description="The prefix of log stream names.")


class Collector(Part):
    """The collector container that every task must have. The defaults are those of ADOT."""

    kind: Kind = Field(
        default=ADOT,
        description="Which collector it is. `own` is an image that the organisation builds; with `none`, applications"
        " export their telemetry themselves, and no collector is required.",
    )
    name: str = Field(
        default="adot-collector", pattern=r"^[A-Za-z0-9_-]{1,255}$", description="Its name when a correction adds it."
    )
    release_tags: tuple[Pattern, ...] = Field(
        default=(), description="Patterns of tags of your own that count as pinned to one release: `build-*`."
    )
    image: str = Field(
        default="public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0",
        description="The approved image, with a release tag or a digest. Required for every kind but adot and none.",
    )
    repositories: tuple[Repository, ...] = Field(
        default=(
            "public.ecr.aws/aws-observability/aws-otel-collector",
            "amazon/aws-otel-collector",
            "docker.io/amazon/aws-otel-collector",
            "*.dkr.ecr.*.amazonaws.com/*aws-observability/aws-otel-collector",
            "*.dkr.ecr.*.amazonaws.com.cn/*aws-observability/aws-otel-collector",
        ),
        description="Patterns of the repositories from which the collector's image may come.",
    )
    also: tuple[Repository, ...] = Field(
        default=(),
        description="Patterns of other repositories by which a container is recognised as this collector; they are"
        " not approved.",
    )
    minimum_release: str | None = Field(
        default="v0.47.0",
        pattern=r"^v?\d+\.\d+\.\d+(b\d+)?$",
        description="The oldest accepted release; v0.47.0 fixes CVE-2025-68156. Other kinds than adot have none by"
        " default.",
    )
    support_days: int | None = Field(
        default=60,
        ge=0,
        le=3650,
        description="Days for which the previous minor release is accepted after the newest one appeared; ADOT supports"
        " only the newest. Null: no check of support. Only for ADOT, whose release dates are known.",
    )
    variable: str = Field(
        default="AOT_CONFIG_CONTENT",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$",
        description="The environment variable that holds its configuration.",
    )
    parameter: str = Field(
        default="/fargate/otel-collector-config",
        pattern=r"^(/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*|arn:[a-z-]+:ssm:[a-z0-9-]+:\d{12}:parameter/[A-Za-z0-9_./-]+)$",
        description="The SSM parameter that holds the configuration: a name in the task's region, or an ARN.",
    )
    parameters_allowed: tuple[Pattern, ...] = Field(default=("*",), description="Patterns of accepted parameter names.")
    allow_secrets_manager: bool = Field(
        default=False, description="Whether the configuration may come from Secrets Manager instead of SSM."
    )
    essential: bool = Field(default=False, description="Whether a task stops when its collector stops.")
    cpu: int = Field(default=256, ge=0, le=16384, description="CPU units reserved.")
    memory: int = Field(default=512, ge=6, le=122880, description="MiB reserved.")
    user: str | None = Field(
        default="4317",
        pattern=r"^[A-Za-z0-9_.-]{1,32}(:[A-Za-z0-9_.-]{1,32})?$",
        description="The user of an added collector; null for the image's user. ADOT's image runs as 4317.",
    )
    readonly_root_filesystem: bool = Field(
        default=True,
        description="Whether the root filesystem of an added collector is read-only. The CloudWatch agent"
        " writes to its own, so its default is false.",
    )
    logging: Logging = Field(default=Logging(), description="Its own log.")

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, value: object) -> object:
        """Add the defaults of its kind, if it is not ADOT."""
        if not isinstance(value, Mapping):
            return value
        kind = value.get("kind", ADOT)
        if kind == ADOT or kind not in _kinds():
            return value
        if kind != NONE and "image" not in value:
            raise ValueError(f"must name its image: kind {kind} has no default")
        return {**_defaults(str(kind), str(value.get("image", ""))), **value}

    @field_validator("user", mode="before", json_schema_input_type=str | int | None)
    @classmethod
    def _number(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("image")
    @classmethod
    def _pinned(cls, value: str, given: "ValidationInfo") -> str:
        kind, tags = given.data.get("kind", ADOT), given.data.get("release_tags", ())
        if kind != NONE and not _pins(Image.parse(value), CollectorKind(kind).distribution, tags):
            raise ValueError(
                "an image with a release tag such as v0.49.0, or a digest; the rules do not accept a floating tag"
            )
        return value

    def pinned(self, image: Image) -> bool:
        """Return whether an image has a digest, or a tag that names one release."""
        return _pins(image, self.as_kind.distribution, self.release_tags)

    @property
    def distribution(self) -> Distribution:
        """What is known of collectors of its kind."""
        return self.as_kind.distribution

    @cached_property
    def as_kind(self) -> CollectorKind:
        """What tells which container is this collector."""
        repository = "" if self.kind == NONE else Image.parse(self.image).repository
        return CollectorKind(self.kind, repository, self.also, self.variable)


@lru_cache(maxsize=4096)
def _pins(image: Image, of_kind: Distribution, tags: tuple[str, ...]) -> bool:
    if image.digest is not None:
        return True
    if not image.tag:
        return False
    known = distribution_of(image.repository) or of_kind
    return known.is_release_tag(image.tag) or any(fnmatchcase(image.tag, pattern) for pattern in tags)


def _defaults(kind: str, image: str) -> dict[str, Any]:
    known = distributions().get(kind)
    name = kind if known is not None and known.variables else "otel-collector"
    last = Image.parse(image).name
    published = tuple(each for each in (known.published if known else ()) if each.rpartition("/")[2] == last)
    # Mirrors in ECR keep the repository's owner.
    owned = dict.fromkeys("/".join(each.split("/")[-2:]) for each in published)
    mirrors = (f"*.dkr.ecr.*.amazonaws.{end}/*{path}" for path in owned for end in ("com", "com.cn"))
    return {
        "name": name,
        "repositories": (*published, *mirrors),
        "minimum_release": None,
        "support_days": None,
        "variable": next(iter(known.variables if known else ()), DEFAULT_VARIABLE),
        "parameter": f"/fargate/{name}-config",
        "user": known.user if known else None,
        "readonly_root_filesystem": bool(known and known.readonly),
        "logging": {"group": f"/ecs/{name}"},
    }


def _of_definitions(selector: Selector) -> Selector:
    # The collector is in the task definition: families and services must agree on which it is.
    if selector.empty:
        raise ValueError("must name what it means; for all write `collector` instead of `collectors`")
    for member in ("cluster", "service", "resource"):
        if getattr(selector, member):
            raise ValueError(f"must do without {member}: a collector belongs to a task definition, not to a service")
    return selector


class CollectorFor(Collector):
    """Another collector for some task definitions: the fields of `collector`, with the defaults of its kind."""

    where: Annotated[Selector, AfterValidator(_of_definitions)] = Field(
        description="Which task definitions: by account, region, family or tags."
    )

    def applies_to(self, workload: Workload) -> bool:
        """Whether this is the collector of a workload. A service's own tags do not count."""
        return self.where.matches(workload.of_family())
