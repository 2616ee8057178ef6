"""A collector's command line: `--config=URI` and `--config URI`, and `--set` alike."""

from collections.abc import Iterator

from domain.ecs.container import Container

_FLAGS = ("--config", "-config", "--set", "-set")
_JOINED = tuple(f"{flag}=" for flag in _FLAGS)
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "CMD-SHELL", "env"})


def reading(variable: str) -> str:
    """The argument by which a collector reads its configuration from a variable."""
    return f"--config=env:{variable}"


def overridden(words: tuple[str, ...], variable: str) -> bool:
    """Whether it has a `--config` or `--set` that ADOT ignores where its variable is set."""
    return any(unit[-1] != reading(variable) and unit != ("--config", f"env:{variable}") for unit in _settings(words))


def without_settings(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without every `--config` and `--set`."""
    return tuple(word for unit in _units(words) if not _is_setting(unit) for word in unit)


def conventional(container: Container, variable: str) -> Container:
    """The container with `--config=env:VARIABLE` as its only `--config`; its other arguments stay."""
    command = (*without_settings(container.command), reading(variable))
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
