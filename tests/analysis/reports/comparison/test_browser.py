"""The page of a comparison in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archscape.analysis.reports.comparison.compared_network import compared_networks
from archscape.analysis.reports.comparison.page import write_comparison
from archscape.spaces import catalog_networks, load_network

if TYPE_CHECKING:
    from helpers.browser import Browser, Page

DRAWN = "[...document.querySelectorAll('.plot')].every(plot => plot.querySelector('.main-svg'))"
SECOND_BAR = """(() => {
  const plot = document.getElementById("plot-macs-1");
  const box = plot.querySelector(".nsewdrag").getBoundingClientRect();
  return [box.left + plot._fullLayout.xaxis.d2p(plot.data[0].x[1]), box.top + box.height / 2];
})()"""
BARS = "document.getElementById('plot-macs-0').layout.yaxis.range[1]"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    names = ("alexnet-owt", "vgg16", "resnet18", "lenet5")
    path = tmp_path_factory.mktemp("page") / "comparison.html"
    networks = compared_networks([load_network(name) for name in names])
    return write_comparison(networks, path, references=catalog_networks(), differences=True).as_uri()


def opened(browser: Browser, address: str, *, width: int = 1400, dark: bool = False) -> Page:
    page = browser.page()
    page.resize(width, dark=dark)
    page.go(address)
    page.wait(f"document.readyState === 'complete' && {DRAWN}")
    return page


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(1400, True), (420, False)])
def test_it_is_drawn_without_an_error_or_a_request_and_fits(
    browser: Browser, address: str, width: int, dark: bool
) -> None:
    page = opened(browser, address, width=width, dark=dark)
    assert page.problems == []
    assert {request for request in page.requests if not request.startswith(("data:", "blob:"))} == {address}
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelectorAll('.diff tr.changed').length") > 0
    inside = "[...document.querySelectorAll('.totals figure')].every(f => f.scrollWidth <= f.clientWidth + 1)"
    assert page.evaluate(inside)
    tall = "s => s.clientHeight > 1.5 * s.firstElementChild.clientHeight"  # a name below its own picture
    assert page.evaluate(f"[...document.querySelectorAll('.strips span')].every({tall})")


@pytest.mark.slow
def test_keys_lead_through_a_chart_and_say_what_is_there(browser: Browser, address: str) -> None:
    page = opened(browser, address, width=420)
    page.evaluate("document.getElementById('plot-macs-1').focus()")
    page.press("ArrowRight")
    page.wait(
        "document.getElementById('spoken').textContent.startsWith('conv1.0.conv1, conv, output 64x224x224')"
    )
    page.wait("document.querySelector('#plot-macs-1 .hoverlayer .hovertext')")
    page.evaluate("document.getElementById('plot-plane').focus()")
    page.press("ArrowRight")
    page.wait("document.getElementById('spoken').textContent.includes('parameters')")
    assert page.problems == []


@pytest.mark.slow
def test_each_network_may_have_a_scale_of_its_own(browser: Browser, address: str) -> None:
    page = opened(browser, address)
    together = page.evaluate(BARS)
    page.evaluate("document.getElementById('own-scale').click()")
    page.wait(f"{BARS} < {together} / 5")  # AlexNet's largest layer has an eighth of VGG's MACs
    page.evaluate("document.getElementById('own-scale').click()")
    page.wait(f"{BARS} === {together}")


@pytest.mark.slow
def test_the_pointer_shows_a_layer(browser: Browser, address: str) -> None:
    page = opened(browser, address)
    page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    page.evaluate("document.getElementById('plot-macs-1').scrollIntoView({block: 'center'})")
    x, y = page.evaluate(SECOND_BAR)
    for step in (1, 0):
        page.send("Input.dispatchMouseEvent", type="mouseMoved", x=x + step, y=y)
    page.wait("document.querySelector('#plot-macs-1 .hovertext')?.textContent.includes('conv1.1.conv1')")
