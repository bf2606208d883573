// Draws the charts of all networks on one scale, or each on its own: beside a large one, small ones are flat.

const ownScale = document.getElementById("own-scale");
const scaled = Object.keys(figures).filter((name) => /^(params|macs|activations|memory)-\d+$/.test(name));

function onOwnScale({ data, layout }) {
  const top = Math.max(1, ...data.flatMap((trace) => trace.y));
  return { data, layout: { ...layout, yaxis: { ...layout.yaxis, range: [0, 1.12 * top] } } };
}

scaled.forEach((name) => {
  views[name] = (figure) => (ownScale?.checked ? onOwnScale(figure) : figure);
});
ownScale?.addEventListener("change", () => scaled.forEach(drawFigure));
