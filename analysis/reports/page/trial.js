// One trial, unfolded beside the page: its costs, curve, decisions, log, network; it follows a trial that runs.
// The page says what it knows (`study.about`) and where a trial comes from (`recordOf`).

const byId = (id) => document.getElementById(id);

// A text for a label of plotly.js, which reads tags.
const escaped = (text) =>
  String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function written(name, value) {
  if (value === null || value === undefined) return "–";
  if (study.about.shares.includes(name)) return `${(100 * value).toFixed(2)}%`;
  const digits = study.about.seconds.includes(name) ? { maximumFractionDigits: 2 } : { maximumSignificantDigits: 4 };
  return value.toLocaleString("en-US", Number.isInteger(value) ? {} : digits);
}

function span(seconds) {
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  return hours ? `${hours} h ${minutes % 60} min` : `${minutes} min ${Math.round(seconds % 60)} s`;
}

function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

const panel = byId("trial");
const opened = { number: null, epochs: [], measure: "", state: "", request: 0 };

function openTrial(number) {
  Object.assign(opened, { number, epochs: [], state: "" });
  delete figures.curve;
  byId("trial-title").textContent = `Trial ${number}`;
  byId("trial-summary").textContent = "";
  ["trial-values", "trial-decisions", "trial-log", "trial-network"].forEach((id) => byId(id).replaceChildren());
  byId("trial-message").hidden = byId("trial-curve").hidden = true;
  showFigure("");
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  refreshTrial();
}

async function refreshTrial() {
  const { number } = opened;
  const request = (opened.request += 1);
  let trial;
  try {
    trial = await recordOf(number);
  } catch {
    return; // the connection is lost, which the page says on top
  }
  if (opened.number !== number || opened.request !== request) return;
  if (trial.error) fill("trial-message", trial.error);
  else showTrial(trial);
}

function showTrial(trial) {
  opened.state = trial.state;
  byId("trial-summary").replaceChildren(
    element("span", stateText(trial), `status ${trial.state}`),
    ` · ${facts(trial)}`,
  );
  const goesOn = trial.message && (trial.state === "running" || trial.state === "waiting");
  fill("trial-message", goesOn ? `Stopped early before, and gone on with: ${trial.message}` : trial.message);
  rows("trial-values", { ...trial.values, hash: trial.hash, seed: trial.seed });
  rows("trial-proposal", proposalRows(trial));
  rows("trial-decisions", trial.decisions);
  byId("trial-network").textContent = trial.network;
  showFigure(trial.figure);
  byId("trial-layers").hidden = !trial.layers;
  if (trial.layers) byId("trial-layers").firstElementChild.href = `#${trial.layers}`;
  showLog(trial);
  opened.epochs = trial.epochs;
  showCurve();
}

// The network of a trial never changes: its figure is asked for once.
function showFigure(address) {
  const figure = byId("trial-figure");
  figure.hidden = !address;
  if (figure.firstElementChild?.getAttribute("src") === address) return;
  figure.replaceChildren(...(address ? [Object.assign(element("img"), { alt: "Its architecture", src: address })] : []));
}

// A trial that was stopped early and goes on keeps the cause until it ends; it says nothing of its state.
function stateText({ state, cause, rung }) {
  if (state === "running" || state === "waiting") return state;
  const at = rung && study.about.stoppedEarly.includes(state) ? `, epoch ${rung}` : "";
  return cause ? `${state}: ${cause.replaceAll("_", " ")}${at}` : state;
}

function facts({ started, finished, worker, attempts }) {
  const seconds = ((finished ? Date.parse(finished) : Date.now()) - Date.parse(started)) / 1000;
  const took = finished ? span(seconds) : `${span(seconds)} so far`;
  const parts = [worker, attempts > 1 ? `attempt ${attempts}` : "", Number.isNaN(seconds) ? "" : took];
  return parts.filter(Boolean).join(" · ");
}

// Who proposed a trial and why, what was expected of it then, and what it came to.
function proposalRows({ proposal = {}, state }) {
  const { sampler, reason, predictions = [] } = proposal;
  const expected = predictions.flatMap(({ name, mean, deviation, incumbent, measured }) => {
    if (!Number.isFinite(mean)) return [];
    const label = labelOf(name);
    const isMeasured = state === "complete" && Number.isFinite(measured);
    const steps = deviation > 0 ? (measured - mean) / deviation : 0;
    const off = steps ? `, ${Math.abs(steps).toFixed(1)} deviations ${steps > 0 ? "above" : "below"}` : "";
    return [
      [`predicted ${label}`, `${written(name, mean)} ± ${written(name, deviation)}`],
      [`${label} of the incumbent`, Number.isFinite(incumbent) ? written(name, incumbent) : ""],
      [`measured ${label}`, isMeasured ? `${written(name, measured)}${off}` : ""],
    ];
  });
  return Object.fromEntries([["sampler", sampler], ["reason", reason], ...expected]);
}

