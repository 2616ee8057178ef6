"""The log configuration of a collector, made from its task's and the standard's."""

from collections.abc import Mapping

from domain.drift import Code, Refusal
from domain.ecs.container import Container
from domain.ecs.values import mapping_of
from domain.standard import Standard
from domain.workload import Workload


class LogCode(Code):
    """Why no log configuration can be made."""

    NO_REGION = "log-region-unknown", "No fix: neither the task nor its applications' logs name a region."
    NO_OPTIONS = "log-options-unknown", "No fix: no application uses the standard's log driver, to copy its options."


def wanted_driver(collector: Container, standard: Standard) -> str:
    """The standard's log driver; awslogs for a log router, which cannot send its own log to itself."""
    return "awslogs" if collector.routes_logs else standard.collector.logging.driver


def awslogs_options(workload: Workload, standard: Standard) -> dict[str, str]:
    """Group, region and stream prefix: the group that an application of the task writes to, else the standard's.

    Refusal where no region is known.
    """
    wanted = standard.collector.logging
    like = _with_driver(workload.applications, "awslogs", "awslogs-group")
    theirs: Mapping[str, str] = like.log_options if like else {}
    region = theirs.get("awslogs-region") or workload.place.region
    if not region:
        why = "The log driver awslogs needs a region, and neither the task nor its applications' logs name one."
        raise Refusal(LogCode.NO_REGION, why)
    options = {
        "awslogs-group": theirs.get("awslogs-group") or wanted.group,
        "awslogs-region": region,
        "awslogs-stream-prefix": wanted.stream_prefix,
    }
    if "awslogs-create-group" in theirs:
        options["awslogs-create-group"] = theirs["awslogs-create-group"]
    return options


def log_configuration(workload: Workload, standard: Standard, driver: str) -> dict[str, object]:
    """The whole of it, with this driver. Refusal where the driver's options are not known."""
    if driver == "awslogs":
        return {"logDriver": driver, "options": awslogs_options(workload, standard)}
    like = _with_driver(workload.applications, driver)
    if like is None:
        why = f"The standard's log driver is {driver}, and no application of the task uses it, to copy its options."
        raise Refusal(LogCode.NO_OPTIONS, why)
    return dict(mapping_of(like.json.get("logConfiguration")))


def _with_driver(containers: tuple[Container, ...], driver: str, option: str = "") -> Container | None:
    return next((c for c in containers if c.log_driver == driver and (not option or c.log_options.get(option))), None)
