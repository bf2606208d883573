// One trial, unfolded beside the page: its curve, its log, its network; it follows a trial that runs.

const panel = byId("trial");
const opened = { number: null, epochs: [], measure: "", state: "", request: 0 };

function openTrial(number) {
  Object.assign(opened, { number, epochs: [], state: "" });
  delete figures.curve;
  Plotly.purge(plotOf("curve"));
  byId("trial-title").textContent = `Trial ${number}`;
  byId("trial-summary").textContent = "";
  ["trial-values", "trial-decisions", "trial-log", "trial-network"].forEach((id) =>
    byId(id).replaceChildren(),
  );
  byId("trial-message").hidden = byId("trial-curve").hidden = true;
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  refreshTrial();
}

async function refreshTrial() {
  const { number } = opened;
  const request = (opened.request += 1);
  let trial;
  try {
    trial = await (await fetch(`trial/${number}`)).json();
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
  rows("trial-decisions", trial.decisions);
  byId("trial-network").textContent = trial.network;
  showLog(trial.log);
  opened.epochs = trial.epochs;
  showCurve();
}

// A trial that was stopped early and goes on keeps the cause until it ends; it says nothing of its state.
function stateText({ state, cause, rung }) {
  if (state === "running" || state === "waiting") return state;
  const at = rung && study.about.stoppedEarly.includes(state) ? `, epoch ${rung}` : "";
  return cause ? `${state}: ${cause.replaceAll("_", " ")}${at}` : state;
}

function facts(trial) {
  const [began, ended] = [
    Date.parse(trial.started),
    trial.finished ? Date.parse(trial.finished) : Date.now(),
  ];
  const parts = [
    trial.worker,
    trial.attempts > 1 ? `attempt ${trial.attempts}` : "",
    `${span((ended - began) / 1000)}${trial.finished ? "" : " so far"}`,
  ];
  return parts.filter(Boolean).join(" · ");
}

function fill(id, text) {
  byId(id).textContent = text;
  byId(id).hidden = !text;
}

function rows(id, values) {
  byId(id).replaceChildren(
    ...Object.entries(values).flatMap(([name, value]) => [element("dt", name), element("dd", value)]),
  );
}

// The log stays at its end while it grows, unless the reader scrolled up.
function showLog(text) {
  const log = byId("trial-log");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 30;
  byId("trial-log-note").textContent =
    text === null ? "It does not lie on this machine; each worker keeps the logs of its own trials." : "";
  log.hidden = text === null;
  if (text === null || log.textContent === text) return;
  log.textContent = text;
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function showCurve() {
  const known = opened.epochs.flatMap((epoch) =>
    Object.keys(epoch).filter((name) => Number.isFinite(epoch[name])),
  );
  const names = [...new Set(known)].filter((name) => !["trial", "epoch", "repeat", "seed"].includes(name));
  byId("trial-curve").hidden = !names.length;
  if (!names.length) return;
  if (!names.includes(opened.measure))
    opened.measure = names.includes(study.about.score) ? study.about.score : names[0];
  choices("measures", "measure", names, opened.measure);
  figures.curve = { layout: study.about.layouts.curve };
  redraw("curve");
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
        tickformat,
        title: {
          ...figure.layout.yaxis.title,
          text: escaped(study.about.labels[measure] ?? measure.replaceAll("_", " ")),
        },
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
      label.append(input, study.about.labels[name] ?? name.replaceAll("_", " "));
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
  drawNow("curve");
});
byId("close").addEventListener("click", () => panel.close());
panel.addEventListener("click", (event) => {
  if (event.target === panel && event.offsetX < 0) panel.close(); // outside of it
});
panel.addEventListener("close", () => {
  opened.number = null;
  delete figures.curve;
  if (location.hash) history.replaceState(null, "", location.pathname);
});
addEventListener("hashchange", openFromAddress);
setInterval(() => {
  if (opened.number !== null && opened.state === "running" && !document.hidden) refreshTrial();
}, 3000);
