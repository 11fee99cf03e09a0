// A line chart as SVG text: axes, a legend, marks. Readable on light and dark pages.

const width = 720;
const height = 400;
const margin = { left: 64, right: 24, top: 40, bottom: 52 };
const colors = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00'];

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** Round steps of 1, 2 or 5 that give about `count` ticks. */
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10);
  const list = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step)
    list.push(Number(v.toPrecision(12)));
  return list;
}

/**
 * @param {{title: string, x: string, y: string, xMax?: number, yMax?: number, logX?: boolean,
 *   series: {name: string, points: [number, number][], dashed?: boolean}[],
 *   marks?: {x: number, y: number, text: string}[]}} chart values above yMax are cut off
 */
export function lineChart({ title, x, y, xMax, yMax, logX = false, series, marks = [] }) {
  const all = series.flatMap(({ points }) => points).filter(([, v]) => yMax === undefined || v <= yMax);
  const xs = all.map(([v]) => v);
  const lowX = logX ? Math.min(...xs) : 0;
  const highX = xMax ?? Math.max(...xs);
  const lowY = Math.min(...all.map(([, v]) => v), ...marks.map((m) => m.y));
  const highY = yMax ?? Math.max(...all.map(([, v]) => v));
  const pad = (highY - lowY) * 0.05;
  const scale = (v) => (logX ? Math.log(v) : v);
  const px = (v) =>
    margin.left +
    ((scale(v) - scale(lowX)) / (scale(highX) - scale(lowX))) * (width - margin.left - margin.right);
  const py = (v) =>
    height -
    margin.bottom -
    ((v - lowY + pad) / (highY - lowY + 2 * pad)) * (height - margin.top - margin.bottom);
  const out = [];
  const text = (tx, ty, content, extra = '') =>
    out.push(`<text x="${tx.toFixed(1)}" y="${ty.toFixed(1)}" ${extra}>${escaped(content)}</text>`);
  for (const v of ticks(lowY, highY, 6)) {
    out.push(
      `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${py(v).toFixed(1)}" y2="${py(v).toFixed(1)}"/>`,
    );
    text(margin.left - 8, py(v) + 4, String(v), 'text-anchor="end"');
  }
  const xTicks = logX
    ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000].filter(
        (v) => v >= lowX && v <= highX,
      )
    : ticks(0, highX, 8);
  for (const v of xTicks) text(px(v), height - margin.bottom + 18, String(v), 'text-anchor="middle"');
  text(margin.left, 22, title, 'class="title"');
  text(width - margin.right, height - 12, x, 'text-anchor="end"');
  text(margin.left, height - 12, y);
  series.forEach(({ name, points, dashed }, i) => {
    const color = colors[i % colors.length];
    const shown = points.filter(([a, b]) => a >= lowX && a <= highX && b <= highY);
    const path = shown
      .map(([a, b], k) => `${k === 0 ? 'M' : 'L'}${px(a).toFixed(1)} ${py(b).toFixed(1)}`)
      .join('');
    out.push(
      `<path d="${path}" fill="none" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`,
    );
    if (!dashed)
      for (const [a, b] of shown)
        out.push(`<circle cx="${px(a).toFixed(1)}" cy="${py(b).toFixed(1)}" r="2.5" fill="${color}"/>`);
    const ly = margin.top + 14 + i * 18;
    out.push(
      `<line x1="${width - 260}" x2="${width - 236}" y1="${ly - 4}" y2="${ly - 4}" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`,
    );
    text(width - 230, ly, name);
  });
  for (const mark of marks) {
    out.push(
      `<path d="M${px(mark.x) - 5} ${py(mark.y)}h10M${px(mark.x)} ${py(mark.y) - 5}v10" stroke="#888" stroke-width="1.5"/>`,
    );
    text(px(mark.x) + 8, py(mark.y) + 4, mark.text);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escaped(title)}">
<style>text{fill:#555}.title{font-size:14px;font-weight:600}.grid{stroke:#8884;stroke-width:1}@media(prefers-color-scheme:dark){text{fill:#bbb}}</style>
${out.join('\n')}
</svg>
`;
}
