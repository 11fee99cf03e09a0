/** Calibration as an SVG: curves of coverage and TARP, then the histogram of ranks of each feature, with bands. */
import { curveOf as rankCurve } from '../engine/use/rank-statistics';
import { escaped } from '../base/escaped';
import type { Calibration, RankTest } from '../protocol/calibration';
import { coordinate as n, svgOf } from './chart';

const columns = 3;
const page = { width: 720, left: 40, top: 44 };
const panel = { width: 190, height: 120, across: 228, down: 196 };
/** More would be too small to read, or a page too long; those that are farthest from uniform are drawn. */
const mostFeatures = 10;

const looks =
  '.band{fill:#dde4ec}.edge{stroke:#8494a7}.even{stroke:#1b2430;stroke-dasharray:3 3}.fine{fill:#0072b2}.off{fill:#d55e00}' +
  '.curve{stroke-width:2}.curve.fine{fill:none;stroke:#0072b2}.curve.off{fill:none;stroke:#d55e00}.problem{fill:#a84300}';

/** Within a panel: both from 0 to 1, y upward. */
const across = (share: number): string => n(share * panel.width);
const up = (share: number): string => n((1 - share) * panel.height);

export function calibrationTitle({ pairs, draws }: Calibration): string {
  return `Calibration on ${pairs} pairs, ${draws} samples each`;
}

export function calibrationSvg(calibration: Calibration): string {
  const { features, coverage, tarp } = calibration;
  const worst = [...features].sort((a, b) => b.distance - a.distance).slice(0, mostFeatures);
  const chosen = features.filter((feature) => worst.includes(feature));
  const left = features.length - chosen.length;
  const panels = [
    panelOf('Coverage', coverage, curveOf(coverage), 'level of the region'),
    panelOf('TARP', tarp, curveOf(tarp), 'level of the region'),
    ...chosen.map((feature) => panelOf(feature.name, feature, histogramOf(feature), 'place among samples')),
  ];
  const placed = panels.map((drawn, i) => {
    const [x, y] = [
      page.left + (i % columns) * panel.across,
      page.top + Math.floor(i / columns) * panel.down,
    ];
    return `<g transform="translate(${x} ${y})">\n${drawn}\n</g>`;
  });
  return svgOf({
    width: page.width,
    height: page.top + Math.ceil(panels.length / columns) * panel.down,
    title: `${calibrationTitle(calibration)}; gray: 99% of calibrated flows${left > 0 ? `; ${left} more features are nearer to uniform` : ''}`,
    left: page.left,
    style: looks,
    content: placed.join('\n'),
  });
}

function panelOf(name: string, { off, distance }: RankTest, drawn: string, below: string): string {
  const { width, height } = panel;
  const shown = name.length > 16 ? `${name.slice(0, 15)}…` : name;
  return `<text class="head" y="14">${escaped(shown)}</text>
<text class="small${off ? ' problem' : ''}" x="${width}" y="14" text-anchor="end">${off ? `${off}, ` : 'distance '}${distance.toFixed(3)}</text>
<g transform="translate(0 22)">
${drawn}
<line class="axis" x1="0" x2="${width}" y1="${height}" y2="${height}"/>
<text class="small" y="${height + 16}">0</text>
<text class="small" x="${width / 2}" y="${height + 16}" text-anchor="middle">${escaped(below)}</text>
<text class="small" x="${width}" y="${height + 16}" text-anchor="end">1</text>
</g>`;
}

/** Curve of places: the share that is at most a level, by the level. */
function curveOf({ places, off }: RankTest): string {
  const { levels, found, low, high } = rankCurve(places);
  const points = (shares: readonly number[]): string[] =>
    shares.map((share, i) => `${across(levels[i]!)},${up(share)}`);
  return (
    `<polygon class="band" points="${[...points(low), ...points(high).reverse()].join(' ')}"/>` +
    `<line class="even" x1="0" y1="${panel.height}" x2="${panel.width}" y2="0"/>` +
    `<polyline class="curve ${off ? 'off' : 'fine'}" points="${points(found).join(' ')}"/>`
  );
}

function histogramOf({ histogram, off }: RankTest): string {
  const { counts, expected, low, high } = histogram;
  const most = Math.max(high, ...counts) * 1.05;
  const bars = counts.map(
    (value, i) =>
      `<rect class="${off ? 'off' : 'fine'}" x="${n(((i + 0.1) / counts.length) * panel.width)}" width="${n((0.8 / counts.length) * panel.width)}" y="${up(value / most)}" height="${n((value / most) * panel.height)}"/>`,
  );
  const line = (look: string, value: number): string =>
    `<line class="${look}" x1="0" x2="${panel.width}" y1="${up(value / most)}" y2="${up(value / most)}"/>`;
  // The edges lie over the bars, which would hide the band.
  return (
    `<rect class="band" width="${panel.width}" y="${up(high / most)}" height="${n(((high - low) / most) * panel.height)}"/>` +
    `<g opacity="0.7">${bars.join('')}</g>${line('edge', low)}${line('edge', high)}${line('even', expected)}`
  );
}
