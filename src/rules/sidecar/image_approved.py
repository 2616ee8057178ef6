"""The collector's image comes from an approved repository and is at least the minimum release.

Why: old releases have known holes (before v0.47.0: CVE-2025-68156) and lack components that configurations use, and
an image from elsewhere is not what was reviewed.

Fix: REVIEW. For a repository that is not approved, sets the standard's image; for an old release, its tag in the
repository that is used. A newer collector may have dropped components that the configuration names.

Configure: `collector.minimum_release`, `collector.repositories`, `collector.image`.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from domain.collector.releases import Release
from domain.drift import Doubt, Drift
from domain.ecs.container_roles import COLLECTOR_NAME
from domain.ecs.images import Image
from domain.ecs.placeholders import placeholder
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.sidecar._images import approved


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Repository and release, each for itself; a floating tag is sidecar.image-pinned's."""
    collector = workload.collector
    if collector is None:
        return
    image, where = collector.image, f"containers/{collector.name}/image"
    if not approved(image, standard):
        if placeholder(image.repository):
            yield Doubt(
                where, "The image's repository is a template's placeholder, so whether it is approved cannot be told."
            )
        else:
            yield Drift(
                where,
                f"The image comes from {image.repository}, which the standard does not list;"
                f" its own is {standard.collector.image}.",
            )
    if not image.pinned or image.name != COLLECTOR_NAME:
        return
    release = workload.release
    if release is None:
        yield Doubt(
            where,
            f"The image is pinned by {'a digest' if image.digest else f'the tag {image.tag}'}, which tells no release.",
        )
    elif release < _minimum(standard.collector.minimum_release):
        yield Drift(
            where,
            f"The collector is release {release}; the standard's minimum is {standard.collector.minimum_release}.",
        )


def fix(workload: Workload, standard: Standard) -> Workload:
    """The standard's image, or only its tag where the repository is approved."""
    collector, wanted = workload.collector, Image.parse(standard.collector.image)
    if collector is None:
        return workload
    image = collector.image
    if approved(image, standard) and wanted.tag and image.name == wanted.name and image.repository != wanted.repository:
        target = str(replace(image, tag=wanted.tag, digest=None))
    else:
        target = standard.collector.image
    return workload.with_container(collector.with_(image=target)).needing_review(
        f"The collector changes from {image} to {target}: does that still have what its configuration names?"
    )


@lru_cache(maxsize=16)
def _minimum(text: str) -> Release:
    return Release.parse(text)


RULE = Rule(
    id="sidecar.image-approved",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    check=check,
    fix=fix,
    reference="https://github.com/aws-observability/aws-otel-collector/releases",
    doc=__doc__,
)
