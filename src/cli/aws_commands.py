"""The commands that call AWS as data: those about a deployed stack, and those about what runs in accounts."""

from dataclasses import replace

from cli.arguments import (
    A_STACK,
    FAIL_ON,
    FORMAT,
    FORMATS,
    OF_STACK,
    OUTPUT,
    STANDARD,
    WAIT,
    YES,
    file_option,
    flag,
    of_account,
    one,
    plan,
    report_format,
    several,
)
from cli.grammar import Argument, Command, Many, Option, Takes

_ASKED = (
    "Calls AWS with your own credentials. Exits with 0 on success (without --wait: if the request was sent), 1 if it"
    " was refused, failed or did not end in time, 2 if the request could not be sent."
)

_FAMILY = Argument(
    "what", "Its name; also CLUSTER/SERVICE, an ARN or a finding's Id.", shown="FAMILY", many=Many.AT_MOST_ONE
)

AWS_COMMANDS = (
    Command(
        "apply",
        "cli.approvals:apply",
        "[OPTIONS] WHAT",
        f"Approve the plan of a finding, a family or a service.\n\nShows the plan, and asks for confirmation. {_ASKED}",
        (
            Argument(
                "what", "A finding's Id, a family, CLUSTER/SERVICE, or the ARN of a task definition or service.", "WHAT"
            ),
            plan("If the plan has changed since, no request is sent."),
            YES,
            WAIT,
            *OF_STACK,
        ),
    ),
    Command(
        "correct",
        "cli.correct:correct",
        "[OPTIONS] WHAT",
        "Correct a family or a service in AWS, with your own credentials.\n\nReads it, its roles and its configuration,"
        " evaluates it, shows what would change, and asks for confirmation. Then registers the corrected revision, or"
        " updates the service. Exits with 0 if it was corrected, 1 if not, 2 if there is nothing to correct or the"
        " correction is not possible.",
        (
            Argument("what", "A family, CLUSTER/SERVICE, the ARN of either, or a finding's Id.", shown="WHAT"),
            plan("If the plan has changed since, nothing is changed."),
            YES,
            file_option("standard", "The standard to evaluate by, instead of the stack's. No stack is needed then."),
            *A_STACK,
        ),
    ),
    Command(
        "corrections",
        "cli.approvals:corrections",
        "[OPTIONS] [FAMILY|on|off]",
        "Show corrections in progress, why some wait, and quarantines.\n\nWithout FAMILY, shows all families that have"
        " one of these. `on` and `off` turn all corrections of the stack on or off; with `on`, all"
        " that waits is tried at once. Nothing else changes anything. Calls AWS with your own credentials.",
        (
            replace(_FAMILY, text=f"{_FAMILY.text} Or `on` or `off`."),
            Option("account", "Turn only those in this account on or off.", "ID", read=of_account),
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
            file_option("report", "Write the sweep's report, one HTML page, to this file.", default=""),
            FORMAT,
            *A_STACK,
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
            *A_STACK,
            FORMAT,
            flag("policy", "Only print the IAM policy that this command needs, and call nothing."),
        ),
    ),
    Command(
        "release",
        "cli.approvals:release",
        "[OPTIONS] FAMILY|--stages",
        "Let Outrider correct a quarantined family again.\n\nWith --stages, let corrections of all accounts go on that"
        f" stopped because some failed. {_ASKED}",
        (
            _FAMILY,
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
            *A_STACK,
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
            _FAMILY,
            *OF_STACK,
        ),
    ),
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
            Option("role_name", "The role to assume in each --account.", "NAME"),
            Option("external_id", "The external id that this role requires.", "ID"),
            Option("family", "Only this task-definition family.", "NAME"),
            Option("cluster", "Only the services of this cluster.", "NAME"),
            STANDARD,
            Option(
                "stack",
                "Evaluate by the standard of this stack, read with the first profile in the first region.",
                "NAME",
            ),
            file_option("report", "Write the report as one HTML file.", default=""),
            Option(
                "earlier",
                "The JSON of an earlier scan, for the report's trend (may be repeated).",
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
        "status",
        "cli.status:status",
        "[OPTIONS]",
        "Show what is open, what waits for approval, and what needs a person.\n\nOpen findings by severity, plans that"
        " wait for approval, corrections in progress, failures, quarantines, exemptions, suppressed findings and the"
        " last sweep. Reads the stack's ledger with your own credentials, and changes nothing.",
        (FORMAT, *A_STACK),
    ),
    Command(
        "sweep",
        "cli.sweep:sweep",
        "[OPTIONS]",
        "Have the stack evaluate everything again.\n\nStarts the sweep that the schedule starts once a day, or a part"
        " of it. Calls AWS with your own credentials. Exits with 0 if it was started, 2 if not.",
        (
            Option("account", "Only this account.", "ID"),
            Option("only_region", "Only this region of the accounts.", "REGION"),
            Option("cluster", "Only the services of this cluster.", "NAME"),
            Option("family", "Only this task-definition family.", "NAME"),
            flag("quiet", "Send one digest, and not an alert for each finding."),
            *A_STACK,
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
                "WHAT",
            ),
            YES,
            WAIT,
            *OF_STACK,
        ),
    ),
)
