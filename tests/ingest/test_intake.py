"""Taking scan files in: every kind of file that comes, and every kind that is broken."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from ingest import intake, thresholds
from ingest.intake import BadPage, IntakeError
from ingest.model import PageImage

WIDTH, HEIGHT = 124, 175
"""Odd sizes: a rendered page could not have them by chance."""


def picture(shade: int = 40) -> NDArray[np.uint8]:
    """Grey, with one dark square near the top left: its orientation can be told."""
    image = np.full((HEIGHT, WIDTH), 230, np.uint8)
    image[10:60, 12:52] = shade
    return image


def encoded(image: Pillow.Image, format: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, format, **options)
    return data.getvalue()


def jpeg(shade: int = 40) -> bytes:
    return encoded(Pillow.fromarray(picture(shade)), "JPEG", quality=95)


def add_page(pdf: pikepdf.Pdf, *streams: pikepdf.Stream, more: bytes = b"", rotate: int = 0) -> None:
    """A page of 595 × 842 pt that shows each picture over all of it, then `more`."""
    pdf.add_blank_page(page_size=(595, 842))
    page = pdf.pages[-1]
    names = {f"/Im{n}": pdf.make_indirect(stream) for n, stream in enumerate(streams)}
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    page.Resources = pikepdf.Dictionary(
        XObject=pikepdf.Dictionary(names), Font=pikepdf.Dictionary({"/F1": pdf.make_indirect(font)})
    )
    drawn = b"".join(b"q 595 0 0 842 0 0 cm %s Do Q\n" % name.encode() for name in names)
    page.Contents = pdf.make_stream(drawn + more)
    if rotate:
        page.Rotate = rotate


def jpeg_stream(pdf: pikepdf.Pdf, data: bytes) -> pikepdf.Stream:
    return image_stream(pdf, data, pikepdf.Name.DCTDecode)


def image_stream(
    pdf: pikepdf.Pdf, data: bytes, filter_: pikepdf.Name | None, bits: int = 8
) -> pikepdf.Stream:
    stream = pikepdf.Stream(pdf, data)
    stream.Type, stream.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    stream.Width, stream.Height, stream.BitsPerComponent = WIDTH, HEIGHT, bits
    stream.ColorSpace = pikepdf.Name.DeviceGray
    if filter_ is not None:
        stream.Filter = filter_
    return stream


def saved(pdf: pikepdf.Pdf, path: Path, **options: object) -> Path:
    pdf.save(path, **options)
    return path


def only(path: Path) -> PageImage:
    (page,) = intake.pages(path)
    assert isinstance(page, PageImage)
    return page


def shows_square(pixels: NDArray[np.uint8], corner: str = "top left") -> bool:
    """Whether the dark square lies in that corner of the picture, and in no other."""
    grey = pixels if pixels.ndim == 2 else pixels[..., 0]
    half = (grey.shape[0] // 2, grey.shape[1] // 2)
    quarters = {
        "top left": grey[: half[0], : half[1]],
        "top right": grey[: half[0], half[1] :],
        "bottom left": grey[half[0] :, : half[1]],
        "bottom right": grey[half[0] :, half[1] :],
    }
    return max(quarters, key=lambda name: (quarters[name] < 128).mean()) == corner


# --- PDF -----------------------------------------------------------------------------------------


def test_a_pdf_page_that_is_one_jpeg_is_taken_as_that_jpeg(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    add_page(pdf, jpeg_stream(pdf, jpeg()))
    page = only(saved(pdf, tmp_path / "scan.pdf"))
    assert (page.pixels == np.asarray(Pillow.open(io.BytesIO(jpeg())))).all()
    assert page.dpi == pytest.approx(WIDTH / 595 * 72)


def test_an_invisible_ocr_layer_does_not_make_a_page_be_rendered(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    add_page(pdf, jpeg_stream(pdf, jpeg()), more=b"BT 3 Tr /F1 12 Tf 100 100 Td (words) Tj ET")
    assert only(saved(pdf, tmp_path / "scan.pdf")).pixels.shape == (HEIGHT, WIDTH)


def test_visible_words_over_the_picture_are_rendered(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    add_page(pdf, jpeg_stream(pdf, jpeg()), more=b"BT /F1 60 Tf 300 100 Td (HHHH) Tj ET")
    page = only(saved(pdf, tmp_path / "scan.pdf"))
    assert page.pixels.shape == pytest.approx((2339, 1653), abs=2)
    assert (page.pixels[1900:2100, 850:1500] < 50).any()


def test_two_pictures_on_a_page_are_rendered(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    add_page(pdf, jpeg_stream(pdf, jpeg()), jpeg_stream(pdf, jpeg(200)))
    assert only(saved(pdf, tmp_path / "scan.pdf")).pixels.shape[0] > 2000


def test_a_picture_drawn_upside_down_is_rendered_the_right_way(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    add_page(pdf, jpeg_stream(pdf, jpeg()))
    pdf.pages[0].Contents = pdf.make_stream(b"q 595 0 0 -842 0 842 cm /Im0 Do Q")
    assert shows_square(only(saved(pdf, tmp_path / "scan.pdf")).pixels, "bottom left")


@pytest.mark.parametrize(
    ("rotate", "corner"), [(90, "top right"), (180, "bottom right"), (270, "bottom left")]
)
def test_a_turned_pdf_page_is_turned(tmp_path: Path, rotate: int, corner: str) -> None:
    pdf = pikepdf.new()
    add_page(pdf, jpeg_stream(pdf, jpeg()), rotate=rotate)
    page = only(saved(pdf, tmp_path / "scan.pdf"))
    assert max(page.pixels.shape) == HEIGHT
    assert shows_square(page.pixels, corner)


def test_fax_coded_flate_and_jpeg2000_pages_of_a_pdf(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    bits = Pillow.fromarray(picture()).point(lambda v: 255 * (v > 128)).convert("1")
    tiff = Pillow.open(io.BytesIO(encoded(bits, "TIFF", compression="group4")))
    (start,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]
    tiff.fp.seek(start)
    fax = image_stream(pdf, tiff.fp.read(length), pikepdf.Name.CCITTFaxDecode, bits=1)
    fax.DecodeParms = pikepdf.Dictionary(K=-1, Columns=WIDTH, Rows=HEIGHT, BlackIs1=tiff.tag_v2[262] == 1)
    add_page(pdf, fax)
    add_page(pdf, image_stream(pdf, picture().tobytes(), None))
    add_page(pdf, image_stream(pdf, encoded(Pillow.fromarray(picture()), "JPEG2000"), pikepdf.Name.JPXDecode))
    shown = list(intake.pages(saved(pdf, tmp_path / "scan.pdf", compress_streams=True)))
    assert all(isinstance(page, PageImage) and shows_square(page.pixels) for page in shown)
    assert shown[0].pixels.shape == shown[1].pixels.shape == (HEIGHT, WIDTH)
    assert (shown[1].pixels == picture()).all()
    assert set(np.unique(shown[0].pixels)) == {0, 255}


def test_a_broken_page_costs_no_other(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    for data in (jpeg(), jpeg()[:300], jpeg(90)):
        add_page(pdf, jpeg_stream(pdf, data))
    path = saved(pdf, tmp_path / "scan.pdf")
    good, bad, also_good = intake.pages(path)
    assert isinstance(good, PageImage)
    assert isinstance(bad, BadPage)
    assert isinstance(also_good, PageImage)
    assert (bad.number, bad.problem.kind) == (2, "broken_page")
    assert "第 2 页" in bad.problem.message
    with pytest.raises(IntakeError, match="第 2 页"):
        intake.page(path, 2)


def test_a_picture_that_pdfium_leaves_out_does_not_pass_for_a_blank_page(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    add_page(pdf, image_stream(pdf, b"no picture at all", pikepdf.Name.JPXDecode))
    (page,) = intake.pages(saved(pdf, tmp_path / "scan.pdf"))
    assert isinstance(page, BadPage)


def test_pages_are_decoded_one_by_one_and_at_random(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    for shade in range(0, 100, 10):
        add_page(pdf, jpeg_stream(pdf, jpeg(shade)))
    path = saved(pdf, tmp_path / "scan.pdf")
    assert intake.count(path) == 10
    for page in intake.pages(path):
        assert isinstance(page, PageImage)
        assert (intake.page(path, page.number).pixels == page.pixels).all()
        assert page.pixels[30, 30] == pytest.approx(10 * (page.number - 1), abs=4)
    with pytest.raises(IntakeError) as caught:
        intake.page(path, 11)
    assert caught.value.kind == "no_such_page"


# --- pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["group4", "tiff_lzw", "jpeg"])
def test_multipage_tiff(tmp_path: Path, compression: str) -> None:
    mode = "1" if compression == "group4" else "L"
    shades = (0, 30, 60)
    images = [Pillow.fromarray(picture(shade)).convert(mode) for shade in shades]
    path = tmp_path / "scan.tif"
    images[0].save(path, save_all=True, append_images=images[1:], compression=compression, dpi=(200, 200))
    shown = list(intake.pages(path))
    assert intake.count(path) == 3
    for image, shade in zip(shown, shades, strict=True):
        assert isinstance(image, PageImage)
        assert image.dpi == pytest.approx(200)
        assert shows_square(image.pixels)
        assert image.pixels[30, 30] == pytest.approx(0 if mode == "1" else shade, abs=12)


def test_a_torn_tiff_keeps_its_first_pages(tmp_path: Path) -> None:
    images = [Pillow.fromarray(picture(shade)) for shade in (0, 30, 60)]
    path = tmp_path / "scan.tif"
    images[0].save(path, save_all=True, append_images=images[1:], compression="tiff_lzw")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    first, *rest = intake.pages(path)
    assert isinstance(first, PageImage)
    assert rest
    assert all(isinstance(page, BadPage) for page in rest)


@pytest.mark.parametrize(
    ("orientation", "corner"), [(3, "bottom right"), (6, "top right"), (8, "bottom left")]
)
def test_exif_orientation(tmp_path: Path, orientation: int, corner: str) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(Pillow.fromarray(picture()), "JPEG", exif=exif))
    assert shows_square(only(path).pixels, corner)


def test_heic(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"  # phones and chats rename files: content counts
    path.write_bytes(encoded(Pillow.fromarray(picture()).convert("RGB"), "HEIF", quality=90))
    page = only(path)
    assert page.pixels.shape == (HEIGHT, WIDTH, 3)
    assert shows_square(page.pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel(tmp_path: Path, mode: str) -> None:
    grey = Pillow.fromarray(picture(20))
    if mode == "I;16":
        image = Pillow.fromarray(picture(20).astype(np.uint16) * 257)
    else:
        coloured = {
            "P": lambda: grey.convert("RGB").quantize(4),
            "CMYK": lambda: grey.convert("RGB").convert("CMYK"),
        }
        image = coloured[mode]() if mode in coloured else grey.convert(mode)
    path = tmp_path / "scan"
    image.save(path, "TIFF" if mode in ("CMYK", "I;16") else "PNG")
    pixels = only(path).pixels
    assert pixels.dtype == np.uint8
    assert pixels.ndim == (3 if mode in ("P", "RGB", "RGBA", "CMYK", "LA") else 2)
    assert pixels[30, 30].max() <= 25
    assert pixels[120, 100].min() >= 225


def test_transparent_paper_is_white(tmp_path: Path) -> None:
    image = Pillow.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    path = tmp_path / "scan.png"
    image.save(path)
    assert (only(path).pixels == 255).all()


def test_cmyk_jpeg_has_the_right_colours(tmp_path: Path) -> None:
    image = Pillow.new("RGB", (WIDTH, HEIGHT), (230, 30, 40)).convert("CMYK")
    path = tmp_path / "scan.jpg"
    image.save(path, "JPEG", quality=95)
    red, green, blue = only(path).pixels[50, 50]
    assert red > 200
    assert green < 70
    assert blue < 80


def test_a_fax_page_gets_square_pixels(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    image = Pillow.fromarray(picture()).resize((WIDTH * 2, HEIGHT)).convert("1")
    image.save(path, compression="group4", dpi=(204, 98))
    page = only(path)
    assert page.pixels.shape == (round(HEIGHT * 204 / 98), WIDTH * 2)
    assert page.dpi == pytest.approx(204)


# --- what is no scan -----------------------------------------------------------------------------


def refused(path: Path) -> IntakeError:
    with pytest.raises(IntakeError) as caught:
        list(intake.pages(path))
    with pytest.raises(IntakeError):
        intake.count(path)
    return caught.value


def test_files_that_are_no_scans_are_named_as_such(tmp_path: Path) -> None:
    for name, data in (
        ("表.docx", b"PK\x03\x04" + bytes(500)),
        ("说明.txt", "走访".encode()),
        ("a.jpg", b"\0" * 99),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        assert refused(path).kind == "not_a_scan"


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.touch()
    assert refused(path).kind == "empty"


def test_a_missing_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone.pdf").kind == "unreadable_file"


def test_a_pdf_without_pages(tmp_path: Path) -> None:
    assert refused(saved(pikepdf.new(), tmp_path / "scan.pdf")).kind == "empty"


def test_an_encrypted_pdf(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    add_page(pdf, jpeg_stream(pdf, jpeg()))
    path = saved(pdf, tmp_path / "scan.pdf", encryption=pikepdf.Encryption(user="secret", owner="secret"))
    error = refused(path)
    assert error.kind == "encrypted"
    assert "密码" in str(error)


def test_a_pdf_that_only_forbids_printing_is_read(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    add_page(pdf, jpeg_stream(pdf, jpeg()))
    locked = pikepdf.Encryption(user="", owner="x", allow=pikepdf.Permissions(print_highres=False))
    assert shows_square(only(saved(pdf, tmp_path / "scan.pdf", encryption=locked)).pixels)


def test_a_broken_pdf(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 8)
    assert refused(path).kind == "broken"


def test_a_truncated_photograph(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg()[:-200])
    (page,) = intake.pages(path)
    assert isinstance(page, BadPage)
    assert page.problem.kind == "broken_page"


def test_pictures_that_no_scanner_makes_are_refused_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.png"
    Pillow.new("1", (20_000, 20_000)).save(path)
    assert refused(path).kind == "too_large"
    monkeypatch.setattr(thresholds, "MOST_PIXELS", WIDTH * HEIGHT - 1)
    pdf = pikepdf.new()
    add_page(pdf, jpeg_stream(pdf, jpeg()))
    (page,) = intake.pages(saved(pdf, tmp_path / "scan.pdf"))
    assert isinstance(page, BadPage)
    assert page.problem.kind == "too_large"
