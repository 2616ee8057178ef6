"""Size of the functions' bundle, if `make build` has made one."""

import io
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from bench.clock import Row

BUILT = Path(__file__).resolve().parent.parent / ".aws-sam" / "build"


def rows() -> Iterator[Row]:
    """Measure each function's bundle as a zip file."""
    found = sorted(folder for folder in BUILT.glob("*Function") if folder.is_dir())
    if not found:
        yield Row("not built", "-", "run make build first", "6 MiB")
    for folder in found:
        files, zipped = sorted(path for path in folder.rglob("*") if path.is_file()), io.BytesIO()
        with ZipFile(zipped, "w", ZIP_DEFLATED) as archive:
            for path in files:
                archive.write(path, path.relative_to(folder))
        yield Row(folder.name, f"{zipped.tell() / 2**20:.2f} MiB", f"{len(files):,} files", "6 MiB")
