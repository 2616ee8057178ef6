"""Which layers of a standard do not count where little is known of the account, as for definitions in files."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cli.placing import account_of
from cli.terminal import say
from domain.standard import Standard

if TYPE_CHECKING:  # a scan needs nothing of files
    from cli.evaluating import FileEvaluator
    from cli.sources.definition import File

_SEE = "`outrider standard show --account` prints the standard of an account, which --standard takes."


def say_if_some_do_not_count(what: str, *standards: Standard) -> None:
    """Say it of layers by unit or tags, for what is evaluated."""
    if any(layer.where.unit or layer.where.tags for standard in standards for layer in standard.layers):
        say(f"Layers of the standard by organisational unit or tags do not count for {what}. {_SEE}")


def saying_which_do_not_count(files: "Iterable[File]", *judges: "FileEvaluator") -> "Iterator[File]":
    """Pass files on, and say once which layers do not count: those by unit or tags, and those of unknown accounts."""
    say_if_some_do_not_count("files", *(judge.standard for judge in judges))
    selectors = [layer.where for judge in judges for layer in judge.standard.layers]
    waits = any(not (where.unit or where.tags) for where in selectors) and not all(judge.account for judge in judges)
    for file in files:
        if waits and any(not each.unread and not account_of(each.task) for each, *_ in file.by_task()):
            waits = False
            say(
                "Layers of the standard by account count only where a task definition names its account, in its ARN or"
                f" those of its roles. {file.name} does not. {_SEE}"
            )
        yield file
