// The connection to the server, and what it brings: numbers, workers, the table of trials.

const LATEST = 200; // rows of the table besides those of the frontier
const IDLE = 5000; // milliseconds without a running trial until the table of those makes room
const table = { order: "", direction: -1, rows: new Map(), columns: null };
const link = { source: null, last: "", token: "" };

function connect() {
  link.source = new EventSource(`events${link.last ? `?since=${encodeURIComponent(link.last)}` : ""}`);
  for (const [kind, handle] of Object.entries(handlers)) {
    link.source.addEventListener(kind, (event) => {
      if (event.lastEventId) link.last = event.lastEventId;
      handle(JSON.parse(event.data));
    });
  }
  link.source.onerror = () => {
    connection("lost", "connection lost, trying again");
    if (link.source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  };
}

function connection(kind, text) {
  const status = byId("connection");
  if (status.textContent === text) return;
  status.className = `connection ${kind}`;
  status.textContent = text;
}

const handlers = {
  // The first event; from another run of the server than the one before, everything comes anew.
  hello(about) {
    if (study.about && study.about.version !== about.version) location.reload();
    if (link.token !== about.token) {
      forget();
      table.rows.clear();
      byId("rows").tBodies[0].replaceChildren();
    }
    link.token = about.token;
    study.about = about;
    prepare(about);
  },

  decisions(paths) {
    study.paths = paths;
  },

  trials(changes) {
    for (const row of changes) {
      take(row);
      if (row[0] === opened.number) refreshTrial();
    }
    offerCosts();
    redraw("frontier");
    listSoon();
  },

  summary({ tiles, front, behind, ended, planned }) {
    connection(
      behind ? "" : "live",
      behind ? `reading the study: ${study.rows.size.toLocaleString("en-US")} trials` : "live",
    );
    const moved = front.length !== study.front.size || front.some((number) => !study.front.has(number));
    study.front = new Set(front);
    Object.assign(study, { ended, planned });
    showWork();
    showTiles(tiles);
    const bar = byId("bar");
    bar.setAttribute("aria-valuemax", planned);
    bar.setAttribute("aria-valuenow", ended);
    bar.firstElementChild.style.width = `${(100 * ended) / Math.max(planned, 1)}%`;
    document.title = `${ended}/${planned} ${study.about.study} · archscape`;
    redraw(...(moved ? ["frontier", "progress"] : ["progress"]));
    if (moved) listSoon();
  },

  running(trials) {
    const before = study.running;
    study.running = new Map(
      trials.map(([number, worker, started, epoch, metrics, expected]) => [
        number,
        { number, worker, started, epoch, metrics, expected },
      ]),
    );
    const { number } = opened;
    if (number !== null && before.get(number)?.epoch !== study.running.get(number)?.epoch) refreshTrial();
    showRunning();
    showWork();
    redraw("frontier");
    listSoon();
  },

  progress(points) {
    study.progress = points;
    redraw("progress");
  },

  trouble(text) {
    connection(text ? "lost" : "live", text ? `no updates: ${text}` : "live");
  },
};

// What depends on the study alone: its axes, choices, columns.
function prepare({ objectives, labels, layouts }) {
  const aims = Object.entries(objectives).map(([name, way]) => `${labels[name]} (${way}d)`);
  byId("summary").textContent = `Objectives: ${aims.join(", ")}.`;
  byId("progress-title").textContent = aims.length > 1 ? "Hypervolume over time" : "Best over time";
  offerCosts();
  listSoon();
  figures.frontier ??= { layout: layouts.frontier };
  figures.progress ??= { layout: layouts.progress };
  redraw("frontier", "progress");
}

function showTiles(tiles) {
  const list = byId("tiles");
  while (list.children.length < tiles.length) {
    const tile = element("div");
    tile.append(element("dt"), element("dd", "", "figure-number"), element("dd", "", "about"));
    list.append(tile);
  }
  tiles.forEach((texts, i) => {
    texts.forEach((text, j) => {
      const cell = list.children[i].children[j];
      if (cell.textContent !== text) cell.textContent = text;
    });
  });
}

// When the search has ended, or nothing has run for a while, what it reached takes the whole width.
let idle;

function showWork() {
  const hide = (hidden) => {
    if (byId("work").hidden === hidden) return;
    byId("work").hidden = hidden;
    redraw("progress");
  };
  if (study.running.size) {
    idle = clearTimeout(idle);
    hide(false);
  } else if (study.ended >= study.planned) hide(true);
  else idle ||= setTimeout(() => hide(true), IDLE);
}

function showRunning() {
  const { score, short } = study.about;
  const running = [...study.running.values()];
  const isExpected = running.some(({ expected }) => expected[score]);
  const expects = ({ expected: { [score]: known } }) =>
    known ? known.map((value) => written(score, value)).join(" ± ") : "–";
  const heads = ["trial", "epoch", short[score] ?? "", ...(isExpected ? ["expected"] : []), "since", "worker"];
  const right = heads.map((head) => head !== "worker");
  const lines = running.map((trial) => [
    linkTo(trial.number),
    trial.epoch || "–",
    written(score, trial.metrics[score]),
    ...(isExpected ? [expects(trial)] : []),
    span((Date.now() - Date.parse(trial.started)) / 1000),
    trial.worker,
  ]);
  const focused = document.activeElement?.closest?.("#running a")?.hash;
  byId("running").replaceChildren(...(lines.length ? [tableOf(heads, lines, right)] : []));
  if (focused) byId("running").querySelector(`a[href="${focused}"]`)?.focus();
}

function tableOf(heads, lines, right) {
  const made = element("table");
  const head = made.createTHead().insertRow();
  heads.forEach((words, i) => {
    const cell = element("th", words, right[i] ? "number" : "");
    cell.scope = "col";
    head.append(cell);
  });
  const body = made.createTBody();
  for (const line of lines) {
    const row = body.insertRow();
    line.forEach((part, i) => {
      const cell = row.insertCell();
      cell.className = right[i] ? "number" : "code";
      cell.append(part);
    });
  }
  return made;
}

// The table is brought up to date at most twice a second.
let listing = 0;

function listSoon() {
  if (!listing)
    listing = setTimeout(() => {
      listing = 0;
      list();
    }, 500);
}

const early = (row) => study.about.stoppedEarly.includes(row[1]);
const state = (row) =>
  row[1] === "running"
    ? `running, epoch ${study.running.get(row[0])?.epoch ?? 0}`
    : isBeyond(row)
      ? `${row[1]}, ${BEYOND}`
      : stateText({ state: row[1], cause: row[2], rung: row[4] });

// A running trial is shown as of its latest epoch.
const latest = (row, name) => study.running.get(row[0])?.metrics[name] ?? row[column(name)];

function fits(row, filter) {
  if (!filter || filter === row[1]) return true;
  if (filter === "on the frontier") return study.front.has(row[0]);
  if (filter === "stopped early") return early(row);
  if (filter === BEYOND) return isBeyond(row);
  return filter === stateText({ state: row[1], cause: row[2] });
}

// All words of the filter stand in what the table says of a trial, or in its decisions.
const said = new WeakMap(); // of each row, which is replaced when the trial changes

function holds(row, words) {
  if (!words.length) return true;
  if (!said.has(row)) {
    const options = study.paths.map((path) => `${path} ${row[decisionAt(path)] ?? ""}`);
    said.set(row, [row[0], state(row), row[3], ...options].join(" ").toLowerCase());
  }
  const front = study.front.has(row[0]) ? " frontier" : "";
  return words.every((word) => (said.get(row) + front).includes(word));
}

// The decisions in which trials differ: those that all were asked, or every one.
function shownDecisions() {
  return study.paths.filter((path) => {
    const { count, options } = study.asked.get(path) ?? { count: 0 };
    return count === study.rows.size ? options.size > 1 : count > 0 && byId("nested").checked;
  });
}

// The frontier and the latest others, or the first ones in the order of a column.
function chosen() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = [...study.rows.values()]
    .reverse()
    .filter((row) => fits(row, byId("status").value) && holds(row, words));
  const total = all.length;
  if (table.order) {
    const at = placeOf(table.order);
    const order = new Intl.Collator(undefined, { numeric: true }).compare;
    const unknown = (row) => row[at] === null || row[at] === undefined;
    const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : order(a, b));
    all.sort((a, b) => unknown(a) - unknown(b) || (unknown(a) ? 0 : table.direction * compare(a[at], b[at])));
    return [total, all.slice(0, LATEST)];
  }
  const cost = column(study.about.costs[0]);
  const front = all
    .filter((row) => study.front.has(row[0]))
    .sort((a, b) => a[cost] - b[cost])
    .slice(0, LATEST);
  return [total, [...front, ...all.filter((row) => !study.front.has(row[0])).slice(0, LATEST)]];
}

