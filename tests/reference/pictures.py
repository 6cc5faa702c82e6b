"""Small picture files of every kind that src/data decodes, and what Pillow makes of them.

Writes tests/data/pictures/NAME and NAME.npy (H x W or H x W x 3, uint8). Pictures of 16 bits are compared with
round(v / 257) of the values that were written, since Pillow cuts off the low byte of colour.
Made with Pillow 13.0.0 (its own libjpeg-turbo 3), NumPy 2.
"""

import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

OUT = pathlib.Path(__file__).parent.parent / "data" / "pictures"
OUT.mkdir(parents=True, exist_ok=True)


def photo(width, height, seed=0):
    """Smooth waves with a little noise: compresses like a photograph, has no symmetry."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [128 + 100 * np.sin(x / 7 + c) * np.cos(y / (5 + c)) + 0.7 * x - 0.5 * y for c in range(3)]
    values = np.stack(planes, -1) + rng.normal(0, 3, (height, width, 3))
    return np.clip(values, 0, 255).astype(np.uint8)


def keep(name, pixels):
    np.save(OUT / (name + ".npy"), np.ascontiguousarray(pixels, dtype=np.uint8))


def reference(name):
    """Pillow's pixels, upright: L for grey files, else RGB."""
    image = ImageOps.exif_transpose(Image.open(OUT / name))
    grey = image.mode in ("1", "L", "LA")
    keep(name, np.asarray(image.convert("L" if grey else "RGB")))


def write(name, image, **options):
    image.save(OUT / name, **options)
    reference(name)


