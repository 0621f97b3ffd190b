"""Logins, the person logged in, the second factor."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
"""One line of text that the database can keep."""


class Credentials(BaseModel):
    """What a person types in."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "wang.fang", "password": "correct horse 808", "code": "123456"}]}
    )

    name: str = Field(max_length=64, pattern=r"^[^\x00]*$")
    password: str = Field(max_length=256)
    code: str = Field("", max_length=16, description="of the authenticator, when a second factor is in force")


class Person(BaseModel):
    """Who is logged in, and what that person may see and do."""

    user_id: int
    name: str
    role: str
    region_code: str = Field(description="GB/T 2260 root of the subtree that is seen; 100000: the whole country", examples=["520102"])
    operator_id: int | None = Field(description="only this operator's vehicles are seen; null: all")
    person_id: int | None = Field(description="the person's own record, such as a driver's")
    unmask: bool = Field(description="may see personal data in clear; every look is noted in the audit log")
    rights: list[str] = Field(examples=[["positions:read", "vehicles:read"]])
    expires: str = Field(description="end of the access token or key, RFC 3339", examples=["2026-11-22T08:00:00+00:00"])


class Tokens(BaseModel):
    """A login of a client without cookies. The refresh secret is good for one use: each refresh gives the next one."""

    access_token: str = Field(description="for `Authorization: Bearer`")
    refresh_token: str | None = Field(description="for `POST /api/v1/session/tokens/refresh`; null: the one before stays good")
    token_type: str = Field("Bearer", examples=["Bearer"])
    expires_in: int = Field(description="seconds until the access token ends", examples=[900])
    person: Person


class Refreshing(BaseModel):
    """The refresh secret of a client without cookies."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: str = Field(max_length=200)


class NewPassword(BaseModel):
    """The present password proves who asks."""

    model_config = ConfigDict(extra="forbid")

    password: SecretStr = Field(max_length=256)
    new_password: SecretStr = Field(max_length=256, description="10 characters of three kinds at least, or 16 of any")


class SessionOut(BaseModel):
    """A login that stands."""

    session_id: str = Field(examples=["7f2c1c7e-8f0e-4e2b-9a8a-3d1f0f6f5e11"])
    user_id: int
    name: str
    kind: str = Field(description="cookie: a browser; token: a program; oidc: a browser, by another provider", examples=["cookie"])
    address: str
    agent: str = Field(description="User-Agent at the login")
    created: str = Field(description="RFC 3339")
    used: str = Field(description="when its tokens were renewed last, RFC 3339")
    expires: str = Field(description="RFC 3339")
    current: bool = Field(description="this request's own")


class Sessions(BaseModel):
    """Logins; the next page in `Link`."""

    sessions: list[SessionOut]


class Enrolling(BaseModel):
    """Who asks for a second factor proves it again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"password": "correct horse 808"}]})

    password: SecretStr = Field(SecretStr(""), max_length=256, description='"" for an account that has none')


class EnrolmentOut(BaseModel):
    """What an authenticator needs; shown this once."""

    secret: str = Field(description="base 32", examples=["JBSWY3DPEHPK3PXP"])
    uri: str = Field(
        description="the same for a QR code", examples=["otpauth://totp/Cuntong:wang.fang?secret=JBSWY3DPEHPK3PXP&issuer=Cuntong"]
    )


class Code(BaseModel):
    """A code of the authenticator."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=16, examples=["123456"])


class Disabling(Code):
    """What ends a second factor."""

    password: SecretStr = Field(max_length=256)


class FactorState(BaseModel):
    """Whether codes are asked for."""

    in_force: bool
