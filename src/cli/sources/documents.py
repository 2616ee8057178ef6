"""A file of YAML with several documents: each is read by itself, and changes of one leave the others as they are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

from cli.sources.definition import File, Wanted
from cli.sources.nodes import Edited, Node
from cli.terminal import say
from cli.texts import Text, shown
from cli.unusable import NoDefinition


def of_documents(given: Text, documents: Sequence[tuple[int, Node]], read: Callable[[Node], File]) -> File:
    """Return the task definitions of all documents, which have their places; raise Unusable if none has any.

    One that has none is skipped with a sentence if another one has.
    """
    full = [(begin, root) for begin, root in documents if root.value is not None]
    if not full:
        raise NoDefinition(f"{shown(given.name)} {'has no content' if given.text.strip() else 'is empty'}.")
    found, skipped = list[tuple[int, File]](), list[tuple[int, NoDefinition]]()
    for begin, root in full:
        try:
            found.append((begin, read(root)))
        except NoDefinition as nothing:
            skipped.append((begin, nothing))
    if not found:
        raise skipped[0][1]
    for begin, _ in skipped:
        line = given.text.count("\n", 0, begin) + 1
        say(f"{shown(given.name)}, line {line}: skipped, because there is no task definition in this document.")
    if len(found) == 1:
        return found[0][1]
    begins, files = [begin for begin, _ in found], [file for _, file in found]
    definitions = tuple(each for file in files for each in file.definitions)
    return File(given.name, given.text, given.encoding, definitions, _Rewriting(given.text, begins, files))


@dataclass(frozen=True)
class _Rewriting:
    """Writes the changes of each document where it stands: between its beginning and that of the next one."""

    text: str = field(repr=False)
    begins: Sequence[int]
    files: Sequence[File] = field(repr=False)

    def __call__(self, wanted: Sequence[Wanted]) -> Edited:
        rest = iter(wanted)
        edited = [file.rewritten([*islice(rest, len(file.definitions))]) for file in self.files]
        by_hand = dict.fromkeys(path for each in edited for path in each.by_hand)
        return Edited("".join(self._pieces(edited)), (*by_hand,))

    def _pieces(self, edited: Sequence[Edited]) -> Iterator[str]:
        bounds = [0, *self.begins[1:], len(self.text)]
        for each, (begin, end) in zip(edited, pairwise(bounds), strict=True):
            yield each.text[begin : len(each.text) - (len(self.text) - end)]
