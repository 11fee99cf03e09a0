import type { Diagnostics } from '../../../src/protocol/inspect';
import { powerOfTen } from '../../../src/base/digits';
import { words } from '../../base/words';
import { layerChart, LayerAxis, SelectedLayer, type LayersProps } from './layer-axis';
import { text } from './text';
import { pathOf } from '../../base/charts/path';
import { logarithmic } from '../../base/charts/scale';
import { ValueGrid } from '../../base/charts/value-grid';

const float32Epsilon = 2 ** -23;

interface InverseErrorProps extends LayersProps {
  errors: Diagnostics['inverseError'];
}

/** Largest error at each layer's input when the inverse starts at z, and of each layer alone. */
export function InverseError({ model, width, height, errors, selected }: InverseErrorProps) {
  const values = errors.flatMap((e) => [e.fromLatent, e.alone]).filter((v) => v > 0 && Number.isFinite(v));
  if (values.length === 0) return <p class="muted">{words.noValues}</p>;
  const low = Math.min(-8, Math.floor(Math.log10(Math.min(...values))));
  const high = Math.max(-4, Math.ceil(Math.log10(Math.max(...values))));
  const chart = layerChart(width, height, errors.length);
  const { x, left, base, top } = chart;
  const y = logarithmic(10 ** low, 10 ** high, base, top);
  // As many powers as do not touch.
  const step = Math.max(1, Math.ceil((high - low) / Math.max(1, Math.min(4, (base - top) / 18))));
  const shown = (value: number): boolean => Number.isFinite(value) && value >= 0;
  // Zero error has no logarithm; it is drawn at the foot.
  const foot = (value: number): number => Math.max(value, 10 ** low);
  const fromLatent = errors.map((e) => (shown(e.fromLatent) ? foot(e.fromLatent) : NaN));
  return (
    <svg width={width} height={height} role="img" aria-label={`${text.isExact}: ${text.isExactNote}`}>
      <SelectedLayer chart={chart} place={errors.findIndex((e) => e.layer === selected)} />
      <ValueGrid
        values={Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, i) => low + i * step)}
        at={(power) => y.at(10 ** power)}
        textOf={powerOfTen}
        left={left}
        right={width}
        gap={4}
      />
      <line class="dashed" x1={left} x2={width} y1={y.at(float32Epsilon)} y2={y.at(float32Epsilon)} />
      <path class="line" d={pathOf([...errors.keys()], fromLatent, x, y)} />
      {errors.map((e, i) =>
        shown(e.alone) ? (
          <circle key={e.layer} class="ring" cx={x.at(i)} cy={y.at(foot(e.alone))} r={2.6} />
        ) : null,
      )}
      <LayerAxis chart={chart} layers={errors.map(({ layer }) => layer)} model={model} />
    </svg>
  );
}
