"""A picture without what the camera wrote into it: position, time, device, thumbnail, comments (P-032).

JPEG and PNG, by their own structure: only what makes the image is copied. Nothing is decoded, so that a picture that lies
about itself costs no memory here.
"""

from __future__ import annotations

from bloesem.errors import BloesemError

#: Bytes of a picture at most.
MOST = 8 * 1024 * 1024
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
#: JPEG: JFIF's header and Adobe's say how colours are meant; every other application segment and comment goes.
_KEPT_SEGMENTS = {0xE0: b"JFIF\x00", 0xEE: b"Adobe"}
#: PNG: the chunks that make the image.
_KEPT_CHUNKS = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs"}


class PictureError(BloesemError):
    """No picture that is kept."""


def _refused() -> PictureError:
    return PictureError(
        "the file is no whole JPEG or PNG picture",
        "P-032: of a picture only the image is kept, and what cannot be read cannot be cleaned",
        "send it as JPEG or PNG",
    )


def cleaned(data: bytes, most: int = MOST) -> bytes:
    """in: a file as it was sent; how many bytes it may have. out: the image alone. Raises `PictureError`."""
    if len(data) > most:
        raise PictureError(
            f"the picture is larger than {most // 1024 // 1024} MB",
            "art. 5(1)(c): no more than the job needs",
            "send a smaller one",
        )
    if data.startswith(_JPEG):
        return _jpeg(data)
    if data.startswith(_PNG):
        return _png(data)
    raise _refused()


def _jpeg(data: bytes) -> bytes:
    kept, at, scans = [_JPEG], 2, 0
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise _refused()
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        if marker == 0xD9:
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + length
        if length < 2 or end > len(data) or marker < 0xC0 or 0xD0 <= marker <= 0xD8:
            raise _refused()
        body = data[at + 4 : end]
        application = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not application or body.startswith(_KEPT_SEGMENTS.get(marker, b"\x00never")):
            # a thumbnail may hide behind JFIF's fourteen bytes
            kept.append(_header(body) if marker == 0xE0 else data[at:end])
        at = end
        if marker == 0xDA:  # the image itself, until the next marker that is none of its own
            scans += 1
            start = at
            while at + 1 < len(data) and (
                data[at] != 0xFF or data[at + 1] == 0 or 0xD0 <= data[at + 1] <= 0xD7
            ):
                following = data.find(b"\xff", at + 1)
                at = len(data) if following < 0 else following
            kept.append(data[start:at])
    if not scans or data[at : at + 2] != b"\xff\xd9":
        raise _refused()
    return b"".join([*kept, b"\xff\xd9"])


def _header(body: bytes) -> bytes:
    """JFIF's header, saying that there is no thumbnail."""
    if len(body) < 14:
        raise _refused()
    return b"\xff\xe0\x00\x10" + body[:12] + b"\x00\x00"


def _png(data: bytes) -> bytes:
    kept, at, names = [_PNG], len(_PNG), []
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        name, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data):
            raise _refused()
        if name in _KEPT_CHUNKS:
            kept.append(data[at:end])
            names.append(name)
        elif name[:1].isupper():  # a chunk that the image needs, and that we do not know
            raise _refused()
        at = end
        if name == b"IEND":
            break
    if not names or names[0] != b"IHDR" or names[-1] != b"IEND" or b"IDAT" not in names:
        raise _refused()
    return b"".join(kept)


__all__ = ["MOST", "PictureError", "cleaned"]
