"""Accounts and API keys."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, SecretStr

INT_MOST = 2_147_483_647
REGION = r"^[1-9][0-9]{5}$"
NAME = r"^[A-Za-z0-9\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff._@-]{1,63}$"


class GrantIn(BaseModel):
    """What an account may see and do."""

    model_config = ConfigDict(extra="forbid")

    role: str = Field(max_length=20, examples=["operator"], description="regulator, platform, operator, driver, passenger, shipper, finance, "
                      "station, tester, guardian or admin")  # fmt: skip
    region_code: str = Field("100000", pattern=REGION, description="GB/T 2260 root of the subtree that is seen")
    operator_id: int | None = Field(None, ge=1, le=INT_MOST, description="only this operator's; needed for role operator")
    person_id: int | None = Field(None, ge=1, le=INT_MOST, description="the person's own record; needed for role driver")
    unmask: bool = Field(False, description="may see personal data in clear")


class AccountIn(GrantIn):
    """A new account."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "wang.fang", "role": "regulator", "region_code": "520102", "password": "correct horse 808"}]
        },
    )

    name: str = Field(pattern=NAME, description="login name")
    password: SecretStr | None = Field(None, max_length=256, description="missing: one is made and told once in the answer")


class AccountChange(BaseModel):
    """What is to be otherwise; what is missing stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"disabled": True}]})

    role: str | None = Field(None, max_length=20)
    region_code: str | None = Field(None, pattern=REGION)
    operator_id: int | None = Field(None, ge=1, le=INT_MOST)
    person_id: int | None = Field(None, ge=1, le=INT_MOST)
    unmask: bool | None = None
    disabled: bool | None = Field(None, description="true: no login, no token and no key of it works from this moment on")


class AccountOut(BaseModel):
    """An account."""

    user_id: int
    name: str
    role: str
    region_code: str
    operator_id: int | None
    person_id: int | None
    unmask: bool
    disabled: bool
    created: str = Field(description="RFC 3339")
    changed: str = Field(description="RFC 3339")


class AccountMade(AccountOut):
    """A new account."""

    password: str | None = Field(description="the password that was made, told this once; null: the one that was given")


class Accounts(BaseModel):
    """Accounts by user_id; the next page in `Link`."""

    users: list[AccountOut]


class KeyIn(BaseModel):
    """A key that somebody wants."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "map of the county", "scopes": ["positions:read"], "expires": "2027-11-22T00:00:00Z", "networks": ["203.0.113.0/24"]}]
        },
    )  # fmt: skip

    name: str = Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]*$")
    scopes: list[str] = Field(min_length=1, max_length=100, description="rights, each one your own")
    expires: datetime = Field(description="RFC 3339 with zone, within two years")
    region_code: str | None = Field(None, pattern=REGION, description="narrower than your own; null: yours")
    networks: list[str] = Field(default=[], max_length=50, description="addresses and networks that it may come from; none: any")


class KeyOut(BaseModel):
    """A key without its secret."""

    key_id: str = Field(examples=["5d41402abc4b2a76"])
    name: str
    scopes: list[str]
    region_code: str | None
    networks: list[str]
    created: str = Field(description="RFC 3339")
    expires: str = Field(description="RFC 3339")
    used: str | None = Field(description="when it was used last, to the minute, RFC 3339; null: never")
    used_from: str | None


class KeyMade(KeyOut):
    """A new key."""

    key: str = Field(description="for `Authorization: Bearer`; told this once", examples=["ck_5d41402abc4b2a76_…"])


class Keys(BaseModel):
    """Keys by key_id; the next page in `Link`."""

    keys: list[KeyOut]
