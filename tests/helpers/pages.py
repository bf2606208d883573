"""What holds for every page in a browser, at every width and in both schemes of colours."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.browser import Page

SIZES = tuple(product((1400, 400), (False, True)))
"""Widths in pixels, light and dark."""
FAULTS = """(() => {
  const faults = [];
  const name = (e) => `${e.tagName}#${e.id}.${e.className} ${e.textContent.trim().slice(0, 40)}`;
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`the document is ${wide} wide`);
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  for (const e of document.querySelectorAll("body *")) {
    if (!e.checkVisibility() || e.closest("svg, .spoken, .js-plotly-plot .modebar")) continue;
    const style = getComputedStyle(e);
    const scrolls = ["auto", "scroll"].includes(style.overflowX);
    if (e.clientWidth && e.scrollWidth > e.clientWidth + 1 && !scrolls && style.display !== "inline")
      faults.push(`cut: ${name(e)}: ${e.scrollWidth} in ${e.clientWidth}`);
    const says = [...e.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (says && !e.disabled && !e.closest("label:has(:disabled)")) {
      const [a, b] = [light(rgb(style.color)), light(paper(e))].sort((x, y) => y - x);
      const contrast = (a + 0.05) / (b + 0.05);
      if (contrast < 4.5) faults.push(`faint: ${name(e)}: ${contrast.toFixed(2)}`);
    }
  }
  for (const plot of document.querySelectorAll(".plot")) {
    if (!plot.checkVisibility()) continue;
    const box = plot.getBoundingClientRect();
    for (const text of plot.querySelectorAll(".xtitle, .ytitle, .legendtext, .annotation-text")) {
      const { left, right } = text.getBoundingClientRect();
      if (left < box.left - 2 || right > box.right + 2) faults.push(`beyond ${plot.id}: ${text.textContent}`);
    }
  }
  for (const box of document.querySelectorAll(".held"))
    if (box.querySelector("th").offsetWidth > box.clientWidth / 2) faults.push("a column hides the others");
  for (const input of document.querySelectorAll("input, select"))
    if (!input.labels.length) faults.push(`no label: ${name(input)}`);
  for (const button of document.querySelectorAll("button"))
    if (!button.textContent.trim() && !button.ariaLabel) faults.push("a button without a name");
  for (const table of document.querySelectorAll("table"))
    if (!table.querySelector("th[scope=col]")) faults.push(`no heads: ${name(table)}`);
  return [...new Set(faults)];
})()"""
OPEN = """(async () => {
  const missing = [];
  const wait = (done) => new Promise((resolve) => {
    let left = 100;
    const look = () => (done() || !left-- ? resolve() : setTimeout(look, 20));
    look();
  });
  for (const number of NUMBERS) {
    location.hash = `trial-${number}`;
    const has = (id) => document.getElementById(id).textContent;
    const title = `Trial ${number}`;
    const known = () => has("trial-title") === title && has("trial-summary") && has("trial-network");
    await wait(known);
    if (!known() || !document.getElementById("trial").open) missing.push(number);
  }
  return missing;
})()"""
EMPTY_AXES = """(async () => {
  const empty = [];
  for (const input of document.querySelectorAll("input[name=cost]")) {
    input.click();
    await new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve), 50));
    const { data } = document.getElementById("plot-frontier");
    if (!data.some(({ x, y }) => x?.some((at, i) => at !== null && y[i] !== null))) empty.push(input.value);
  }
  return empty;
})()"""


def faults(page: Page) -> list[str]:
    """Return what is wrong with a page at every width and in both schemes; nothing of a good one."""
    found = []
    for width, dark in SIZES:
        page.resize(width, dark=dark)
        page.evaluate("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
        at = f"{width} {'dark' if dark else 'light'}"
        found += [f"{at}: {fault}" for fault in page.evaluate(FAULTS)]
    return found + page.problems


def not_opened(page: Page, numbers: list[int]) -> list[int]:
    """Return the trials that the page does not open."""
    missing: list[int] = page.evaluate(OPEN.replace("NUMBERS", str(numbers)))
    return missing


def empty_axes(page: Page) -> list[str]:
    """Return the costs that the page offers without a point to show."""
    empty: list[str] = page.evaluate(EMPTY_AXES)
    return empty
