"""A Terraform module: the texts and blocks of its files, and what their evaluation may cost."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cli.sources.hcl_syntax import Block, Expression
from cli.sources.resolving import ACCOUNT, REGION

MOST_EFFORT = 500_000
ARNS: Final[Mapping[str, str]] = {
    "aws_iam_role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "aws_iam_policy": f"arn:aws:iam::{ACCOUNT}:policy/{{}}",
    "aws_ecs_task_definition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{{}}",
    "aws_cloudwatch_log_group": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}",
    "aws_ssm_parameter": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{{}}",
}
"""What stands for the ARNs of a module's resources, by their type."""


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

    def found(self, kind: str, *labels: str) -> tuple[str, Block] | None:
        """Return the file and the block of this kind and these labels."""
        return next((each for each in self.every(kind) if each[1].labels == labels), None)

    def local(self, name: str) -> tuple[str, Expression] | None:
        """Return the file and the expression of a local value."""
        found = ((file, block.attributes.get(name)) for file, block in self.every("locals"))
        return next(((file, attribute[1]) for file, attribute in found if attribute is not None), None)

    def uses(self, name: str) -> int:
        """Return how often the module's texts name a value."""
        pattern = re.compile(rf"{re.escape(name)}(?![\w-])")
        return sum(len(pattern.findall(text)) for text in self.texts.values())
