"""Laws that the rules rest on, by the short names that threshold tables use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Law:
    """A text in force. title: Chinese; number: of its publication, since: first day; empty where not confirmed."""

    title: str
    number: str
    since: date | None


LAWS = {
    "IR": Law("中华人民共和国道路交通安全法实施条例", "国务院令第405号", date(2004, 5, 1)),
    "SG": Law("道路旅客运输企业安全管理规范", "", None),
    "DJ": Law("道路运输车辆动态监督管理办法", "", None),
    "KG": Law("道路旅客运输及客运站管理规定", "", None),
    "CQ": Law("重庆市规范性文件，2023年", "渝交规〔2023〕5号", None),
    "160": Law("全国重点营运车辆联网联控系统考核管理办法", "交运发〔2016〕160号", None),
    "Hunan": Law("湖南省公布的报警种类", "2021年11月9日", None),
    "JT/T 808": Law("道路运输车辆卫星定位系统 终端通信协议及数据格式", "JT/T 808", None),
    "ours": Law("本产品的约定", "", None),
}
"""Short name to law; a source is one of these names, and what follows it names the article."""


def law_of(source: str) -> Law:
    """The law that a source such as "SG art. 38(1)" names; RefusedError for an unknown one."""
    for name in sorted(LAWS, key=len, reverse=True):
        if source == name or source.startswith(name + " "):
            return LAWS[name]
    raise RefusedError(f"source {source!r} names none of the laws known: {', '.join(LAWS)}", field="source")
