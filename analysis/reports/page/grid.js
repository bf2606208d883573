// A table of any number of rows: only those in view are in the document; sorting and filtering go over all.

const AHEAD = 24; // rows beyond the view on either side, so that a fast scroll meets rows and no gap

function startGrid(box) {
  const data = JSON.parse(document.getElementById("grid").textContent);
  const count = data.columns[0].values.length;
  const body = box.querySelector("tbody");
  const heads = [...box.querySelectorAll("thead th")];
  const widths = [...box.querySelectorAll("col")];
  let shownColumns = data.columns.flatMap(({ is_shown: isShown }, column) => (isShown ? [column] : []));
  const strong = new Set(Object.values(data.marks)[0] ?? []);
  const formats = data.columns.map(({ decimals, percent, grouped }) => new Intl.NumberFormat("en-US", {
    style: percent ? "percent" : "decimal",
    useGrouping: grouped,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }));
  const all = Array.from({ length: count }, (_, i) => i);
  let sorted = all; // every row in the order of the table
  let order = all; // those that the filter lets through
  let rows = new Map(); // elements of the rows in the document, by number
  let height = 0;
  let texts = null;
  let target = -1;

  const textOf = (column, row) => {
    const { kind, values } = data.columns[column];
    if (kind === "strip") return ""; // a picture says nothing to a filter
    if (kind !== "number") return values[row];
    return values[row] === null ? "–" : formats[column].format(values[row]);
  };

  function part(tag, text, className = "") {
    const made = document.createElement(tag);
    made.textContent = text;
    made.className = className;
    return made;
  }

  function strip(address) {
    const made = part("img", "", "strip");
    Object.assign(made, { src: address, alt: "" });
    return made;
  }

  function cell(column, row) {
    const { kind } = data.columns[column];
    const cell = document.createElement("td");
    const whole = textOf(column, row);
    const text = whole.length > data.longest ? `${whole.slice(0, data.longest - 1)}…` : whole;
    if (kind !== "status" && kind !== "strip") cell.className = kind;
    if (kind === "strip") {
      if (data.columns[column].values[row]) cell.append(strip(data.columns[column].values[row]));
    } else if (kind === "status") {
      cell.append(part("span", text, `status ${text.split(":")[0]}`));
      if (strong.has(row) && data.chip) cell.append(part("span", data.chip, "chip"));
    } else if (column === 0 && data.opens) {
      const link = part("a", text);
      link.href = `#${data.anchor}-${data.ids[row]}`;
      cell.append(link);
    } else {
      cell.textContent = text;
    }
    if (text !== whole) cell.title = whole;
    return cell;
  }

  function line(row, at) {
    const made = rows.get(row) ?? document.createElement("tr");
    if (!made.cells.length) made.append(...shownColumns.map((column) => cell(column, row)));
    made.className = strong.has(row) ? "on-front" : "";
    made.classList.toggle("target", row === target);
    made.setAttribute("aria-rowindex", at + 2);
    if (data.ids.length && !data.opens) made.id = `${data.anchor}-${data.ids[row]}`;
    return made;
  }

  function gap(size) {
    const row = document.createElement("tr");
    row.className = "gap";
    row.setAttribute("aria-hidden", "true");
    row.style.height = `${size}px`;
    return row;
  }

  function showRows(shown, first) {
    const made = new Map(shown.map((row, i) => [row, line(row, first + i)]));
    rows = made;
    const rest = order.length - first - shown.length;
    body.replaceChildren(gap(first * height), ...made.values(), gap(Math.max(rest, 0) * height));
  }

  let from = -1;
  let to = -1;
  function render(anew = false) {
    if (printing()) return;
    if (!height && order.length) {
      showRows(order.slice(0, 20), 0);
      height = body.children[1].getBoundingClientRect().height || 28;
    }
    const first = Math.floor(box.scrollTop / height);
    const last = Math.ceil((box.scrollTop + box.clientHeight) / height);
    const inside = first - AHEAD / 3 >= from || from === 0;
    if (!anew && inside && (last + AHEAD / 3 <= to || to === order.length)) return;
    from = Math.max(0, first - AHEAD);
    to = Math.min(order.length, last + AHEAD);
    showRows(order.slice(from, to), from);
  }

  function say() {
    const shown = order.length === count ? count.toLocaleString("en-US")
      : `${order.length.toLocaleString("en-US")} of ${count.toLocaleString("en-US")}`;
    document.getElementById("shown").textContent = `${shown} ${data.noun}`;
  }

  function filter() {
    texts ??= all.map((row) => data.columns.map((_, column) => textOf(column, row)).join(" ").toLowerCase());
    const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const mark = document.getElementById("mark")?.value;
    const marked = mark ? new Set(data.marks[mark]) : null;
    order = sorted.filter((row) => (!marked || marked.has(row)) && words.every((word) => texts[row].includes(word)));
    say();
    box.scrollTop = 0;
    render(true);
  }

  function sortBy(column, direction) {
    const { kind, values } = data.columns[column];
    const compare = kind === "number" ? (a, b) => a - b : new Intl.Collator(undefined, { numeric: true }).compare;
    const unknown = (value) => value === null || value === "";
    sorted = all.toSorted((i, j) => {
      const [a, b] = [values[i], values[j]];
      if (unknown(a) || unknown(b)) return unknown(a) - unknown(b); // what is unknown stays last
      return direction * compare(a, b) || i - j;
    });
    filter();
  }

  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      const descending = was === "ascending" || (was === null && data.columns[column].kind === "number");
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortBy(column, descending ? -1 : 1);
    });
  });

  // The reader chooses the columns; the first one stays.
  function choose() {
    const boxes = [...document.querySelectorAll("#columns input")];
    shownColumns = boxes.flatMap((box, column) => (box.checked ? [column] : []));
    boxes.forEach((box, column) => (widths[column].hidden = heads[column].hidden = !box.checked));
    rows = new Map();
    fit();
    render(true);
  }

  // Columns are as wide as their longest text, and the table at least as wide as its box.
  function fit() {
    const digits = shownColumns.reduce((sum, column) => sum + parseFloat(widths[column].style.width), 0);
    box.firstElementChild.style.minWidth = `max(100%, ${digits}ch)`;
    // A first column that is wide would leave no room for the others.
    box.classList.toggle("held", heads[0].offsetWidth < box.clientWidth / 2);
  }

  // The row of a number comes into view and keeps a mark; a filter that hides it is taken away.
  function reveal(row) {
    if (row < 0 || row >= count) return;
    target = row;
    if (!order.includes(row)) {
      document.getElementById("filter").value = "";
      if (document.getElementById("mark")) document.getElementById("mark").value = "";
      filter();
    }
    box.scrollTop = order.indexOf(row) * height - box.clientHeight / 2;
    render(true);
    box.scrollIntoView({ block: "center" });
  }

  let due = false;
  box.addEventListener("scroll", () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      render();
    });
  }, { passive: true });
  document.getElementById("filter").addEventListener("input", filter);
  document.getElementById("mark")?.addEventListener("input", filter);
  addEventListener("resize", () => {
    height = 0;
    fit();
    render(true);
  });
  addEventListener("beforeprint", () => {
    rows = new Map();
    body.replaceChildren(...data.still.map((row, i) => line(row, i)));
    document.getElementById("part").hidden = false;
  });
  addEventListener("afterprint", () => {
    document.getElementById("part").hidden = true;
    render(true);
  });
  document.getElementById("columns").addEventListener("input", choose);
  document.getElementById("part").hidden = true;
  fit();
  say();
  render(true);
  const strips = data.columns.find(({ kind }) => kind === "strip")?.values ?? [];
  return { opens: data.opens, reveal, rowOf: (id) => data.ids.indexOf(id), stripOf: (row) => strips[row] };
}

const gridBox = document.querySelector(".grid");
const grid = gridBox && startGrid(gridBox);
