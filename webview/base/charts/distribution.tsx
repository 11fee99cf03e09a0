/** How values of a batch are spread, with one of them marked. */
import { finiteExtent } from '../canvas/planes';
import { ticks } from '../../../src/base/ticks';
import { words } from '../words';
import { fixed, logTicks, tickText } from '../format/numbers';
import { Sized } from '../size/sized';
import { binned } from './bins';
import type { Histogram } from '../../../src/protocol/tensors';
import { Bars, Plot, Rule, usePlace, type ChartProps } from './chart';
import { linear, logarithmic, type Size } from './scale';

interface Marked {
  value: number;
  text: string;
}

export interface DistributionProps {
  height?: number;
  /** Drawn filled. */
  values?: ArrayLike<number>;
  /** Drawn as an outline. */
  outline?: ArrayLike<number>;
  /** Drawn as an outline of dashes. */
  dashed?: ArrayLike<number>;
  marked?: Marked;
  unit: string;
  label: string;
  /** Values are −log p: drawn as log p, likelier to the right, with a log axis when the spread calls for one. */
  negated?: boolean;
}

export function Distribution(props: DistributionProps) {
  const { height, values, outline, dashed, marked, unit, label, negated = false } = props;
  const all = [
    ...[values, outline, dashed].flatMap((series) => Array.from(series ?? [])),
    ...(marked ? [marked.value] : []),
  ];
  const extent = finiteExtent(all);
  if (!extent) return <p class="muted">{words.noValues}</p>;
  const log = negated && extent.low > 0 && extent.high / extent.low > 5;
  const margin = log ? 0 : (extent.high - extent.low) * 0.04 || 0.5;
  const low = extent.low - margin;
  const high = extent.high + margin;
  const x = {
    ...{ low, high, reversed: negated, scale: log ? logarithmic : linear },
    ticks: (width: number) =>
      log ? logTicks(low, high) : ticks(low, high, Math.max(3, Math.floor(width / 45))),
    textOf: (value: number) => tickText(negated ? -value : value),
    title: log ? `${unit}, log axis` : unit,
  };
  return (
    <Sized height={height}>
      {(width, tall) => {
        const bins = Math.max(12, Math.min(48, Math.round(width / 6)));
        const count = (series: ArrayLike<number>): Histogram => binned(series, low, high, bins, log);
        return (
          <Histograms
            {...{ width, label, x }}
            height={tall}
            filled={values && count(values)}
            line={outline && count(outline)}
            dashes={dashed?.length ? count(dashed) : undefined}
            marked={marked && { ...marked, valueText: fixed(negated ? -marked.value : marked.value, 2) }}
          />
        );
      }}
    </Sized>
  );
}

interface HistogramsProps extends Size, Pick<ChartProps, 'x' | 'label'> {
  filled?: Histogram;
  line?: Histogram;
  dashes?: Histogram;
  marked?: Marked & { valueText: string };
}

/** The same where values are counted already. */
export function Histograms({ x, filled, line, dashes, marked, ...chart }: HistogramsProps) {
  // All are shares of their own set, so that sets of different size compare.
  const shares = ({ counts }: Histogram): number[] => {
    const all = counts.reduce((a, b) => a + b, 0) || 1;
    return counts.map((n) => n / all);
  };
  const high = Math.max(...[filled, line, dashes].flatMap((each) => (each ? shares(each) : [])), 1e-9);
  return (
    <Plot
      {...{ ...chart, x }}
      {...{ left: 6, right: 6, top: 20, foot: x.title ? 32 : 17 }}
      y={{ low: 0, high }}
    >
      {filled ? <Bars class="fill" values={shares(filled)} from={(i) => filled.edges[i]!} /> : null}
      {line ? <Outline edges={line.edges} shares={shares(line)} /> : null}
      {dashes ? <Outline edges={dashes.edges} shares={shares(dashes)} dashed /> : null}
      <Rule class="axis" y={0} />
      {marked && Number.isFinite(marked.value) ? <Mark {...marked} /> : null}
    </Plot>
  );
}

function Outline({ edges, shares, dashed }: { edges: number[]; shares: number[]; dashed?: boolean }) {
  const { x, y, base } = usePlace();
  const steps = shares.map((n, i) => `V${y.at(n).toFixed(1)}H${x.at(edges[i + 1]!).toFixed(1)}`).join('');
  const d = `M${x.at(edges[0]!).toFixed(1)} ${base}${steps}V${base}`;
  return dashed ? <path class="line dashed" data-name="dashed" d={d} /> : <path class="line" d={d} />;
}

/** So near to an end a label is aligned with it, px. */
const edge = 70;

function Mark({ value, text, valueText }: Marked & { valueText: string }) {
  const { x, width } = usePlace();
  const at = x.at(value);
  const [from, anchor] = at < edge ? [0, 'start'] : at > width - edge ? [width, 'end'] : [at, 'middle'];
  return (
    <>
      <Rule class="here" x={value} />
      <text class="fg" x={from} y={11} text-anchor={anchor}>{`${text}, ${valueText}`}</text>
    </>
  );
}
