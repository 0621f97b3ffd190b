"""Details of anomalies in Chinese: the decoders write them in English; bytes and numbers need no words."""

from __future__ import annotations

import re

_SENTENCES: tuple[tuple[str, str], ...] = (
    (r"(\d+) bytes from id 0x00", r"从 ID 0x00 起 \1 字节"),
    (r"item (0x\w+) says (\d+) bytes, (\d+) are left", r"附加信息 \1 声明 \2 字节，只剩 \3 字节"),
    (r"item (0x\w+) of (\d+) bytes", r"附加信息 \1 长 \2 字节"),
    (r"parameter (0x\w+) of (\d+) bytes", r"参数 \1 长 \2 字节"),
    (r"over (\d+) bytes", r"超过 \1 字节"),
    (r"an escape before neither 01 nor 02", "转义符后不是 01 或 02"),
    (r"our escaping gives other bytes", "与标准转义结果不同"),
    (r"is (\w+), XOR gives (\w+)", r"为 \1，异或得 \2"),
    (r"encryption (\d)", r"加密方式 \1"),
    (r"packet (\d+) of (\d+)", r"第 \1 包，共 \2 包"),
    (r"packet (\d+)", r"第 \1 包"),
    (r"(\d+) bytes before the first delimiter", r"第一个标识位之前 \1 字节"),
    (r"(0x\w+) goes the other way", r"\1 方向相反"),
    (r"(\S+) on the link of (\S+)", r"\1 出现在 \2 的链路上"),
    (r"bit 14 is (\d), the length fits the layout of (\d+)", r"第 14 位为 \1，长度符合 \2 版布局"),
    (r"bit 15 is set", "第 15 位为 1"),
    (r"declared (\d+), actual (-?\d+)", r"声明 \1，实际 \2"),
    (r"(\d+) bytes, the least is (\d+)", r"\1 字节，至少需要 \2"),
    (r"(\d+) bytes, header and checksum need (\d+)", r"\1 字节，消息头与校验码需要 \2"),
    (r"says (\d+), (\d+) came", r"声明 \1，实到 \2"),
    (r"whole messages in place of zones", "区域数据处是整条消息"),
    (r"(\d+) bytes do not hold the item", r"\1 字节放不下该项"),
    (r"count of (\d) bytes by the length of the body", r"按消息体长度，计数占 \1 字节"),
    (r"no frame of the recorder: kept as it is", "不是记录仪数据帧，原样保留"),
    (r"no gzip of at most (\d+) bytes", r"不是解压后不超过 \1 字节的 gzip"),
    (r"(-?[\d.e+-]+) degrees", r"\1 度"),
    (r"a count of none where nothing belongs", "无内容处有值为 0 的计数"),
    (r"bytes between packets", "包与包之间的字节"),
    (r"'(.*)' was not announced", r"“\1”未预先上报"),
    (r"(\d+) \+ (\d+) in a file of (\d+) bytes", r"偏移 \1 加 \2 字节，文件共 \3 字节"),
    (r"too many pieces apart", "不相连的片段过多"),
    (r"bytes that are neither a frame nor a data packet", "既非消息帧也非数据包的字节"),
    (r"(\d+) bytes, (\w*) first", r"\1 字节，开头为 \2"),
    (r"(\d+) indices, (\d+) bytes are left", r"\1 个序号，只剩 \2 字节"),
    (r"says (\d+) bytes in all, (\d+) came", r"声明共 \1 字节，实到 \2"),
    (r"(\d+) bytes are no whole data packet", r"\1 字节不是完整的数据包"),
    (r"(\S+) needs (\d+) bytes, (-?\d+) are left", r"\1 需要 \2 字节，只剩 \3 字节"),
    (r"(-?\d+) bytes too many", r"多出 \1 字节"),
    (r"(\S+) has no parameter", r"\1 没有参数"),
    (r"(\d+) values of (\S+) in (\d+) bytes", r"\3 字节中应有 \1 个 \2"),
    (r"(\S+): no text", r"\1：不是文本"),
    (r"(\S+): no layout reads it", r"\1：没有布局可读"),
    (r"(\S+): (\d+) bytes are of no form", r"\1：\2 字节不符合任何格式"),
    (r"(\S+): no layout of (\d+) bytes", r"\1：没有 \2 字节的布局"),
    (r"(\S+): length under its own id", r"\1：长度小于其 ID"),
)
_COMPILED = tuple((re.compile(english), chinese) for english, chinese in _SENTENCES)


def detail_in(detail: str, language: str) -> str:
    """Detail of an anomaly in "zh" or "en"; bytes, numbers and what has no Chinese form stay as they are."""
    if language == "zh":
        for english, chinese in _COMPILED:
            if found := english.fullmatch(detail):
                return found.expand(chinese)
    return detail
