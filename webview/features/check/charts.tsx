/** Pictures of a check: how the weights are spread, which layer they point at, and what lies beyond the ends. */
import { tailRoom, type Blame, type CheckReport, type TailRatio } from '../../../src/protocol/check';
import type { ModelSummary } from '../../../src/protocol/model';
import { linear, logarithmic, spaced, widest, type Size } from '../../base/charts/scale';
import { PlaceGrid, ValueGrid } from '../../base/charts/value-grid';
import { DataTable } from '../../base/controls/data-table';
import { count, fixed, logTicks, percent, short, shortened, ticks } from '../../base/format/numbers';
import { layerPhraseOf } from '../../base/layers/layer-names';
import { VerdictMark } from '../../base/layers/verdict';
import { useStore } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';

export function LogWeights({ report, width, height }: { report: CheckReport } & Size) {
  const { histogram, leakage, draws, pareto } = report;
  const { low, high, counts } = histogram;
  const outside = Math.round(leakage.share * draws);
  const [left, right, foot] = [34, width - 8, height - 32];
  const x = linear(low, high, left + (outside ? 26 : 4), right);
  const y = logarithmic(0.7, Math.max(10, outside, ...counts) * 1.2, foot, 18);
  const step = (high - low) / counts.length;
  const isTail = (i: number): boolean => pareto !== undefined && low + (i + 0.5) * step >= pareto.from;
  const bar = (from: number, wide: number, n: number) => ({
    ...{ x: from, width: wide, y: y.at(n), height: foot - y.at(n) },
  });
  return (
    <svg width={width} height={height} role="img" aria-label={text.weights}>
      <pattern id="outside" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line class="axis" x1="0" x2="0" y1="0" y2="5" />
      </pattern>
      <ValueGrid values={logTicks(1, y.high)} at={y.at} textOf={short} left={left} right={right} />
      <line class="dashed" x1={x.at(0)} x2={x.at(0)} y1={18} y2={foot} />
      {outside ? (
        <>
          <rect class="axis" style={{ fill: 'url(#outside)' }} {...bar(left + 4, 12, outside)} />
          <text x={left + 20} y={y.at(outside) + 9}>
            {text.outsideCount(count(outside))}
          </text>
          <text x={left + 10} y={foot + 13} text-anchor="middle">
            −∞
          </text>
        </>
      ) : null}
      {counts.map((n, i) =>
        n ? (
          <rect
            key={i}
            class={isTail(i) ? 'check-off' : 'bar'}
            {...bar(x.at(low + i * step), Math.max(1, (right - x.at(low)) / counts.length - 0.5), n)}
          />
        ) : null,
      )}
      <line class="axis" x1={left} x2={right} y1={foot} y2={foot} />
      <PlaceGrid values={ticks(low, high, width / 45).slice(outside ? 1 : 0)} at={x.at} y={foot + 13} />
      {pareto ? (
        <text class="check-off" x={right} y={11} text-anchor="end">
          {text.tail(count(pareto.count))}
        </text>
      ) : null}
      <text x={(left + right) / 2} y={height - 3} text-anchor="middle">
        {text.weightAxis}
      </text>
    </svg>
  );
}

/** A row for each layer, whose button chooses it. */
export function BlameBars({ model, blame }: { model: ModelSummary; blame: Blame }) {
  const store = useStore();
  return (
    <DataTable
      class="rows-table check-layers"
      label={text.blame}
      rows={blame.layers}
      tr={({ layer }) => ({ 'aria-selected': layer === store.layer.value, 'data-layer': layer })}
      columns={[
        {
          head: words.layerAxis,
          cell: ({ layer }) => (
            <span class="pair">
              <button type="button" class="plain" onClick={() => store.selectLayer(layer)}>
                {layerPhraseOf(model, layer)}
              </button>
              {layer === blame.named ? <VerdictMark mark="notice" /> : null}
            </span>
          ),
        },
        {
          head: '0–100%',
          cell: ({ layer, explained, removed }) => (
            <span class="bars" aria-hidden="true">
              <i
                class="solo"
                style={along(explained, layer === blame.named ? 'var(--pos)' : 'var(--muted)')}
              />
              {removed === undefined ? null : <u style={{ '--from': along(removed)['--long'] }} />}
            </span>
          ),
        },
        { head: text.explained, num: ({ explained }) => percent(Math.max(0, explained)) },
        { head: text.removed, num: ({ removed }) => (removed === undefined ? '' : percent(removed)) },
      ]}
    />
  );
}

