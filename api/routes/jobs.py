"""`/api/v1/jobs`: long work that was asked for, what became of it, and its file."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, Response

from api.answers import answer
from api.asking import asking, may
from api.cursors import Paging
from api.live.source import Pool
from api.parameters import Int8Id
from api.schemas.jobs import JobList, JobSeen, JobState
from domain.errors import RefusedError
from operations.identity import Principal
from storage import audit, jobs
from storage.jobs import Job

Owning = Annotated[Principal, Depends(may("jobs:own"))]


def router(pool: Pool, folder: Path) -> APIRouter:
    """Routes of jobs.

    Args:
        folder: of the files that jobs write.
    """
    routes = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

    @routes.get("")
    def listed(
        principal: Owning,
        page: Paging,
        state: JobState | None = None,
        kind: Annotated[str | None, Query(pattern="^[a-z_.]{1,40}$")] = None,
        mine: Annotated[bool, Query(description="one's own alone; administrators see those of all accounts of their region")] = False,
    ) -> JobList:
        """Jobs, the newest first."""
        before = None if page.after is None else page.after[0]
        with asking(pool, principal) as conn:
            found = jobs.page(conn, page.limit + 1, before, user_id=principal.user_id if mine else None, state=state, kind=kind)
        return JobList(jobs=[job_seen(job) for job in page.cut(found, lambda job: (job.job_id,))])

    @routes.get("/{job_id}", response_model=JobSeen)
    def one(request: Request, principal: Owning, job_id: Int8Id) -> Response:
        """One job; its ETag changes with its state and progress."""
        with asking(pool, principal) as conn:
            job = _job(jobs.one(conn, job_id), job_id)
        response = answer(request, job_seen(job))
        if job.state in ("queued", "running"):
            response.headers["Retry-After"] = "2"
        return response

    @routes.post("/{job_id}/cancel", responses={409: {"description": "it has ended"}})
    def cancel(principal: Owning, job_id: Int8Id) -> JobSeen:
        """End it: at once while it waits, soon while it runs. 409 when it has ended."""
        with asking(pool, principal) as conn:
            return job_seen(jobs.cancel(conn, job_id))

    @routes.get("/{job_id}/file", response_class=FileResponse)
    def file(principal: Owning, job_id: Int8Id) -> FileResponse:
        """The file that the job wrote; 404 when there is none, or no longer."""
        with asking(pool, principal) as conn:
            return _file(conn, _job(jobs.one(conn, job_id), job_id), folder)

    return routes


def _file(conn: jobs.Connection, job: Job, folder: Path) -> FileResponse:
    result = job.result or {}
    path = folder / Path(str(result.get("file", ""))).name
    if "file" not in result or not path.is_file():
        raise RefusedError(f"job {job.job_id} has no file, or it was removed", field="job_id", kind="missing")
    audit.put(conn, "export", "export.fetch", f"job:{job.job_id}", {"rows": result["rows"], "sha256": result["sha256"]})
    headers = {"Cache-Control": "private, no-store", "Repr-Digest": digest_field(result["sha256"])}
    return FileResponse(path, headers=headers, media_type=result["media_type"], filename=result["name"])


def digest_field(sha256: str) -> str:
    """Value of the field Repr-Digest (RFC 9530) for a hash in hex."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def _job(found: Job | None, job_id: int) -> Job:
    if found is None:
        raise RefusedError(f"no job {job_id}", field="job_id", kind="missing")
    return found


def job_seen(job: Job) -> JobSeen:
    """A job as it is told."""
    result = {key: value for key, value in job.result.items() if key not in ("file", "media_type")} if job.result is not None else None
    return JobSeen(
        job_id=job.job_id, kind=job.kind, state=job.state, progress=round(job.progress, 3), arguments=job.arguments, result=result,  # type: ignore[arg-type]
        error=job.error, file=f"/api/v1/jobs/{job.job_id}/file" if "file" in (job.result or {}) else None, asked_by=job.asked_by,
        created=job.created_at, started=job.started_at, done=job.done_at, expires=job.expires_at,
    )  # fmt: skip
