#!/usr/bin/env python3
"""Writes tests/cli/pictures: one good JPEG and files that lie about their size. Made with Pillow 13.0.0, Python 3.11.7."""
import io
import pathlib
import struct
import zlib

from PIL import Image

out = pathlib.Path(__file__).resolve().parents[1] / "cli" / "pictures"
out.mkdir(exist_ok=True)

photo = Image.new("RGB", (64, 48))
photo.putdata([((x * 4) % 256, (y * 5) % 256, (x * y) % 256) for y in range(48) for x in range(64)])
room = io.BytesIO()
photo.save(room, "JPEG", quality=75)
jpeg = room.getvalue()
(out / "photo.jpg").write_bytes(jpeg)

# The same JPEG, whose frame header claims 60000 x 60000.
at = jpeg.index(b"\xff\xc0")
(out / "huge.jpg").write_bytes(jpeg[:at + 5] + struct.pack(">HH", 60000, 60000) + jpeg[at + 9:])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
(out / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
                               chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b""))
