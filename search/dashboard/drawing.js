// What is known of the study, how it is written, and its figures. `page.py` joins this with the script that
// all pages share.

const FIXED = 5; // number, state, cause, worker, rung; the values of `columns` follow
const FEW = 2000; // so many marks are drawn one by one
const study = {
  about: null,
  rows: new Map(),
  front: new Set(),
  running: new Map(),
  progress: [],
  paths: [],
  asked: new Map(), // by path of a decision: how many trials were asked, and the options that they took
  costs: new Set(), // those that some trial has a value for
};

const column = (name) => FIXED + study.about.columns.indexOf(name);

// Decisions follow the values; a path that was met later is unknown of the rows before.
const decisionAt = (path) => FIXED + study.about.columns.length + study.paths.indexOf(path);

const counted = (count) => count.toLocaleString("en-US");

function linkTo(number) {
  const link = element("a", number);
  link.href = `#trial-${number}`;
  return link;
}

// Figures are drawn together, and not again before five times as long as drawing took: the page stays quick.
const due = new Set();
let pending = 0;
let drawMilliseconds = 0;

function redraw(...names) {
  names.forEach((name) => due.add(name));
  if (!pending && !document.hidden) pending = setTimeout(drawDue, Math.max(100, 5 * drawMilliseconds));
}

// What the reader asked for is drawn at once.
function drawNow(name) {
  due.add(name);
  clearTimeout(pending);
  pending = setTimeout(drawDue);
}

function drawDue() {
  const began = performance.now();
  const names = [...due];
  due.clear();
  names.filter((name) => name in figures).forEach(drawFigure);
  drawMilliseconds = performance.now() - began;
  pending = 0;
}

document.addEventListener("visibilitychange", () => redraw());

// A complete trial is infeasible if training gave less, or more, than the job's limits let it.
const BEYOND = "beyond the limits";
const isBeyond = (row) =>
  row[1] === "complete" &&
  Object.entries(study.about.limits).some(([name, [low, high]]) => {
    const value = row[column(name)] ?? NaN;
    return !(value >= (low ?? -Infinity) && value <= (high ?? Infinity));
  });

const chosenCost = () => document.querySelector("input[name=cost]:checked")?.value ?? study.about.costs[0];

// An axis is offered when some trial has a value for it, and the one that was chosen stays.
function offerCosts() {
  const known = study.about.costs.filter((cost) => study.costs.has(cost));
  const offered = known.length ? known : study.about.costs.slice(0, 1);
  choices("costs", "cost", offered, offered.includes(chosenCost()) ? chosenCost() : offered[0]);
}

// What is counted of a trial when it changes, so that nothing goes over a hundred thousand of them again.
function take(row) {
  const shown = row[1] === "complete" || row[1] === "running";
  if (shown) study.about.costs.filter((cost) => Number.isFinite(row[column(cost)])).forEach((cost) => study.costs.add(cost));
  if (!study.rows.has(row[0])) study.paths.forEach((path) => ask(path, row[decisionAt(path)] ?? null));
  study.rows.delete(row[0]); // the map keeps the order of changes
  study.rows.set(row[0], row);
}

function ask(path, option) {
  if (option === null) return;
  const { count, options } = study.asked.get(path) ?? { count: 0, options: new Set() };
  study.asked.set(path, { count: count + 1, options: options.add(option) });
}

function forget() {
  [study.rows, study.asked, study.costs].forEach((known) => known.clear());
}

function about(row, more = "") {
  const shown = [study.about.score, ...study.about.costs].filter((name) => row[column(name)] !== null);
  const lines = shown.map(
    (name) => `${escaped(study.about.labels[name])} ${written(name, row[column(name)])}`,
  );
  return [`<b>trial ${row[0]}</b>`, ...lines, ...(more ? [more] : [])].join("<br>");
}

function points(name, rows, x, marker, texts) {
  return {
    type: "scatter",
    mode: "markers",
    name,
    x: rows.map((row) => row[x]),
    y: rows.map((row) => row[column(study.about.score)]),
    customdata: rows.map((row) => row[0]),
    hoverinfo: "text",
    hovertext: texts ?? rows.map((row) => about(row)),
    marker,
    visible: rows.length > 0,
  };
}

// Points closer than a mark is wide share one mark: what the eye sees of a hundred thousand is the same.
function thinned(rows, x, y, log) {
  if (rows.length < FEW) return rows.map((row) => ({ row, count: 1 }));
  const plot = plotOf("frontier");
  const scale = log ? Math.log10 : (value) => value;
  const zoomed = (axis) => (plot.layout?.[axis]?.autorange === false ? plot._fullLayout[axis].range : null);
  const [xs, ys] = [zoomed("xaxis") ?? extent(rows, x, scale), zoomed("yaxis") ?? extent(rows, y, (v) => v)];
  const cell = 7; // pixels
  const [width, height] = [plot.clientWidth / cell, plot.clientHeight / cell];
  const cells = new Map();
  for (const row of rows) {
    const across = Math.round(((scale(row[x]) - xs[0]) / (xs[1] - xs[0] || 1)) * width);
    const up = Math.round(((row[y] - ys[0]) / (ys[1] - ys[0] || 1)) * height);
    const key = across * 65536 + up;
    const shared = cells.get(key);
    if (shared) shared.count += 1;
    else if (across >= 0 && across <= width && up >= 0 && up <= height) cells.set(key, { row, count: 1 });
  }
  return [...cells.values()];
}

