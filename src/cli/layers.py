"""Which layers of a standard do not count for definitions in files, of whose account little is known."""

from collections.abc import Iterable, Iterator

from cli.evaluating import FileEvaluator
from cli.placing import account_of
from cli.sources.definition import File
from cli.terminal import say

_SEE = "`outrider standard show --account` prints the standard of an account, which --standard takes."


def saying_which_do_not_count(files: Iterable[File], *judges: FileEvaluator) -> Iterator[File]:
    """Pass files on, and say once which layers do not count: those by unit or tags, and those of unknown accounts."""
    selectors = [layer.where for judge in judges for layer in judge.standard.layers]
    if any(where.unit or where.tags for where in selectors):
        say(f"Layers of the standard by organisational unit or tags do not count for files. {_SEE}")
    waits = any(not (where.unit or where.tags) for where in selectors) and not all(judge.account for judge in judges)
    for file in files:
        if waits and any(not each.unread and not account_of(each.task) for each, *_ in file.by_task()):
            waits = False
            say(
                "Layers of the standard by account count only where a task definition names its account, in its ARN or"
                f" those of its roles. {file.name} does not. {_SEE}"
            )
        yield file
