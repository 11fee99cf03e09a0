/** Two features of held-out examples next to samples for their conditions: posterior predictive check. */
import type { PairPlot } from '../../../src/protocol/calibration';
import type { ModelSummary } from '../../../src/protocol/model';
import { planeAxes } from '../../base/canvas/axes';
import { Board } from '../../base/canvas/canvas';
import { drawPoints } from '../../base/canvas/points';
import { Distribution } from '../../base/charts/distribution';
import { Sized } from '../../base/size/sized';
import { count, fixed } from '../../base/format/numbers';
import { FeaturePair } from '../../base/layers/feature-pair';
import { featureName } from '../../base/layers/layer-names';
import { Verdict } from '../../base/layers/verdict';
import { useFeature, Asked } from '../../base/store/use-store';
import { words } from '../../base/words';
import { pText } from './p-text';
import { calibrationState } from './state';
import { text } from './text';
import { Heading } from '../../base/controls/heading';

/** Side of a plane and width of a distribution, px. */
const side = 220;
const dot = 1.2;
/** Left out of the frame at each end, so that an outlier does not shrink the rest. */
const trim = 0.005;

/** @param first of the first two features, which comes with the run */
export function Predictive({ model, first }: { model: ModelSummary; first: PairPlot | null }) {
  const { pair, plot } = useFeature(calibrationState);
  const drawn = (found: PairPlot | null) =>
    found ? <Pair model={model} plot={found} /> : <p class="tick bad">{text.noPredictive}</p>;
  return (
    <section class="predictive below">
      <Heading
        class="ends"
        title={text.predictive}
        note={first ? text.predictiveNote(count(first.examples.shape[0]!)) : undefined}
      />
      {model.shape[0]! > 2 && first ? <FeaturePair model={model} pair={pair} /> : null}
      {pair.value.join() === '0,1' ? drawn(first) : <Asked question={plot}>{drawn}</Asked>}
    </section>
  );
}

function Pair({ model, plot }: { model: ModelSummary; plot: PairPlot }) {
  const { examples, samples, distance, high, pValue, off } = plot;
  const [across, up] = plot.features.map((feature) => featureName(model, feature)) as [string, string];
  const say = off ? text.predictiveOff : text.predictiveOk;
  const columns = [0, 1].map((column) => ({
    examples: columnOf(examples, column),
    samples: columnOf(samples, column),
  }));
  const [x, y] = columns.map((both) => rangeOf([...both.examples, ...both.samples])) as [Range, Range];
  const plane = (name: string, points: PairPlot['samples']) => (
    <figure>
      <Heading title={name} />
      <Sized height={(width) => Math.min(width, side)}>
        {(width) => {
          const size = Math.min(width, side);
          const frame = { size, x, y };
          return (
            <Board
              width={size}
              height={size}
              name={`predictive ${name}`}
              label={`${name}: ${across}, ${up}`}
              draw={(board) => {
                drawPoints(board, frame, points, dot);
                planeAxes(board, frame, [across, up]);
              }}
            />
          );
        }}
      </Sized>
    </figure>
  );
  return (
    <>
      <Verdict mark={off ? 'notice' : 'ok'}>{say(fixed(distance, 4), fixed(high, 4), pText(pValue))}</Verdict>
      <div class="predictive-pair panels">
        {plane(words.examples, examples)}
        {plane(words.samples, samples)}
        {columns.map((both, i) => (
          <figure key={i}>
            <Heading class="ends" title={[across, up][i]} note={text.drawnBoth} />
            <Distribution
              height={side}
              values={both.samples}
              outline={both.examples}
              unit={[across, up][i]!}
              label={text.spreadOf([across, up][i]!)}
              nothing={text.noPredictive}
            />
          </figure>
        ))}
      </div>
    </>
  );
}

function columnOf({ data }: PairPlot['samples'], column: number): Float32Array {
  return data.filter((_, i) => i % 2 === column);
}

type Range = [number, number];

function rangeOf(values: readonly number[]): Range {
  const sorted = Float32Array.from(values).sort();
  const cut = Math.floor(sorted.length * trim);
  const [low, high] = [sorted[cut]!, sorted[sorted.length - 1 - cut]!];
  const margin = 0.075 * (high - low) || 1e-3;
  return [low - margin, high + margin];
}
