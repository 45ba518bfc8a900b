"""`python -m operate VERB`: the one command line. make's targets and the workflows call it."""

import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, get_args

from operate import stack_verbs
from operate.pipeline import command as ci
from operate.stack_verbs import OFFLINE
from operate.verb import STACK, Groups, Verb, one_of, option, parse
from runner import verbs
from runner.attempt import attempt, reported, say
from runner.engines import Choice
from runner.project import Project

PROG: Final = "python -m operate"
PROJECT: Final = Path(__file__).resolve().parents[1]

EXIT_CODES: Final[Mapping[int, str]] = {
    0: "done; of a proof: all checks passed",
    1: "failed, or refused: the last line has the reason and the remedy",
    2: "a wrong command line (make turns every failure into a 2 of its own)",
    3: "the cache was not ready before the deadline (verify, ci check, ci application)",
    4: "the cache cannot be reached from here (verify, ci check, ci application)",
    78: "a wrong configuration or a request that nothing can meet (verify, ci check, ci application, capacity)",
    130: "Ctrl-C, or the end by SIGINT that a shell shows as 130; the same command goes on from what is there",
    141: "nobody read the whole answer (verify); every other verb does its work to the end, with its own code",
}


ENGINES: Final = get_args(Choice)
# As make has it: a job's environment may have it once for all of its steps.
_DEFAULT_ENGINE: Final = os.environ.get("ENGINE") or ENGINES[0]
_ENGINE_HELP: Final = "what runs the stack: {} (default: ENGINE, else auto)"
ENGINE: Final = option(
    "--engine",
    metavar="ENGINE",
    type=one_of(*ENGINES, hint=f"; {OFFLINE} is for preview alone"),
    default=_DEFAULT_ENGINE,
    help=_ENGINE_HELP.format(", ".join(ENGINES)),
)
PREVIEW_ENGINE: Final = option(
    "--engine",
    metavar="ENGINE",
    type=one_of(*ENGINES, OFFLINE),
    default=_DEFAULT_ENGINE,
    help=_ENGINE_HELP.format(", ".join([*ENGINES, OFFLINE])),
)
CONFIRM: Final = option(
    "--confirm", default="", metavar="STACK", help="the stack's name once more: for down, and to change a prod stack"
)


def pulumi(project: Project, _: Namespace) -> int:
    """Install the Pulumi CLI into the project."""
    return verbs.install_pulumi(project, say)


def capacity(_: Project, options: Namespace) -> int:
    """Print what so many organizations need and cost."""
    from infra import capacity_report

    return capacity_report.show(options.organizations, options.stack)


def compliance(project: Project, options: Namespace) -> int:
    """Hold what the stack declares against the rules. Raises `ProjectError`."""
    from compliance.command import comply

    return comply(project, options.stack, as_json=options.json)


def permissions(project: Project, options: Namespace) -> int:
    """Print the least that a role needs. Raises `ProjectError`."""
    from operate.permissions.command import show

    return show(project, options.stack, "preview" if options.preview else "deploy")


def docs(project: Project, options: Namespace) -> int:
    """Write the generated documents, or name the stale ones. Raises `ProjectError`."""
    from operate import documents

    made = documents.made(project, documents.commands(GROUPS, EXIT_CODES))
    return documents.check(project, made) if options.check else documents.write(project, made)


def upgrade(project: Project, options: Namespace) -> int:
    """Merge a release of the original. Raises `ProjectError`."""
    from operate.upgrade import upgrade as merge

    return merge(project, options.version, say)


CI: Final = (
    Verb(name="plan", help="preview, and describe what it would do and cost", run=ci.plan),
    Verb(
        name="comment",
        help="publish that description as the one comment on the pull request",
        run=ci.comment,
        options=(option("--pull-request", metavar="NUMBER", type=int, required=True, help="the pull request"),),
    ),
    Verb(name="drift", help="preview, and fail where the stack is not as the program declares it", run=ci.drift),
    Verb(name="issue", help="keep an issue open for as long as there is drift", run=ci.issue),
    Verb(name="check", help="prove the cache, and keep the report as JUnit and JSON", run=ci.check, options=(ENGINE,)),
    Verb(
        name="application",
        help="prove that the application uses the cache, and keep the report as JUnit and JSON",
        run=ci.application,
        options=(
            ENGINE,
            option("--url", required=True, help="the application's address, like https://your-app.encr.app"),
            option(
                "--wait",
                metavar="SECONDS",
                type=float,
                default=ci.APPLICATION_SECONDS,
                help="how long its deployment may take (default: %(default)s)",
            ),
        ),
    ),
    Verb(
        name="propose",
        help="open a pull request that changes the stack's file as rollback or attach does",
        run=ci.propose,
        options=(option("direction", choices=list(ci.STATES), help="what the change is"),),
    ),
    Verb(
        name="cli",
        help="install the Pulumi CLI that requirements/local.in pins, first on the PATH of later steps",
        run=ci.cli,
    ),
)