const placeOf = (name) => (name === "trial" ? 0 : study.about.columns.includes(name) ? column(name) : decisionAt(name));

function list() {
  if (!study.about) return;
  options();
  const [total, shown] = chosen();
  const columns = study.about.columns.filter((name) => shown.some((row) => latest(row, name) !== null));
  const paths = shownDecisions();
  if (table.columns !== [...columns, ...paths].join(" ")) heads(columns, paths);
  const body = byId("rows").tBodies[0];
  const numbers = new Set(shown.map((row) => row[0]));
  for (const [number, { line }] of table.rows) {
    if (!numbers.has(number)) {
      line.remove();
      table.rows.delete(number);
    }
  }
  let next = body.firstElementChild;
  for (const row of shown) {
    const line = lineOf(row, columns, paths);
    if (line === next) next = next.nextElementSibling;
    else body.insertBefore(line, next);
  }
  const which = table.order ? "the first ones" : "the frontier and the latest";
  byId("shown").textContent =
    total > shown.length ? `${shown.length} of ${counted(total)}: ${which}` : `${counted(total)} trials`;
}

function lineOf(row, columns, paths) {
  const options = paths.map((path) => String(row[decisionAt(path)] ?? ""));
  const front = study.front.has(row[0]);
  const numbers = columns.map((name) => written(name, latest(row, name)));
  const words = [state(row), ...numbers, ...options, row[3], front ? "frontier" : ""];
  const cached = table.rows.get(row[0]) ?? { line: element("tr"), words: [] };
  const { line } = cached;
  line.className = `${row[1]}${front ? " on-front" : ""}`;
  if (cached.words.join("\n") !== words.join("\n")) {
    if (!line.cells.length) line.insertCell().append(linkTo(row[0]));
    while (line.cells.length > 1) line.deleteCell(1);
    line.cells[0].className = "number";
    const status = line.insertCell();
    status.append(element("span", words[0], `status ${row[1]}`));
    if (front) status.append(element("span", "frontier", "chip"));
    cached.strip ??= stripOf(row[0]);
    line.insertCell().append(cached.strip);
    numbers.forEach((text) => Object.assign(line.insertCell(), { className: "number", textContent: text }));
    options.forEach((text) => Object.assign(line.insertCell(), { className: "text", textContent: text }));
    Object.assign(line.insertCell(), { className: "code", textContent: row[3] });
    cached.words = words;
  }
  table.rows.set(row[0], cached);
  return line;
}