def png(name, kind, values):
    """A PNG of 16 bits from H x W x samples of uint16, which Pillow cannot write."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (OUT / name).write_bytes(data)


def tiff(name, values, photometric=2, orientation=1, big=False):
    """An uncompressed TIFF of H x W x samples, one strip, of values.dtype."""
    end = ">" if big else "<"
    height, width, samples = values.shape
    data = values.astype(values.dtype.newbyteorder(end)).tobytes()
    bits = values.dtype.itemsize * 8
    extra = 8 + len(data)
    tags = [(256, 3, [width]), (257, 3, [height]), (258, 3, [bits] * samples), (259, 3, [1]), (262, 3, [photometric]),
            (273, 4, [8]), (274, 3, [orientation]), (277, 3, [samples]), (278, 3, [height]), (279, 4, [len(data)])]
    if samples in (2, 4):
        tags.append((338, 3, [2]))
    ifd_at = extra + 2 * samples + (2 * samples) % 2
    blob = struct.pack(end + f"{samples}H", *[bits] * samples)
    ifd = struct.pack(end + "H", len(tags))
    for tag, kind, numbers in tags:
        if len(numbers) * 2 > 4:
            value = struct.pack(end + "I", extra)
        elif kind == 3:
            value = struct.pack(end + f"{len(numbers)}H", *numbers).ljust(4, b"\0")
        else:
            value = struct.pack(end + "I", numbers[0])
        ifd += struct.pack(end + "HHI", tag, kind, len(numbers)) + value
    ifd += struct.pack(end + "I", 0)
    head = (b"MM\0\x2a" if big else b"II\x2a\0") + struct.pack(end + "I", ifd_at)
    (OUT / name).write_bytes(head + data + blob + ifd)


def bmp(name, values, bits, top_down=False, palette=None, masks=False):
    """values: H x W indices, or H x W x 3 RGB."""
    height, width = values.shape[:2]
    stride = (width * bits + 31) // 32 * 4
    rows = []
    for row in values:
        if bits <= 8:
            digits = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - bits:].reshape(-1)
            line = np.packbits(digits).tobytes()
        elif bits == 24:
            line = row[:, ::-1].tobytes()
        else:
            line = np.concatenate([row[:, ::-1], np.full((width, 1), 7, np.uint8)], 1).tobytes()
        rows.append(line.ljust(stride, b"\0"))
    if not top_down:
        rows = rows[::-1]
    colours = b"" if palette is None else b"".join(bytes([b, g, r, 0]) for r, g, b in palette)
    mask = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF) if masks else b""
    offset = 54 + len(mask) + len(colours)
    head = b"BM" + struct.pack("<IHHI", offset + stride * height, 0, 0, offset)
    info = struct.pack("<IiiHHIIiiII", 40, width, -height if top_down else height, 1, bits, 3 if masks else 0, 0, 0, 0,
                       0 if palette is None else len(palette), 0)
    (OUT / name).write_bytes(head + info + mask + colours + b"".join(rows))
    reference(name)


rgb = photo(37, 29)
image = Image.fromarray(rgb)
grey = image.convert("L")
alpha = np.linspace(0, 255, 37 * 29).reshape(29, 37).astype(np.uint8)
rgba = Image.fromarray(np.dstack([rgb, alpha]))

write("rgb.jpg", image, quality=90)
write("rgb-444-progressive.jpg", image, quality=85, subsampling=0, progressive=True)
write("grey.jpg", grey, quality=90)
write("cmyk.jpg", image.convert("CMYK"), quality=90)
for turn in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = turn
    write(f"exif-{turn}.jpg", Image.fromarray(photo(19, 11)), quality=95, subsampling=0, exif=exif)

write("rgb.png", image)
write("grey.png", grey)
write("rgba.png", rgba)
write("grey-alpha.png", Image.fromarray(np.dstack([np.asarray(grey), alpha])))
write("palette.png", image.quantize(23))
write("bilevel.png", image.convert("1"))
exif = Image.Exif()
exif[0x0112] = 6
write("exif-6.png", image, exif=exif)
rng = np.random.default_rng(3)
wide = rng.integers(0, 65536, (13, 17, 4), dtype=np.uint16)


def narrow(v):
    return ((v.astype(np.uint32) + 128) // 257).astype(np.uint8)


for name, kind, samples, shown in (("grey16.png", 0, 1, 1), ("rgb16.png", 2, 3, 3), ("grey-alpha16.png", 4, 2, 1),
                                   ("rgba16.png", 6, 4, 3)):
    png(name, kind, wide[..., :samples])
    keep(name, narrow(wide[..., :shown]).squeeze())

write("lossy.webp", image, quality=80)
write("lossless.webp", image, lossless=True)
write("alpha.webp", rgba, lossless=True, exact=True)
write("exif-8.webp", image, lossless=True, exif=b"Exif\0\0" + b"II\x2a\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 8, 0, 0))

write("rgb.tif", image, compression="tiff_lzw")
write("rgba.tif", rgba, compression="tiff_adobe_deflate")
write("grey.tiff", grey, compression="packbits")
write("palette.tif", image.quantize(16))
write("bilevel.tif", image.convert("1"), compression="group4")
for name, samples, shown, photometric, big in (("grey16.tif", 1, 1, 1, False), ("rgb16.tif", 3, 3, 2, True),
                                               ("rgba16.tif", 4, 3, 2, False), ("white16.tif", 1, 1, 0, True)):
    tiff(name, wide[..., :samples], photometric, big=big)
    shown = narrow(wide[..., :shown]).squeeze()
    keep(name, 255 - shown if photometric == 0 else shown)
for turn in range(1, 9):
    tiff(f"turn-{turn}.tif", photo(7, 5), orientation=turn)
    # turned as the EXIF standard says, through the JPEG rule that Pillow tests: independent of libtiff
    upright = Image.fromarray(photo(7, 5))
    for method in {2: [0], 3: [3], 4: [1], 5: [5], 6: [4], 7: [6], 8: [2]}.get(turn, []):
        upright = upright.transpose(Image.Transpose(method))
    keep(f"turn-{turn}.tif", np.asarray(upright))

bmp("rgb24.bmp", rgb, 24)
bmp("rgb32.bmp", rgb, 32)
bmp("rgb32-masks.bmp", rgb, 32, masks=True)
bmp("top-down.bmp", rgb, 24, top_down=True)
for bits in (1, 4, 8):
    n = 1 << bits
    palette = np.random.default_rng(bits).integers(0, 256, (n, 3)).tolist()
    bmp(f"palette{bits}.bmp", np.random.default_rng(9).integers(0, n, (11, 13)), bits, palette=palette)
bmp("grey8.bmp", np.asarray(grey), 8, palette=[(v, v, v) for v in range(256)])
big = Image.fromarray(photo(240, 160, 4))
big.save(OUT / "large.jpg", quality=80)
half = Image.open(OUT / "large.jpg")
half.draft("RGB", (120, 80))
keep("large-half", np.asarray(half))  # decoded at reduced scale by libjpeg, as Image.draft asks
