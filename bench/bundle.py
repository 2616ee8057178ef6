"""How large the functions' bundle is, where `make build` has made one."""

import zlib
from collections.abc import Iterator
from pathlib import Path

from bench.clock import Row

BUILT = Path(__file__).resolve().parent.parent / ".aws-sam" / "build"


def rows() -> Iterator[Row]:
    """Each function's, deflated file by file as a zip does it."""
    found = sorted(folder for folder in BUILT.glob("*Function") if folder.is_dir())
    if not found:
        yield Row("not built", "-", "run make build first", "6 MiB")
    for folder in found:
        files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        zipped = sum(len(zlib.compress(content)) for content in files) / 2**20
        yield Row(folder.name, f"{zipped:.2f} MiB", f"{len(files):,} files", "6 MiB")