function extent(rows, at, scale) {
  let [low, high] = [Infinity, -Infinity];
  for (const row of rows) {
    const value = scale(row[at]);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

// The best score at each cost or below, from the cheapest trial up.
function staircase(rows, x, y, downward) {
  const sorted = rows.toSorted((a, b) => a[x] - b[x] || (downward ? a[y] - b[y] : b[y] - a[y]));
  const steps = [];
  for (const row of sorted) {
    const best = steps.at(-1)?.[y];
    if (best === undefined || (downward ? row[y] < best : row[y] > best)) steps.push(row);
  }
  return [...steps, ...(steps.length ? [Object.assign([...steps.at(-1)], { [x]: sorted.at(-1)[x] })] : [])];
}

function ticks([low, high], log) {
  const decades = Math.log10(high / low);
  if (log && high === low) return "D2"; // plotly.js shows a decade on either side of a single value
  if (!log || !(decades >= 0.7)) return null;
  return decades > (plotOf("frontier").clientWidth < 600 ? 1.5 : 5) ? 1 : "D2";
}

views.frontier = (figure) => {
  const [cost, { score, labels, objectives }] = [chosenCost(), study.about];
  const [x, y] = [column(cost), column(score)];
  const all = [...study.rows.values()].filter((r) => r[1] === "complete" && r[x] !== null && r[y] !== null);
  const working = [...study.running.values()].filter((trial) => Number.isFinite(trial.metrics[score]));
  const live = working
    .map((trial) => {
      const row = [...(study.rows.get(trial.number) ?? [])];
      row[y] = trial.metrics[score];
      return row;
    })
    .filter((row) => Number.isFinite(row[x]));
  const range = extent([...all, ...live], x, (value) => value);
  byId("log").disabled = range[0] <= 0;
  const log = byId("log").checked && range[0] > 0;
  const front = all.filter((row) => study.front.has(row[0])).sort((a, b) => a[x] - b[x]);
  const beyond = all.filter((row) => isBeyond(row) && !study.front.has(row[0]));
  const rest = thinned(
    all.filter((row) => !isBeyond(row) && !study.front.has(row[0])),
    x,
    y,
    log,
  );
  const within = objectives[cost] === "maximize" ? [] : all.filter((row) => !isBeyond(row));
  const steps = staircase(within, x, y, objectives[score] === "minimize");
  if (!all.length && !live.length) return { data: [], layout: { ...figure.layout, ...nothing("No trial is complete yet.") } };
  const marks = rest.length + front.length + beyond.length;
  const share = `Trials that lie closer than a mark is wide share one: ${counted(all.length)} trials,`;
  byId("crowd").textContent = marks < all.length ? `${share} ${counted(marks)} marks. Zoom in for more.` : "";
  return {
    data: [
      ...(beyond.length ? [points(BEYOND, beyond, x, { size: 6, color: "--failed", symbol: "x" })] : []),
      points(
        "other complete trials",
        rest.map(({ row }) => row),
        x,
        { size: 6, color: "--rest" },
        rest.map(({ row, count }) => about(row, count > 1 ? `and ${count - 1} more here` : "")),
      ),
      {
        type: "scatter",
        mode: "lines",
        name: "best at this cost or below",
        x: steps.map((r) => r[x]),
        y: steps.map((r) => r[y]),
        line: { color: "--front", width: 1.5, shape: "hv" },
        hoverinfo: "skip",
        visible: steps.length > 0,
      },
      points("frontier", front, x, { size: 10, color: "--front", symbol: "diamond" }),
      points("running, at its latest epoch", live, x, {
        size: 9,
        symbol: "circle-open",
        line: { width: 2 },
        color: "--running",
      }),
    ],
    layout: {
      ...figure.layout,
      uirevision: `${cost} ${log}`,
      yaxis: { ...figure.layout.yaxis, ...around([...all, ...live].map((row) => row[y])) },
      xaxis: {
        ...figure.layout.xaxis,
        type: log ? "log" : "linear",
        ...(log ? {} : { rangemode: "tozero" }),
        tickformat: "~s",
        dtick: ticks(range, log),
        nticks: plotOf("frontier").clientWidth < 600 ? 5 : 12,
        title: { ...figure.layout.xaxis.title, text: escaped(labels[cost]) + (log ? ", log scale" : "") },
      },
    },
  };
};

views.progress = (figure) => {
  const steps = study.progress;
  const name = Object.keys(study.about.objectives)[0];
  const shown = (value) =>
    Object.keys(study.about.objectives).length > 1 ? value.toPrecision(4) : written(name, value);
  if (!steps.length) return { data: [], layout: { ...figure.layout, ...nothing("No trial is complete yet.") } };
  const ended = [...steps, ...(steps.length ? [[study.ended, steps.at(-1)[1]]] : [])];
  return {
    data: [
      {
        type: "scatter",
        mode: "lines+markers",
        x: ended.map(([at]) => at),
        y: ended.map(([, value]) => value),
        line: { color: "--front", width: 2, shape: "hv" },
        marker: { size: 4, color: "--front" },
        hoverinfo: "text",
        showlegend: false,
        hovertext: ended.map(
          ([at, value]) => `<b>${shown(value)}</b><br>after ${at.toLocaleString("en-US")} trials`,
        ),
      },
    ],
    layout: {
      ...figure.layout,
      uirevision: "progress",
      yaxis: { ...figure.layout.yaxis, ...around(steps.map(([, value]) => value)) },
      xaxis: {
        ...figure.layout.xaxis,
        rangemode: "tozero",
        tickformat: ",d",
        ...(study.ended <= 10 ? { dtick: 1 } : {}),
        title: { ...figure.layout.xaxis.title, text: "ended trials" },
      },
    },
  };
};
