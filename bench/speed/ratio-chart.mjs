// The picture of the comparison: ours relative to PyTorch for each task and configuration, on a logarithmic axis.
import { backends } from './contenders.mjs';
import { colors, line, mark, svg, text } from './svg.mjs';

const width = 760;
const left = 84;
const right = 24;
const rowHeight = 26;
const names = { tensorflow: 'Flowscope on TensorFlow', onnxruntime: 'Flowscope on ONNX Runtime' };
const taskTitles = {
  'train-step': 'Train step',
  'log-prob': 'Log-likelihood of a batch',
  sample: 'Sampling a batch',
};
const ticks = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20];

/** @param {{rows: object[]}} result of compare */
export function ratioChart({ rows }) {
  const ratios = rows.flatMap((row) => backends.flatMap((backend) => row[backend].ratio ?? []));
  const low = Math.min(0.45, ...ratios.map((r) => r * 0.85));
  const high = Math.max(2.2, ...ratios.map((r) => r * 1.2));
  const x = (ratio) =>
    left + ((Math.log(ratio) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (width - left - right);
  const title = 'Time relative to PyTorch on the same machine';
  const parts = [text(16, 24, title, 'class="title"')];
  let legend = 16;
  for (const backend of backends) {
    parts.push(mark(backend, legend + 5, 42), text(legend + 15, 46, names[backend]));
    legend += 30 + 7 * names[backend].length;
  }
  parts.push(text(width - right, 46, 'left of the line is faster', 'text-anchor="end"'));
  let y = 62;
  for (const task of [...new Set(rows.map((row) => row.task))]) {
    const own = rows.filter((row) => row.task === task);
    parts.push(text(16, y + 16, taskTitles[task], 'class="strong"'));
    const top = y + 24;
    const bottom = top + own.length * rowHeight;
    for (const tick of ticks.filter((t) => t > low && t < high)) {
      parts.push(line(x(tick), top, x(tick), bottom, tick === 1 ? 'one' : 'grid'));
      parts.push(
        text(x(tick), bottom + 14, tick === 1 ? '1 (PyTorch)' : String(tick), 'text-anchor="middle"'),
      );
    }
    own.forEach((row, i) => parts.push(...rowParts(row, top + (i + 0.5) * rowHeight, x)));
    y = bottom + 22;
  }
  return svg(width, y + 4, title, parts);
}

/** One configuration: a bar from PyTorch's time to ours for each backend. */
function rowParts(row, y, x) {
  const parts = [text(left - 12, y + 4, row.config, 'text-anchor="end"')];
  backends.forEach((backend, i) => {
    const { ratio } = row[backend];
    const at = y + (i === 0 ? -6 : 6);
    if (ratio === undefined) {
      parts.push(
        text(
          x(1) - 8,
          at + 4,
          `${row[backend].unavailable ? names[backend] : 'PyTorch'}: not available`,
          'font-size="10" text-anchor="end"',
        ),
      );
      return;
    }
    parts.push(
      `<path d="M${x(1).toFixed(1)} ${at}H${x(ratio).toFixed(1)}" stroke="${colors[backend]}" stroke-width="4" stroke-opacity="0.35"/>`,
      mark(backend, x(ratio), at),
      text(
        x(ratio) + (ratio < 1 ? -9 : 9),
        at + 4,
        ratio.toFixed(2),
        `font-size="11" text-anchor="${ratio < 1 ? 'end' : 'start'}"`,
      ),
    );
  });
  return parts;
}
