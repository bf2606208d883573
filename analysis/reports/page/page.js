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

function drawFigure(name) {
  const style = getComputedStyle(document.body);
  const { data, layout } = painted(name in views ? views[name](figures[name]) : figures[name], style);
  const plot = plotOf(name);
  const size = printing() ? { width: plot.clientWidth, height: plot.clientHeight } : {};
  Plotly.react(plot, data, { ...layout, ...size, autosize: !printing() }, settings);
  if (!printing()) Plotly.Plots.resize(plot);
}

// The points of a figure that say something, from left to right.
function pointsOf(plot) {
  const points = plot.data.flatMap((trace, curveNumber) => {
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
  plot.addEventListener("keydown", (event) => {
    if (event.target !== plot) return;
    const points = pointsOf(plot);
    if (event.key in steps && points.length) {
      const next = at === null && steps[event.key] < 0 ? points.length - 1 : (at ?? -1) + steps[event.key];
      at = Math.min(Math.max(next, 0), points.length - 1);
      Plotly.Fx.hover(plot, [points[at]]);
      document.getElementById("spoken").textContent = spoken(points[at].text);
    } else if (event.key === "Enter" && points[at]) {
      plot.emit("plotly_click", { points: [points[at]] });
    } else if (event.key === "Escape") {
      at = null;
      Plotly.Fx.unhover(plot);
    } else {
      return;
    }
    event.preventDefault();
  });
  plot.addEventListener("blur", () => {
    at = null;
    Plotly.Fx.unhover(plot);
  });
}

addEventListener("DOMContentLoaded", () => {
  draw();
  Object.keys(figures).map(plotOf).forEach(leadByKeys);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
addEventListener("beforeprint", () => turnToPrint(true));
addEventListener("afterprint", () => turnToPrint(false));

