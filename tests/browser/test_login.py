"""The login page in a real browser: the second factor, and the way to another provider."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pyotp
import pytest
from playwright.sync_api import Browser

from operations.accounts_store import set_totp
from operations.settings import OidcSettings
from storage.sealing import load_sealer
from tests.api.server import PASSWORD, running
from tests.browser.conftest import visiting
from tests.browser.test_monitor import no_serious_issue, shot

pytestmark = pytest.mark.browser

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_code_is_asked_for_and_the_provider_offered(browser: Browser, dsn: str, tmp_path: Path) -> None:
    oidc = OidcSettings("https://sso.example", "cuntong", tmp_path / "none", label="省统一认证")
    with running(dsn, tmp_path, {"oidc": oidc}) as web:
        name = web.account("regulator", "520000")
        with psycopg.connect(dsn) as conn:
            row = conn.execute("select user_id, now() from account where name = %s", (name,)).fetchone()
            assert row is not None
            sealed = load_sealer(web.settings.web.personal_key_file).seal(SECRET, f"account_secret.totp_sealed:{row[0]}")
            set_totp(conn, row[0], sealed, row[1], 0)
        with visiting(browser, web.url, language="zh-CN") as visit:
            page = visit.page
            page.goto(f"{web.url}/app/login?error=oidc_unknown&next=/app/explain")
            assert page.text_content("#answer") == "本平台没有您的账号，请联系管理员开通"
            assert page.text_content("#other") == "使用 省统一认证 登录"
            assert page.get_attribute("#other", "href") == f"{web.url}/api/v1/session/oidc?next=%2Fapp%2Fexplain"
            assert not page.is_visible("#code")
            page.fill("#name", name)
            page.fill("#password", PASSWORD)
            page.click("form button")
            page.wait_for_selector("#code:focus")
            assert page.text_content("#answer") == "请输入身份验证器上显示的验证码"
            no_serious_issue(page)
            path = shot("CUNTONG_SCREENSHOT_LOOKS", "login-code.png")
            if path:
                page.screenshot(path=path)
            page.fill("#code", "000000")
            page.click("form button")
            visit.until("document.getElementById('answer').textContent.startsWith('验证码错误')")
            visit.errors.clear()  # the browser notes each refused login
            page.fill("#code", pyotp.TOTP(SECRET).at(time.time()))
            page.click("form button")
            page.wait_for_url("**/app/explain")
