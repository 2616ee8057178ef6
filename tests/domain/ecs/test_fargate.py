import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ecs.fargate import MEMORY_BY_CPU, Size, amount, smallest_holding


@pytest.mark.parametrize(
    ("cpu", "low", "high", "count"),
    [
        (256, 512, 2048, 3),
        (512, 1024, 4096, 4),
        (1024, 2048, 8192, 7),
        (2048, 4096, 16384, 13),
        (4096, 8192, 30720, 23),
        (8192, 16384, 61440, 12),
        (16384, 32768, 122880, 12),
    ],
)
def test_the_sizes_are_those_of_the_developer_guide(cpu: int, low: int, high: int, count: int) -> None:
    sizes = MEMORY_BY_CPU[cpu]
    assert (sizes[0], sizes[-1], len(sizes)) == (low, high, count)


@pytest.mark.parametrize(
    ("size", "legal"),
    [
        (Size(256, 512), True),
        (Size(256, 1536), False),
        (Size(256, 4096), False),
        (Size(512, 512), False),
        (Size(8192, 20480), True),
        (Size(8192, 21504), False),
        (Size(768, 2048), False),
        (Size(0, 0), False),
    ],
)
def test_only_the_pairs_of_the_table_are_legal(size: Size, *, legal: bool) -> None:
    assert size.legal is legal


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (512, 512),
        ("512", 512),
        (" 512 ", 512),
        (512.0, 512),
        ("1 vCPU", 1024),
        ("1vcpu", 1024),
        (".25 vCPU", 256),
        ("0.5 GB", 512),
        ("2 gib", 2048),
        ("512 MiB", 512),
        ("0.3 GB", None),
        (512.5, None),
        (True, None),
        (None, None),
        ("", None),
        ("half", None),
        ("-1", None),
        ("1e3", None),
        ("${cpu}", None),
        ([512], None),
        (float("nan"), None),
        (float("inf"), None),
        ("9" * 5000, None),
    ],
)
def test_an_amount_is_read_as_ecs_reads_it(value: object, found: int | None) -> None:
    assert amount(value) == found


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()))
def test_any_value_is_an_amount_or_none(value: object) -> None:
    assert isinstance(amount(value), int | None)


@given(st.integers(0, 20_000), st.integers(0, 130_000))
def test_the_smallest_size_that_holds_is_legal_and_no_smaller_one_holds(cpu: int, memory: int) -> None:
    every = [Size(units, mib) for units, sizes in MEMORY_BY_CPU.items() for mib in sizes]
    holding = [size for size in every if size.cpu >= cpu and size.memory >= memory]
    assert smallest_holding(cpu, memory) == min(holding, default=None)
