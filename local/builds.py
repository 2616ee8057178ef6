"""What sam built: under which name it is kept, and the functions' code in one archive."""

import hashlib
import os
import re
import shutil
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

# What a build depends on: after a change of one of them sam builds again.
SOURCES = (
    "src",
    "tools",
    "local/builds.py",
    "local/sam.py",
    "template.yaml",
    ".python-version",
    "samconfig.toml",
    "requirements/cloud.txt",
    "requirements/sam.txt",
)
_CODE = re.compile(r"(?m)^( +CodeUri: )(\w+)$")


def name_of(template: Path) -> str:
    """Return the name of a template's build, from all its sources."""
    digest = hashlib.sha256(f"{template}\n{os.uname().machine}\n".encode())
    files = [template]
    for name in SOURCES:
        path = ROOT / name
        files += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for path in files:
        if "__pycache__" in path.parts or not path.exists():
            continue
        digest.update(f"{path}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def pack(built: Path) -> None:
    """Replace the functions' folders by one archive for each content: sam would make six at each deployment.

    It is not compressed, because it goes no farther than to this machine.
    """

    @cache
    def packed(name: str) -> str:
        folder = built / name
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        digest = hashlib.sha256()
        for path in files:
            digest.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
        archive = built / f"{digest.hexdigest()[:16]}.zip"
        if not archive.exists():
            with zipfile.ZipFile(archive, "w", strict_timestamps=False) as writing:
                for path in files:
                    writing.write(path, path.relative_to(folder))
        shutil.rmtree(folder)
        return archive.name

    template = built / "template.yaml"
    template.write_text(
        _CODE.sub(lambda code: code[1] + packed(code[2]), template.read_text(encoding="utf-8")), encoding="utf-8"
    )


@dataclass(frozen=True, slots=True)
class Packaged:
    """What sam put into a bucket when it deployed a build: the code, and the template that names it."""

    build: Path

    @property
    def _folder(self) -> Path:
        return self.build / "packaged"

    @property
    def kept(self) -> bool:
        """Whether it was kept."""
        return self._folder.exists()

    def keep(self, s3: Any, bucket: str) -> None:
        """Keep what the bucket holds of this build: sam has its name for a prefix."""
        fresh = self.build / "packaged-new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        for each in s3.list_objects_v2(Bucket=bucket, Prefix=f"{self.build.name}/")["Contents"]:
            (fresh / Path(each["Key"]).name).write_bytes(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read())
        fresh.rename(self._folder)

    def put(self, s3: Any, bucket: str) -> str:
        """Put it into a bucket as sam did; returns the template's key."""
        for path in self._folder.iterdir():
            s3.put_object(Bucket=bucket, Key=f"{self.build.name}/{path.name}", Body=path.read_bytes())
        [template] = self._folder.glob("*.template")
        return f"{self.build.name}/{template.name}"
