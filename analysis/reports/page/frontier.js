// Figures over a chosen cost: the view of the cost lies over the traces and the layout.

// Ticks of a logarithmic axis at 1, or at 1, 2, 5; left alone, plotly.js writes all nine over each other.
function ticks(decades) {
  if (decades < 0.7) return null;
  return decades > (plotOf("frontier").clientWidth < 600 ? 1.5 : 5) ? 1 : "D2";
}

const LETTER = 7; // pixels, of a name beside a figure

// Whether a name of the strip under a figure has room in its segment; hovering tells it in any case.
function hasRoom({ x, text }, shapes, { type, range: [low, high] }) {
  const scale = type === "log" ? Math.log10 : (value) => value;
  const pixels = (plotOf("frontier").clientWidth - 80) / (high - low);
  return shapes.filter(({ yref }) => yref === "y2").some(({ x0, x1 }) => {
    const [start, end] = [scale(x0), scale(x1)].sort((a, b) => a - b);
    return start <= x && x <= end && (end - start) * pixels > text.length * LETTER;
  });
}

// The names above upright lines, without those that would touch the one before; the note has them all.
function apart(names, [low, high]) {
  const width = plotOf("frontier").clientWidth - 80;
  let end = 0;
  return names.toSorted((a, b) => a.x - b.x).filter(({ x, text }) => {
    const middle = ((x - low) / (high - low)) * width;
    const half = (text.length * LETTER) / 2;
    if (middle - half < end || middle + half > width) return false;
    end = middle + half + LETTER;
    return true;
  });
}

const chosenCost = () => document.querySelector("input[name=cost]:checked").value;

function overCost(figure) {
  const view = figure.views[chosenCost()];
  const box = document.getElementById("log");
  const log = box.checked && view.log !== null;
  const xaxis = {
    ...figure.layout.xaxis,
    type: log ? "log" : "linear",
    range: log ? view.log : view.linear,
    tickformat: view.tickformat,
    dtick: log ? ticks(view.log[1] - view.log[0]) : null,
    title: { ...figure.layout.xaxis.title, text: view.title + (log ? ", log scale" : "") },
  };
  const annotations = view.annotations.map((annotation) => (
    log && annotation.xref !== "paper" ? { ...annotation, x: Math.log10(annotation.x) } : annotation
  ));
  const places = annotations.filter(({ name }) => name === "upright");
  const others = annotations.filter((text) => !places.includes(text));
  const shown = others.filter((text) => text.yref !== "y2" || hasRoom(text, view.shapes, xaxis));
  return {
    data: figure.data.map((trace, i) => ({ ...trace, ...view.data[i] })),
    layout: {
      ...figure.layout,
      xaxis,
      annotations: [...shown, ...apart(places, xaxis.range)],
      shapes: view.shapes,
    },
  };
}

for (const name of Object.keys(figures)) if (figures[name].views) views[name] = overCost;

// What is said of one cost alone is shown while it is chosen.
function turnToCost() {
  const cost = chosenCost();
  const view = figures.frontier.views[cost];
  document.getElementById("log").disabled = view.log === null;
  document.getElementById("references").textContent = view.note;
  document.querySelectorAll("[data-cost]").forEach((part) => (part.hidden = part.dataset.cost !== cost));
  draw();
}

// From a point to what is known of it: the trial, which the page opens, or the row of a table.
function follow(event) {
  const number = event.points[0].customdata;
  if (number === undefined || number === null) return;
  if (grid.opens) location.hash = `${gridBox.dataset.anchor}-${number}`;
  else grid.reveal(grid.rowOf(number));
}

function openTarget() {
  const [word, number] = location.hash.slice(1).split("-");
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
  if (grid && word === gridBox.dataset.anchor) grid.reveal(grid.rowOf(Number(number)));
}

addEventListener("DOMContentLoaded", () => {
  if (figures.frontier) {
    document.querySelectorAll("#frontier input").forEach((input) => input.addEventListener("input", turnToCost));
    turnToCost();
    if (hasPlotly) plotOf("frontier").on("plotly_click", follow);
  }
  openTarget();
});
addEventListener("hashchange", openTarget);
