import type { Diagnostics } from '../../../src/protocol/inspect';
import { usePlace } from '../../base/charts/chart';
import { finiteExtent } from '../../base/canvas/planes';
import { ticks } from '../../base/format/numbers';
import { words } from '../../base/words';
import { LayersChart, type LayersProps } from './layers-chart';
import { text } from './text';

/** Points that are drawn at most, of all layers together. */
const mostPoints = 4_000;

interface LogDetsProps extends LayersProps {
  logDets: Diagnostics['logDets'];
}

/** The log-det of each layer for some examples, as points, and their mean. */
export function LogDets({ logDets, ...layers }: LogDetsProps) {
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

function Clouds({ logDets }: Pick<LogDetsProps, 'logDets'>) {
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
