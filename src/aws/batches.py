"""Batches: as many items as one call accepts, by number and by bytes."""

from collections.abc import Callable, Iterable, Iterator


def batches[T](items: Iterable[T], most: int, most_bytes: int, weigh: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield the items in batches, in order. An item that is too large for any batch is one by itself."""
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
