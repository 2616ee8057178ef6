"""The commands as data: what each takes, the texts of --help, and the function that carries it out.

Functions are named by module, so that one command does not import the modules of all.
"""

from cli.arguments import (
    ACCOUNT,
    CONFIG,
    FAIL_ON,
    FORMAT,
    FORMATS,
    IGNORE,
    NO_INLINE,
    OF_DEFINITIONS,
    OF_REPORT,
    OF_STACK,
    OUTPUT,
    PROFILE,
    REGION,
    SELECT,
    STACK,
    STANDARD,
    WAIT,
    YES,
    files,
    flag,
    of_account,
    one,
    patterns,
    plan,
    report_format,
    several,
)
from cli.grammar import Argument, Command, Many, Takes

ABOUT = (
    "Check, fix and correct ECS task definitions that should have an OpenTelemetry collector as a sidecar, and ask"
    " the service for corrections."
)
GROUPS = {"standard": "Work on the standard: validate it, show the packaged one, and compare two."}
"""First words that several commands share."""
SHELLS = ("bash", "zsh", "fish")

_CODES = "Exits with 1 if something drifted; else with 2 if an input could not be used; else with 0."
_ASKED = (
    "Calls AWS with your own credentials. Exits with 0 on success (without --wait: if the request was sent), 1 if it"
    " was refused, failed or did not end in time, 2 if the request could not be sent."
)