GROUPS: Final[Groups] = {
    "a stack": (
        Verb(
            name="up",
            help="create or change what the stack declares, and prove that it works",
            run=stack_verbs.up,
            options=(ENGINE, CONFIRM),
        ),
        Verb(name="preview", help="show what up would do", run=stack_verbs.preview, options=(PREVIEW_ENGINE,)),
        Verb(
            name="down",
            help="remove everything that the stack made",
            run=stack_verbs.down,
            options=(ENGINE, CONFIRM),
        ),
        Verb(
            name="outputs", help="print the stack's outputs, secrets masked", run=stack_verbs.outputs, options=(ENGINE,)
        ),
        Verb(
            name="env",
            help='print the REDIS_* lines for: eval "$(make -s env)"',
            run=stack_verbs.env,
            options=(ENGINE,),
        ),
        Verb(name="verify", help="prove again that the running stack works", run=stack_verbs.verify, options=(ENGINE,)),
    ),
    "a new password": (
        Verb(
            name="rotate",
            help="set a new password beside the old one, prove both, deliver the new one",
            run=stack_verbs.rotate,
            options=(ENGINE, CONFIRM),
        ),
        Verb(
            name="rotate-finish",
            help="once the application was restarted: drop the old password, and prove that it is refused",
            run=stack_verbs.rotate_finish,
            options=(ENGINE, CONFIRM),
        ),
        Verb(
            name="rotate-undo",
            help="before rotate-finish: deliver the old password again",
            run=stack_verbs.rotate_undo,
            options=(ENGINE, CONFIRM),
        ),
    ),
    "back to memory and forth": (
        Verb(
            name="rollback",
            help="take the cache away from the application, which goes on in memory; the Redis stays",
            run=stack_verbs.rollback,
            options=(ENGINE, CONFIRM),
        ),
        Verb(
            name="attach",
            help="prove the Redis again and give it back to the application",
            run=stack_verbs.attach,
            options=(ENGINE, CONFIRM),
        ),
    ),
    "its data": (
        Verb(
            name="backup",
            help="copy what is in the cache into .local/backups, and check the copy",
            run=stack_verbs.back_up,
            options=(ENGINE,),
        ),
        Verb(
            name="backups",
            help="list the backups on this machine, the newest first",
            run=stack_verbs.backups,
            options=(ENGINE,),
        ),
        Verb(
            name="drill",
            help="prove that a backup can be restored, in a stack that is thrown away afterwards",
            run=stack_verbs.drill,
            options=(ENGINE, CONFIRM),
        ),
        Verb(
            name="restore",
            help="put a backup in the place of what is in the cache, which is backed up before",
            run=stack_verbs.restore,
            options=(
                ENGINE,
                CONFIRM,
                option(
                    "--from",
                    dest="source",
                    required=True,
                    metavar="BACKUP",
                    help="a backup of this stack, another stack's as STACK/BACKUP, or an RDB file of whoever made it",
                ),
            ),
        ),
    ),
    "before it is made": (
        Verb(
            name="capacity",
            help="print what so many organizations need and cost on each backend, at the stack's tier or the next",
            run=capacity,
            options=(
                STACK,
                option("--organizations", metavar="N", default="1000000", help="how many (default: %(default)s)"),
            ),
            is_on_stack=False,
        ),
        Verb(
            name="compliance",
            help="hold what the stack declares against every known security rule, offline",
            run=compliance,
            options=(option("--json", action="store_true", help="print JSON"),),
        ),
        Verb(
            name="permissions",
            help="print the least that a pipeline's role needs to bring the stack up",
            run=permissions,
            options=(option("--preview", action="store_true", help="what a preview needs, in place of an up"),),
        ),
    ),
    "the project": (
        Verb(
            name="pulumi",
            help="install the official Pulumi CLI into .local, trying again after a failure",
            run=pulumi,
            is_on_stack=False,
        ),
        Verb(
            name="upgrade",
            help="merge a release of the project into this clone or copy of it",
            run=upgrade,
            options=(option("--version", default="", help="the release, like v0.2.0"),),
            is_on_stack=False,
        ),
        Verb(
            name="docs",
            help="renew the generated documents from the code",
            run=docs,
            options=(option("--check", action="store_true", help="write nothing, and fail where one is stale"),),
            is_on_stack=False,
        ),
        Verb(name="ci", help="the steps of the workflows in .github beside these", verbs=CI),
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    codes = {"exit codes": {str(code): meaning for code, meaning in EXIT_CODES.items()}}
    options = parse(PROG, GROUPS, given, description="Do something with a stack, or with the project.", closing=codes)
    project, verb = Project(PROJECT), options.verb
    if verb.is_on_stack:
        return attempt(project, options.stack, lambda: int(verb.run(project, options)))
    return reported(lambda: int(verb.run(project, options)))
