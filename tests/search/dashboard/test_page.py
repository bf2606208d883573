"""The page and the files that it loads."""

from __future__ import annotations

from archscape.search.dashboard.page import assets, page


def test_a_name_is_escaped_in_the_page() -> None:
    assert "<script>alert" not in page("</title><script>alert(1)</script>", assets()).text
