"""Why a container is a collector or may be one, in words."""

from types import MappingProxyType

from domain.collector.distributions import Receives
from domain.ecs.container_roles import Recognised
from domain.ecs.recognition import WEIGHTS, Evidence
from rules._wording import joined

_WORDS = MappingProxyType({
    Evidence.STANDARD_IMAGE: "the standard names its image",
    Evidence.DISTRIBUTION: "its image is a collector's",
    Evidence.ENABLED: "its variables or arguments let it take OTLP",
    Evidence.ADDRESSED: "the applications send to its port",
    Evidence.CONFIGURED: "its configuration, which is not read, may let it take OTLP",
    Evidence.IMAGE_NAME: "its image's name is a collector's",
    Evidence.CONTAINER_NAME: "its name is a collector's",
    Evidence.SIMILAR_NAME: "its name is like a collector's",
    Evidence.VARIABLE: "it has a variable that only collectors read",
    Evidence.GENERAL_VARIABLE: "it has a variable that may hold a collector's configuration",
    Evidence.CONFIG_ARGUMENT: "its --config is a collector's",
    Evidence.FILE_ARGUMENT: "its --config names a YAML file",
    Evidence.OTLP_PORT: "it maps a port of OTLP",
    Evidence.HEALTH_PORT: "it maps 13133, a collector's health check port",
    Evidence.UNKNOWN_IMAGE: "its image is a template's placeholder",
    Evidence.INSTRUMENTED: "it sends telemetry itself",
    Evidence.OTHER_PORTS: "it maps other ports",
})  # fmt: skip


def reasons_of(receiver: Recognised) -> str:
    """The evidence for it, the strongest first, with the distribution's title where that is known."""
    evidence = dict.fromkeys(each for each in receiver.recognition.evidence if WEIGHTS[each] > 0)
    reasons = [_WORDS[each] for each in sorted(evidence, key=lambda each: -WEIGHTS[each])]
    known = receiver.distribution
    if known is not None:
        reasons = [] if known.receives is Receives.ALWAYS else reasons
        reasons.insert(0, f"it is {known.title}")
    return joined(reasons)
