import type { Diagnostics } from '../../../src/protocol/inspect';
import { powerOfTen } from '../../../src/base/digits';
import { Dots, Line, Rule } from '../../base/charts/chart';
import { logarithmic } from '../../base/charts/scale';
import { words } from '../../base/words';
import { LayersChart, type LayersProps } from './layers-chart';
import { text } from './text';

const float32Epsilon = 2 ** -23;

interface InverseErrorProps extends LayersProps {
  errors: Diagnostics['inverseError'];
}

/** Largest error at each layer's input when the inverse starts at z, and of each layer alone. */
export function InverseError({ errors, ...layers }: InverseErrorProps) {
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
