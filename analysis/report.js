// The report of a search: the frontier over the chosen cost, and sorting and filtering of the table of trials.

// Ticks of a logarithmic axis at 1, or at 1, 2, 5; left alone, plotly.js writes all nine over each other.
function ticks(decades) {
  if (decades < 0.7) return null;
  return decades > (placeOf("frontier").clientWidth < 600 ? 1.5 : 5) ? 1 : "D2";
}

// The frontier over the chosen cost: the view lies over the traces and the layout.
views.frontier = (figure) => {
  const view = figure.views[document.querySelector("input[name=cost]:checked").value];
  const box = document.getElementById("log");
  box.disabled = view.log === null;
  const log = box.checked && view.log !== null;
  document.getElementById("references").textContent = view.note;
  const xaxis = {
    ...figure.layout.xaxis,
    type: log ? "log" : "linear",
    range: log ? view.log : view.linear,
    tickformat: "~s",
    dtick: log ? ticks(view.log[1] - view.log[0]) : null,
    title: { ...figure.layout.xaxis.title, text: view.title + (log ? ", log scale" : "") },
  };
  const annotations = view.annotations.map((one) => ({ ...one, x: log ? Math.log10(one.x) : one.x }));
  return {
    data: figure.data.map((trace, i) => ({ ...trace, ...view.data[i] })),
    layout: { ...figure.layout, xaxis, annotations, shapes: view.shapes },
  };
};

// From a point to what is known of it: the network's page where there is one, else the row of the trial.
function follow(event) {
  const number = event.points[0].customdata;
  if (number === undefined) return;
  const place = document.getElementById(`network-${number}`) ? "network" : "trial";
  location.hash = `${place}-${number}`;
}

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

function sorted(table, column, direction) {
  const body = table.tBodies[0];
  const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const rows = [...body.rows].map((row) => [key(row), row]);
  const numeric = table.tHead.rows[0].cells[column].classList.contains("number");
  rows.sort(([a], [b]) => {
    if (a === "" || b === "") return (a === "") - (b === ""); // what is unknown stays last
    return direction * (numeric ? a - b : a.localeCompare(b, undefined, { numeric: true }));
  });
  body.append(...rows.map(([, row]) => row));
}

function sortOnClick(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      sorted(table, column, ascending ? 1 : -1);
    });
  });
}

function filterOnInput(table) {
  const words = document.getElementById("filter");
  const status = document.getElementById("status");
  const texts = new Map([...table.tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]));
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, text] of texts) {
      const fits = !status.value || row.classList.contains(status.value);
      row.hidden = !(fits && wanted.every((word) => text.includes(word)));
      shown += !row.hidden;
    }
    document.getElementById("shown").textContent = `${shown} of ${texts.size}`;
  };
  words.addEventListener("input", filter);
  status.addEventListener("input", filter);
  filter();
}

const table = document.querySelector("#trials table");
if (table) {
  sortOnClick(table);
  filterOnInput(table);
}

addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("#frontier input").forEach((input) => input.addEventListener("input", draw));
  placeOf("frontier")?.on("plotly_click", follow);
  openTarget();
});
addEventListener("hashchange", openTarget);
