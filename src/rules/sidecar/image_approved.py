"""Rule sidecar.image-approved."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from domain.collector.releases import Release
from domain.drift import Code, Doubt, Drift
from domain.ecs.container_roles import COLLECTOR_NAME
from domain.ecs.images import Image
from domain.ecs.placeholders import placeholder
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.sidecar._images import approved


class Kind(Code):
    """What this rule reports."""

    NOT_APPROVED = "repository-not-approved", "The image comes from a repository that the standard does not list."
    TOO_OLD = "release-too-old", "The release is older than the standard's minimum."
    PLACEHOLDER = "repository-placeholder", "Unknown: the repository is a template's placeholder."
    RELEASE_UNKNOWN = "release-unknown", "Unknown: the tag or digest names no release."
    RELEASE_CHANGES = "release-changes", "Approval: the new image may lack components that are used."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield a drift for the repository and one for the release; a floating tag belongs to sidecar.image-pinned."""
    collector = workload.collector
    if collector is None:
        return
    image, where = collector.image, f"containers/{collector.name}/image"
    if not approved(image, standard):
        if placeholder(image.repository):
            why = "The image's repository is a template's placeholder, so whether it is approved is not known."
            yield Doubt(Kind.PLACEHOLDER, where, why)
        else:
            found, wanted = image.repository, standard.collector.image
            why = f"The image comes from {found}, which the standard does not list. The standard's image is {wanted}."
            yield Drift(Kind.NOT_APPROVED, where, why, found, wanted)
    if not image.pinned or image.name != COLLECTOR_NAME:
        return
    release = workload.release
    if release is None:
        pin = "a digest" if image.digest else f"the tag {image.tag}"
        yield Doubt(Kind.RELEASE_UNKNOWN, where, f"The image is pinned by {pin}, which names no release.")
    elif release < _minimum(minimum := standard.collector.minimum_release):
        why = f"The collector is release {release}. The standard's minimum is {minimum}."
        yield Drift(Kind.TOO_OLD, where, why, str(release), minimum)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set the standard's image, or only its tag where the repository is approved."""
    collector, wanted = workload.collector, Image.parse(standard.collector.image)
    if collector is None:
        return workload
    image = collector.image
    if approved(image, standard) and wanted.tag and image.name == wanted.name and image.repository != wanted.repository:
        target = str(replace(image, tag=wanted.tag, digest=None))
    else:
        target = standard.collector.image
    why = f"The collector changes from {image} to {target}. Check that it has all components of the configuration."
    return workload.with_container(collector.with_(image=target)).needing_approval(Kind.RELEASE_CHANGES, why)


@lru_cache(maxsize=16)
def _minimum(text: str) -> Release:
    return Release.parse(text)


RULE = Rule(
    id="sidecar.image-approved",
    title="The collector's image comes from an approved repository and is at least the minimum release",
    why="""
        Old releases have known vulnerabilities (before v0.47.0: CVE-2025-68156) and lack components that configurations
        use. An image from another repository is not the one that was reviewed.
    """,
    remedy="""
        REVIEW. For a repository that is not approved, sets the standard's image; for an old release, the standard's tag
        in the repository that is used. A newer collector may lack components that the configuration names.
    """,
    configure="`collector.minimum_release`, `collector.repositories`, `collector.image`.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=tuple(Kind),
    check=check,
    fix=fix,
    reference="https://github.com/aws-observability/aws-otel-collector/releases",
)