// The picture of a network is asked for when its row is on the screen.
function stripOf(number) {
  const made = element("img", "", "strip");
  Object.assign(made, { loading: "lazy", alt: "", src: `strip/${number}.svg` });
  made.addEventListener("error", () => made.remove());
  return made;
}

function heads(columns, paths) {
  table.columns = [...columns, ...paths].join(" ");
  table.rows.forEach((cached) => (cached.words = []));
  const names = ["trial", "status", "layers", ...columns, ...paths, "worker"];
  byId("rows").tHead.rows[0].replaceChildren(
    ...names.map((name) => {
      const sortable = name === "trial" || columns.includes(name) || paths.includes(name);
      const head = element("th", "", name === "trial" || columns.includes(name) ? "number" : "");
      head.scope = "col";
      head.title = study.about.labels[name] ?? "";
      const words = study.about.short[name] ?? name;
      if (!sortable) head.textContent = words;
      else head.append(Object.assign(element("button", words), { type: "button" }));
      if (sortable) head.firstChild.addEventListener("click", () => order(name));
      head.dataset.name = name;
      return head;
    }),
  );
  showOrder();
}

// A click orders by a column, best first; another turns it round; a third goes back to the latest.
function order(name) {
  const isLess = study.about.costs.includes(name) || name === "loss";
  const first = (study.about.objectives[name] ?? (isLess ? "minimize" : "maximize")) === "minimize" ? 1 : -1;
  if (table.order !== name) Object.assign(table, { order: name, direction: first });
  else if (table.direction === first) table.direction = -first;
  else table.order = "";
  showOrder();
  list();
}

