"""Size of the functions' bundle, if `make build` has made one."""

import zlib
from collections.abc import Iterator
from pathlib import Path

from bench.clock import Row

BUILT = Path(__file__).resolve().parent.parent / ".aws-sam" / "build"


def rows() -> Iterator[Row]:
    """Measure each function's bundle, compressed file by file as in a zip."""
    found = sorted(folder for folder in BUILT.glob("*Function") if folder.is_dir())
    if not found:
        yield Row("not built", "-", "run make build first", "6 MiB")
    for folder in found:
        files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        zipped = sum(len(zlib.compress(content)) for content in files) / 2**20
        yield Row(folder.name, f"{zipped:.2f} MiB", f"{len(files):,} files", "6 MiB")
