from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given, strategies as st

from bubuh.edge.disposition import LONGEST_NAME, attachment, read_name, stamped_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, "dokumen.pdf"),
        ("attachment", "dokumen.pdf"),
        ('attachment; filename="surat lamaran.pdf"', "surat lamaran.pdf"),
        ("attachment; filename=surat.pdf", "surat.pdf"),
        ("attachment; filename*=UTF-8''surat%20l%C3%A9.pdf", "surat lé.pdf"),
        ("attachment; filename=\"a.pdf\"; filename*=UTF-8''b.pdf", "b.pdf"),
        ('attachment; filename="..\\\\..\\\\etc\\\\passwd"', "passwd"),
        ('attachment; filename="../../x.pdf"', "x.pdf"),
        ('attachment; filename="a\\"b.pdf"', 'a"b.pdf'),
        ("attachment; filename*=UTF-8''a%0D%0Ab%00.pdf", "ab.pdf"),
        ("attachment; filename*=UTF-8''%E2%80%AEfdp.exe", "fdp.exe"),
        ("attachment; filename*=UTF-8''...", "dokumen.pdf"),
    ],
)
def test_a_name_is_read_without_folders_and_signs_nobody_sees(header: str | None, name: str) -> None:
    assert read_name(header) == name


@given(st.text(max_size=600))
def test_any_header_gives_a_name_that_fits(header: str) -> None:
    name = read_name(f"attachment; filename={header}")
    assert 0 < len(name) <= LONGEST_NAME
    assert "/" not in name
    assert name.isprintable() or " " in name


@given(st.text(min_size=1, max_size=300, alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_header_made_of_any_name_is_one_line_of_ascii(name: str) -> None:
    header = attachment(name)
    assert header.isascii()
    assert not set("\r\n") & set(header) or set("\r\n") & set(name)
    assert unquote(header.partition("UTF-8''")[2]) == name


def test_a_stamped_document_says_so() -> None:
    assert stamped_name("surat.pdf") == "surat-bermeterai.pdf"
    assert stamped_name("surat.PDF") == "surat-bermeterai.pdf"
    assert stamped_name("surat") == "surat-bermeterai.pdf"
    assert stamped_name(".pdf") == "dokumen-bermeterai.pdf"
