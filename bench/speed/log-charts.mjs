// Panels side by side with logarithmic axes, one measured line for each backend and a dashed one of its ideal.
import { titleOf } from './contenders.mjs';
import { colors, line, mark, svg, text } from './svg.mjs';

const panel = { width: 250, height: 250, gap: 26 };
const margin = { left: 52, top: 64, bottom: 44, right: 16 };

/** 1, 2, 5, 10, 20 …, or only the powers of ten over a wide range. */
function ticks(low, high) {
  const steps = high / low > 300 ? [1] : [1, 2, 5];
  const list = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const step of steps) list.push(step * 10 ** power);
  return list.filter((v) => v >= low * 0.999 && v <= high * 1.001).map((v) => Number(v.toPrecision(3)));
}

/** @param {{title: string, series: {backend: string, points: {size: number, ms: number, ideal: number}[]}[]}[]} panels */
export function logCharts(title, panels) {
  const all = panels.flatMap(({ series }) => series.flatMap(({ points }) => points));
  const low = Math.min(...all.map(({ ms }) => ms)) / 1.5;
  const high = Math.max(...all.map(({ ms }) => ms)) * 1.5;
  const y = (ms) =>
    margin.top + ((Math.log(high) - Math.log(ms)) / (Math.log(high) - Math.log(low))) * panel.height;
  const width = margin.left + panels.length * (panel.width + panel.gap) - panel.gap + margin.right;
  const parts = [text(16, 24, title, 'class="title"')];
  let legend = 16;
  const backends = [...new Set(panels.flatMap(({ series }) => series.map(({ backend }) => backend)))];
  for (const backend of backends) {
    parts.push(mark(backend, legend + 5, 42), text(legend + 15, 46, titleOf(backend)));
    legend += 30 + 7 * titleOf(backend).length;
  }
  parts.push(
    line(legend, 42, legend + 24, 42, 'ideal'),
    text(legend + 30, 46, 'in proportion to the arithmetic of the largest'),
  );
  panels.forEach(({ title: of, series }, i) => {
    const left = margin.left + i * (panel.width + panel.gap);
    parts.push(...onePanel(of, series, { left, low, high, y, labels: i === 0 }));
  });
  return svg(width, margin.top + panel.height + margin.bottom, title, parts);
}

function onePanel(title, series, { left, low, high, y, labels }) {
  const sizes = series.flatMap(({ points }) => points.map(({ size }) => size));
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const x = (size) =>
    left + 8 + ((Math.log(size) - Math.log(least)) / (Math.log(most) - Math.log(least))) * (panel.width - 16);
  const bottom = margin.top + panel.height;
  const parts = [];
  for (const tick of ticks(low, high)) {
    parts.push(line(left, y(tick), left + panel.width, y(tick), 'grid'));
    if (labels) parts.push(text(left - 6, y(tick) + 4, `${tick} ms`, 'text-anchor="end" font-size="11"'));
  }
  for (const size of new Set(sizes)) {
    const every = Math.ceil(new Set(sizes).size / 6);
    if (Math.round(Math.log2(size / least)) % every === 0)
      parts.push(text(x(size), bottom + 16, String(size), 'text-anchor="middle" font-size="11"'));
  }
  parts.push(text(left + panel.width / 2, bottom + 34, title, 'text-anchor="middle"'));
  for (const { backend, points } of series) {
    const path = (of) =>
      points
        .filter((point) => of(point) >= low)
        .map((point, i) => `${i === 0 ? 'M' : 'L'}${x(point.size).toFixed(1)} ${y(of(point)).toFixed(1)}`)
        .join('');
    const color = colors[backend];
    parts.push(
      `<path d="${path(({ ideal }) => ideal)}" fill="none" stroke="${color}" stroke-dasharray="4 4" stroke-opacity="0.7"/>`,
      `<path d="${path(({ ms }) => ms)}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...points.map(({ size, ms }) => mark(backend, x(size), y(ms))),
    );
  }
  return parts;
}
