"""What is sent many at a time: as many as a call takes, by number and by bytes."""

from collections.abc import Callable, Iterable, Iterator


def batches[T](items: Iterable[T], most: int, most_bytes: int, weigh: Callable[[T], int]) -> Iterator[list[T]]:
    """In their order; one that is too heavy by itself goes alone."""
    batch, size = list[T](), 0
    for item in items:
        weight = weigh(item)
        if batch and (len(batch) == most or size + weight > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += weight
    if batch:
        yield batch
