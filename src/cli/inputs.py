"""The inputs that a command is given: files, and folders in which files are found."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.output.evaluation import InputError
from cli.paths import report_path
from cli.sources.definition import File
from cli.sources.detection import ENDINGS, Reader, is_about_tasks
from cli.terminal import say
from cli.texts import STDIN, found_in, text_whatever_it_is
from cli.unusable import NoDefinition, Unusable
from reports.text import first_of


@dataclass(frozen=True, slots=True)
class Kind[T]:
    """What a command reads. `read` raises Unusable; `find`, for a file of a folder, NoDefinition if it is skipped.

    A file of a folder that cannot be read is a mistake if its text is `about` what the command reads, else skipped.
    `endings` are those of the files that are read in a folder. The sentences: `nothing` is said if nothing is named,
    `lacking` completes a folder's name if it has no such file, and `other` says why a file is skipped.
    """

    read: Callable[[str], Iterable[T]]
    find: Callable[[str], Iterable[T]]
    about: Callable[[str], bool]
    endings: tuple[str, ...]
    nothing: str
    lacking: str
    other: str


@dataclass
class Inputs[T]:
    """The named files and those of the named folders, each once. What cannot be used is reported, the rest is read.

    `output` is the file of the report: it is no input. With `skips_others`, named files about something else are
    skipped, as those of a folder are.
    """

    names: Sequence[str]
    kind: Kind[T]
    output: str | None = None
    skips_others: bool = False
    errors: list[InputError] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    _read: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if not self.names:  # before anything is printed
            raise Unusable(self.kind.nothing)

    def usable(self) -> Iterator[T]:
        for name in self.names:
            if self._is_read(name):
                continue
            try:
                if name != STDIN and Path(name).is_dir():
                    yield from self._of_folder(name)
                elif name != STDIN and self.skips_others:
                    yield from self._found(name)
                else:
                    yield from self.kind.read(name)
            except Unusable as unusable:
                self._refuse(name, unusable)

    def _of_folder(self, folder: str) -> Iterator[T]:
        names = [name for name in found_in(folder, self.kind.endings) if not self._is_output(name)]
        skipped = len(self.skipped)
        for name in names:
            if not self._is_read(name):
                yield from self._found(name)
        if len(self.skipped) - skipped == len(names):
            raise Unusable(f"{folder} {self.kind.lacking} Name another folder.")

    def _found(self, name: str) -> Iterator[T]:
        """Yield what a file has; skip it if it is about something else."""
        try:
            yield from self.kind.find(name)
        except Unusable as unusable:
            if isinstance(unusable, NoDefinition) or not self._is_meant(name):
                self.skipped.append(name)
                self._read.discard(report_path(name))  # named itself, it may be a mistake
            else:
                self._refuse(name, unusable)

    def _is_output(self, name: str) -> bool:
        return self.output is not None and report_path(name) == report_path(self.output)

    def _is_read(self, name: str) -> bool:
        """Return whether it was read before, also by another name of it or of its folder."""
        path = report_path(name)
        known = path in self._read
        self._read.add(path)
        return known

    def _is_meant(self, name: str) -> bool:
        text = text_whatever_it_is(name)
        return text is None or self.kind.about(text)

    def _refuse(self, name: str, why: Unusable) -> None:
        self.errors.append(InputError(name, str(why)))
        say(str(why))

    def say_what_was_skipped(self) -> None:
        """Name the first, and how many more there are."""
        if self.skipped:
            say(f"Skipped, because {self.kind.other}: {first_of(self.skipped, 1)}.")


def definitions(names: Sequence[str], output: str | None = None, *, skips_others: bool = False) -> Inputs[File]:
    """Return the inputs of a command that takes task definitions."""
    reader = Reader()

    def one(name: str) -> tuple[File]:
        return (reader.file(name),)

    return Inputs(
        names,
        Kind(
            one,
            one,
            is_about_tasks,
            ENDINGS,
            nothing="Name a file or a folder with task definitions, or - for standard input.",
            lacking="has no file with a task definition in it.",
            other="there is no task definition in it",
        ),
        output,
        skips_others,
    )
