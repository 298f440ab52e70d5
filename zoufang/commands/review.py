"""`zoufang review` and `zoufang user …`: the web page on which people check what was read, and who may."""

from __future__ import annotations

from pathlib import Path

import click

from review import Office, create_app
from review.access import ROLE_NAMES, Role
from review.accounts import AccountError, close_account, save_account
from review.server import Certificate, ServerError, is_loopback, own_certificate, serve
from store import Store, accounts
from workspace.folder import Workspace
from zoufang.console import Exit, conclude, print_json, print_table, say
from zoufang.options import json_option, workspace_option


@click.command(name="review", help="打开复核网页：录入识别不确定的内容，看进度。")
@click.option(
    "--host", metavar="H", default="127.0.0.1", show_default=True, help="监听地址；对外必须用 TLS。"
)
@click.option("--port", metavar="P", default=8765, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--cert",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="证书（PEM）；不给时，对外服务使用自制证书。",
)
@click.option(
    "--cert-key",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="证书的私钥（PEM）。",
)
@workspace_option
def review_command(
    host: str, port: int, cert: Path | None, cert_key: Path | None, workspace: Workspace
) -> int:
    if (cert is None) != (cert_key is None):
        raise click.UsageError("--cert 和 --cert-key 要一起给出")
    own = Certificate(cert, cert_key) if cert and cert_key else None
    store = workspace.open_store()
    with store.read() as db:
        if not accounts.all_users(db):
            say("还没有账号。请另开一个窗口建立第一个账号：")
            say(f"  zoufang user add 姓名 --role administrator -w {workspace.root}")
    return open_review(workspace, store, host, port, own)


def open_review(
    workspace: Workspace, store: Store, host: str, port: int, own: Certificate | None = None
) -> int:
    """Serves the page until interrupted. Without a certificate of their `own`, others than this machine
    are served with a self-made one. Returns an exit code."""
    office = Office(workspace, store)
    local = is_loopback(host)
    certificate = own or (None if local else own_certificate(workspace / "tls", host))
    hosts = ("127.0.0.1", "localhost", "[::1]") if local else ("*",)
    address = f"{'https' if certificate else 'http'}://{host}:{port}/"
    say(f"复核网页：{address}　按 Ctrl+C 结束")
    if certificate and own is None:
        say("使用自制证书，浏览器首次访问会提示不受信任；请核对指纹（SHA-256）：")
        say(f"  {certificate.fingerprint}")
    try:
        serve(create_app(office, hosts), host, port, certificate)
    except ServerError as error:
        say(f"错误：{error}")
        return Exit.FAILED
    finally:
        store.close()
    return Exit.DONE


@click.group(name="user", help="复核网页的账号。")
def user_command() -> None:
    pass


@user_command.command("add", help="新建账号 NAME，或更改它的角色和密码。密码从键盘读入。")
@click.argument("name", metavar="NAME")
@click.option(
    "--role",
    metavar="ROLE",
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="keyer 录入员、supervisor 主管、administrator 管理员、inspection 督查组、unit 单位、cadre 干部。",
)
@click.option("--of", "scope", metavar="CODE", default="", help="单位账号的单位编码，或干部账号的工号。")
@click.option("--anonymous", is_flag=True, help="可以查看匿名问卷的图像。")
@click.option("--password", metavar="WORD", help="密码；不给则提示输入。命令行中的密码会留在历史记录里。")
@workspace_option
@json_option
def add_user(
    name: str,
    role: str,
    scope: str,
    anonymous: bool,
    password: str | None,
    workspace: Workspace,
    as_json: bool,
) -> int:
    word = password or click.prompt("密码", hide_input=True, confirmation_prompt="再输一次")
    store = workspace.open_store()
    try:
        new = save_account(store, workspace.who, name, role, word, anonymous=anonymous, scope=scope)
    except AccountError as error:
        say(f"错误：{error}")
        return Exit.FAILED
    finally:
        store.close()
    words = f"{'已建立' if new else '已更改'}账号 {name}（{ROLE_NAMES[Role(role)]}）"
    conclude(as_json, {"name": name, "role": role, "scope": scope, "new": new}, words)
    return Exit.DONE


@user_command.command("list", help="列出账号。")
@workspace_option
@json_option
def list_users(workspace: Workspace, as_json: bool) -> None:
    with workspace.open_store().read() as db:
        found = accounts.all_users(db)
    if as_json:
        print_json(
            [
                {
                    "name": user.name,
                    "role": user.role,
                    "scope": user.scope,
                    "anonymous": user.anonymous,
                    "disabled": user.disabled_at is not None,
                }
                for user in found
            ]
        )
        return
    rows = [
        (
            user.name,
            ROLE_NAMES[Role(user.role)],
            user.scope,
            "是" if user.anonymous else "",
            "停用" if user.disabled_at else "",
        )
        for user in found
    ]
    print_table("账号", ("用户名", "角色", "单位或干部", "可看匿名问卷", ""), rows)


@user_command.command("disable", help="停用账号 NAME；它在操作记录中的名字保留。")
@click.argument("name", metavar="NAME")
@workspace_option
@json_option
def disable_user(name: str, workspace: Workspace, as_json: bool) -> int:
    store = workspace.open_store()
    try:
        close_account(store, workspace.who, name)
    except AccountError as error:
        say(f"错误：{error}")
        return Exit.FAILED
    finally:
        store.close()
    conclude(as_json, {"name": name, "disabled": True}, f"已停用账号 {name}")
    return Exit.DONE
