"""Exports as jobs: files in the exports' folder, kept some days."""

from __future__ import annotations

from pathlib import Path

from operations.export_tables import MEDIA_TYPES, Order
from operations.exports import Limits, file_name, write
from operations.job_runner import Outcome, Pool, Work
from operations.settings import ExportSettings
from storage import jobs
from storage.scope import scoped, service

KIND = "export"
_HALF = 20_000
"""Rows after which an export of unknown length counts as half done."""


class ExportJobs:
    """Writes exports.

    Args:
        settings: folder and limits; archive: folder of archived days, None: hot days only.
    """

    def __init__(self, settings: ExportSettings, archive: Path | None) -> None:
        self._settings, self._archive = settings, archive

    def __call__(self, work: Work) -> Outcome:
        """Do one; done again after a worker's death, it writes its file anew."""
        order = Order.read(work.job.arguments)
        folder = self._settings.folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in folder.glob(f"{work.job.job_id}-*"):
            left.unlink(missing_ok=True)
        name = f"{work.job.job_id}-{work.job.attempts}.{order.format}"
        limits = Limits(self._settings.most_rows, self._archive, lambda rows: work.alive(rows / (rows + _HALF)))
        with scoped(work.pool, work.scope) as conn:
            done = write(conn, order, folder / name, limits)
        result = {
            "file": name, "name": file_name(order, str(work.job.job_id)), "media_type": MEDIA_TYPES[order.format], "rows": done.rows,
            "bytes": done.size, "sha256": done.sha256,
        }  # fmt: skip
        return Outcome(result, self._settings.keep_days)


def remove_expired(pool: Pool, folder: Path) -> int:
    """Remove the files whose days are over; how many."""
    with scoped(pool, service("worker")) as conn:
        over = jobs.expired(conn)
        for job in over:
            name = (job.result or {}).get("file")
            if isinstance(name, str) and name == Path(name).name:
                (folder / name).unlink(missing_ok=True)
            jobs.without_file(conn, job.job_id)
    return len(over)
