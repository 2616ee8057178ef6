"""The commands that read files and the catalogue as data. `standard` may read a stack's standard."""

from cli.arguments import (
    A_STACK,
    ACCOUNT,
    CONFIG,
    FAIL_ON,
    FORMAT,
    FORMATS,
    IGNORE,
    NO_INLINE,
    OF_DEFINITIONS,
    OF_REPORT,
    PROFILE,
    REGION,
    SELECT,
    STANDARD,
    file_option,
    files,
    flag,
    listed,
    of_account,
    report_format,
)
from cli.grammar import Argument, Command, Many, Option, Takes

SHELLS = ("bash", "zsh", "fish")

_CODES = "Exits with 1 if something drifted; else with 2 if an input could not be used; else with 0."

FILE_COMMANDS = (
    Command(
        "check",
        "cli.check:check",
        "[OPTIONS] FILE...",
        "Check task definitions against the rules.\n\nMakes no AWS calls: what would have to be read from AWS is"
        f" reported as unknown. {_CODES}",
        (
            files(
                "Files or folders: task definitions in JSON or YAML, templates of CloudFormation, SAM and CDK,"
                " Terraform's files and plans, Copilot's manifests, ecspresso's definitions (with the extra jsonnet,"
                " also in Jsonnet). A dash is standard input."
            ),
            STANDARD,
            CONFIG,
            SELECT,
            IGNORE,
            report_format(FORMATS),
            *OF_REPORT,
            flag(
                "complete",
                "Exit with 3, and not with 0, if a definition could not be evaluated, because the source does not say"
                " what its containers are or where it runs.",
            ),
            ACCOUNT,
            Option("region", "The region of definitions that name none, for asff and ocsf.", "REGION"),
        ),
    ),
    Command(
        "collector",
        "cli.collector:collector",
        "[OPTIONS] FILE...",
        "Check collector configurations without a task definition.\n\nMistakes with which the collector does not start"
        f" are HIGH or CRITICAL. Rules that depend on the task are not evaluated. {_CODES}",
        (
            files("Files or folders with collector configurations. A dash is standard input."),
            Option(
                "release",
                "The ADOT release that reads them (default: the newest that Outrider knows).",
                "RELEASE",
                default=None,
            ),
            STANDARD,
            SELECT,
            IGNORE,
            report_format(each for each in FORMATS if each not in OF_DEFINITIONS),
            *OF_REPORT,
        ),
    ),
    Command(
        "completion",
        "cli.completion:completion",
        "SHELL",
        "Print a script that completes commands, options and rules in a shell.\n\nFor bash:"
        ' `eval "$(outrider completion bash)"` in ~/.bashrc; for zsh the same with zsh in ~/.zshrc, after compinit; for'
        " fish: `outrider completion fish > ~/.config/fish/completions/outrider.fish`.",
        (Argument("shell", "The shell.", shown="SHELL", choices=SHELLS),),
    ),
    Command(
        "explain",
        "cli.catalogue:explain",
        "RULE...",
        "Explain rules.",
        (
            Argument(
                "rules",
                "Names of rules, as `rules` and `check` show them, or patterns such as 'sidecar.*'.",
                shown="RULE",
                takes=Takes.RULE,
                many=Many.SOME,
            ),
        ),
    ),
    Command(
        "fix",
        "cli.fix:fix",
        "[OPTIONS] FILE",
        "Print a file with the drift of its task definitions fixed.\n\nOnly the lines of what changes differ; what"
        " cannot be changed in the file is listed. Makes only safe fixes, unless --review is given. Standard error"
        " lists what was fixed, what was not, and why. Exits with 0 if nothing is drifted afterwards, 1 if"
        " something is, 2 if the file could not be used.",
        (
            Argument("file", "A file that `check` accepts. A dash is standard input.", shown="FILE", takes=Takes.FILE),
            STANDARD,
            CONFIG,
            SELECT,
            IGNORE,
            NO_INLINE,
            flag("diff", "Print a diff instead, without values that may be secret."),
            flag("write", "Write the file instead of printing it."),
            flag("review", "Make the fixes that need approval, too."),
        ),
    ),
    Command("rules", "cli.catalogue:rules", "[OPTIONS]", "List the rules.", (FORMAT,)),
    Command(
        "standard diff",
        "cli.standards:diff",
        "[OPTIONS] [FILE...]",
        "Show what another standard would change: drifts that appear or disappear, severities and modes.\n\nCompares"
        " on task definitions in files, and with --stack on what that stack's ledger knows of its account. Reads"
        " nothing from ECS or IAM, and changes nothing. Exits with 1 if something would change; else with 2 if an"
        " input could not be used; else with 0.",
        (
            files("Files or folders with task definitions, as `check` takes them."),
            file_option("standard", "The new standard.", required=True),
            file_option("against", "The standard to compare it with (default: the stack's, else the packaged one)."),
            Option("stack", "Compare on what this stack's ledger knows, too.", "NAME", default=None),
            REGION,
            PROFILE,
            CONFIG,
            FORMAT,
        ),
    ),
    Command(
        "standard show",
        "cli.standards:show",
        "[OPTIONS]",
        "Print the packaged standard, or the standard of one account.\n\nThe packaged one has every field and what it"
        " means. That of an account has the layers for it, and says from which line each value comes; other commands"
        " take it as a standard. Without --standard it is the stack's, read with your own credentials.",
        (
            Option("account", "The account.", "ID", read=of_account),
            file_option("standard", "A standard with layers, instead of the stack's."),
            Option(
                "unit",
                "The account's organisational units, instead of those in the ledger.",
                "ID,ID…",
                default=(),
                read=listed,
            ),
            Option(
                "tags", "The account's tags, instead of those in the ledger.", "KEY=VALUE,…", default=(), read=listed
            ),
            *A_STACK,
        ),
    ),
    Command(
        "standard validate",
        "cli.standards:validate",
        "[OPTIONS] FILE...",
        "Check standards: what is wrong in them, what contradicts itself, and what can have no effect.\n\nExits with 0"
        " if there is nothing to report, 1 if there are only warnings, 2 if Outrider would refuse one of them.",
        (files("YAML files. A dash is standard input."), FORMAT),
    ),
    Command(
        "upgrade",
        "cli.upgrade:upgrade",
        "--to RELEASE [OPTIONS] FILE...",
        "Show what another release of the collector breaks.\n\nOf task definitions and collector configurations: what"
        " the release refuses, what it calls otherwise, and which releases are out of support. Exits with 1 if"
        " something breaks or the new release is out of support; else with 2 if an input could not be used; else with"
        " 0.",
        (
            files("Files or folders with task definitions or collector configurations. A dash is standard input."),
            Option("to", "The ADOT release to change to.", "RELEASE", required=True),
            Option(
                "from_",
                "The release that is used now. A task definition names its own; without it, all that the new one"
                " refuses counts.",
                "RELEASE",
                default=None,
            ),
            STANDARD,
            CONFIG,
            SELECT,
            IGNORE,
            FORMAT,
            FAIL_ON,
        ),
    ),
)
