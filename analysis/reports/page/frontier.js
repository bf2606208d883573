// Figures over a chosen cost: the view of the cost lies over the traces and the layout.

// Ticks of a logarithmic axis at 1, or at 1, 2, 5; left alone, plotly.js writes all nine over each other.
function ticks(decades) {
  if (decades < 0.7) return null;
  return decades > (plotOf("frontier").clientWidth < 600 ? 1.5 : 5) ? 1 : "D2";
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
  return {
    data: figure.data.map((trace, i) => ({ ...trace, ...view.data[i] })),
    layout: { ...figure.layout, xaxis, annotations, shapes: view.shapes },
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

// From a point to what is known of it: the network's page where there is one, else its row.
function follow(event) {
  const number = event.points[0].customdata;
  if (number === undefined || number === null) return;
  if (document.getElementById(`network-${number}`)) location.hash = `network-${number}`;
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
    plotOf("frontier").on("plotly_click", follow);
  }
  openTarget();
});
addEventListener("hashchange", openTarget);