COMMANDS = (
    Command(
        "apply",
        "cli.approvals:apply",
        "[OPTIONS] WHAT",
        f"Approve the plan of a finding, a family or a service.\n\nShows the plan, and asks for confirmation. {_ASKED}",
        (
            Argument(
                "what",
                "A finding's Id, a family, CLUSTER/SERVICE, or the ARN of a task definition or service.",
                shown="WHAT",
            ),
            plan("If the plan has changed since, no request is sent."),
            YES,
            WAIT,
            *OF_STACK,
        ),
    ),
    Command(
        "check",
        "cli.check:check",
        "[OPTIONS] FILE...",
        "Check task definitions against the rules.\n\nMakes no AWS calls: what would have to be read from AWS is"
        f" reported as unknown. {_CODES}",
        (
            files(
                "Files or folders: task definitions in JSON or YAML, templates of CloudFormation, SAM and CDK,"
                " Terraform's files and plans, Copilot's manifests, ecspresso's definitions. A dash is standard input."
            ),
            STANDARD,
            CONFIG,
            SELECT,
            IGNORE,
            report_format(FORMATS),
            *OF_REPORT,
            ACCOUNT,
            Argument("region", "The region of definitions that name none, for asff and ocsf.", ("--region",), "REGION"),
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
            Argument(
                "release",
                "The ADOT release that reads them (default: the newest that Outrider knows).",
                ("--release",),
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
        "correct",
        "cli.correct:correct",
        "[OPTIONS] WHAT",
        "Correct a family or a service that is in AWS.\n\nReads it, its roles and its configuration, evaluates it,"
        " shows what would change, and asks for confirmation. Then registers the corrected revision, or updates the"
        " service. Calls AWS with your own credentials. Exits with 0 if it was corrected, 1 if not, 2 if there is"
        " nothing to correct or the correction is not possible.",
        (
            Argument("what", "A family, CLUSTER/SERVICE, the ARN of either, or a finding's Id.", shown="WHAT"),
            plan("If the plan has changed since, nothing is changed."),
            YES,
            Argument(
                "standard",
                "The standard to evaluate by, instead of the stack's. No stack is needed then.",
                ("--standard",),
                "FILE",
                Takes.FILE,
                default=None,
            ),
            STACK,
            REGION,
            PROFILE,
        ),
    ),
    Command(
        "corrections",
        "cli.approvals:corrections",
        "[OPTIONS] [FAMILY|on|off]",
        "Show corrections in progress, why some wait, and quarantines.\n\nWithout FAMILY, shows all families that have"
        " one of these. `on` and `off` turn all corrections of the stack on or off, and `on` has what waits tried"
        " now; nothing else changes anything. Calls AWS with your own credentials.",
        (
            Argument(
                "what",
                "Its name; also CLUSTER/SERVICE, an ARN or a finding's Id. Or `on` or `off`.",
                shown="FAMILY",
                many=Many.AT_MOST_ONE,
            ),
            Argument("account", "Turn only those in this account on or off.", ("--account",), "ID", read=of_account),
            YES,
            *OF_STACK,
        ),
    ),
    Command(
        "coverage",
        "cli.coverage:coverage",
        "[OPTIONS]",
        "Show what the last sweep covered, and what it could not.\n\nReads the certificate of coverage with your own"
        " credentials, and changes nothing. Exits with 0 if everything was covered, 1 if not or if the certificate was"
        " changed, 2 if it could not be read.",
        (
            Argument(
                "report", "Write the sweep's report, one HTML page, to this file.", ("--report",), "FILE", Takes.FILE
            ),
            FORMAT,
            STACK,
            REGION,
            PROFILE,
        ),
    ),
    Command(
        "doctor",
        "cli.doctor:doctor",
        "[OPTIONS]",
        "Check whether a deployed stack can work.\n\nReads with your own credentials, changes nothing, and posts"
        " nothing to Slack. For each check that does not hold it prints the command that fixes it. What may not be read"
        " is reported as unknown. Exits with 0 if no check fails, 1 if one fails, 2 if there is no such stack.",
        (
            STACK,
            REGION,
            PROFILE,
            FORMAT,
            flag("policy", "Only print the IAM policy that this command needs, and call nothing."),
        ),
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
    Command(
        "release",
        "cli.approvals:release",
        "[OPTIONS] FAMILY|--stages",
        "Let Outrider correct a quarantined family again.\n\nWith --stages, let corrections of all accounts go on that"
        f" stopped because some failed. {_ASKED}",
        (
            Argument(
                "what",
                "Its name; also CLUSTER/SERVICE, an ARN or a finding's Id.",
                shown="FAMILY",
                many=Many.AT_MOST_ONE,
            ),
            flag("stages", "Release the stages of corrections over accounts."),
            YES,
            WAIT,
            *OF_STACK,
        ),
    ),
    Command(
        "replay",
        "cli.replay:replay",
        "[OPTIONS] FILE...",
        "Show what the service would do about saved events.\n\nEvaluates what they concern as the service does, and"
        " shows the findings, alerts and plans. Reads with your own credentials, and writes and sends nothing. With a"
        " stack it also reads what the ledger knows. Exits with 0 if every event could be evaluated or concerns"
        " nothing; else with 2.",
        (
            Argument(
                "files",
                "Events of EventBridge, records of CloudTrail, or messages of the queue `changes`, as JSON.",
                shown="FILE",
                takes=Takes.FILE,
                many=Many.SOME,
            ),
            STACK,
            REGION,
            PROFILE,
            FORMAT,
        ),
    ),
    Command(
        "retry",
        "cli.approvals:retry",
        "[OPTIONS] [FAMILY]",
        "Try now the corrections that wait.\n\nWithout FAMILY, those of all families: also those that waited too long"
        " for the switch or the standard. What failed needs `outrider release`. Calls AWS with your own credentials.",
        (
            Argument(
                "what",
                "Its name; also CLUSTER/SERVICE, an ARN or a finding's Id.",
                shown="FAMILY",
                many=Many.AT_MOST_ONE,
            ),
            *OF_STACK,
        ),
    ),
    Command("rules", "cli.catalogue:rules", "[OPTIONS]", "List the rules.", (FORMAT,)),
    Command(
        "scan",
        "cli.scan:scan",
        "[OPTIONS]",
        "Evaluate what is in accounts and regions now.\n\nOnly reads, with your own credentials, and needs no stack."
        " Evaluates each service with the revision that it runs, and each family without a service. Exits with 1 if"
        " something drifted; else with 3 if something could not be read; else with 0. With 2 if it could not begin.",
        (
            several("profile", "A profile of your AWS configuration (may be repeated).", "NAME"),
            several("region", "A region (may be repeated; default: that of your AWS configuration).", "REGION"),
            several("account", "An account, instead of that of the credentials (may be repeated).", "ID"),
            Argument("role_name", "The role to assume in each --account.", ("--role-name",), "NAME"),
            Argument("external_id", "The external id that this role requires.", ("--external-id",), "ID"),
            Argument("family", "Only this task-definition family.", ("--family",), "NAME"),
            Argument("cluster", "Only the services of this cluster.", ("--cluster",), "NAME"),
            STANDARD,
            Argument("report", "Write the report as one HTML file.", ("--report",), "FILE", Takes.FILE),
            Argument(
                "earlier",
                "The JSON of an earlier scan, for the report's trend (may be repeated).",
                ("--earlier",),
                "FILE",
                Takes.FILE,
                Many.ANY,
                read=one,
            ),
            report_format(FORMATS),
            OUTPUT,
            FAIL_ON,
            flag("policy", "Only print the IAM policy that this command needs, and call nothing."),
        ),
    ),
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
            Argument("standard", "The new standard.", ("--standard",), "FILE", Takes.FILE, required=True),
            Argument(
                "against",
                "The standard to compare it with (default: the stack's, else the packaged one).",
                ("--against",),
                "FILE",
                Takes.FILE,
                default=None,
            ),
            Argument("stack", "Compare on what this stack's ledger knows, too.", ("--stack",), "NAME", default=None),
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
            Argument("account", "The account.", ("--account",), "ID", read=of_account),
            Argument(
                "standard",
                "A standard with layers, instead of the stack's.",
                ("--standard",),
                "FILE",
                Takes.FILE,
                default=None,
            ),
            Argument(
                "unit",
                "The account's organisational units, instead of those in the ledger.",
                ("--unit",),
                "ID,ID…",
                default=(),
                read=patterns,
            ),
            Argument(
                "tags",
                "The account's tags, instead of those in the ledger.",
                ("--tags",),
                "KEY=VALUE,…",
                default=(),
                read=patterns,
            ),
            STACK,
            REGION,
            PROFILE,
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
        "status",
        "cli.status:status",
        "[OPTIONS]",
        "Show what is open, what waits for approval, and what needs a person.\n\nOpen findings by severity, plans that"
        " wait for approval, corrections in progress, failures, quarantines, exemptions, suppressed findings and the"
        " last sweep. Reads the stack's ledger with your own credentials, and changes nothing.",
        (FORMAT, STACK, REGION, PROFILE),
    ),
    Command(
        "sweep",
        "cli.sweep:sweep",
        "[OPTIONS]",
        "Have the stack evaluate everything again.\n\nStarts the sweep that the schedule starts once a day, or a part"
        " of it. Calls AWS with your own credentials. Exits with 0 if it was started, 2 if not.",
        (
            Argument("account", "Only this account.", ("--account",), "ID"),
            Argument("only_region", "Only this region of the accounts.", ("--only-region",), "REGION"),
            Argument("cluster", "Only the services of this cluster.", ("--cluster",), "NAME"),
            Argument("family", "Only this task-definition family.", ("--family",), "NAME"),
            flag("quiet", "Send one digest, and not an alert for each finding."),
            STACK,
            REGION,
            PROFILE,
        ),
    ),
    Command(
        "undo",
        "cli.approvals:undo",
        "[OPTIONS] WHAT",
        "Undo Outrider's last correction of a family or a service.\n\nServices go back to what they ran before. The"
        f" family is in quarantine from then on, until it is released. {_ASKED}",
        (
            Argument(
                "what",
                "CLUSTER/SERVICE, or a family for its revision and all its services; also an ARN or a finding's Id.",
                shown="WHAT",
            ),
            YES,
            WAIT,
            *OF_STACK,
        ),
    ),
    Command(
        "upgrade",
        "cli.upgrade:upgrade",
        "--to RELEASE [OPTIONS] FILE...",
        "Show what another release of the collector breaks.\n\nOf task definitions and collector configurations: what"
        " the release refuses, what it calls otherwise, and which releases are out of support. Exits with 1 if"
        " something breaks or the release is out of support; else with 2 if an input could not be used; else with 0.",
        (
            files("Files or folders with task definitions or collector configurations. A dash is standard input."),
            Argument("to", "The ADOT release to change to.", ("--to",), "RELEASE", required=True),
            Argument(
                "since",
                "The release that is used now. A task definition names its own; without it, all that the new one"
                " refuses counts.",
                ("--from",),
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
