"""What is wrong with a standard, as data: a code, a severity, and the field and line that each problem is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

type Path = tuple[int | str, ...]


class Level(StrEnum):
    """Whether a standard with such a problem is refused."""

    ERROR = "error"
    WARNING = "warning"


class Problem(StrEnum):
    """Every problem that is looked for. Codes never change their meaning."""

    # The text.
    TOO_LARGE = "too-large"
    NOT_TEXT = "not-text"
    NOT_YAML = "not-yaml"
    NOT_A_MAPPING = "not-a-mapping"
    TOO_DEEP = "too-deep"
    REPEATED_FIELD = "repeated-field"
    UNKNOWN_FIELD = "unknown-field"
    MISSING_FIELD = "missing-field"
    WRONG_VALUE = "wrong-value"
    # What can have no effect, though somebody depends on it.
    UNKNOWN_RULE = "unknown-rule"
    MATCHES_NOTHING = "matches-nothing"
    UNKNOWN_TOOL = "unknown-tool"
    UNUSED_SELECTOR = "unused-selector"
    # What contradicts itself.
    IMAGE_TOO_OLD = "image-below-minimum"
    PARAMETER_NOT_ALLOWED = "parameter-not-allowed"
    # What may be meant, but is often a mistake.
    ONLY_BARE_NAME = "only-bare-name"
    SELECTS_NO_FAMILY = "selects-no-family"
    EXCLUDES_ALL = "excludes-all"
    NOTHING_SET = "nothing-set"
    NO_FIX = "no-fix"
    EXPIRED = "exemption-expired"
    IMAGE_UNSUPPORTED = "image-out-of-support"

    @property
    def level(self) -> Level:
        """A standard is refused for what protects nobody or contradicts itself. It is never refused for its age."""
        return Level.WARNING if self in _WARNINGS else Level.ERROR


_WARNINGS = frozenset({
    Problem.ONLY_BARE_NAME, Problem.SELECTS_NO_FAMILY, Problem.EXCLUDES_ALL, Problem.NOTHING_SET, Problem.NO_FIX,
    Problem.EXPIRED, Problem.IMAGE_UNSUPPORTED,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a problem is: its line, or the line above a field that is missing. 0 for the document as a whole."""

    line: int = 0
    column: int = 0
    below: bool = False

    def __str__(self) -> str:
        """Say it as a sentence does."""
        column = f", column {self.column}" if self.column else ""
        return f"{'under ' if self.below else ''}line {self.line}{column}"


@dataclass(frozen=True, slots=True)
class Found:
    """One problem of a standard. `why` is a clause about the field at `path`, or about the document."""

    code: Problem
    why: str
    path: Path = ()
    at: Place = Place()

    @property
    def level(self) -> Level:
        """Whether the standard is refused."""
        return self.code.level

    @property
    def field(self) -> str:
        """Return the field as it is written: `rules[0].where.cluster`."""
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return path.lstrip(".").removesuffix(".[key]")

    @property
    def sentence(self) -> str:
        """Say it without its place."""
        return " ".join(filter(None, (self.field, self.why))) + "."

    def described(self, source: str) -> str:
        """Say it with the document's name and the line."""
        if not self.at.line:
            return f"{source} {self.sentence}"
        return f"{source}, {self.at}: {self.sentence}"


class StandardInvalid(Exception):
    """A standard that cannot be used, and everything that is wrong with it. The message has a sentence for each."""

    def __init__(self, source: str, problems: Iterable[Found]) -> None:
        self.source, self.problems = source, tuple(problems)
        super().__init__(source, *(found.code.value for found in self.problems))

    def __str__(self) -> str:
        """Say what is wrong, a line each."""
        return "\n".join(found.described(self.source) for found in self.problems)
