/** The curves of compared trainings as an SVG, alone or in a page with its table. */
import { ticks } from '../base/ticks';
import { escaped } from '../base/escaped';
import type { PresetComparison, PresetResult } from '../protocol/compare-presets';
import { chartPage, coordinate as n, svgOf } from './chart';

const size = { width: 720, height: 400 };
const box = { left: 64, right: 176, top: 44, foot: 52 };

/** Told apart with any color vision (Okabe and Ito); dashes carry the same in gray. */
const looks = [
  ['#0072b2', ''],
  ['#d55e00', '7 3'],
  ['#009e73', '2 3'],
  ['#cc79a7', '9 3 2 3'],
  ['#7a6a00', '4 2'],
  ['#56b4e9', '1 2'],
] as const;

function linesOf({ results, unit }: PresetComparison) {
  const value = (point: PresetResult['curve'][number]): number | undefined =>
    unit === 'nats' ? point.validationNats : point.validationBitsPerDim;
  return results.flatMap((result) => {
    const at = result.curve.flatMap((point) => {
      const found = value(point);
      return found !== undefined && Number.isFinite(found) ? [{ seconds: point.seconds, value: found }] : [];
    });
    if (at.length === 0) return [];
    const best = Math.min(...at.map(({ value: one }) => one));
    return [{ name: result.preset, at, end: at.at(-1)!.value, best }];
  });
}

/** Names next to the ends of their lines, none over another. */
function placed(ends: readonly number[], least: number): number[] {
  const order = ends.map((_, i) => i).sort((a, b) => ends[a]! - ends[b]!);
  const places = [...ends];
  order.forEach((one, i) => {
    if (i > 0) places[one] = Math.max(places[one]!, places[order[i - 1]!]! + least);
  });
  return places;
}

/** @returns undefined where no training was validated */
export function comparisonSvg(comparison: PresetComparison): string | undefined {
  const lines = linesOf(comparison);
  if (lines.length === 0) return undefined;
  const values = lines.flatMap(({ at }) => at.map(({ value }) => value));
  const least = Math.min(...values);
  // The first validations are far above all that follows, and would press it flat.
  const middle = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  const most = Math.max(least + 1e-3, Math.min(Math.max(...values), least + 3 * (middle - least)));
  const low = least - 0.05 * (most - least);
  const end = Math.max(...lines.flatMap(({ at }) => at.map(({ seconds }) => seconds)), 1e-9);
  const [right, foot] = [size.width - box.right, size.height - box.foot];
  const x = (seconds: number): number => box.left + (seconds / end) * (right - box.left);
  const y = (value: number): number => foot - ((value - low) / (most - low)) * (foot - box.top);
  const names = placed(
    lines.map((line) => y(Math.min(most, line.end))),
    16,
  );
  const title = `Held-out ${comparison.unit} of ${comparison.data}, ${comparison.seconds} s of training each`;
  const grid = ticks(low, most, 5).map(
    (value) =>
      `<line class="grid" x1="${box.left}" x2="${right}" y1="${n(y(value))}" y2="${n(y(value))}"/>` +
      `<text class="small" x="${box.left - 8}" y="${n(y(value) + 4)}" text-anchor="end">${value}</text>`,
  );
  const below = ticks(0, end, 5).map(
    (value) => `<text class="small" x="${n(x(value))}" y="${foot + 18}" text-anchor="middle">${value}</text>`,
  );
  // A preset looks the same in all charts of the same presets, whichever is best.
  const inOrder = lines.map(({ name }) => name).sort();
  const drawn = lines.map(({ name, at, best }, i) => {
    const [color, dash] = looks[inOrder.indexOf(name) % looks.length]!;
    const isDot = at.length === 1;
    const points = (isDot ? [...at, ...at] : at)
      .map((point) => `${n(x(point.seconds))},${n(y(point.value))}`)
      .join(' ');
    // Round ends make a dot of a line from a point to itself.
    const look = isDot
      ? 'stroke-width="6" stroke-linecap="round"'
      : `stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''}`;
    const label = `${escaped(name)} ${best.toFixed(3)}`;
    return (
      `<polyline clip-path="url(#plot)" points="${points}" fill="none" stroke="${color}" ${look}/>` +
      `<text x="${right + 10}" y="${n(names[i]! + 4)}" fill="${color}">${label}</text>`
    );
  });
  return svgOf({
    ...size,
    title,
    left: box.left,
    content: `<clipPath id="plot"><rect x="${box.left}" y="${box.top - 2}" width="${right - box.left + 2}" height="${foot - box.top + 4}"/></clipPath>
${grid.join('\n')}
<line class="axis" x1="${box.left}" x2="${right}" y1="${foot}" y2="${foot}"/>
${below.join('\n')}
<text class="small" x="${(box.left + right) / 2}" y="${size.height - 12}" text-anchor="middle">seconds of training</text>
${drawn.join('\n')}`,
  });
}

/** @param rows of the table, its head first */
export function comparisonPage(
  comparison: PresetComparison,
  rows: readonly (readonly string[])[],
): string | undefined {
  const svg = comparisonSvg(comparison);
  if (svg === undefined) return undefined;
  return chartPage(`Flows compared on ${comparison.data}`, svg, [rows]);
}
