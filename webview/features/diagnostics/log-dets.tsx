import type { Diagnostics } from '../../../src/protocol/inspect';
import { linear } from '../../base/charts/scale';
import { finiteExtent } from '../../base/canvas/planes';
import { ticks } from '../../base/format/numbers';
import { words } from '../../base/words';
import { layerChart, LayerAxis, SelectedLayer, type LayersProps } from './layer-axis';
import { text } from './text';
import { ValueGrid } from '../../base/charts/value-grid';

/** Points that are drawn at most, of all layers together. */
const mostPoints = 4_000;

interface LogDetsProps extends LayersProps {
  logDets: Diagnostics['logDets'];
}

/** The log-det of each layer for some examples, as points, and their mean. */
export function LogDets({ model, width, height, logDets, selected }: LogDetsProps) {
  const extent = finiteExtent(logDets.flatMap(({ values }) => [...values]));
  if (!extent) return <p class="muted">{words.noValues}</p>;
  const room = 0.05 * (extent.high - extent.low) || 1;
  const [low, high] = [Math.min(0, extent.low - room), Math.max(0, extent.high + room)];
  const chart = layerChart(width, height, logDets.length);
  const { x, base, top } = chart;
  const y = linear(low, high, base, top);
  const half = 0.36 * (x.at(1) - x.at(0));
  const shown = Math.max(1, Math.floor(mostPoints / logDets.length));
  return (
    <svg width={width} height={height} role="img" aria-label={`${text.logDets}: ${words.layerAxis}, nats`}>
      <SelectedLayer chart={chart} place={logDets.findIndex(({ layer }) => layer === selected)} />
      <ValueGrid
        values={ticks(low, high, height < 120 ? 2 : 4)}
        at={y.at}
        left={chart.left}
        right={width}
        gap={4}
      />
      <path
        class="points"
        d={logDets
          .flatMap(({ values }, place) =>
            Array.from(values.subarray(0, shown), (value, i) =>
              // Beside each other by the golden ratio: no two of a few fall together, and pictures stay the same.
              Number.isFinite(value)
                ? `M${(x.at(place) + half * (2 * ((i * 0.618034) % 1) - 1)).toFixed(1)} ${y.at(value).toFixed(1)}h0`
                : '',
            ),
          )
          .join('')}
      />
      {logDets.map(({ layer, values }, place) => {
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        return Number.isFinite(mean) ? (
          <line
            key={layer}
            class="mean"
            x1={x.at(place) - half}
            x2={x.at(place) + half}
            y1={y.at(mean)}
            y2={y.at(mean)}
          />
        ) : null;
      })}
      <LayerAxis chart={chart} layers={logDets.map(({ layer }) => layer)} model={model} />
    </svg>
  );
}
