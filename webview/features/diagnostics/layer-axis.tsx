/** What charts over the layers share: the layer that is selected, their numbers, and the name of the axis. */
import type { ModelSummary } from '../../../src/protocol/model';
import { isCoupling } from '../../../src/protocol/questions';
import { linear, type Axis, type Size } from '../../base/charts/scale';
import { layerNumber } from '../../base/layers/layer-names';
import { words } from '../../base/words';

export interface LayersProps extends Size {
  model: ModelSummary;
  /** The layer that is selected in the strip. */
  selected: number;
}

export interface LayerChart extends Size {
  /** Places of the layers, whole numbers from 0. */
  x: Axis;
  left: number;
  /** Foot and head of the values. */
  base: number;
  top: number;
}

export function layerChart(width: number, height: number, layers: number): LayerChart {
  const left = 36;
  return {
    ...{ width, height, left, base: height - 32, top: 6 },
    x: linear(-0.5, layers - 0.5, left, width - 4),
  };
}

/** Behind the values. */
export function SelectedLayer({ chart: { x, base }, place }: { chart: LayerChart; place: number }) {
  return place < 0 ? null : (
    <rect class="band" x={x.at(place - 0.5)} width={x.at(1) - x.at(0)} y={4} height={base - 4} />
  );
}

interface LayerAxisProps {
  chart: LayerChart;
  model: ModelSummary;
  /** Their indices, at each place. */
  layers: readonly number[];
}

/** Layers are numbered as in the strip, or by place where it has no numbers. */
export function LayerAxis({ chart, layers, model }: LayerAxisProps) {
  const { x, left, base, width, height } = chart;
  const numbers = layers.map((layer) => layerNumber(model.layers[layer]!, model));
  const numbered = numbers.some((number) => number !== undefined);
  const places = numbered
    ? numbers.flatMap((number, i) => (number === undefined ? [] : [i]))
    : layers.map((_, i) => i);
  // As many numbers as do not touch.
  const every = Math.max(1, Math.ceil(layers.length / Math.max(2, (width - left) / 22)));
  const step = Math.ceil((every * places.length) / layers.length);
  return (
    <>
      {places.map((place, i) =>
        i % step === 0 ? (
          <text key={place} x={x.at(place)} y={base + 13} text-anchor="middle">
            {numbers[place] ?? layers[place]! + 1}
          </text>
        ) : null,
      )}
      <text x={(left + width) / 2} y={height - 3} text-anchor="middle">
        {model.layers.some(isCoupling) ? words.couplingAxis : words.layerAxis}
      </text>
    </>
  );
}
