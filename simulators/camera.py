"""The camera of a simulated terminal: real JPEG files, made when they are asked for, and kept until they are deleted."""

from __future__ import annotations

import io
from dataclasses import dataclass
from random import Random
from typing import Any

from PIL import Image, ImageDraw

from protocols.jt808.messages.location import Location
from protocols.jt808.messages.media_orders import FILM, STOP, SearchMedia, TakePicture, UploadMedia
from protocols.jt808.messages.multimedia import MediaData, MediaEvent, StoredMedia, StoredMediaList
from simulators.identity import Identity

CHANNELS = 4
_SIZES = {1: (320, 240), 2: (640, 480), 3: (800, 600), 4: (1024, 768), 5: (176, 144), 6: (352, 288), 7: (704, 288), 8: (704, 576)}
_KEPT = 64
_MOST = 8
_ORDERED_BY_PLATFORM = 0


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture as the terminal holds it."""

    media_id: int
    channel: int
    event: int
    location: Location
    data: bytes

    @property
    def upload(self) -> MediaData:
        """0x0801."""
        return MediaData(self.media_id, 0, 0, self.event, self.channel, self.location, self.data)

    @property
    def announcement(self) -> MediaEvent:
        """0x0800."""
        return MediaEvent(self.media_id, 0, 0, self.event, self.channel)


class Camera:
    """Pictures by id.

    Args:
        identity: whose; its plate stands in every picture.
        seed: of what is seen.
    """

    def __init__(self, identity: Identity, seed: int = 0) -> None:
        self.photos: dict[int, Photo] = {}
        self._identity = identity
        self._seed = seed
        self._next_id = 1

    def take(self, order: TakePicture, location: Location) -> tuple[int, list[Photo]]:
        """(result of 0x0805, pictures) of an order; films are not made."""
        if not 1 <= order.channel <= CHANNELS:
            return 2, []
        if order.command == FILM:
            return 1, []
        count = 0 if order.command == STOP else min(order.command, _MOST)
        return 0, [self.shoot(order.channel, location, _ORDERED_BY_PLATFORM, order.resolution, order.quality) for _ in range(count)]

    def shoot(self, channel: int, location: Location, event: int, resolution: int = 1, quality: int = 5) -> Photo:
        """Take one picture and keep it; the oldest goes when there are too many."""
        media_id, self._next_id = self._next_id, self._next_id + 1
        data = picture(f"{self._identity.plate.number[1:]} ch{channel} #{media_id}", (self._seed, media_id), resolution, quality)
        photo = self.photos[media_id] = Photo(media_id, channel, event, location, data)
        while len(self.photos) > _KEPT:
            del self.photos[next(iter(self.photos))]
        return photo

    def found(self, query: SearchMedia | UploadMedia) -> list[Photo]:
        """Pictures that fit a search."""
        start, end = query.start_ms or 0, query.end_ms or 1 << 62
        return [
            photo
            for photo in self.photos.values()
            if query.media_type == 0
            and query.channel in (0, photo.channel)
            and query.event == photo.event
            and start <= (photo.location.time_ms or 0) <= end
        ]

    def listed(self, serial: int, query: SearchMedia) -> StoredMediaList:
        """0x0802."""
        return StoredMediaList(serial, tuple(StoredMedia(p.media_id, 0, p.channel, p.event, p.location) for p in self.found(query)))

    def delete(self, photos: list[Photo]) -> None:
        """Forget pictures."""
        for photo in photos:
            self.photos.pop(photo.media_id, None)


def picture(text: str, seed: Any, resolution: int = 1, quality: int = 5) -> bytes:
    """A JPEG file: a road under a sky, the text on it; bytes are the same for the same arguments.

    Args:
        resolution: of 0x8801, 1 to 8; others count as 1. quality: 1 best to 10.
    """
    random = Random(f"{seed}")
    width, height = _SIZES.get(resolution, _SIZES[1])
    image = Image.new("RGB", (width, height), (random.randrange(100, 200), 180, 230))
    draw = ImageDraw.Draw(image)
    horizon = height * random.randrange(35, 55) // 100
    draw.rectangle((0, horizon, width, height), fill=(90, random.randrange(110, 160), 80))
    middle = width * random.randrange(40, 60) // 100
    draw.polygon([(middle, horizon), (width * 9 // 10, height), (width // 10, height)], fill=(70, 70, 75))
    for _ in range(60):
        x, y, size = random.randrange(width), random.randrange(horizon, height), random.randrange(2, 9)
        draw.ellipse((x, y, x + size, y + size), fill=(random.randrange(256), random.randrange(256), random.randrange(256)))
    draw.text((8, 8), text, fill=(255, 255, 255))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=max(20, 95 - 7 * quality))
    return out.getvalue()
