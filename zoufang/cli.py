"""The front door. Each command lives in `zoufang.commands`; here they meet, and their errors end."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from forms.errors import ClerkError, file_trouble
from zoufang.console import Exit, say

COMMANDS = {
    # command: module of zoufang.commands that defines it
    "demo": "demo",
    "init": "workspace",
    "roster": "roster",
    "assign": "roster",
    "plan": "plan",
    "print": "printing",
    "scan": "scan",
    "watch": "watch",
    "calibrate": "calibrate",
    "status": "status",
    "opinions": "opinions",
    "digest": "digest",
    "report": "report",
    "talks": "talks",
    "export": "export",
    "forms": "forms",
    "layouts": "forms",
    "lookup": "lookup",
    "void": "void",
    "review": "review",
    "user": "review",
    "backup": "backup",
    "purge": "purge",
}


class _Commands(click.Group):
    """Imports a command only when it is asked for: `zoufang lookup` need not wait for OpenCV."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = import_module(f"zoufang.commands.{COMMANDS[name]}")
        command: click.Command = getattr(module, f"{name}_command")
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="走访：把大走访活动变成纸质表单，再把填好的纸变成办公室可用的记录。",
)
@click.version_option(package_name="zoufang", message="zoufang %(version)s")
def cli() -> None:
    pass


def main() -> None:
    """Run a command; every expected error becomes one clear message and an exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.UsageError as error:
        error.show()
        code = Exit.USAGE
    except click.Abort:
        say("已中断。已读入的内容都已保存，重新运行同一命令即可继续。")
        code = Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except ClerkError as error:
        say(f"错误：{error}")
        code = Exit.FAILED
    except OSError as error:
        say(f"错误：{file_trouble(error)}")
        code = Exit.FAILED
    sys.exit(int(code or 0))
