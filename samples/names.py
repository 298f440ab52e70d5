"""Invented names: of people, villages, firms. Some of their characters are rare on purpose."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.random import Generator


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


RARE = ("喆", "堃", "珺", "玥", "璟", "赟", "滆")
"""Characters that many fonts and readers lack; 滆 (of 滆湖) is outside GB 2312."""

_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅"
    "钟卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚恽巢臧芮"
)
_COMMON_SURNAMES = 40
_MEN = words(
    "建国 国强 志明 小平 建华 永康 福根 金生 洪法 荣华 文斌 伟东 俊杰 浩然 子轩 海峰 立新 春林 阿大 根宝 "
    "炳坤 玉龙 祥 勇 军 伟 强 磊 涛 超 明 亮 斌 洪 耀明 锡坤 泉根 伯生 志刚 卫东 晓峰 旭东 宇航 鹏程 一鸣 "
    "喆 堃 璟 赟 明喆 志堃 璟辰 文赟 厚堃"
)
_WOMEN = words(
    "桂英 秀珍 玉兰 红梅 丽华 秀英 小芳 雪琴 金妹 娟 敏 静 燕 丽 芳 婷 洁 慧敏 晓燕 美玲 文娟 银娣 巧云 腊梅 "
    "雅琴 梦洁 欣怡 诗涵 佳慧 惠芬 月仙 珍妹 菊芳 玲娣 秋萍 亚萍 珺 玥 珺怡 玥彤 璟雯 晓珺 若玥"
)

SUBVILLAGES = words(
    "下塘里 东巷 西巷 后村 前村 大桥头 小桥头 杨家塘 陈家巷 石桥头 南庄 北庄 窑上 庙前 圩里 渡口 油坊 "
    "槐树下 观音堂 新屋里 老街 河沿 田舍里 丁家桥 马家头 潘墩 芦场 坝上 塘湾 竹园里 汤家村 "
    "沟南 沟北 界牌 三官殿 谢墅"
)
VILLAGES = words(
    "滆东 槐荫 南墅 青舍 石堰 望圩 柳塘 斜桥 双庙 小黄 红菱 荷垫 永宁 丰稔 大成 万舍 兴隆 孝义 汤墅 杏村 "
    "梅墩 前渎 后渎 仙舟 东渎 西渎 安家 秋墩 阳湖 棠下 松涛 灵台 花园 新堰 郑渎 芳茂 礼墅 吴墅 长沟 高塍"
)
COMMUNITIES = words("槐川 滆滨 新街 绿苑")

FIRM_WORDS = words(
    "堃鑫 喆达 瑞璟 恒赟 滆湖 玥华 宏基 永固 天诚 博远 中昊 金盾 力拓 群星 兴旺 飞轮 精锐 华泰 长锋 远景 "
    "捷安 顺驰 鼎盛 亿佳 凯旋 正阳 联创 苏恒 德润 通达 佰特 卓越 盛祥 信和 明珠 东升 隆昌 福源 三友 五洲"
)


def surname(rng: Generator) -> str:
    """Half of all people share the commonest forty."""
    among = _COMMON_SURNAMES if rng.random() < 0.75 else len(_SURNAMES)
    return _SURNAMES[int(rng.integers(among))]


def man(rng: Generator) -> str:
    return surname(rng) + pick(_MEN, rng)


def woman(rng: Generator) -> str:
    return surname(rng) + pick(_WOMEN, rng)


def person(rng: Generator) -> str:
    return man(rng) if rng.random() < 0.65 else woman(rng)


def pick(words: Sequence[str], rng: Generator) -> str:
    return words[int(rng.integers(len(words)))]
