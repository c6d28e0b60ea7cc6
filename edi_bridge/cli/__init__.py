"""The command line: nouns for people. Each command is a module of its own, loaded when it is called.

Exit codes, the same for every command: 0 done · 1 something was refused · 2 wrong use or configuration · 3 try again
later · 130 stopped by Ctrl-C · 70 a mistake of edi-bridge itself.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from types import TracebackType

import click

import edi_bridge
from edi_bridge.cli import show
from edi_bridge.cli.commands import commands_of
from edi_bridge.fault import ConfigFault, TerminalFault, TransientFault

COMPLETION = "_EDI_BRIDGE_COMPLETE"  # click asks a shell's completion by it
DONE, REFUSED, WRONG, LATER, OWN_MISTAKE, STOPPED, PIPE_CLOSED = 0, 1, 2, 3, 70, 130, 141

# command → (module, its name there, one line for --help), in the order of --help
COMMANDS = {
    "demo": ("demo", "demo", "A first run: orders, invoices and customers of an example batch."),
    "init": ("init", "init", "Make a home: settings, partners, mappings, inbox …"),
    "translate": ("translate", "translate", "Files as CRM records, in JSON lines; no database."),
    "convert": ("convert", "convert", "A file as a message of another standard."),
    "post": ("post", "post", "Post files into the CRM of a home."),
    "run": ("running", "run", "The daemon: poll, post, answer and send, for ever or once."),
    "worker": ("worker", "worker", "Post what came in, beside other workers, over one PostgreSQL."),
    "store": ("store", "store", "The database and archive: upgrade, check, back up, restore, move."),
    "crm": ("crm", "crm", "Look at customers, orders and what follows them."),
    "exchange": ("exchange", "exchange", "What came and what became of it; release, replay, fix, audit."),
    "send": ("send", "send", "Records of ours to a partner."),
    "outbox": ("outbox", "outbox", "What goes out, and what was said of it."),
    "alarm": ("alarm", "alarm", "What somebody must look at."),
    "inspect": ("inspect", "inspect", "What is in a file: envelope, messages, segments, places."),
    "check": ("check", "check", "What is wrong with files, held against their guides."),
    "explain": ("explain", "explain", "What a kind of finding means, its codes, an example."),
    "trace": ("trace", "trace", "Where each field of a record comes from: rule, place, raw text."),
    "reconcile": ("reconcile", "reconcile", "What became of what was sent, by the answers that came in."),
    "guide": ("guide", "guide", "Guides of messages: list, read, compare, import."),
    "ack": ("ack", "ack", "The acknowledgements that would go out for a file."),
    "map": ("catalog", "map_", "Maps: list, lint, show, test, coverage, compare, propose."),
    "catalog": ("catalog_log", "catalog", "Versions of partners and maps: what is in force, who and why; go back."),
    "lookup": ("lookup", "lookup", "Tables of partners' keys and ours."),
    "partner": ("catalog", "partner", "The partners that are known."),
    "rollout": ("rollout", "rollout", "A partner's way to live traffic: scenarios, comparison, stages, gates."),
    "lab": ("lab", "lab", "A network in a box: rehearse with mailboxes on this machine."),
}


@click.command(cls=commands_of(COMMANDS), context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(edi_bridge.__version__, message="edi-bridge %(version)s")
def command() -> None:
    """EDIFACT, X12, XML and CSV messages as records of a CRM, by declarative maps.

    \b
    First steps:
      edi-bridge demo                       see everything at work
      edi-bridge translate orders.edi       the records of a file as JSON lines
      edi-bridge inspect orders.edi         what is in a file

    Exit codes: 0 done, 1 something was refused, 2 wrong use or configuration, 3 try again later.
    """


def main() -> None:
    """The entry point `edi-bridge`."""
    sys.excepthook = _own_mistake
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal that has no arrow gets a question mark
        sys.stdout.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def run(args: list[str]) -> int:
    """Run a command line and say what became of it; faults become sentences on stderr."""
    try:
        if COMPLETION in os.environ:
            command.main(args=args, prog_name="edi-bridge")
        with command.make_context("edi-bridge", list(args)) as context:
            result = command.invoke(context)
        sys.stdout.flush()
        return result if isinstance(result, int) else DONE
    except click.exceptions.Exit as left:  # --help, --version
        sys.stdout.flush()
        return left.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG
    except click.ClickException as error:
        error.show()
        return WRONG
    except ConfigFault as fault:
        show.problems(fault)
        return WRONG
    except TransientFault as fault:
        show.error(f"try again later: {fault}")
        return LATER
    except TerminalFault as fault:
        show.error(str(fault))
        return REFUSED
    except BrokenPipeError:  # the reader of our output has seen enough (| head)
        _forget_output()
        return PIPE_CLOSED
    except OSError as error:  # our own output: what is read from partners is told by its command
        _forget_output()
        show.error(f"try again later: {error.filename or 'the output'}: {error.strerror or error}")
        return LATER
    except (KeyboardInterrupt, click.Abort):
        show.error("stopped")
        return STOPPED


def _forget_output() -> None:
    """What is still in the buffers goes nowhere, so that the interpreter does not complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())


def _own_mistake(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What no fault explains is our bug: said as such, in a line, with the traceback when asked for."""
    if os.environ.get("EDI_BRIDGE_TRACEBACK"):
        sys.__excepthook__(kind, error, trace)
    else:
        while trace and trace.tb_next:
            trace = trace.tb_next
        place = f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})" if trace else ""
        show.error(
            f"a mistake of edi-bridge itself: {kind.__name__}: {show.clean(str(error))}{place}\n"
            "set EDI_BRIDGE_TRACEBACK=1 and run it again to see where; please report it with the file"
        )
    sys.stderr.flush()
    os._exit(OWN_MISTAKE)
