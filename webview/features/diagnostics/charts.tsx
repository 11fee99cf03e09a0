/** What charts over the layers share: the layer that is selected, their numbers, and the name of the axis. */
import type { ModelSummary } from '../../../src/protocol/model';
import { isCoupling } from '../../../src/protocol/questions';
import { Box, Chart, type ChartProps, Dots, Line, Note, Rule, usePlace } from '../../base/charts/chart';
import { layerNumber } from '../../base/layers/layer-names';
import { words } from '../../base/words';
import { finiteExtent } from '../../base/canvas/planes';
import { ticks } from '../../../src/base/ticks';
import { text } from './text';
import type { Diagnostics } from '../../../src/protocol/inspect';
import { powerOfTen } from '../../../src/base/digits';
import { logarithmic } from '../../base/charts/scale';

export interface LayersProps {
  model: ModelSummary;
  /** The layer that is selected in the strip. */
  selected: number;
}

interface LayersChartProps extends LayersProps, Pick<ChartProps, 'label' | 'y' | 'children'> {
  /** Their indices, at each place. */
  layers: readonly number[];
}

/** Layers are numbered as in the strip, or by place where it has no numbers. */
export function LayersChart({ model, selected, layers, children, ...chart }: LayersChartProps) {
  const numbers = layers.map((layer) => layerNumber(model.layers[layer]!, model));
  const numbered = numbers.some((number) => number !== undefined);
  const places = [...layers.keys()].filter((i) => !numbered || numbers[i] !== undefined);
  // As many numbers as do not touch.
  const numbersIn = (width: number): number[] => {
    const every = Math.max(1, Math.ceil(layers.length / Math.max(2, (width - 36) / 22)));
    const step = Math.ceil((every * places.length) / layers.length);
    return places.filter((_, i) => i % step === 0);
  };
  const place = layers.indexOf(selected);
  return (
    <Chart
      {...chart}
      x={{
        ...{ low: -0.5, high: layers.length - 0.5, ticks: numbersIn },
        textOf: (i) => String(numbers[i] ?? layers[i]! + 1),
        title: model.layers.some(isCoupling) ? words.couplingAxis : words.layerAxis,
      }}
    >
      {place < 0 ? null : <Box class="band" x={[place - 0.5, place + 0.5]} />}
      {children}
    </Chart>
  );
}

/** Quantiles of z against quantiles of a standard normal: on the diagonal when they agree. */
export function Quantiles({ normal, z }: { normal: number[]; z: number[] }) {
  const extent = finiteExtent([...normal, ...z]);
  if (!extent) return <p class="muted">{words.noValues}</p>;
  const limit = Math.max(2.5, Math.abs(extent.low), Math.abs(extent.high)) * 1.05;
  const ends = [-limit, limit];
  const both = {
    ...{ low: -limit, high: limit },
    ticks: (pixels: number) => ticks(-limit, limit, limit > 6 || pixels < 120 ? 2 : 4),
  };
  return (
    <Chart
      label={`${text.isNormal}: ${text.zQuantile}, ${text.normalQuantile}`}
      left={26}
      x={{ ...both, grid: true, title: text.normalQuantile }}
      y={both}
    >
      <Line class="dashed" xs={ends} ys={ends} />
      <Dots xs={normal} ys={z} r={1.6} />
      <Note x={-limit} y={limit} dx={4} dy={9}>
        {text.zQuantile}
      </Note>
    </Chart>
  );
}

const float32Epsilon = 2 ** -23;

/** Largest error at each layer's input when the inverse starts at z, and of each layer alone. */
export function InverseError({ errors, ...layers }: LayersProps & { errors: Diagnostics['inverseError'] }) {
  const values = errors.flatMap((e) => [e.fromLatent, e.alone]).filter((v) => v > 0 && Number.isFinite(v));
  if (values.length === 0) return <p class="muted">{words.noValues}</p>;
  const low = Math.min(-8, Math.floor(Math.log10(Math.min(...values))));
  const high = Math.max(-4, Math.ceil(Math.log10(Math.max(...values))));
  // As many powers as do not touch.
  const powers = (height: number): number[] => {
    const step = Math.max(1, Math.ceil((high - low) / Math.max(1, Math.min(4, (height - 38) / 18))));
    return Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, i) => 10 ** (low + i * step));
  };
  // Zero error has no logarithm; it is drawn at the foot.
  const placed = (value: number): number => (value >= 0 ? Math.max(value, 10 ** low) : NaN);
  return (
    <LayersChart
      {...layers}
      label={`${text.isExact}: ${text.isExactNote}`}
      layers={errors.map(({ layer }) => layer)}
      y={{
        ...{ low: 10 ** low, high: 10 ** high, scale: logarithmic, ticks: powers },
        textOf: (value) => powerOfTen(Math.round(Math.log10(value))),
      }}
    >
      <Rule class="dashed" y={float32Epsilon} />
      <Line ys={errors.map((e) => placed(e.fromLatent))} />
      <Dots class="ring" ys={errors.map((e) => placed(e.alone))} r={2.6} />
    </LayersChart>
  );
}

/** Points that are drawn at most, of all layers together. */
const mostPoints = 4_000;

/** The log-det of each layer for some examples, as points, and their mean. */
export function LogDets({ logDets: all, ...layers }: LayersProps & Pick<Diagnostics, 'logDets'>) {
  // A fixed scale is the same for every example, and often larger than all that the flow learned.
  const logDets = all.filter(({ layer }) => layers.model.layers[layer]?.kind !== 'rescale');
  const extent = finiteExtent(logDets.flatMap(({ values }) => [...values]));
  if (!extent) return <p class="muted">{words.noValues}</p>;
  const room = 0.05 * (extent.high - extent.low) || 1;
  const [low, high] = [Math.min(0, extent.low - room), Math.max(0, extent.high + room)];
  return (
    <LayersChart
      {...layers}
      label={`${text.logDets}: ${words.layerAxis}, nats`}
      layers={logDets.map(({ layer }) => layer)}
      y={{ low, high, ticks: (height) => ticks(low, high, height < 120 ? 2 : 4) }}
    >
      <Clouds logDets={logDets} />
    </LayersChart>
  );
}

function Clouds({ logDets }: Pick<Diagnostics, 'logDets'>) {
  const { x, y } = usePlace();
  const half = 0.36 * (x.at(1) - x.at(0));
  const shown = Math.max(1, Math.floor(mostPoints / logDets.length));
  // Beside each other by the golden ratio: no two of a few fall together, and pictures stay the same.
  const beside = (i: number): number => half * (2 * ((i * 0.618034) % 1) - 1);
  const points = logDets.flatMap(({ values }, place) =>
    Array.from(values.subarray(0, shown), (value, i) =>
      Number.isFinite(value) ? `M${(x.at(place) + beside(i)).toFixed(1)} ${y.at(value).toFixed(1)}h0` : '',
    ),
  );
  const means = logDets.map(({ values }, place) => {
    const mean = y.at(values.reduce((sum, value) => sum + value, 0) / values.length);
    return Number.isFinite(mean) ? `M${x.at(place) - half} ${mean}h${2 * half}` : '';
  });
  return (
    <>
      <path class="points" d={points.join('')} />
      <path class="mean" d={means.join('')} />
    </>
  );
}
