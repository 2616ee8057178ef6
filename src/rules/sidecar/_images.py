"""Which collector images a standard approves."""

from domain.collector import newly_refused
from domain.ecs.images import Image, repository_matches
from domain.standard import Standard
from domain.workload import Workload

_FEW = 4


def approved(image: Image, standard: Standard) -> bool:
    """Whether it comes from a repository that the standard lists, or from that of the standard's own image."""
    wanted = standard.collector
    return (
        repository_matches(image.repository, wanted.repositories)
        or image.repository == Image.parse(wanted.image).repository
    )


def refused_after(before: Workload, after: Workload) -> str:
    """Return what the release of `after` refuses of the configuration that the collector starts with today.

    It is a sentence; empty if nothing is known to be refused. A file of the image changes with it, and is evaluated by
    itself.
    """
    release, configuration = after.release, before.read_configuration
    if release is None or configuration is None or configuration.excerpt:
        return ""
    templated = before.holds_configuration and before.revision is None
    places = newly_refused(configuration, before.release, release, templated=templated)
    if not places:
        return ""
    more = f" and {len(places) - _FEW} more parts" if len(places) > _FEW else ""
    return f"{release} refuses {', '.join(places[:_FEW])}{more} of the configuration: the collector would not start."
