"""Rule sidecar.image-pinned."""

import re
from collections.abc import Iterator
from dataclasses import replace

from domain.assumptions import FactKnown, ImageHeld
from domain.collector.releases import Release, newest_known, release_facts
from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.images import Image
from domain.ecs.placeholders import placeholder
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.sidecar._images import refused_after

# Tags that are moved from release to release by their meaning.
_NUMBER = re.compile(r"[0-9]{1,9}")
_FLOATS = re.compile(r"latest|stable|main|master|edge|nightly|dev|v?\d+(\.\d+)?")


class Kind(Code):
    """What this rule reports."""

    FLOATING = "image-floating", "The image has a floating tag, or no tag."
    NO_RELEASE = "tag-no-release", "The image has a tag that is no release's, and may be moved."
    NO_SUCH_TAG = "tag-absent", "The image has a tag that its repository does not hold."
    PLACEHOLDER = "tag-placeholder", "Unknown: the tag is a template's placeholder."
    OTHER_DISTRIBUTION = "other-distribution", "No fix: another distribution has other release numbers."
    REFUSED = "configuration-refused", "Approval: the release refuses parts of the configuration."
    OLDER = "release-older", "Approval: the floating tag may name a later release than the standard's."
    OTHER_BUILD = (
        "tag-content-unknown",
        "Approval: what the image contains is not known: its tag is no release's.",
    )


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield one drift where the image floats; a doubt where a template has not been filled in."""
    collector = workload.present_collector
    image, where = collector.image, f"containers/{collector.name}/image"
    if release := _without_v(workload, image):
        why = f"{image.repository} has no tag {image.tag}: ADOT's tags begin with v. Use {release}."
        yield Drift(Kind.NO_SUCH_TAG, where, why, image.tag or "", str(release))
        return
    if standard.collector.pinned(image):
        return
    if image.tag and placeholder(image.tag):
        why = "The image's tag is a template's placeholder, so whether it is a release is not known."
        yield Doubt(Kind.PLACEHOLDER, where, why)
        return
    code, tag = Kind.FLOATING, "has no tag, which means latest"
    if image.tag:
        floats = _FLOATS.fullmatch(image.tag) is not None
        code, tag = (
            (Kind.FLOATING, f"has the floating tag {image.tag}")
            if floats
            else (Kind.NO_RELEASE, f"has the tag {image.tag}, which names no release")
        )
    wanted = standard.collector.image
    why = f"The image {image.repository} {tag}. The standard's image is {wanted}."
    yield Drift(code, where, why, image.tag or "", wanted)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set the tag (else the digest) of the standard's image, in the repository that is used."""
    after = _changed(workload, standard)
    refused = refused_after(workload, after)
    return after.needing_approval(Kind.REFUSED, refused) if refused else after


def _changed(workload: Workload, standard: Standard) -> Workload:
    collector, wanted = workload.present_collector, Image.parse(standard.collector.image)
    image = collector.image
    if release := _without_v(workload, image):
        return _pinned(workload, collector, replace(image, tag=str(release)), wanted)
    if image.repository == wanted.repository:
        return _asking(_pinned(workload, collector, wanted, wanted), image, wanted)
    if image.name != wanted.name:
        why = f"{image.repository} is another distribution than {wanted.repository}. Pin it to a release of its own."
        raise Refusal(Kind.OTHER_DISTRIBUTION, why)
    pinned = replace(image, tag=wanted.tag, digest=None if wanted.tag else wanted.digest)
    return _asking(_pinned(workload, collector, pinned, wanted), image, wanted)


def _pinned(workload: Workload, collector: Container, image: Image, wanted: Image) -> Workload:
    """With this image. The configuration decides whether it starts, unless the present tag names the same release."""
    changed = workload.with_container(collector.with_(image=str(image))).assuming(ImageHeld(str(image), str(wanted)))
    named = _named_now(workload, collector.image)
    if named is not None and named == Release.of_tag(image.tag or ""):
        return changed
    return changed.assuming(FactKnown(FactKind.CONFIGURATION))


def _named_now(workload: Workload, image: Image) -> Release | None:
    """The release that a floating tag names, in a repository where ADOT publishes all of them; None elsewhere."""
    known, numbers = workload.distribution, _numbers(image.tag)
    if not known.is_adot or image.repository not in known.published or image.digest:
        return None
    if image.tag in {None, "latest"}:
        return newest_known()
    same = (each for each in release_facts().releases if (each.major, each.minor)[: len(numbers)] == numbers)
    return max(same, default=None) if numbers else None


def _without_v(workload: Workload, image: Image) -> Release | None:
    """The release that is meant by a tag such as 0.47.0, in a repository where ADOT publishes its tags; else None."""
    if not image.tag or image.tag.startswith("v") or image.digest:
        return None
    known, release = workload.distribution, Release.of_tag(image.tag)
    published = known.is_adot and image.repository in known.published
    return release if published and release in release_facts().releases else None


def _asking(after: Workload, image: Image, wanted: Image) -> Workload:
    """Asking where the present image may be another build, or a later release than the standard's.

    A tag such as v0.50 floats, and still is later than v0.49.0. `latest` and no tag name the newest release.
    """
    if image.tag and _FLOATS.fullmatch(image.tag) is None:
        why = f"What {image} contains is not known: its tag is no release's. Check what of it the collector needs."
        return after.needing_approval(Kind.OTHER_BUILD, why)
    floats, pinned = _numbers(image.tag), _numbers(wanted.tag)
    if not floats and after.distribution.is_adot:
        floats = _numbers(str(newest_known()))
    if pinned and floats > pinned[: len(floats)]:
        why = f"The tag {image.tag or 'latest'} names a later release than the standard's {wanted.tag}."
        return after.needing_approval(Kind.OLDER, why)
    return after


def _numbers(tag: str | None) -> tuple[int, ...]:
    parts = (tag or "").removeprefix("v").split(".")
    return tuple(int(part) for part in parts) if all(_NUMBER.fullmatch(part) for part in parts) else ()


RULE = Rule(
    id="sidecar.image-pinned",
    title="Collector images should be pinned to a release tag or a digest",
    why="""
        A floating tag such as `latest` changes without notice, so a task that is replaced at night starts another
        collector than the one that was tested.
    """,
    remedy="""
        Sets the tag of the standard's image and keeps the repository. SAFE for the standard's own repository and those
        where the distribution itself publishes every release. REVIEW for any other, a mirror for example, because
        whether it has that release is not known; where the present tag names another release and the configuration is
        not known; where the release refuses parts of the configuration; where the tag is no release's, so that what the
        image contains is not known; and where the floating tag names a later release than the standard's.
        Refused for another distribution's image, which has other release numbers.
    """,
    configure="`collector.image`; `collector.release_tags` for tags of another form that name one release.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=tuple(Kind),
    check=check,
    fix=fix,
    reference="https://github.com/aws-observability/aws-otel-collector/releases",
)
