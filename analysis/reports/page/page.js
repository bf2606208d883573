// Draws the figures in the colours of the page, and leads through them by keys. `page.py` joins this with the
// script of the one page, which may say in `views` how a figure is shown.

const figures = JSON.parse(document.getElementById("figures").textContent);
const views = {}; // by name: figure -> { data, layout }
const settings = {
  displaylogo: false,
  showSendToCloud: false, // plotly.js 4 offers to send the data to its makers, unless told not to
  plotlyServerURL: "",
  responsive: true,
  displayModeBar: matchMedia("(hover: hover)").matches ? "hover" : false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
};

// A page written with its plotly.js beside it may be opened without: it says so, and its tables go on working.
const hasPlotly = typeof Plotly !== "undefined";

const plotOf = (name) => document.getElementById(`plot-${name}`);

// A colour in a figure is the name of a CSS variable: the same figure serves light, dark and print.
function painted(part, style) {
  if (Array.isArray(part)) return part.map((item) => painted(item, style));
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => {
      if (key === "family") return [key, style.fontFamily];
      const named = /color$/i.test(key) && typeof value === "string" && value.startsWith("--");
      return [key, named ? style.getPropertyValue(value).trim() : painted(value, style)];
    }),
  );
}

// Browsers ask for figures before they turn to the style of print, so a class turns to it first.
const printing = () => document.documentElement.classList.contains("printing");

function turnToPrint(on) {
  document.documentElement.classList.toggle("printing", on);
  draw();
}

function draw() {
  Object.keys(figures).forEach(drawFigure);
}

// An upright axis of one value goes a tenth of it up and down; plotly.js would go by 1, to 193% of accuracy.
function around(values) {
  const known = new Set(values.filter(Number.isFinite));
  const [value] = known;
  const reach = 0.1 * Math.abs(value) || 0.1;
  return known.size === 1 ? { range: [value - reach, value + reach] } : {};
}

// Where nothing is known yet, a figure says so and has no axes.
const nothing = (text) => ({
  xaxis: { visible: false },
  yaxis: { visible: false },
  annotations: [{ text, xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false, font: { color: "--muted", size: 14 } }],
});

// Marks at 1, 2 and 5 of every decade would touch on a phone: there those at 1 are enough for two decades.
function sparse({ data, layout }, width) {
  if (width >= 600 || layout.xaxis?.dtick !== "D2") return { data, layout };
  const places = data.flatMap((trace) => trace.x ?? []).filter((x) => x > 0);
  const decades = Math.log10(Math.max(...places) / Math.min(...places));
  return { data, layout: decades > 1.5 ? { ...layout, xaxis: { ...layout.xaxis, dtick: 1 } } : layout };
}

function drawFigure(name) {
  if (!hasPlotly) return;
  const style = getComputedStyle(document.body);
  const plot = plotOf(name);
  const shown = name in views ? views[name](figures[name]) : figures[name];
  const { data, layout } = painted(sparse(shown, plot.clientWidth), style);
  const size = printing() ? { width: plot.clientWidth, height: plot.clientHeight } : {};
  Plotly.react(plot, data, { ...layout, ...size, autosize: !printing() }, settings);
  if (!printing()) Plotly.Plots.resize(plot);
}

// The points of a figure that say something, from left to right.
function pointsOf(plot) {
  const points = (plot.data ?? []).flatMap((trace, curveNumber) => {
    if (trace.visible === false || trace.visible === "legendonly" || trace.hoverinfo === "skip") return [];
    return trace.x.map((x, pointNumber) => ({
      curveNumber,
      pointNumber,
      x,
      y: trace.y[pointNumber],
      customdata: trace.customdata?.[pointNumber],
      text: trace.hovertext?.[pointNumber] ?? `${trace.name}: ${x}, ${trace.y[pointNumber]}`,
    }));
  });
  return points.filter(({ x, y }) => x !== null && y !== null).sort((a, b) => a.x - b.x || a.y - b.y);
}

// A label of plotly.js in plain words; a parsed document runs nothing.
function spoken(label) {
  return new DOMParser().parseFromString(label.replaceAll("<br>", ", "), "text/html").body.textContent;
}

// Keys do what the pointer does: arrows hover over the next point, Enter clicks it, Escape leaves it.
function leadByKeys(plot) {
  const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };
  let at = null;
  const leave = () => {
    at = null;
    if (plot.data) Plotly.Fx.unhover(plot);
  };
  plot.addEventListener("keydown", (event) => {
    if (event.target !== plot) return;
    const points = hasPlotly ? pointsOf(plot) : [];
    if (event.key in steps && points.length) {
      const next = at === null && steps[event.key] < 0 ? points.length - 1 : (at ?? -1) + steps[event.key];
      at = Math.min(Math.max(next, 0), points.length - 1);
      Plotly.Fx.hover(plot, [points[at]]);
      document.getElementById("spoken").textContent = spoken(points[at].text);
    } else if (event.key === "Enter" && points[at]) {
      plot.emit("plotly_click", { points: [points[at]] });
    } else if (event.key === "Escape") {
      leave();
    } else {
      return;
    }
    event.preventDefault();
  });
  plot.addEventListener("blur", leave);
}

addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".without-plotly").forEach((part) => (part.hidden = hasPlotly));
  document.querySelectorAll(".plot").forEach((plot) => (plot.hidden = !hasPlotly));
  draw();
  Object.keys(figures).map(plotOf).forEach(leadByKeys);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
addEventListener("beforeprint", () => turnToPrint(true));
addEventListener("afterprint", () => turnToPrint(false));

