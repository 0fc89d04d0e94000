"""PDF files with real text, made by hand: headings set larger than the lines below them."""

from __future__ import annotations

from collections.abc import Sequence

HEADING = 18
LINE = 11

_LATIN = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_CHINESE = (
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts["
    b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/DW 1000/CIDSystemInfo"
    b"<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>]>>"
)


def pdf(lines: Sequence[tuple[int, str]], *, chinese: bool = False) -> bytes:
    """One page with a (size in points, text) per line; a heading has more room above it."""
    content, y = [], 800
    for size, text in lines:
        y -= 40 if size == HEADING else 16
        code = text.encode("utf-16-be") if chinese else text.encode("latin-1")
        content.append(f"BT /F {size} Tf 60 {y} Td <{code.hex()}> Tj ET")
    stream = "\n".join(content).encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream),
        _CHINESE if chinese else _LATIN,
    ]
    file, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start, count = len(file), len(objects) + 1
    file += b"xref\n0 %d\n0000000000 65535 f \n%b" % (count, table)
    file += b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF" % (count, start)
    return bytes(file)
