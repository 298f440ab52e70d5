"""The one kind of error that a clerk sees, and what others' errors mean in Chinese."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class ClerkError(Exception):
    """An error whose message is written for the clerk: what is wrong, where, and what to do next.

    Every package derives its own; the command line and the review page show the message as it is and
    treat any other exception as a fault of ours.
    """


_WRONG = MappingProxyType(
    {
        "missing": "缺少这一项",
        "extra_forbidden": "没有这种项目，可能拼错了",
        "literal_error": "只能是 {expected}",
        "string_type": "应是文字；是数字的，请加引号",
        "int_type": "应是整数",
        "int_from_float": "应是整数",
        "float_type": "应是数字",
        "bool_type": "应是 true 或 false",
        "greater_than": "应大于 {gt}",
        "greater_than_equal": "不能小于 {ge}",
        "less_than_equal": "不能大于 {le}",
        "string_pattern_mismatch": "写法不符合要求：{pattern}",
    }
)


def what_is_wrong(error: Any, more: Mapping[str, str] = MappingProxyType({})) -> str:
    """pydantic's error in words for the person who wrote the file. `more`: words for types of errors that
    depend on the sort of file."""
    words = {**_WRONG, **more}.get(error["type"])
    if words is None:
        return str(error["msg"]).removeprefix("Value error, ")
    context = {key: str(value).replace(" or ", " 或 ") for key, value in error.get("ctx", {}).items()}
    return words.format_map(context)


_TROUBLE = MappingProxyType(
    {
        errno.ENOENT: "没有这个文件或文件夹",
        errno.EACCES: "没有权限读写",
        errno.EPERM: "没有权限读写",
        errno.EROFS: "这里只能读，不能写",
        errno.EISDIR: "这是文件夹，不是文件",
        errno.ENOTDIR: "这是文件，不是文件夹",
        errno.EEXIST: "已经有这个文件",
        errno.ENOTEMPTY: "文件夹不是空的",
        errno.EBUSY: "正被别的程序占用",
        errno.EIO: "磁盘或网络盘读写出错",
        errno.ENAMETOOLONG: "文件名太长",
        errno.EADDRINUSE: "这个端口正被别的程序使用",
        errno.ENOSPC: "磁盘已满。请腾出空间后重新运行同一命令，已完成的部分不会重做",
    }
)


def file_trouble(error: OSError) -> str:
    """What the system says went wrong, and with which file."""
    words = _TROUBLE.get(error.errno or 0) or error.strerror or str(error)
    named = error.filename is not None and error.errno != errno.ENOSPC
    return f"{words}：{error.filename}" if named else words