function fill(id, text) {
  byId(id).textContent = text;
  byId(id).hidden = !text;
}

function rows(id, values) {
  const known = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  byId(id).replaceChildren(...known.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  byId(id).parentElement.hidden = !known.length;
}

// The log stays at its end while it grows, unless the reader scrolled up.
function showLog({ log: text, log_place: place, log_note: note }) {
  const log = byId("trial-log");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 30;
  byId("trial-log-note").replaceChildren(element("code", place), note ? ` ${note}` : "");
  log.parentElement.hidden = !place;
  log.hidden = !text;
  if (!text || log.textContent === text) return;
  log.textContent = text;
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function showCurve() {
  const known = opened.epochs.flatMap((epoch) => Object.keys(epoch).filter((name) => Number.isFinite(epoch[name])));
  const names = [...new Set(known)].filter((name) => !["trial", "epoch", "repeat", "seed"].includes(name));
  byId("trial-curve").hidden = !names.length || !hasPlotly;
  if (byId("trial-curve").hidden) return;
  if (!names.includes(opened.measure))
    opened.measure = names.includes(study.about.score) ? study.about.score : names[0];
  choices("measures", "measure", names, opened.measure);
  figures.curve = { layout: study.about.layouts.curve };
  drawFigure("curve");
}

views.curve = (figure) => {
  const { epochs, measure } = opened;
  const tickformat = study.about.shares.includes(measure) ? ".1~%" : "~g";
  return {
    data: [
      {
        type: "scatter",
        mode: "lines+markers",
        x: epochs.map(({ epoch }) => epoch),
        y: epochs.map((epoch) => epoch[measure] ?? null),
        line: { color: opened.state === "running" ? "--running" : "--front", width: 2 },
        marker: { size: epochs.length > 60 ? 3 : 6 },
        showlegend: false,
        hoverinfo: "text",
        hovertext: epochs.map((epoch) => `epoch ${epoch.epoch}: <b>${written(measure, epoch[measure])}</b>`),
      },
    ],
    layout: {
      ...figure.layout,
      uirevision: `${opened.number} ${measure}`,
      yaxis: {
        ...figure.layout.yaxis,
        ...around(epochs.map((epoch) => epoch[measure])),
        tickformat,
        title: { ...figure.layout.yaxis.title, text: escaped(labelOf(measure)) },
      },
      xaxis: {
        ...figure.layout.xaxis,
        tickformat: "d",
        ...(epochs.length <= 10 ? { dtick: 1 } : {}),
        title: { ...figure.layout.xaxis.title, text: "epoch" },
      },
    },
  };
};

const labelOf = (name) => study.about.labels[name] ?? name.replaceAll("_", " ");

// Radio buttons for one of several names; those that are there already keep the focus.
function choices(id, group, names, chosen) {
  const fieldset = byId(id);
  if (fieldset.dataset.names === names.join(" ")) return;
  fieldset.dataset.names = names.join(" ");
  fieldset.replaceChildren(
    ...names.map((name) => {
      const input = element("input");
      Object.assign(input, { type: "radio", name: group, value: name, checked: name === chosen });
      const label = element("label");
      label.append(input, labelOf(name));
      return label;
    }),
  );
}

function openFromAddress() {
  const number = /^#trial-(\d+)$/.exec(location.hash)?.[1];
  if (number !== undefined) openTrial(Number(number));
  else if (panel.open) panel.close();
}

byId("measures").addEventListener("input", (event) => {
  opened.measure = event.target.value;
  drawFigure("curve");
});
byId("close").addEventListener("click", () => panel.close());
panel.addEventListener("click", (event) => {
  if (event.target === panel && event.offsetX < 0) panel.close(); // outside of it
});
panel.addEventListener("close", () => {
  opened.number = null;
  delete figures.curve;
  if (location.hash.startsWith("#trial-")) history.replaceState(null, "", location.pathname + location.search);
});
addEventListener("DOMContentLoaded", () => leadByKeys(plotOf("curve")));
addEventListener("hashchange", openFromAddress);
