import type { ComponentChildren } from 'preact';
import type { TensorView } from '../../../src/protocol/tensors';
import { signedScale, Legend } from '../../base/canvas/color-maps';
import { bare, Bars, Plot, Rule } from '../../base/charts/chart';
import { compact, count, fixed } from '../../base/format/numbers';
import { words } from '../../base/words';
import { withinRange } from './color-ranges';
import type { MapSizes } from './map-sizes';

/** As many decimals for all three as the largest leaves room for, so that they compare. */
export function statDecimals(values: readonly number[]): number {
  const largest = Math.max(...values.map(Math.abs).filter(Number.isFinite));
  return largest >= 1000 ? 0 : largest >= 100 ? 1 : largest >= 0.1 || !(largest > 0) ? 2 : 4;
}

function Stats({ tensor }: { tensor: TensorView }) {
  const { stats } = tensor;
  const bad = stats.nan + stats.inf > 0;
  const decimals = statDecimals([stats.min, stats.mean, stats.max]);
  return (
    <dl class="stat">
      <dt>{words.min}</dt>
      <dd>{fixed(stats.min, decimals)}</dd>
      <dt>{words.mean}</dt>
      <dd>{fixed(stats.mean, decimals)}</dd>
      <dt>{words.max}</dt>
      <dd>{fixed(stats.max, decimals)}</dd>
      <dt class={bad ? undefined : 'non-finite'}>{words.nanInf}</dt>
      <dd class={bad ? undefined : 'non-finite'}>
        <span class={bad ? 'bad' : undefined}>{`${count(stats.nan)}, ${count(stats.inf)}`}</span>{' '}
        <span class="muted of-all">{words.of(stats.count)}</span>
      </dd>
    </dl>
  );
}

interface FiguresProps {
  tensor: TensorView;
  /** Where the colors end, on both sides. */
  limit: number;
  sizes: MapSizes;
  /** Below the legend. */
  children?: ComponentChildren;
}

/** How the values of a tensor are spread, over the colors that they have. */
/** Above the color bar is a histogram: both share an axis. */
export function Figures({ tensor, limit, sizes, children }: FiguresProps) {
  const { edges, counts } = withinRange(tensor, limit);
  return (
    <>
      <div style={{ marginTop: '8px' }}>
        <Plot
          {...bare}
          width={sizes.column}
          height={sizes.histogram}
          top={2}
          label={`${words.distribution} ${tensor.name}, ${words.mean} ${compact(tensor.stats.mean)}`}
          x={{ low: -limit, high: limit }}
          y={{ low: 0, high: Math.max(1, ...counts) }}
        >
          <Bars values={counts} from={(i) => edges[i]!} />
          <Rule class="dashed" x={tensor.stats.mean} />
        </Plot>
      </div>
      <Legend
        scale={(light) => signedScale(limit, light)}
        unit={tensor.role === 'logScale' ? words.nats : undefined}
        width={sizes.column}
      />
      {children}
      <Stats tensor={tensor} />
    </>
  );
}

/** In a narrow panel, in place of a row under each map. */
export function NonFinite({ tensors }: { tensors: readonly TensorView[] }) {
  const sum = (pick: (stats: TensorView['stats']) => number): number =>
    tensors.reduce((n, { stats }) => n + pick(stats), 0);
  const bad = sum(({ nan, inf }) => nan + inf);
  const all = sum((stats) => stats.count);
  return <p class={`non-finite-line tick ${bad > 0 ? 'bad' : ''}`}>{words.nonFiniteOf(bad, all)}</p>;
}
