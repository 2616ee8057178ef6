"""A Terraform module: the texts and blocks of its files, and what their evaluation may cost."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from cli.sources.hcl_syntax import Block, Expression
from cli.sources.resolving import ACCOUNT, REGION, region_of

MOST_EFFORT = 500_000
ARNS: Final[Mapping[str, str]] = {
    "aws_iam_role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "aws_iam_policy": f"arn:aws:iam::{ACCOUNT}:policy/{{}}",
    "aws_ecs_task_definition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{{}}",
    "aws_cloudwatch_log_group": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}",
    "aws_ssm_parameter": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{{}}",
}
"""What stands for the ARNs of a module's resources, by their type."""
_LOCAL = re.compile(r"local\.([\w-]+)")


@dataclass
class Effort:
    """What the evaluation of a module may still cost: small values that refer to one another can make a huge one."""

    left: int = field(default_factory=lambda: MOST_EFFORT)

    def spend(self, value: Any) -> bool:
        """Count one more value; return whether that was too much."""
        self.left -= 1 + (len(value) // 64 if isinstance(value, str) else 0)
        return self.left < 0


@dataclass(frozen=True)
class Module:
    """A module's files: their texts and blocks by name, and what reads further files of the module's folder."""

    texts: Mapping[str, str] = field(repr=False)
    blocks: Mapping[str, Sequence[Block]] = field(repr=False)
    read: Callable[[str], str | None]
    values: Mapping[str, tuple[str, Expression]] = field(default_factory=dict, repr=False)
    """The values of variables that files such as terraform.tfvars give."""
    json: frozenset[str] = frozenset()
    """The files that are written as JSON."""
    effort: Effort = field(default_factory=Effort, repr=False, compare=False)

    def every(self, kind: str) -> Iterator[tuple[str, Block]]:
        """Yield the blocks of this kind, each with its file."""
        return ((file, block) for file, blocks in self.blocks.items() for block in blocks if block.kind == kind)

    def found(self, near: str, kind: str, *labels: str) -> tuple[str, Block] | None:
        """Return the file and the block of this kind and these labels. Of several, that in the file `near` is meant."""
        return _nearest(self._blocks.get((kind, labels), {}), near)

    def local(self, near: str, name: str) -> tuple[str, Expression] | None:
        """Return the file and the expression of a local value; of several, that in the file `near`."""
        return _nearest(self._locals.get(name, {}), near)

    def uses_of_local(self, name: str) -> int:
        """Return how often the module's texts name a local value."""
        return self._uses_of_locals[name]

    def region(self, near: str) -> str:
        """Return a region that a file names; else one that the module names, or the one that stands for any."""
        own = region_of(self.texts[near])
        return own if own != REGION else self._region

    @cached_property
    def _blocks(self) -> Mapping[tuple[str, tuple[str, ...]], Mapping[str, Block]]:
        found = dict[tuple[str, tuple[str, ...]], dict[str, Block]]()
        for file, blocks in self.blocks.items():
            for block in blocks:
                found.setdefault((block.kind, block.labels), {}).setdefault(file, block)
        return found

    @cached_property
    def _locals(self) -> Mapping[str, Mapping[str, Expression]]:
        found = dict[str, dict[str, Expression]]()
        for file, block in self.every("locals"):
            for name, (_, expression) in block.attributes.items():
                found.setdefault(name, {}).setdefault(file, expression)
        return found

    @cached_property
    def _uses_of_locals(self) -> Counter[str]:
        return Counter(name for text in self.texts.values() for name in _LOCAL.findall(text))

    @cached_property
    def _region(self) -> str:
        regions = map(region_of, self.texts.values())
        return next((each for each in regions if each != REGION), REGION)


def _nearest[T](found: Mapping[str, T], near: str) -> tuple[str, T] | None:
    file = near if near in found else next(iter(found), None)
    return None if file is None else (file, found[file])
