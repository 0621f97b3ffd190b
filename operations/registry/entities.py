"""The kinds of the registry, one after another. Nothing else lists their fields."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from domain.errors import RefusedError
from operations.registry.kinds import Field, Kind, Told

VEHICLE_CLASSES: Mapping[str, str] = MappingProxyType({
    "unknown": "未知", "rural_bus": "农村客运", "town_bus": "城乡公交", "line_coach": "班线客运", "charter_coach": "包车客运",
    "taxi": "出租汽车", "freight": "普通货运", "dangerous_goods": "危险货物运输", "student_bus": "校车", "other": "其他",
})  # fmt: skip
DUTIES = MappingProxyType({"on_duty": "在岗", "on_leave": "休假", "left": "离岗"})
PERMITS = MappingProxyType({
    "operating_permit": "道路运输证", "operator_licence": "道路运输经营许可证", "driver_qualification": "从业资格证",
    "line_permit": "线路经营许可", "charter_permit": "包车牌",
})  # fmt: skip
STAFF_DUTIES = MappingProxyType({
    "dispatcher": "调度员", "customer_service": "客服", "safety": "安全员", "station": "站务员", "manager": "管理员", "other": "其他",
})  # fmt: skip
COMPANIES = MappingProxyType({"logistics": "物流企业", "express": "快递企业", "e_commerce": "电商企业", "postal": "邮政企业"})
PERSONS = MappingProxyType({"passenger": "乘客", "shipper": "货主", "guardian": "监护人"})
LEVELS = MappingProxyType({"country": "国家", "province": "省级", "prefecture": "市级", "county": "县级", "town": "乡镇"})

_REGION = Field("region_code", "行政区划代码", "region")
_OPERATOR = Field("operator_id", "运输企业", "link", link="operators")
_CONTACT = (Field("contact", "联系人", most=50), Field("contact_phone", "联系电话", "phone"))
_PLACE = (Field("lon", "经度", "degrees"), Field("lat", "纬度", "degrees"))
_COMPANY = (
    Field("certificate_serial", "数字证书编号"), Field("business_licence", "营业执照号"), Field("address", "地址", most=200),
    Field("legal_person", "法定代表人", most=50), Field("business_scope", "经营范围", most=1_000), Field("capital_fen", "注册资本(元)", "money"),
    Field("currency", "币种", "currency"), Field("founded_on", "成立日期", "day"), Field("registered_with", "登记机关"), *_CONTACT,
)  # fmt: skip
_OPERATOR_NAME = Told("operator", "text", "运输企业名称", "name of the operator")

OPERATORS = Kind(
    "operators", "operator", "operator_id", "运输企业", ("name",),
    (
        Field("name", "企业名称", required=True), Field("name_en", "英文名称"), _REGION,
        Field("organisation_code", "统一社会信用代码", "organisation"), Field("operator_licence", "经营许可证号"),
        Field("certificate_valid_to", "数字证书有效期至", "day"), Field("operator_type", "企业类型"), *_COMPANY,
    ),
    search=("name", "name_en", "organisation_code", "operator_licence"), operated=True, ends=("certificate_valid_to",),
)  # fmt: skip
VEHICLES = Kind(
    "vehicles", "vehicle", "vehicle_id", "车辆", ("plate", "plate_colour"),
    (
        Field("plate", "车牌号", "plate", required=True, most=20), Field("plate_colour", "车牌颜色", "colour", required=True),
        Field("vehicle_class", "营运类别", "choice", required=True, choices=VEHICLE_CLASSES, default="unknown"), _OPERATOR, _REGION,
        Field("dangerous_goods", "危险品", "flag", required=True, default=False), Field("vin", "车架号", most=17),
        Field("vehicle_type", "车辆类型"), Field("brand", "厂牌型号"), Field("body_colour", "车身颜色", most=20),
        Field("approved_load_kg", "核定载质量(kg)", "integer", most=500_000), Field("seats", "核定载客", "integer", most=500),
        Field("length_mm", "车长(mm)", "integer", least=1, most=50_000), Field("width_mm", "车宽(mm)", "integer", least=1, most=10_000),
        Field("height_mm", "车高(mm)", "integer", least=1, most=10_000), Field("business_scope", "经营范围", most=1_000),
        Field("inspection_valid_to", "年检有效期至", "day"), Field("insurance_valid_to", "保险有效期至", "day"),
    ),
    told=(_OPERATOR_NAME, Told("terminal_id", "text", "终端号", "terminal that rides in it"),
          Told("operating_permit", "text", "道路运输证号", "number of its operating permit")),
    bound=Field("terminal_id", "终端号", "terminal", most=20),
    search=("plate", "vin"), operated=True, ends=("inspection_valid_to", "insurance_valid_to"),
)  # fmt: skip
DRIVERS = Kind(
    "drivers", "driver", "driver_id", "驾驶员", ("identity_card",),
    (
        Field("name", "姓名", required=True, most=50), _OPERATOR, _REGION, Field("identity_card", "身份证号", "identity_card", required=True),
        Field("duty", "在岗状态", "choice", required=True, choices=DUTIES, default="on_duty"),
        Field("licence_number", "驾驶证号", "identity_card"), Field("licence_class", "准驾车型", most=20),
        Field("licence_first_on", "初次领证日期", "day"), Field("licence_valid_to", "驾驶证有效期至", "day"),
        Field("driving_years", "驾龄(年)", "integer", most=80), Field("qualification_number", "从业资格证号", most=50),
        Field("qualification_category", "从业资格类别"), Field("qualification_valid_to", "从业资格证有效期至", "day"),
        Field("phone", "电话", "phone"), Field("address", "住址", "home", most=200),
    ),
    told=(_OPERATOR_NAME,), search=("name", "qualification_number"), operated=True, ends=("licence_valid_to", "qualification_valid_to"),
)  # fmt: skip
TERMINALS = Kind(
    "terminals", "terminal", "terminal_id", "终端", ("terminal_id",),
    (
        Field("terminal_id", "终端号", "terminal", required=True, most=20), _REGION,
        Field("profile", "协议类型", required=True, most=50, default="standard"), Field("maker", "制造商", most=50), Field("model", "型号", most=50),
        Field("terminal_code", "终端编号", most=50), Field("sim_number", "SIM卡号", most=20), Field("installed_on", "安装日期", "day"),
    ),
    told=(Told("vehicle_id", "integer", "车辆", "vehicle that it rides in"), Told("plate", "text", "车牌号", "plate of that vehicle")),
    bound=Field("vehicle_id", "车辆", "link", link="vehicles"),
    search=("terminal_id", "sim_number"),
)  # fmt: skip
LINES = Kind(
    "lines", "line", "line_id", "线路", ("code",),
    (
        Field("code", "线路编号", required=True, most=50), Field("name", "线路名称", required=True), Field("name_en", "英文名称"),
        Field("kind", "线路类别", "choice", required=True, choices=VEHICLE_CLASSES, default="unknown"), _OPERATOR, _REGION,
        Field("length_m", "里程(m)", "integer", least=1, most=5_000_000), Field("fare_fen", "票价(元)", "money"),
    ),
    told=(_OPERATOR_NAME, Told("first_departure_s", "integer", "首班发车", "first departure of the present timetable, seconds of the day"),
          Told("last_departure_s", "integer", "末班发车", "last departure"), Told("departures", "integer", "班次数", "departures of the timetable")),
    search=("code", "name", "name_en"), operated=True,
)  # fmt: skip
_STATION = (
    Field("code", "站点编号", required=True, most=50), Field("name", "站名", required=True), Field("name_en", "英文名称"), _REGION,
    Field("village", "所在村"), Field("lon", "经度", "degrees", required=True), Field("lat", "纬度", "degrees", required=True),
    Field("address", "地址", most=200), Field("station_class", "站级", most=20), Field("keeper", "站长", most=50), *_CONTACT,
)  # fmt: skip
STATIONS = Kind("stations", "station", "station_id", "客运站", ("code",), _STATION,
                search=("code", "name", "village"), fixed={"kind": "station"})  # fmt: skip
STOPS = Kind("stops", "station", "station_id", "停靠点", ("code",), _STATION, search=("code", "name", "village"), fixed={"kind": "stop"})
PERMITS_KIND = Kind(
    "permits", "permit", "permit_id", "证照", ("kind", "number"),
    (
        Field("kind", "证照类型", "choice", required=True, choices=PERMITS), Field("number", "证号", required=True, most=50), _OPERATOR,
        Field("vehicle_id", "车辆", "link", link="vehicles"), Field("driver_id", "驾驶员", "link", link="drivers"),
        Field("line_id", "线路", "link", link="lines"), Field("business_scope", "经营范围", most=1_000), Field("issued_by", "发证机关"),
        Field("issued_on", "发证日期", "day"), Field("valid_from", "有效期起", "day"), Field("valid_to", "有效期至", "day"),
    ),
    search=("number",), regional=False, operated=True, ends=("valid_to",),
)  # fmt: skip
SCHOOLS = Kind(
    "schools", "school", "school_id", "学校", ("code",),
    (Field("code", "学校编号", required=True, most=50), Field("name", "学校名称", required=True), _REGION,
     Field("address", "地址", most=200), *_CONTACT, *_PLACE),
    search=("code", "name"),
)  # fmt: skip
AUTHORITIES = Kind(
    "authorities", "authority", "authority_id", "管理部门", ("code",),
    (Field("code", "部门编号", required=True, most=50), Field("name", "部门名称", required=True),
     Field("level", "级别", "choice", required=True, choices=LEVELS, default="county"), _REGION, Field("address", "地址", most=200), *_CONTACT),
    search=("code", "name"),
)  # fmt: skip
COMPANIES_KIND = Kind(
    "companies", "company", "company_id", "物流及电商企业", ("organisation_code",),
    (Field("organisation_code", "统一社会信用代码", "organisation", required=True), Field("name", "企业名称", required=True),
     Field("kind", "企业类别", "choice", required=True, choices=COMPANIES, default="logistics"), _REGION, *_COMPANY),
    search=("organisation_code", "name"),
)  # fmt: skip
STAFF = Kind(
    "staff", "staff", "staff_id", "运营人员", ("number",),
    (Field("number", "工号", required=True, most=50), Field("name", "姓名", required=True, most=50),
     Field("duty", "岗位", "choice", required=True, choices=STAFF_DUTIES, default="dispatcher"), _OPERATOR,
     Field("authority_id", "管理部门", "link", link="authorities"), _REGION, Field("phone", "电话", "phone")),
    told=(_OPERATOR_NAME,), search=("number", "name"), operated=True,
)  # fmt: skip
PERSONS_KIND = Kind(
    "persons", "person", "person_id", "乘客与货主", ("phone",),
    (Field("kind", "类别", "choice", required=True, choices=PERSONS, default="passenger"), _REGION,
     Field("name", "姓名", "person_name", required=True, most=50), Field("phone", "电话", "phone", required=True),
     Field("identity_card", "身份证号", "identity_card"), Field("address", "住址", "home", most=200),
     Field("emergency_name", "紧急联系人", "person_name", most=50), Field("emergency_phone", "紧急联系电话", "phone")),
    read="persons:read", write="persons:write",
)  # fmt: skip
STUDENTS = Kind(
    "students", "student", "student_id", "学生", ("number",),
    (Field("number", "学号", required=True, most=50), Field("school_id", "学校", "link", required=True, link="schools"),
     Field("class_name", "班级", most=50), _REGION, Field("name", "姓名", "person_name", required=True, most=50),
     Field("address", "住址", "home", most=200), Field("guardian_name", "监护人", "person_name", most=50),
     Field("guardian_phone", "监护人电话", "phone"), Field("head_teacher", "班主任", most=50), Field("head_teacher_phone", "班主任电话", "phone")),
    search=("number",), read="persons:read", write="persons:write",
)  # fmt: skip

KINDS: Mapping[str, Kind] = MappingProxyType({
    one.word: one
    for one in (OPERATORS, VEHICLES, DRIVERS, TERMINALS, LINES, STATIONS, STOPS, PERMITS_KIND, SCHOOLS, AUTHORITIES, COMPANIES_KIND, STAFF,
                PERSONS_KIND, STUDENTS)
})  # fmt: skip


def kind_of(word: str) -> Kind:
    """Kind by its word.

    Raises:
        RefusedError: no such kind; names all.
    """
    if word not in KINDS:
        raise RefusedError(f"no kind {word!r} of the registry; there are {', '.join(KINDS)}", field="kind")
    return KINDS[word]
