"""What extensions refuse of their values."""

import re
from collections.abc import Iterator
from typing import Final

from domain.collector.checks.building import (
    Checks,
    at_least,
    pattern,
    required,
    well_formed,
    when_started,
)
from domain.collector.checks.shared import listens
from domain.collector.problems import Problem, ProblemCode
from domain.collector.scalars import go_duration
from domain.collector.settings import Settings

_OCTAL: Final = re.compile(r"0?[0-7]{3,4}", re.ASCII)


def _storage_directory(settings: Settings) -> Iterator[Problem]:
    """The default directory is in no ADOT image, and the extension looks for it before anything starts."""
    if not settings.given.get("directory") and not settings.switch("create_directory"):
        yield settings.problem(ProblemCode.REQUIRED, "directory")


def _storage_permissions(settings: Settings) -> Iterator[Problem]:
    if settings.switch("create_directory"):
        yield from well_formed("directory_permissions", _OCTAL.fullmatch, "permissions such as 0750")(settings)


EXTENSIONS: Final[Checks] = {
    "ecsobserver.Config": (required("cluster_name"),),
    "ecsobserver.ServiceConfig": (required("name_pattern"), pattern("name_pattern"), pattern("container_name_pattern")),
    "ecsobserver.TaskDefinitionConfig": (
        required("arn_pattern"),
        pattern("arn_pattern"),
        pattern("container_name_pattern"),
    ),
    "ecsobserver.DockerLabelConfig": (required("port_label"),),
    "filestorage.Config": (_storage_directory, _storage_permissions),
    "filestorage.CompactionConfig": (at_least("max_transaction_size", 0),),
    "healthcheckextension.Config": (
        required("endpoint"),
        well_formed("path", lambda path: path.startswith("/"), "a path that begins with /"),
        when_started(listens),
    ),
    "http.CheckCollectorPipelineConfig": (
        well_formed("interval", lambda interval: go_duration(interval) is not None, "a duration, such as 5m"),
        at_least("exporter_failure_threshold", 1),
    ),
    "zpagesextension.Config": (required("endpoint"), when_started(listens)),
}