function showOrder() {
  for (const head of byId("rows").tHead.rows[0].cells) {
    head.removeAttribute("aria-sort");
    if (head.dataset.name === table.order)
      head.setAttribute("aria-sort", table.direction > 0 ? "ascending" : "descending");
  }
}

// The states and causes that there are.
function options() {
  const select = byId("status");
  const known = new Set(["on the frontier"]);
  for (const row of study.rows.values()) {
    known.add(row[1]);
    if (row[1] === "failed") known.add(stateText({ state: row[1], cause: row[2] }));
    if (early(row)) known.add("stopped early");
    if (isBeyond(row)) known.add(BEYOND);
  }
  for (const option of [...select.options].slice(1)) known.delete(option.value);
  select.append(...[...known].map((name) => element("option", name)));
}

["status", "filter", "nested"].forEach((id) => byId(id).addEventListener("input", list));
byId("open").addEventListener("submit", (event) => {
  event.preventDefault();
  if (byId("number").value !== "") location.hash = `trial-${byId("number").value}`;
});
byId("rows").addEventListener("click", (event) => {
  const line = event.target.closest("tbody tr");
  if (line && !event.target.closest("a") && !getSelection().toString())
    location.hash = line.querySelector("a").hash;
});

// What the figure is before the first word of the study: a frame in the colours of the page.
const unknown = () =>
  painted(
    { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", ...nothing("No trial has ended yet.") },
    getComputedStyle(document.body),
  );

addEventListener("DOMContentLoaded", () => {
  byId("frontier")
    .querySelector("fieldset")
    .addEventListener("input", () => drawNow("frontier"));
  const plot = plotOf("frontier");
  Plotly.newPlot(plot, [], unknown(), settings).then(() => {
    plot.on("plotly_click", (event) => {
      const number = event.points[0].customdata;
      if (number !== undefined) location.hash = `trial-${number}`;
    });
    plot.on("plotly_relayout", (change) => {
      if (Object.keys(change).some((key) => key.startsWith("xaxis") || key.startsWith("yaxis")))
        drawNow("frontier");
    });
  });
  ["frontier", "progress"].map(plotOf).forEach(leadByKeys);
  connect();
  setInterval(() => study.about && study.running.size && showRunning(), 10000);
  openWhenKnown();
});

const recordOf = async (number) => (await fetch(`trial/${number}`)).json();

setInterval(() => {
  if (opened.number !== null && opened.state === "running" && !document.hidden) refreshTrial();
}, 3000);

// An address that leads to a trial is followed once the study is known.
function openWhenKnown() {
  if (study.about) openFromAddress();
  else setTimeout(openWhenKnown, 50);
}
