"""Chinese names and their pinyin, dealt without repeats."""

from __future__ import annotations

import numpy as np

_FIRST = (
    ("青", "Qing"), ("龙", "Long"), ("白", "Bai"), ("石", "Shi"), ("大", "Da"), ("小", "Xiao"), ("杨", "Yang"), ("上", "Shang"),
    ("新", "Xin"), ("高", "Gao"), ("花", "Hua"), ("竹", "Zhu"), ("马", "Ma"), ("牛", "Niu"), ("茶", "Cha"), ("云", "Yun"),
    ("双", "Shuang"), ("长", "Chang"), ("平", "Ping"), ("水", "Shui"), ("红", "Hong"), ("金", "Jin"), ("凤", "Feng"), ("梨", "Li"),
)  # fmt: skip
_LAST = (
    ("坪", "ping"), ("坝", "ba"), ("寨", "zhai"), ("坡", "po"), ("沟", "gou"), ("岩", "yan"), ("塘", "tang"), ("河", "he"),
    ("冲", "chong"), ("湾", "wan"), ("井", "jing"), ("田", "tian"), ("溪", "xi"), ("箐", "qing"), ("场", "chang"), ("洞", "dong"),
)  # fmt: skip
_STREETS = (
    ("人民路", "Renmin Road"), ("解放路", "Jiefang Road"), ("建设路", "Jianshe Road"), ("文化路", "Wenhua Road"),
    ("中山路", "Zhongshan Road"), ("新华路", "Xinhua Road"), ("和平路", "Heping Road"), ("胜利路", "Shengli Road"),
    ("迎宾路", "Yingbin Road"), ("滨河路", "Binhe Road"), ("东门街", "Dongmen Street"), ("南门街", "Nanmen Street"),
    ("西门街", "Ximen Street"), ("北门街", "Beimen Street"), ("学府路", "Xuefu Road"), ("民族路", "Minzu Road"),
    ("朝阳路", "Chaoyang Road"), ("友谊路", "Youyi Road"), ("工业路", "Gongye Road"), ("站前路", "Zhanqian Road"),
)  # fmt: skip

COUNTY = ("青岚县", "Qinglan County")
PREFECTURE = ("云岭市", "Yunling City")
PROVINCE = ("贵州省", "Guizhou Province")


class NameDealer:
    """Deals village, town and street names of a seed.

    Args:
        seed: same seed, same names in the same order.
    """

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng([seed, 12])
        pairs = [(a + c, b + d) for a, b in _FIRST for c, d in _LAST]
        self._places = [pairs[i] for i in random.permutation(len(pairs))]
        self._streets = [_STREETS[i] for i in random.permutation(len(_STREETS))]
        self._place = self._street = 0

    def stem(self) -> tuple[str, str]:
        """Next name of a place without its suffix: (Chinese, pinyin); a number is added once all are dealt."""
        row, turn = self._place % len(self._places), self._place // len(self._places)
        self._place += 1
        chinese, pinyin = self._places[row]
        return (chinese, pinyin) if not turn else (f"{chinese}{turn + 1}", f"{pinyin} {turn + 1}")

    def street(self) -> tuple[str, str]:
        """Next street name; they start again when all are dealt (streets of different towns share names)."""
        name = self._streets[self._street % len(self._streets)]
        self._street += 1
        return name
