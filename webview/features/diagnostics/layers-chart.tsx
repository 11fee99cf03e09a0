/** What charts over the layers share: the layer that is selected, their numbers, and the name of the axis. */
import type { ModelSummary } from '../../../src/protocol/model';
import { isCoupling } from '../../../src/protocol/questions';
import { Box, Chart, type ChartProps } from '../../base/charts/chart';
import { layerNumber } from '../../base/layers/layer-names';
import { words } from '../../base/words';

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
