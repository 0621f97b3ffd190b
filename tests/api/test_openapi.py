"""The OpenAPI document is true: drawn requests of every role, over the real server and database, get no 5xx and nothing untold.

`CUNTONG_FUZZ_EXAMPLES` (default 1) is how many requests are drawn for each operation; every role sends each of them. 100 is the long form.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import psycopg
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup

from operations.rights import ROLES
from tests.api.server import RunningWeb, put_fix, put_vehicle, running

EXAMPLES = int(os.environ.get("CUNTONG_FUZZ_EXAMPLES", "1"))
WANTED = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
ENDS_THE_LOGIN = {
    ("DELETE", "/api/v1/session"), ("POST", "/api/v1/session"), ("POST", "/api/v1/session/refresh"), ("DELETE", "/api/v1/sessions/{session_id}"),
}  # fmt: skip
"""Drawn by nobody who is logged in: what follows would be refused."""


@pytest.fixture(scope="module")
def web(module_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWeb]:
    with psycopg.connect(module_dsn) as conn:
        conn.execute("insert into operator (operator_id, name, region_code) values (3, '息烽县农村客运', '520122')")
        put_vehicle(conn, 1, "贵A12345", operator_id=3)
        put_vehicle(conn, 2, "贵B00001", region="520203")
        put_fix(conn, 1, 106.7, 26.6)
        conn.execute("insert into terminal (terminal_id, vehicle_id, state) values ('13800000001', 1, 'registered')")
    with running(
        module_dsn, tmp_path_factory.mktemp("openapi"), requests_per_minute=0, address_requests_per_minute=0, logins_per_minute=0
    ) as one:
        yield one


def document(web: RunningWeb) -> dict[str, Any]:
    with web.client() as client:
        found: dict[str, Any] = client.get("/api/v1/openapi.json").json()
    return found


def test_the_document_tells_every_operation_with_examples_problems_and_who_may_ask(web: RunningWeb) -> None:
    said = document(web)
    assert said["openapi"].startswith("3.1")
    assert set(said["components"]["securitySchemes"]) == {"cookie", "bearer"}
    operations = [(f"{method} {path}", one) for path, methods in said["paths"].items() for method, one in methods.items()]
    assert len(operations) > 40
    wrong = []
    for name, one in operations:
        assert one.get("summary"), name
        assert {"401", "403", "422", "429", "503"} <= set(one["responses"]), name
        told = [body for status, answer in one["responses"].items() if status[0] == "2" for body in _json(answer)]
        for body in told + _json(one.get("requestBody", {})):
            rules = jsonschema_rs.validator_for(body["schema"] | {"components": said["components"]})
            wrong += [f"{name}: {fault}" for fault in rules.iter_errors(body["example"])]
    assert not wrong, "\n\n".join(wrong)


def _json(part: dict[str, Any]) -> list[dict[str, Any]]:
    """JSON bodies that an answer or a request may have."""
    return [body for kind, body in part.get("content", {}).items() if "json" in kind]


@pytest.fixture(scope="module")
def people(web: RunningWeb) -> Iterator[dict[str, requests.Session]]:
    """A session of every role, and of nobody."""
    with contextlib.ExitStack() as stack:
        found = {"nobody": stack.enter_context(requests.Session())}
        for role in ROLES:
            person = {"person_id": 5} if role == "driver" else {}
            name = web.account(role, "520100", 3 if role in ("operator", "driver") else None, **person)
            found[role] = session = stack.enter_context(requests.Session())
            with web.client(name) as client:
                session.cookies.update(dict(client.cookies))
                session.headers["X-CSRFToken"] = client.cookies.get("_csrf_token", "")
        yield found


def test_no_role_gets_what_the_document_does_not_tell(web: RunningWeb, people: dict[str, requests.Session]) -> None:
    schema = schemathesis.openapi.from_dict(document(web), config=SchemathesisConfig())
    faults: list[str] = []
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if _left_out(operation):
            continue
        asked += 1
        for fault in _faults(web, people, operation):
            faults.append(fault)
    assert asked > 100
    assert not faults, f"{len(faults)} faults\n\n" + "\n\n".join(faults[:25])
    for role, session in people.items():
        # nobody was logged out on the way: all of it was asked as who it says
        assert session.get(f"{web.url}/api/v1/session/me", timeout=20).status_code == (401 if role == "nobody" else 200), role


def _left_out(operation: Any) -> bool:
    """Streams have no end; what ends logins would make the rest of the requests nobody's."""
    name = (operation.method.upper(), operation.path)
    return "text/event-stream" in str(operation.definition.raw.get("responses")) or name in ENDS_THE_LOGIN


def _faults(web: RunningWeb, people: dict[str, requests.Session], operation: Any) -> list[str]:
    """What was wrong with the answers to the drawn requests of one operation, each sent by everybody."""
    faults: dict[str, str] = {}
    checks = [CHECKS.get_one(check) for check in WANTED]
    both = st.one_of(operation.as_strategy(), operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))

    @seed(5)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=both)
    def one(case: Any) -> None:
        for role, session in people.items():
            answer = case.call(base_url=web.url, session=session, timeout=20)
            try:
                case.validate_response(answer, checks=checks)
            except (FailureGroup, Failure) as fault:
                first = fault.exceptions[0] if isinstance(fault, FailureGroup) else fault
                faults.setdefault(str(first.title), f"{operation.label} as {role}, {answer.status_code}: {first}"[:1500])

    one()
    return list(faults.values())
