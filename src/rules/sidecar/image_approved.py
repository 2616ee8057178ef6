"""Rule sidecar.image-approved."""

from collections.abc import Iterator
from dataclasses import replace

from domain.collector.releases import support_ended
from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.images import Image, version_of
from domain.ecs.placeholders import placeholder
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.sidecar._images import approved, refused_after


class Kind(Code):
    """What this rule reports."""

    NOT_APPROVED = "repository-not-approved", "The image comes from a repository that the standard does not list."
    TOO_OLD = "release-too-old", "The release is older than the standard's minimum, and so not secure."
    UNSUPPORTED = "release-unsupported", "The release is no longer supported."
    PLACEHOLDER = "repository-placeholder", "Unknown: the repository is a template's placeholder."
    RELEASE_UNKNOWN = "release-unknown", "Unknown: the tag or digest names no release."
    NO_LATER = "no-later-release", "No fix: the standard's image is no later release."
    REFUSED = "configuration-refused", "Approval: the new release refuses parts of the configuration."
    RELEASE_CHANGES = "release-changes", "Approval: the new image may lack components that are used."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield a drift for the repository and one for the release; a floating tag belongs to sidecar.image-pinned."""
    collector = workload.present_collector
    image, where = collector.image, f"containers/{collector.name}/image"
    if not approved(image, standard):
        if placeholder(image.repository):
            why = "The image's repository is a template's placeholder, so whether it is approved is not known."
            yield Doubt(Kind.PLACEHOLDER, where, why)
        else:
            found, wanted = image.repository, standard.collector.image
            why = f"The image comes from {found}, which the standard does not list. The standard's image is {wanted}."
            yield Drift(Kind.NOT_APPROVED, where, why, found, wanted)
    yield from _of_release(workload, standard, collector)


def _of_release(workload: Workload, standard: Standard, collector: Container) -> Iterator[Drift | Doubt]:
    """What its release is: too old to be secure, else too old to be supported. Support is known of ADOT alone."""
    image, wanted, where = collector.image, standard.collector, f"containers/{collector.name}/image"
    if not wanted.pinned(image):
        return
    release, minimum = workload.release, wanted.minimum_release
    if release is None and (workload.distribution.is_adot or not image.tag):
        if minimum is not None or wanted.support_days is not None:
            pin = "a digest" if image.digest else f"the tag {image.tag}"
            yield Doubt(Kind.RELEASE_UNKNOWN, where, f"The image is pinned by {pin}, which names no release.")
        return
    found = str(release or image.tag)
    if workload.distribution is not workload.kind.distribution:
        return  # whose releases the standard's minimum does not mean
    if minimum is not None and image.version < version_of(minimum):
        why = f"The collector is release {found}. The standard's minimum is {minimum}."
        yield Drift(Kind.TOO_OLD, where, why, found, minimum)
        return
    days = wanted.support_days
    if release is None or days is None:
        return
    if ended := support_ended(release, workload.read_at.date(), days):
        why = (
            f"The collector is release {release}, which is out of support since {ended.since}. The newest is"
            f" {ended.newest}."
        )
        yield Drift(Kind.UNSUPPORTED, where, why, found, str(ended.newest), Severity.LOW)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set the standard's image, or only its tag where the repository is approved."""
    collector, wanted = workload.present_collector, Image.parse(standard.collector.image)
    image = collector.image
    if approved(image, standard) and image.name == wanted.name and wanted.tag and image.version >= wanted.version:
        why = f"The standard's image, {wanted}, is no later release than {image.tag}. Change the standard first."
        raise Refusal(Kind.NO_LATER, why)
    if approved(image, standard) and wanted.tag and image.name == wanted.name and image.repository != wanted.repository:
        target = str(replace(image, tag=wanted.tag, digest=None))
    else:
        target = standard.collector.image
    after = workload.with_container(collector.with_(image=target))
    changes = f"The collector changes from {image} to {target}."
    if refused := refused_after(workload, after):
        return after.needing_approval(Kind.REFUSED, f"{changes} {refused}")
    why = f"{changes} Check that it has all components of the configuration."
    return after.needing_approval(Kind.RELEASE_CHANGES, why)


RULE = Rule(
    id="sidecar.image-approved",
    title="Collector images should come from an approved repository and be a secure, supported release",
    why="""
        Old releases have known vulnerabilities (before v0.47.0: CVE-2025-68156) and lack components that configurations
        use. An image from another repository is not the one that was reviewed. ADOT supports a release until the next
        minor one: later flaws are fixed in the newest alone.
    """,
    remedy="""
        REVIEW. For a repository that is not approved, sets the standard's image; for an old release, the standard's tag
        in the repository that is used. What the new release refuses of the configuration is named. Refused
        where the standard's own image is no later release.
    """,
    configure="""
        `collector.repositories` and `collector.image`. `collector.minimum_release` for security, and for support
        `collector.support_days`: how long the minor release before the newest is accepted after the newest appeared.
    """,
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=tuple(Kind),
    check=check,
    fix=fix,
    reference="https://github.com/aws-observability/aws-otel-collector/releases",
)
