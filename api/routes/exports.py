"""`/api/v1/exports`: small ones at once, large ones as jobs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse, JSONResponse
from starlette.background import BackgroundTask

from api.asking import asking, may
from api.live.source import Pool
from api.routes.jobs import digest_field, job_seen
from api.schemas.jobs import ExportQuery, JobSeen, NewExport
from domain.errors import RefusedError
from operations.export_job import KIND
from operations.export_tables import MEDIA_TYPES, Order
from operations.exports import Limits, file_name, write
from operations.identity import Principal
from operations.settings import ExportSettings
from storage import jobs

Making = Annotated[Principal, Depends(may("exports:make"))]


def router(pool: Pool, settings: ExportSettings, archive: Path | None) -> APIRouter:
    """Routes of exports.

    Args:
        settings: folder and limits; archive: folder of archived days, None: hot days only.
    """
    routes = APIRouter(prefix="/api/v1/exports", tags=["exports"])

    @routes.get("", response_class=FileResponse, responses={200: {"content": {one.partition(";")[0]: {} for one in MEDIA_TYPES.values()}}})
    def at_once(principal: Making, order: Annotated[Order, Depends(_order)]) -> FileResponse:
        """The file itself, with its SHA-256 in Repr-Digest; 422 `too_many` for what has to be a job."""
        _may(principal, order)
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=settings.folder, prefix="direct-", delete=False) as file:
            path = Path(file.name)
        with asking(pool, principal) as conn:
            done = write(conn, order, path, Limits(settings.direct_rows, archive, for_good=False))
        headers = {"Cache-Control": "private, no-store", "Repr-Digest": digest_field(done.sha256), "Export-Rows": str(done.rows)}
        gone = BackgroundTask(path.unlink, missing_ok=True)
        return FileResponse(path, headers=headers, media_type=MEDIA_TYPES[order.format], filename=file_name(order, "now"), background=gone)

    @routes.post("", status_code=202, response_model=JobSeen)
    def as_job(principal: Making, asked: NewExport) -> JSONResponse:
        """A job that writes the file; `Location` names it."""
        order = Order(
            asked.of, asked.format, tuple(asked.vehicle_ids), asked.operator_id, asked.region_code, asked.first, asked.until, asked.stream,
            asked.crs,
        )  # fmt: skip
        _may(principal, order)
        with asking(pool, principal) as conn:
            job = jobs.one(conn, jobs.ask(conn, KIND, order.said()))
        assert job is not None
        return JSONResponse(job_seen(job).model_dump(mode="json"), 202, {"Location": f"/api/v1/jobs/{job.job_id}"})

    return routes


def _may(principal: Principal, order: Order) -> None:
    right = order.table().right
    if not principal.may(right):
        raise RefusedError(f"role {principal.role} lacks the right {right}", field="of", kind="forbidden")
    if any(not 0 < one < 2**31 for one in order.vehicle_ids):
        raise RefusedError("vehicle ids are 1 to 2147483647", field="vehicle_id")


def _order(asked: Annotated[ExportQuery, Query()]) -> Order:
    return Order(
        asked.of, asked.format, tuple(asked.vehicle_id), asked.operator_id, asked.region_code, asked.first, asked.until, asked.stream,
        asked.crs,
    )  # fmt: skip
