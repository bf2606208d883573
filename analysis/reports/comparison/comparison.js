// Charts of layers and memory: all networks on one scale or each on its own, and names of rows as they fit.

const ownScale = document.getElementById("own-scale");
const scaled = Object.keys(figures).filter((name) => /^(params|macs|activations|memory)-\d+$/.test(name));
const LETTER = 5.6; // pixels of a letter below a chart

// Beside a large network, small ones are flat.
function rangeOf({ data, layout }) {
  return ownScale?.checked ? [0, 1.12 * Math.max(1, ...data.flatMap((trace) => trace.y))] : layout.yaxis.range;
}

// Whether the names of a chart's rows fit side by side.
function fits(name) {
  const { data, layout } = figures[name];
  const { tickvals, ticktext } = layout.xaxis;
  const places = data.flatMap((trace) => trace.x);
  const room = plotOf(name).clientWidth - layout.margin.l - layout.margin.r;
  const unit = room / (Math.max(...places) - Math.min(...places) + 1);
  return tickvals.every((at, index) => {
    const letters = (ticktext[index].length + (ticktext[index + 1]?.length ?? 0)) / 2 + 1;
    return index + 1 === tickvals.length || (tickvals[index + 1] - at) * unit > letters * LETTER;
  });
}

// All charts of layers, and all of memory, have the same place for names, so that their scales are one.
const ofMemory = (name) => name.startsWith("memory");
const groups = [scaled.filter((name) => !ofMemory(name)), scaled.filter(ofMemory)];
const drawn = groups.map(() => null);

function viewIn(group) {
  return (figure) => {
    const { layout } = figure;
    const level = (drawn[group] = groups[group].every(fits));
    return {
      data: figure.data,
      layout: {
        ...layout,
        margin: level ? { ...layout.margin, b: 28 } : layout.margin,
        xaxis: { ...layout.xaxis, tickangle: level ? 0 : -90 },
        yaxis: { ...layout.yaxis, range: rangeOf(figure) },
      },
    };
  };
}

groups.forEach((names, group) => {
  names.forEach((name) => {
    views[name] = viewIn(group);
  });
  addEventListener("resize", () => {
    if (drawn[group] !== names.every(fits)) names.forEach(drawFigure);
  });
});
ownScale?.addEventListener("change", () => scaled.forEach(drawFigure));
