"""Where a collector's user may write.

Source: the Dockerfile of ADOT's image (cmd/awscollector). It is made from scratch, so it has no /tmp, and all of it
is root's but the home of its user aoc (4317).
"""

from domain.ecs.values import truth_of
from domain.ecs.volumes import Mount, mount_at
from domain.workload import Workload

HOME = "/home/aoc"
_OWN_USER = frozenset({"", "aoc", "4317"})
_ROOT = frozenset({"0", "root"})
_TEMPORARY = "/tmp/"  # noqa: S108 - compared with, never opened


def may_write(workload: Workload, path: str) -> bool | None:
    """Tell if the collector may write to a path; None where another container decides it."""
    collector = workload.present_collector
    if collector.user in _ROOT:
        return True
    mount = mount_at(workload.task, collector, f"{path}/")
    if not _is_adots_user(workload):
        return mount is not None or f"{path}/".startswith(_TEMPORARY)
    match mount:
        case Mount.EMPTY:
            return False
        case Mount.SHARED:
            return None
        case Mount.OTHER:
            return True
        case None:
            return f"{path}/".startswith(f"{HOME}/") and has_home(workload)


def has_home(workload: Workload) -> bool:
    """Tell if the home of ADOT's user is there, and may be written to."""
    read_only = truth_of(workload.present_collector.json.get("readonlyRootFilesystem"))
    return _is_adots_user(workload) and not read_only


def _is_adots_user(workload: Workload) -> bool:
    return workload.image_as_published and workload.present_collector.user in _OWN_USER
