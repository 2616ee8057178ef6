"""A collector's command line: `--config=URI` and `--config URI`, and `--set` alike."""

from collections.abc import Iterator

from domain.ecs.container import Container
from domain.workload import CONFIG_VARIABLE

CONVENTIONAL = f"--config=env:{CONFIG_VARIABLE}"

_FLAGS = ("--config", "-config", "--set", "-set")
_JOINED = tuple(f"{flag}=" for flag in _FLAGS)
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "CMD-SHELL", "env"})


def overridden(words: tuple[str, ...]) -> bool:
    """Whether it has a `--config` or `--set` that the collector ignores where AOT_CONFIG_CONTENT is set."""
    return any(unit[-1] != CONVENTIONAL and unit != ("--config", f"env:{CONFIG_VARIABLE}") for unit in _settings(words))


def without_settings(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without every `--config` and `--set`."""
    return tuple(word for unit in _units(words) if not _is_setting(unit) for word in unit)


def conventional(container: Container) -> Container:
    """The container with `--config=env:AOT_CONFIG_CONTENT` as its only `--config`; its other arguments stay."""
    command = (*without_settings(container.command), CONVENTIONAL)
    changed = container if container.command == command else container.with_(command=list(command))
    entry_point = without_settings(container.entry_point)
    return changed if container.entry_point == entry_point else changed.with_(entryPoint=list(entry_point))


def shell(words: tuple[str, ...]) -> str | None:
    """The shell that the words start, if they start one."""
    return words[0] if words and words[0].rpartition("/")[2] in _SHELLS else None


def _settings(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (unit for unit in _units(words) if _is_setting(unit))


def _is_setting(unit: tuple[str, ...]) -> bool:
    return unit[0] in _FLAGS or unit[0].startswith(_JOINED)


def _units(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Each word, a flag together with the value that follows it."""
    rest = iter(words)
    for word in rest:
        if word in _FLAGS and (value := next(rest, None)) is not None:
            yield word, value
        else:
            yield (word,)
