"""The collector's image is pinned to a release tag or a digest.

Why: a floating tag such as `latest` changes without notice, and a task that is replaced at night starts another
collector than the one that was tested.

Fix: sets the tag of the standard's image and leaves the repository. SAFE for a repository that the standard approves;
for any other REVIEW, because nobody has said that it holds that release, and where the floating tag names a later
release than the standard's. Refused for another distribution's image:
its releases are numbered otherwise.

Configure: `collector.image`.
"""

from collections.abc import Iterator
from dataclasses import replace

from domain.drift import Doubt, Drift, Refusal
from domain.ecs.images import Image
from domain.ecs.placeholders import placeholder
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.sidecar._images import approved


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """One drift where the image floats; a doubt where a template has not been filled in."""
    collector = workload.collector
    if collector is None or collector.image.pinned:
        return
    image, where = collector.image, f"containers/{collector.name}/image"
    if image.tag and placeholder(image.tag):
        yield Doubt(where, "The image's tag is a template's placeholder, so whether it is a release cannot be told.")
        return
    found = f"has the floating tag {image.tag}" if image.tag else "has no tag, which means latest"
    yield Drift(where, f"The image {image.repository} {found}; the standard's is {standard.collector.image}.")


def fix(workload: Workload, standard: Standard) -> Workload:
    """The tag (else the digest) of the standard's image, in the repository that is used."""
    collector, wanted = workload.collector, Image.parse(standard.collector.image)
    if collector is None:
        return workload
    image = collector.image
    if image.repository == wanted.repository:
        after = workload.with_container(collector.with_(image=standard.collector.image))
        return _asking_where_older(after, image, wanted)
    if image.name != wanted.name:
        raise Refusal(
            f"{image.repository} is another distribution than {wanted.repository}: pin it to a release of its own."
        )
    pinned = replace(image, tag=wanted.tag, digest=None if wanted.tag else wanted.digest)
    after = workload.with_container(collector.with_(image=str(pinned)))
    if wanted.tag and approved(image, standard):
        return _asking_where_older(after, image, wanted)
    return after.needing_review(
        f"Whether {image.repository} holds {wanted.tag or wanted.digest} is not known: look before it is used."
    )


def _asking_where_older(after: Workload, image: Image, wanted: Image) -> Workload:
    """A tag such as v0.50 floats, and still says more than the standard's v0.49.0: going back is for a person."""
    floats, pinned = _numbers(image.tag), _numbers(wanted.tag)
    if floats > pinned[: len(floats)]:
        return after.needing_review(f"The tag {image.tag} names a later release than the standard's {wanted.tag}.")
    return after


def _numbers(tag: str | None) -> tuple[int, ...]:
    parts = (tag or "").removeprefix("v").split(".")
    return tuple(int(part) for part in parts) if all(part.isascii() and part.isdecimal() for part in parts) else ()


RULE = Rule(
    id="sidecar.image-pinned",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    check=check,
    fix=fix,
    reference="https://github.com/aws-observability/aws-otel-collector/releases",
    doc=__doc__,
)
