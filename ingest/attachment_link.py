"""One link of the attachment server: its session, the alarm that it brings files of, and what the disk and the database hold of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from domain.errors import StoreError
from ingest import attachment_store
from ingest.attachment_files import Draft
from ingest.attachment_store import FileRow, Upload
from protocols.attachment import AttachmentSession
from protocols.attachment_events import DataIn, Ended, EndIn, Event, FileIn, ListIn, Odd, OtherIn
from protocols.jt808.header import terminal_key
from protocols.jt808.profile import PROFILES

if TYPE_CHECKING:
    from ingest.attachments import AttachmentServer

log = structlog.get_logger()

FAILED = 1
_FORMS = tuple(PROFILES[name] for name in ("su_biao", "hei_biao", "yue_biao", "chuan_biao"))
_SAVED_EVERY = 4 << 20
_SAVED_AFTER_MS = 10_000
"""Bytes, and time while bytes come, between two notes of what has come: a crash costs no more than these."""


class AttachmentLink:
    """What one terminal's link has said, and what became of it.

    Args:
        server: whose link it is.
        now_ms: monotonic ms.
    """

    def __init__(self, server: AttachmentServer, now_ms: int) -> None:
        self._server = server
        self.session = AttachmentSession(_FORMS[0], server.limits, now_ms=now_ms, candidates=_FORMS)
        self._upload: Upload | None = None
        self._drafts: dict[str, tuple[str, Draft]] = {}
        self._whole: set[str] = set()
        self._now_ms = self._saved_ms = now_ms

    async def take(self, data: bytes, now_ms: int) -> str:
        """Act on bytes; why the link must end, "" when it goes on. OSError: the disk refuses what was promised to nobody yet."""
        self._now_ms = now_ms
        for event in self.session.receive_data(data, now_ms):
            if isinstance(event, Ended):
                return event.reason
            try:
                await self._act(event)
            except (StoreError, OSError) as error:
                log.warning("attachment_not_taken", reason=str(error).splitlines()[0], next="the terminal is told to try again")
                self._server.counts["failed"] += 1
                if not isinstance(event, DataIn):
                    self.session.reply(event, FAILED)
                else:
                    return "disk"
        return ""

    async def _act(self, event: Event) -> None:
        if isinstance(event, DataIn):
            await self._data(event)
        elif isinstance(event, ListIn):
            await self._list(event)
        elif isinstance(event, FileIn):
            await self._file(event)
        elif isinstance(event, EndIn):
            await self._end(event)
        elif isinstance(event, OtherIn | Odd):
            self._server.counts["odd"] += isinstance(event, Odd)
            self.session.reply(event, 0 if isinstance(event, OtherIn) else 2)

    async def _list(self, event: ListIn) -> None:
        """0x1210: only an alarm whose files were ordered of this terminal, by the number that the order gave."""
        await self._leave()
        terminal, number = terminal_key(event.header.terminal_id), event.message.alarm_number
        upload = await self._server.ledger.ask(lambda conn: attachment_store.find(conn, number, terminal))
        if upload is None or not self._server.roomy:
            self._server.counts["refused" if upload is None else "refused_full"] += 1
            self.session.reply(event, FAILED)
            return
        self._upload = upload
        for row in event.message.attachments:
            await self._announce(upload, row.name, None, row.size)
        self.session.reply(event)

    async def _file(self, event: FileIn) -> None:
        """0x1211."""
        if self._upload is None:
            self.session.reply(event, FAILED)
            return
        await self._announce(self._upload, event.message.name, event.message.kind, event.message.size)
        self.session.reply(event)

    async def _announce(self, upload: Upload, name: str, kind: int | None, size: int) -> None:
        """Note a file, and what came of it over earlier links."""
        file = self.session.files.get(name)
        if file is None or "\x00" in name:
            return
        before = self._drafts.get(file.stored_name)
        if before is not None and before[1].size == size and kind is None:
            return
        rows = await self._server.ledger.ask(lambda conn: self._noted(upload, name, kind, size, conn))
        known = next(row for row in rows if row.name == name)
        draft = before[1] if before is not None else Draft(self._server.settings.folder, upload.upload_id, name, size)
        if draft.size != size or not draft.exists:
            draft.discard()
            draft = Draft(self._server.settings.folder, upload.upload_id, name, size)
            known = FileRow(name, known.kind, size, [], known.path)
        self._drafts[file.stored_name] = (name, draft)
        if known.path is not None and (self._server.settings.folder / known.path).is_file():
            self._whole.add(file.stored_name)
            file.take(0, size)
            return
        self._whole.discard(file.stored_name)
        for start, end in known.runs:
            file.take(start, end - start)

    @staticmethod
    def _noted(upload: Upload, name: str, kind: int | None, size: int, conn: attachment_store.Connection) -> list[FileRow]:
        attachment_store.announce(conn, upload.upload_id, name, kind, size)
        return attachment_store.files_of(conn, upload.upload_id)

    async def _data(self, event: DataIn) -> None:
        found = self._drafts.get(event.stored_name)
        if self._upload is None or found is None:
            self._server.counts["unwanted_bytes"] += len(event.data)
            return
        self._server.counts["bytes"] += len(event.data)
        if event.stored_name not in self._whole:
            found[1].write(event.offset, event.data)
            if found[1].unsynced > _SAVED_EVERY or self._now_ms - self._saved_ms > _SAVED_AFTER_MS:
                await self._save(event.stored_name)

    async def _save(self, stored_name: str) -> None:
        """Make the bytes of a file durable, then note which they are."""
        name, draft = self._drafts[stored_name]
        file, upload = self.session.files.get(name), self._upload
        if file is None or upload is None or not draft.unsynced or stored_name in self._whole:
            return
        runs = file.runs()
        self._saved_ms = self._now_ms
        await asyncio.to_thread(draft.sync)
        await self._server.ledger.ask(lambda conn: attachment_store.progress(conn, upload.upload_id, name, runs))

    async def _end(self, event: EndIn) -> None:
        """0x1212: what is missing is asked for; a whole file is durable and noted before it is confirmed."""
        found, upload = self._drafts.get(event.stored_name), self._upload
        if upload is None or found is None:
            self.session.reply(event, FAILED)
            return
        name, draft = found
        if event.missing:
            self._server.counts["ranges_asked"] += len(event.missing)
            await self._save(event.stored_name)
        elif event.stored_name not in self._whole:
            sha256 = await asyncio.to_thread(draft.finish)
            done = await self._server.ledger.ask(lambda conn: attachment_store.finish(conn, upload.upload_id, name, sha256, draft.place))
            self._whole.add(event.stored_name)
            self._server.counts["files"] += 1
            self._server.counts["alarms"] += done
        self.session.reply(event)

    async def _leave(self) -> None:
        """Note what came of the alarm so far, and let it go."""
        upload = self._upload
        try:
            for stored_name in self._drafts if upload is not None else ():
                await self._save(stored_name)
            if upload is not None and self._drafts.keys() - self._whole:
                await self._server.ledger.ask(lambda conn: attachment_store.broken_off(conn, upload.upload_id))
        finally:
            for _, draft in self._drafts.values():
                draft.close()
            self._upload, self._drafts, self._whole = None, {}, set()

    async def end(self) -> None:
        """The link is gone."""
        self.session.close("gone")
        await self._leave()