const along = (share: number, color?: string) => ({
  ...{ '--from': 0, '--long': `${100 * Math.min(1, Math.max(0, share))}%`, '--c': color },
});

const row = 20;
/** Features that are drawn: the first, unless others are off. */
const most = 12;
const farthest = 8;

export function Tails({ report, width, height }: { report: CheckReport } & Size) {
  const features = tailsOf(report);
  const names = features.map(({ name }) => shortened(name, 12));
  const left = widest(names) + 10;
  const foot = height - 32;
  const fit = (ratio: number): number => Math.min(farthest, Math.max(1 / farthest, ratio));
  const [low, high] = [fit(1 - tailRoom(report.draws)), fit(1 + tailRoom(report.draws))];
  return (
    <svg width={width} height={height} role="img" aria-label={text.tails}>
      {names.map((name, i) => (
        <text key={i} x={0} y={24 + row * (i + 0.5)}>
          {name}
        </text>
      ))}
      {(['lowest', 'highest'] as const).map((end, k) => {
        const from = left + (k * (width - left)) / 2 + 4;
        const x = logarithmic(1 / farthest, farthest, from, from + (width - left) / 2 - 10);
        return (
          <g key={end}>
            <text x={x.at(1)} y={11} text-anchor="middle">
              {text.ends[end]}
            </text>
            <rect class="fill" x={x.at(low)} width={x.at(high) - x.at(low)} y={18} height={foot - 18} />
            <PlaceGrid
              values={spaced([0.2, 0.5, 1, 2, 5], x, 16)}
              at={x.at}
              textOf={(value) => ({ 0.2: '⅕', 0.5: '½' })[value] ?? String(value)}
              y={foot + 13}
              ends={[18, foot]}
            />
            <line class="dashed" x1={x.at(1)} x2={x.at(1)} y1={18} y2={foot} />
            {features.map(({ name, tails }, i) => (
              <Ratio key={name} tail={tails[k]!} at={(ratio) => x.at(fit(ratio))} y={20 + row * (i + 0.5)} />
            ))}
          </g>
        );
      })}
      <text x={(left + width) / 2} y={height - 3} text-anchor="middle">
        {text.tailAxis}
      </text>
    </svg>
  );
}

export const tailsHeight = (report: CheckReport): number => 52 + row * tailsOf(report).length;

function tailsOf({ features }: CheckReport): CheckReport['features'] {
  const isOff = ({ tails }: (typeof features)[number]): number => (tails.some(({ off }) => off) ? 1 : 0);
  return features
    .toSorted((a, b) => isOff(b) - isOff(a))
    .slice(0, most)
    .toSorted((a, b) => a.feature - b.feature);
}

function Ratio({ tail, at, y }: { tail: TailRatio; at(ratio: number): number; y: number }) {
  const { byWeights, byRows, off } = tail;
  const { ratio, error } = byWeights;
  return (
    <g class={off ? 'check-off' : undefined}>
      <line class="line" x1={at(ratio - error)} x2={at(ratio + error)} y1={y} y2={y} />
      <circle class="dot" cx={at(ratio)} cy={y} r={3.5} />
      {byRows ? <circle class="line" cx={at(byRows.ratio)} cy={y} r={5} /> : null}
      <title>{`${fixed(ratio, 2)} ± ${fixed(error, 2)}`}</title>
    </g>
  );
}
