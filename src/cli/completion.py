"""`outrider completion`: a script for a shell, made from the commands and the rules as they are now."""

from argparse import Namespace
from collections.abc import Iterator

from cli.commands import COMMANDS, GROUPS
from cli.exits import CLEAN
from cli.grammar import Argument, Command, Takes
from rules import CATALOGUE

_HELP = ("--help", "-h")


def completion(given: Namespace) -> int:
    """Print the script."""
    match given.shell:
        case "bash":
            print(_bash())
        case "zsh":
            print(_zsh())
        case _:
            print("\n".join(_fish()))
    return CLEAN


def _first_words() -> list[str]:
    return sorted({each.name.partition(" ")[0] for each in COMMANDS})


def _second_words(group: str) -> list[str]:
    return [each.name.removeprefix(f"{group} ") for each in COMMANDS if each.name.startswith(f"{group} ")]


def _rules() -> tuple[str, ...]:
    topics = dict.fromkeys(f"{rule.topic}.*" for rule in CATALOGUE)
    return (*topics, *(rule.id for rule in CATALOGUE))


def _values(argument: Argument) -> tuple[str, ...]:
    return _rules() if argument.takes is Takes.RULE else argument.choices


def _options(command: Command) -> list[str]:
    return [*(each.name for each in command.arguments if each.name), *_HELP]


def _operand(command: Command) -> Argument | None:
    return next((each for each in command.arguments if not each.name), None)


def _quoted(words: tuple[str, ...] | list[str]) -> str:
    """Return words for a shell's array. No name of a command, option or rule needs more than quotes."""
    return " ".join(f"'{word}'" for word in words)


# --- bash and zsh -------------------------------------------------------------------------------------------------

# `first` is the place of the first word after `outrider`, `place` that of the word to complete: bash counts from 0.
_COMMON = """\
    local command="${words[first]}" before="${words[place-1]}" second="${words[first+1]}" values=() files=0
    case "$command" in
        GROUPS) command="$command $second" ;;
    esac
    if ((place == first)); then
        values=(FIRST)
    else
        case "$command|$before" in
CASES
        esac
    fi
"""


def _cases() -> Iterator[str]:
    """Yield what may follow: the values of an option that takes some, else options and operands."""
    margin = " " * 12
    for group in GROUPS:
        second = _quoted(_second_words(group))
        yield f'{margin}"{group} $second|{group}") values=({second}) ;;'
    for command in COMMANDS:
        for option in command.arguments:
            if not option.name or option.takes is Takes.NOTHING:
                continue
            found = f"values=({_quoted(_values(option))})"
            yield f'{margin}"{command.name}|{option.name}") {"files=1" if option.takes is Takes.FILE else found} ;;'
        operand = _operand(command)
        words = [*_options(command), *(_values(operand) if operand else ())]
        files = " files=1" if operand is not None and operand.takes is Takes.FILE else ""
        yield f'{margin}"{command.name}|"*) values=({_quoted(words)}){files} ;;'


def _common() -> str:
    cases = "\n".join(_cases())
    groups = "|".join(GROUPS)
    return _COMMON.replace("GROUPS", groups).replace("FIRST", _quoted(_first_words())).replace("CASES", cases)


def _bash() -> str:
    return f"""\
# Completion of outrider for bash.
_outrider() {{
    local words=("${{COMP_WORDS[@]}}") place=$COMP_CWORD first=1
{_common()}\
    local word
    COMPREPLY=()
    for word in "${{values[@]}}"; do
        [[ $word == "${{words[place]}}"* ]] && COMPREPLY+=("$word")
    done
    if ((files)); then
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "${{words[place]}}")
    fi
}}
complete -F _outrider outrider"""


def _zsh() -> str:
    return f"""\
#compdef outrider
# Completion of outrider for zsh.
_outrider() {{
    local place=$CURRENT first=2
{_common()}\
    ((${{#values[@]}})) && compadd -- "${{values[@]}}"
    ((files)) && _files
    return 0
}}
compdef _outrider outrider"""


# --- fish ---------------------------------------------------------------------------------------------------------


def _fish() -> Iterator[str]:
    yield "# Completion of outrider for fish."
    yield "complete -c outrider -f"
    for command in COMMANDS:
        first, _, second = command.name.partition(" ")
        if not second:
            yield _complete("__fish_use_subcommand", f"-a {first}", command.summary)
    for group, text in GROUPS.items():
        seen = f"__fish_seen_subcommand_from {group}"
        yield _complete("__fish_use_subcommand", f"-a {group}", text)
        for name in _second_words(group):
            others = " ".join(_second_words(group))
            summary = next(each.summary for each in COMMANDS if each.name == f"{group} {name}")
            yield _complete(f"{seen}; and not __fish_seen_subcommand_from {others}", f"-a {name}", summary)
    for command in COMMANDS:
        condition = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in command.name.split())
        for each in command.arguments:
            if argument := _fish_argument(each):
                yield _complete(condition, argument, each.text)
        yield _complete(condition, "-l help -s h", "Print this page.")


def _fish_argument(argument: Argument) -> str:
    name = f"-l {argument.name.removeprefix('--')}" if argument.name else ""
    # fish would take the star of a pattern for one of file names.
    values = " ".join(value for value in _values(argument) if "*" not in value)
    match argument.takes:
        case Takes.NOTHING:
            return name
        case Takes.FILE:
            return f"{name} -r -F" if name else "-F"
        case _ if values:
            return f"{name} -x -a '{values}'" if name else f"-a '{values}'"
        case _:
            return f"{name} -x" if name else ""


def _complete(condition: str, what: str, about: str) -> str:
    text = about.replace("\\", "\\\\").replace("'", "\\'")
    return f"complete -c outrider -n '{condition}' {' '.join(what.split())} -d '{text}'"
