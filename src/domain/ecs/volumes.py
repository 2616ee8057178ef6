"""What a task's volumes hold when a container starts.

Source: the page on bind mounts of the ECS developer guide: on Fargate they begin empty, but for what the image has
under a VOLUME of its own.
"""

from enum import StrEnum

from domain.ecs.container import Container
from domain.ecs.placeholders import is_filled_in
from domain.ecs.task_definition import TaskDefinition
from domain.ecs.values import Json, mapping_of, objects_of, text_of, truth_of

_EMPTY = frozenset({"name", "host"})
"""The members of a volume that is a bind mount: another one names a file system, or what the service attaches."""


class Mount(StrEnum):
    """What is mounted at a path."""

    EMPTY = "empty"
    """A bind mount that no other container can write to. It belongs to root, if the image has no VOLUME there."""
    SHARED = "shared"
    """A bind mount that another container can write to."""
    OTHER = "other"
    """Something else, such as EFS, or what is not known."""


def mount_at(task: TaskDefinition, container: Container, path: str) -> Mount | None:
    """Return what is mounted where a path is; None where nothing is."""
    points = [point for point in _points(container) if path.startswith(f"{_path(point)}/")]
    point = max(points, key=lambda point: len(_path(point)), default=None)
    if point is None:
        return None
    name = text_of(point.get("sourceVolume"))
    volumes = [volume for volume in objects_of(task.json.get("volumes")) if text_of(volume.get("name")) == name]
    if is_filled_in(name) or len(volumes) != 1 or not _is_bind_mount(volumes[0]):
        return Mount.OTHER
    others = (other for other in task.containers if other.name != container.name)
    return Mount.SHARED if any(_may_write(other, name, container) for other in others) else Mount.EMPTY


def _points(container: Container) -> tuple[Json, ...]:
    """The volumes of a container, and its file systems in memory, in which everybody may write."""
    in_memory = objects_of(mapping_of(container.json.get("linuxParameters")).get("tmpfs"))
    return (*objects_of(container.json.get("mountPoints")), *in_memory)


def _is_bind_mount(volume: Json) -> bool:
    set_here = {member for member, value in volume.items() if value not in (None, [], {})}
    return set_here <= _EMPTY and not volume.get("host")


def _may_write(other: Container, name: str | None, container: Container) -> bool:
    sources = [text_of(each.get("sourceContainer")) for each in objects_of(other.json.get("volumesFrom"))]
    return container.name in sources or any(
        text_of(point.get("sourceVolume")) == name and truth_of(point.get("readOnly")) is not True
        for point in objects_of(other.json.get("mountPoints"))
    )


def _path(point: Json) -> str:
    return (text_of(point.get("containerPath")) or "").rstrip("/")
