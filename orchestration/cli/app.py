"""`int-marts`: one command for the month.

Exit codes: 0 done, 1 fault, 2 usage, 3 delivery refused, 4 gate shut, 5 busy, 6 verify found a difference.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

# command → the module of this room that holds it, in the order of help
COMMANDS = {
    "demo": "demo",
    "check": "checking",
    "refresh": "refreshing",
    "publish": "publishing",
    "explain": "publishing",
    "what-if": "publishing",
    "nnhip": "publishing",
    "ui": "dagster_ui",
    "evaluate": "evaluating",
    "releases": "releases",
    "rollback": "releases",
    "verify": "releases",
    "superset": "publishing",
    "forget": "upkeep",
    "purge": "upkeep",
    "withdraw": "upkeep",
    "checks": "registry",
    "new": "adding",
}


class Commands(TyperGroup):
    """Help knows a command by its name and docstring; its module, and what that imports, is loaded when it is used: help is instant."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, known, rest = super().resolve_command(ctx, args)
        return name, command_of(name) if name and known else None, rest


def command_of(name: str) -> Any:
    """The command itself: a function, or a group of them, that its module calls by the command's name."""
    held = getattr(import_module(f"{__package__}.{COMMANDS[name]}"), name.replace("-", "_"))
    if isinstance(held, typer.Typer):
        return typer.main.get_command(held)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(held)
    return typer.main.get_command(alone)


def docstring_of(name: str) -> str | None:
    """Read from the source, not run; that of the module where the name is no function."""
    module = ast.parse(Path(__file__).with_name(f"{COMMANDS[name]}.py").read_text(encoding="utf-8"))
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    return ast.get_docstring(functions.get(name.replace("-", "_"), module))


app = typer.Typer(
    name="int-marts",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Monthly extracts in, published indicator marts per Integrated Neighbourhood Team out.\n\n"
    "A month: put the delivery into landing/YYYY-MM, run `int-marts check`, then `int-marts refresh`.\n\n"
    "Exit codes: 0 done · 1 fault · 2 usage · 3 delivery refused · 4 gate shut · 5 busy · 6 verify found a difference.",
)
for command in COMMANDS:
    app.command(command, help=docstring_of(command))(lambda: None)
