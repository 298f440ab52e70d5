"""What a cell of the roster workbook may hold, forgiving in how it is written, strict in what it says.

Offices paste from everywhere: full-width digits, padded names, numbers as text and text as numbers. What
can be understood for certain is put right silently; the rest is an error that says what to do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from stdnum.cn import uscc

from campaign.workbook import CellKind, Column

Cell = str | float | int | bool | date | datetime | time | timedelta | None
"""What python-calamine gives; an empty cell is ''."""
Parsed = str | int | bool | list[str] | None

CODE_LENGTH = 40
_EXACT_DIGITS = 15
"""Excel keeps 15 significant digits and rounds the rest to zeros."""
_EXCEL_ERROR = re.compile(r"#(REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[Ee]\+\d+")
_HAN_GAP = re.compile(r"(?<=[\u3400-\u9fff\U00020000-\U0003ffff])\s+(?=[\u3400-\u9fff\U00020000-\U0003ffff])")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"(0\d{2,3}-?)?[2-9]\d{6,7}(-\d{1,6})?|400-?\d{3}-?\d{4}")
_CREDIT_CODE = re.compile(r"[0-9ABCDEFGHJKLMNPQRTUWXY]{18}")
_YES, _NO = {"是", "√", "✓", "Y", "YES", "1"}, {"否", "×", "N", "NO", "0"}


class CellError(ValueError):
    """What is wrong with a cell and what to do about it."""


@dataclass(frozen=True)
class Checked:
    """A cell's value, None when it is empty, and a remark when it is doubtful."""

    value: Parsed
    remark: str = ""


def check(cell: Cell, column: Column) -> Checked:
    """Raises CellError."""
    text = _text(cell, column.kind)
    if not text:
        if column.required:
            raise CellError("不能为空，请填写")
        return Checked(None)
    return _CHECKS[column.kind](text, column)


def _text(cell: Cell, kind: CellKind) -> str:
    """The cell as written, without stray blanks; numbers without a decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, date | datetime | time | timedelta):
        raise CellError("Excel 把它改成了日期或时间，请先把单元格格式设为“文本”，再重新输入")
    if isinstance(cell, int | float):
        return _number_text(cell, kind)
    visible = "".join(c for c in cell if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf"))
    text = " ".join(visible.split())
    if _EXCEL_ERROR.fullmatch(text):
        raise CellError(f"公式出错（{text}），请改为实际内容")
    return _HAN_GAP.sub("", text)


def _number_text(number: float, kind: CellKind) -> str:
    if number != int(number):
        return str(number)
    if abs(number) >= 10**_EXACT_DIGITS and kind is not CellKind.COUNT:
        raise CellError(
            f"以数字形式存放的长号码，Excel 已把第 {_EXACT_DIGITS} 位以后改成了 0，"
            "请把单元格格式设为“文本”，再按原件重新输入"
        )
    return str(int(number))


def plain(text: str) -> str:
    """Full-width letters and digits as ordinary ones, without blanks: for codes, numbers and headings."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _check_text(text: str, column: Column) -> Checked:
    if not column.choices:
        return Checked(text)
    return Checked(_choice(text, column))


def _choice(text: str, column: Column) -> str:
    by_name = {plain(choice): choice for choice in column.choices}
    if plain(text) not in by_name:
        raise CellError(f"“{text}”不在可选项中，请填：{'、'.join(column.choices)}")
    return by_name[plain(text)]


def _check_code(text: str, column: Column) -> Checked:
    code = plain(text).removeprefix("'")
    if _SCIENTIFIC.fullmatch(code):
        raise CellError(f"“{text}”是科学计数法，原号码已丢失，请把单元格格式设为“文本”，再重新输入")
    if len(code) > CODE_LENGTH:
        raise CellError(f"编码有 {len(code)} 个字符，最多 {CODE_LENGTH} 个，请核对")
    return Checked(code)


def _check_count(text: str, column: Column) -> Checked:
    digits = plain(text).replace(",", "").removesuffix(".0")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise CellError(f"“{text}”不是整数，请填 0 或正整数，不带单位")
    return Checked(int(digits))


def _check_phone(text: str, column: Column) -> Checked:
    number = re.sub(r"[‐-―－—−]", "-", plain(text)).replace("(", "").replace(")", "-").removeprefix("+86")
    bare = number.replace("-", "")
    if _MOBILE.fullmatch(bare):
        return Checked(bare)
    if _LANDLINE.fullmatch(number.strip("-")):
        return Checked(number.strip("-"))
    if re.search(r"[/,;、，；]", number):
        raise CellError(f"“{text}”有多个号码，请只填一个")
    raise CellError(f"“{text}”不是有效的电话，请填 11 位手机号，或带区号的固定电话（如 0519-81234567）")


def _check_credit_code(text: str, column: Column) -> Checked:
    code = plain(text).replace("-", "").upper()
    if _SCIENTIFIC.fullmatch(code):
        raise CellError(f"“{text}”是科学计数法，原号码已丢失，请把单元格格式设为“文本”，再重新输入")
    if not _CREDIT_CODE.fullmatch(code):
        raise CellError(
            f"“{text}”应为 18 位数字和大写字母（不含 I、O、S、V、Z），现为 {len(code)} 位，请按营业执照核对"
        )
    if not credit_code_holds(code):
        return Checked(code, f"“{code}”校验位不符，请按营业执照核对；如与执照一致可不改")
    return Checked(code)


def credit_code_holds(code: str) -> bool:
    """Whether the 18th character of a 统一社会信用代码 checks the others (GB 32100).

    stdnum's `validate` would also refuse the codes of village collectives (N2…): it wants eight digits
    in front. Some genuine early codes fail the check, so that a failure is a remark and no error.
    """
    return str(uscc.calc_check_digit(code[:-1])) == code[-1]


def _check_flag(text: str, column: Column) -> Checked:
    word = plain(text).upper()
    if word in _YES or word in _NO:
        return Checked(word in _YES)
    raise CellError(f"“{text}”看不懂，请填“是”或“否”")


def _check_tags(text: str, column: Column) -> Checked:
    words = [word for word in re.split(r"[、，,;；/\s]+", text) if word]
    return Checked(list(dict.fromkeys(_choice(word, column) for word in words)))


_CHECKS: dict[CellKind, Callable[[str, Column], Checked]] = {
    CellKind.TEXT: _check_text,
    CellKind.CODE: _check_code,
    CellKind.COUNT: _check_count,
    CellKind.PHONE: _check_phone,
    CellKind.CREDIT_CODE: _check_credit_code,
    CellKind.FLAG: _check_flag,
    CellKind.TAGS: _check_tags,
}


_DAY = re.compile(r"(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?")
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_DAYS = range(36_526, 73_051)
"""Excel's numbers of the days from 2000 to 2099."""


def parse_day(cell: Cell, year: int) -> date | None:
    """A date as offices write it: a date cell, Excel's number, 2017-04-05, 2017/4/5, 2017.4.5, 2017年4月5日,
    4月5日, 20170405."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, float | int) and not isinstance(cell, bool) and int(cell) in _EXCEL_DAYS:
        return _EXCEL_EPOCH + timedelta(days=int(cell))
    words = plain(str(int(cell) if isinstance(cell, float) else cell))
    if re.fullmatch(r"\d{8}", words):
        words = f"{words[:4]}-{words[4:6]}-{words[6:]}"
    found = _DAY.fullmatch(words)
    if found is None:
        return None
    try:
        return date(int(found[1] or year), int(found[2]), int(found[3]))
    except ValueError:
        return None
