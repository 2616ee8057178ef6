"""Fargate task sizes: CPU units (1024 = 1 vCPU) and memory (MiB).

Source: the task definition parameters page of the Amazon ECS developer guide.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

# CPU units → (smallest, largest, step) of memory in MiB; 256 is irregular and stands apart.
_RANGES = {
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}
MEMORY_BY_CPU: dict[int, tuple[int, ...]] = {256: (512, 1024, 2048)} | {
    cpu: tuple(range(low, high + 1, step)) for cpu, (low, high, step) in _RANGES.items()
}

_NUMBER = re.compile(r"\s*(\d+|\d*\.\d+)\s*(vcpus?|cpu|gb|gib|mb|mib)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """A task's CPU units and memory in MiB."""

    cpu: int
    memory: int

    @property
    def legal(self) -> bool:
        return self.memory in MEMORY_BY_CPU.get(self.cpu, ())

    def __str__(self) -> str:
        return f"{self.cpu} CPU units and {self.memory} MiB"


def amount(value: object) -> int | None:
    """CPU units or MiB from what ECS accepts: `512`, `"512"`, `"1 vCPU"`, `".5 vcpu"`, `"2 GB"`; None for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if not isinstance(value, str):
        return None
    found = _NUMBER.fullmatch(value)
    if found is None:
        return None
    unit = (found[2] or "").lower()
    number = float(found[1]) * (1024 if unit in {"vcpu", "vcpus", "gb", "gib"} else 1)
    return int(number) if number.is_integer() else None


def smallest_holding(cpu: int, memory: int) -> Size | None:
    """The smallest valid size with at least this much of both; None where Fargate has none so large."""
    return next(
        (Size(units, mib) for units in MEMORY_BY_CPU if units >= cpu for mib in MEMORY_BY_CPU[units] if mib >= memory),
        None,
    )


_LATEST = "LATEST"
_METADATA = (1, 4, 0)  # brought the task metadata endpoint V4


def platform_older(version: str, oldest: str) -> bool:
    """Whether a platform version is older than another. False for LATEST and for any text not of the form 1.4.0."""
    if version.upper() == _LATEST:
        return False
    numbers, wanted = _numbers(version), _numbers(oldest)
    return numbers is not None and wanted is not None and numbers < wanted


def no_collector_on(version: str) -> bool:
    """Whether a collector fails to start there: it needs the task metadata endpoint V4."""
    numbers = _numbers(version)
    return numbers is not None and numbers < _METADATA


@lru_cache(maxsize=64)
def _numbers(version: str) -> tuple[int, ...] | None:
    """None where it does not have the form 1.4.0."""
    parts = version.strip().split(".")
    if not all(part.isascii() and part.isdigit() and len(part) < len("1000000") for part in parts):
        return None
    return tuple(int(part) for part in parts)
