// Charts over time, each with the same numbers as a table. The library is loaded only by pages that draw.
import { h } from "./dom.js";
import { localClock, localDay, utc } from "./format.js";
import { table } from "./parts.js";

let library;

function load() {
  library ??= (async () => {
    const base = new URL("../vendor/uplot/", import.meta.url);
    const sheet = h("link", { rel: "stylesheet", href: new URL("uPlot.min.css", base).href });
    document.head.append(sheet);
    return (await import(new URL("uPlot.esm.js", base).href)).default;
  })();
  return library;
}

/** A chart spans no less than this, in seconds: a single sample says nothing of a scale. */
const LEAST = 600;

const COLORS = ["--accent", "--ok-fill", "--warning-fill", "--bad-fill", "--busy-fill", "--none"];

/**
 * @param {string} title
 * @param {{unit?: (value: number) => string, times: Date[], series: {name: string, values: (number | null)[]}[], marks?: Date[]}} data
 *   marks: moments at which something happened, as lines; a table elsewhere says what.
 * @returns {HTMLElement} which draws itself when it is on the page, and again when its width or the theme changes.
 */
export function chart(title, data) {
  const say = data.unit ?? String;
  const plot = h("div.plot", { role: "img", "aria-label": describe(title, data, say) });
  const element = h(
    "section.card.chart",
    { "data-own": true },
    h("div.head", h("h3", title)),
    data.times.length === 0 ? h("p.soft", "Nothing was measured in this time.") : plot,
    h(
      "div.legend",
      data.series.map((one, at) => h("span", h("span.key", { style: { background: `var(${COLORS[at % COLORS.length]})` } }), h("bdi", one.name))),
    ),
    h("details.same", h("summary", "As a table"), tableOf(title, data, say)),
  );
  if (data.times.length > 0) draw(plot, data, say);
  return element;
}

function describe(title, data, say) {
  const last = data.series.map((one) => {
    const value = one.values.findLast((each) => each !== null && each !== undefined);
    return `${one.name} ${value === undefined ? "not known" : say(value)}`;
  });
  return `${title}; newest: ${last.join(", ")}. The table below has all of it.`;
}

function tableOf(title, data, say) {
  const rows = data.times.map((at, index) => ({ at, index })).reverse();
  return table(
    title,
    [
      { title: "Time", cell: (row) => utc(row.at) },
      ...data.series.map((one) => ({
        title: one.name,
        number: true,
        cell: (row) => (one.values[row.index] === null || one.values[row.index] === undefined ? "–" : say(one.values[row.index])),
      })),
    ],
    rows.slice(0, 200),
    { scrolls: true, fold: false },
  );
}

async function draw(plot, data, say) {
  const Plot = await load();
  // A token holds the colours of both themes: what an element is painted with is the one of now.
  const color = (token) => {
    plot.style.color = `var(${token})`;
    const { color: painted } = getComputedStyle(plot);
    plot.style.color = "";
    return painted;
  };
  let shown = null;
  let width = 0;
  const render = () => {
    shown?.destroy();
    plot.replaceChildren();
    const axis = { stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 }, font: `12px ${getComputedStyle(plot).fontFamily}` };
    shown = new Plot(
      {
        width,
        height: 170,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 8, 0, 0],
        series: [
          {},
          ...data.series.map((one, at) => ({ label: one.name, stroke: color(COLORS[at % COLORS.length]), width: 1.6, points: { show: data.times.length < 3 }, spanGaps: false })),
        ],
        axes: [{ ...axis, values: (_, ticks, __, ___, step) => ticks.map((tick) => label(new Date(tick * 1000), step)) }, { ...axis, size: 78, values: (_, ticks) => ticks.map((tick) => say(tick)) }],
        hooks: { draw: [(drawn) => lines(drawn, data.marks ?? [], color("--warning-fill"))] },
        scales: { x: { range: (_, low, high) => [Math.min(low, high - LEAST), high] }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high ?? 0) > 0 ? high * 1.1 : 1] } },
      },
      [data.times.map((at) => at.getTime() / 1000), ...data.series.map((one) => one.values)],
      plot,
    );
  };
  const watch = new ResizeObserver(() => {
    if (!plot.isConnected) return watch.disconnect();
    const room = Math.floor(plot.clientWidth);
    if (room > 0 && room !== width) {
      width = room;
      render();
    }
  });
  watch.observe(plot);
  const repaint = () => (plot.isConnected ? width > 0 && render() : document.removeEventListener("theme", repaint));
  document.addEventListener("theme", repaint);
}

/** Upright lines at moments. */
function lines(drawn, marks, stroke) {
  const { ctx, bbox } = drawn;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const mark of marks) {
    const x = Math.round(drawn.valToPos(mark.getTime() / 1000, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** Of an axis of times; step in seconds. */
function label(date, step) {
  return step >= 86400 ? localDay(date).slice(5) : localClock(date).slice(0, 5);
}
