/** Running sum of log-dets from x to z. */
import { fixed, signed, ticks } from '../../base/format/numbers';
import { words } from '../../base/words';
import { text } from './text';
import { pathOf } from '../../base/charts/path';
import { linear, type Size } from '../../base/charts/scale';
import { ValueGrid } from '../../base/charts/value-grid';

export interface DepthCurveProps extends Size {
  /** Log-det of each layer in forward order, nats. */
  example?: number[];
  mean: number[];
  /** Position of the selected layer. */
  selected: number;
}

/** From 0 at x. */
function running(values: readonly number[]): number[] {
  let sum = 0;
  return [0, ...values.map((value) => (sum += value))];
}

export function DepthCurve({ width, height, example, mean, selected }: DepthCurveProps) {
  const curves = [example ? running(example) : undefined, running(mean)];
  const finite = curves.flatMap((curve) => curve ?? []).filter(Number.isFinite);
  const left = 40;
  const y = linear(Math.min(...finite), Math.max(...finite) || 1, height - 22, 6);
  const x = linear(0, mean.length, left + 4, width - 6);
  const path = (curve: number[]): string => pathOf([...curve.keys()], curve, x, y);
  const last = (curve: number[] | undefined): number | undefined => curve?.at(-1);
  return (
    <svg
      width={width}
      height={height}
      role="img"
      aria-label={`${text.overDepth}: ${signed(last(curves[0]) ?? last(curves[1]))} ${words.nats}`}
    >
      <rect
        class="band"
        x={x.at(selected)}
        width={Math.max(2, x.at(1) - x.at(0))}
        y={4}
        height={height - 26}
      />
      <ValueGrid values={ticks(y.low, y.high, 4)} axis={0} at={y.at} left={left} right={width} />
      <path class="dashed" d={path(curves[1]!)} />
      {curves[0] ? <path class="line" d={path(curves[0])} /> : null}
      <text x={left} y={height - 6}>
        x
      </text>
      <text x={(left + width) / 2} y={height - 6} text-anchor="middle">
        {`${words.layerAxis} ${fixed(selected + 1, 0)}`}
      </text>
      <text x={width - 4} y={height - 6} text-anchor="end">
        z
      </text>
    </svg>
  );
}
