// What the page knows of each trial, and where one is opened: by a point, by its row, by its address.

const records = JSON.parse(document.getElementById("records").textContent);
const study = { about: records.about };

async function recordOf(number) {
  const at = records.numbers.indexOf(number);
  if (at < 0) return { error: `This page has no trial ${number}.` };
  const fact = (name) => records.facts[name][at];
  const { labels } = study.about;
  const values = Object.entries(records.values).filter(([, column]) => column[at] !== null);
  const decisions = Object.entries(records.decisions).filter(([, { codes }]) => codes[at] >= 0);
  return {
    ...Object.fromEntries(Object.keys(records.facts).map((name) => [name, fact(name)])),
    state: fact("status"),
    seed: records.seeds[at],
    values: Object.fromEntries(values.map(([name, column]) => [labels[name], written(name, column[at])])),
    proposal: proposalOf(at),
    decisions: Object.fromEntries(decisions.map(([path, { options, codes }]) => [path, options[codes[at]]])),
    network: records.networks[at],
    figure: pictureOf(number),
    layers: records.layers[number],
    epochs: epochsOf(number),
    log_place: records.logs && records.logs.replace("{:05d}", String(number).padStart(5, "0")),
    log_note: "in the folder of the run, where its worker ran",
  };
}

// The figure of a network whose layers the page has, and of others what their row shows.
function pictureOf(number) {
  const whole = document.querySelector(`#${records.layers[number]} .architecture img`);
  return whole?.src ?? grid?.stripOf(grid.rowOf(number));
}

function proposalOf(at) {
  const { sampler, reason, predicted } = records.proposals;
  const predictions = Object.entries(predicted).map(([name, columns]) => ({
    name,
    ...Object.fromEntries(Object.entries(columns).map(([part, values]) => [part, values[at]])),
    measured: records.values[name]?.[at],
  }));
  return { sampler: sampler?.[at], reason: reason?.[at], predictions };
}

function epochsOf(number) {
  const { trial, ...columns } = records.epochs;
  const rows = trial.flatMap((other, at) => (other === number ? [at] : []));
  return rows.map((at) => Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[at]])));
}

addEventListener("DOMContentLoaded", () => {
  openFromAddress();
  if (!hasPlotly) return;
  // A prediction leads to its trial, as a point of the frontier does.
  for (const name of Object.keys(figures).filter((name) => name.startsWith("predicted-"))) {
    plotOf(name).on("plotly_click", ({ points: [{ customdata }] }) => {
      if (customdata !== undefined) location.hash = `trial-${customdata}`;
    });
  }
  if (!figures.curves) return;
  // And so does a curve.
  plotOf("curves").on("plotly_click", ({ points: [{ curveNumber, pointNumber }] }) => {
    location.hash = `trial-${plotOf("curves").data[curveNumber].text[pointNumber]}`;
  });
});
