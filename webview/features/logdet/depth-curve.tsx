/** Running sum of log-dets from x to z. */
import { Box, Chart, Line } from '../../base/charts/chart';
import { fixed, signed, ticks } from '../../base/format/numbers';
import { words } from '../../base/words';
import { text } from './text';

export interface DepthCurveProps {
  /** Log-det of each layer in forward order, nats. */
  example: number[] | undefined;
  mean: number[];
  /** Position of the selected layer. */
  selected: number;
}

/** From 0 at x. */
function running(values: readonly number[]): number[] {
  let sum = 0;
  return [0, ...values.map((value) => (sum += value))];
}

export function DepthCurve({ example, mean, selected }: DepthCurveProps) {
  const [own, average] = [example && running(example), running(mean)];
  const finite = [...(own ?? []), ...average].filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite) || 1];
  return (
    <Chart
      label={`${text.overDepth}: ${signed((own ?? average).at(-1))} ${words.nats}`}
      height={136}
      {...{ left: 44, right: 6, foot: 17 }}
      x={{
        ...{ low: 0, high: mean.length, ticks: () => [0, mean.length] },
        textOf: (place) => (place ? 'z' : 'x'),
        title: `${words.layerAxis} ${fixed(selected + 1, 0)}`,
      }}
      y={{ low, high, axis: 0, ticks: () => ticks(low, high, 4) }}
    >
      <Box class="band" x={[selected, selected + 1]} />
      <Line class="dashed" ys={average} />
      {own ? <Line ys={own} /> : null}
    </Chart>
  );
}
