/** A window of a weight in colors, and the length of each output's part. */
import type { WeightView } from '../../../src/protocol/conditioner';
import { Sized } from '../../base/size/sized';
import { Slider } from '../../base/controls/slider';
import { signedScale, Legend } from '../../base/canvas/color-maps';
import { largest } from '../../base/canvas/planes';
import { layoutOf, pageOf } from '../../../src/protocol/weight-window';
import { pictureOf } from './picture-of';
import { ticks } from '../../../src/base/ticks';
import { compact, roundUp } from '../../base/format/numbers';
import { networkState, type WeightChoice } from './state';
import { useFeature } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';
import { HeatMap } from '../../base/canvas/canvas';
import { Pager } from '../../base/controls/pager';
import { Readout, useCursor } from '../../base/canvas/readout';
import { Bars, Chart, Dots } from '../../base/charts/chart';

/** Upper limit of a cell, so that a small kernel stays small. */
const largestCell = 24;
const pictureWidth = 320;

export function WeightPicture({ choice, view }: { choice: WeightChoice; view: WeightView }) {
  const network = useFeature(networkState);
  const { shape, axes, from, values } = view;
  const layout = layoutOf(shape, axes);
  const { plane, placeOf } = pictureOf(values, axes, from, layout);
  const { at, point, keys } = useCursor(plane, (cell) => placeOf(cell) !== undefined);
  const limit = roundUp(largest([view.stats.min, view.stats.max]));
  const scale = (light: boolean) => signedScale(limit, light);
  const move = (axis: number, offset: number): void =>
    void (network.weightChoice.value = {
      ...choice,
      from: choice.from.map((first, k) => (k === axis ? offset : first)),
    });
  const nameOf = (axis: number): string => text.axis[axes[axis]!]!;
  const kernels = layout.kernelColumns !== undefined || layout.kernelRows !== undefined;
  const paged = [layout.rows, layout.columns].filter((axis) => axis !== undefined);
  const read = (cell: number): string => {
    const place = placeOf(cell)!;
    const where = place.flatMap((index, axis) => (shape[axis]! > 1 ? [`${nameOf(axis)} ${index}`] : []));
    return `${where.join(', ')}: ${compact(plane.values[cell])}`;
  };
  return (
    <div class="weight">
      <div class="pagers flex-wrap">
        {paged.map((axis) => (
          <Pager
            key={axis}
            offset={choice.from[axis]!}
            size={pageOf(shape, layout, axis)}
            total={shape[axis]!}
            label={nameOf(axis)}
            {...{ things: nameOf(axis), first: 0 }}
            onChange={(offset) => move(axis, offset)}
          />
        ))}
      </div>
      {layout.others
        .filter((axis) => shape[axis]! > 1)
        .map((axis) => (
          <label class="ctl" key={axis}>
            <span class="tick">
              {words.partOf(nameOf(axis), choice.from[axis]!, choice.from[axis]!, shape[axis]!)}
            </span>
            <Slider
              label={nameOf(axis)}
              max={shape[axis]! - 1}
              value={choice.from[axis]!}
              onInput={(value) => move(axis, value)}
            />
          </label>
        ))}
      <p class="tick">
        {kernels ? text.kernelGrid : axes.includes('input') ? text.matrixMap : text.plainMap}
      </p>
      <Sized height={heightOf(plane)}>
        {(width) => {
          const cell = cellOf(plane, width);
          return (
            <div role="group" tabIndex={0} aria-label={text.pointHint} onKeyDown={keys} class="fit">
              <HeatMap
                plane={plane}
                scale={scale}
                size={cell * Math.max(plane.width, plane.height)}
                name="weight"
                label={`${view.name}, ${kernels ? text.kernelGrid : text.matrixMap}`}
                blank={(i) => placeOf(i) === undefined}
                onPoint={point}
              />
            </div>
          );
        }}
      </Sized>
      <Readout of={at} hint={text.pointHint}>
        {read}
      </Readout>
      <div class="ctl">
        <Legend scale={scale} width={160} />
        <span class="spring" />
        <span data-frobenius>
          <span class="tick">{text.frobenius}</span> {compact(view.frobenius)}
        </span>
      </div>
      {view.lengths && view.lengths.length > 1 ? (
        <LengthChart
          lengths={view.lengths}
          gains={view.gains}
          total={shape[axes.indexOf('output')] ?? view.lengths.length}
        />
      ) : null}
      {view.gains ? <p class="tick">{text.gainNote}</p> : null}
    </div>
  );
}

/** The box keeps its height while the window changes, whatever width it gets. */
function heightOf({ width, height }: { width: number; height: number }): number {
  const cell = Math.min(largestCell, Math.max(1, Math.floor(pictureWidth / width)));
  return Math.max(48, Math.min(320, Math.round(height * cell)));
}

function cellOf(plane: { width: number; height: number }, width: number): number {
  const fitting = Math.min(width / plane.width, heightOf(plane) / plane.height, largestCell);
  return fitting >= 1 ? Math.floor(fitting) : fitting;
}

interface LengthChartProps {
  lengths: Float32Array;
  gains?: Float32Array;
  /** Outputs of the weight; more than are listed. */
  total: number;
}

/** One bar for each output channel: how long its weights are, and the gain that they are used with. */
function LengthChart({ lengths, gains, total }: LengthChartProps) {
  const finite = [...lengths, ...(gains ?? [])].filter(Number.isFinite);
  const low = Math.min(0, ...finite);
  const high = Math.max(...finite, 1e-9);
  const title = gains ? text.lengthOf : text.lengthsOfWeight;
  return (
    <figure class="lengths">
      <figcaption class="tick">
        {`▮ ${title}`}
        {gains ? `   ● ${text.gain}` : ''}
        {total > lengths.length ? `   ${text.firstOutputs(lengths.length, total)}` : ''}
      </figcaption>
      <Chart
        label={title}
        height={96}
        {...{ left: 40, right: 12, foot: 17 }}
        x={{
          ...{ low: -0.5, high: lengths.length - 0.5, title: text.outputChannel, textOf: String },
          ticks: () => [0, lengths.length - 1],
        }}
        y={{ low, high, axis: 0, ticks: () => ticks(low, high, 3) }}
      >
        <Bars values={lengths} from={(i) => i - 0.5} gap={1} />
        {gains ? <Dots class="ring" ys={gains} r={gains.length > 80 ? 1.5 : 3} /> : null}
      </Chart>
    </figure>
  );
}
