/** Where in time the training of a vector field fails: its loss, and what of it the network could still lower. */
import { hasLines, type LossOverTime } from '../../../src/protocol/field';
import { Area, Box, Chart, Dots, Line, type ChartProps } from '../../base/charts/chart';
import { logarithmic } from '../../base/charts/scale';
import { Heading } from '../../base/controls/heading';
import { count, decimalsOf, fixed, logTicks, roundUp, scientific, tickText } from '../../base/format/numbers';
import { questionTab, type LayerTabProps } from '../../base/layers/layer-tab';
import { Verdict } from '../../base/layers/verdict';
import { columnsOf } from '../../base/view-data/view-data';
import { text } from './text';

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Where the distance from the best field is known, half of it lies between the first two edges; and where it is not. */
function summed({ times, loss, error }: LossOverTime) {
  const known = error.flatMap((value, i) => (Number.isFinite(value) ? [i] : []));
  const step = times[1]! - times[0]!;
  const own = known.map((i) => Math.max(0, error[i]!));
  let sum = 0;
  const middle = own.findIndex((value) => 2 * (sum += value) >= mean(own) * own.length);
  return {
    loss: mean(known.length > 0 ? known.map((i) => loss[i]!) : loss),
    ...(known.length > 0 && {
      error: mean(own),
      from: tickText(Number((times[known[0]!]! - step / 2).toFixed(3))),
      to: tickText(Number((times[known[middle]!]! + step / 2).toFixed(3))),
    }),
    isPartial: known.length < times.length,
  };
}

function LossTab({ layer, view }: LayerTabProps<LossOverTime>) {
  const { times, loss, error, rows } = view;
  const { loss: all, error: own, from, to, isPartial } = summed(view);
  // Enough to tell the loss from what crossing lines cost of it.
  const decimals = Math.min(5, Math.max(2, decimalsOf(own ?? 1)));
  const sentence =
    own === undefined
      ? text.unknown(fixed(all))
      : `${text.crossing(fixed(all, decimals), fixed(all - own, decimals))} ${text.error(scientific(own), from!, to!)}`;
  const x: ChartProps['x'] = {
    low: Math.min(times[0]!, times.at(-1)!, 0),
    high: Math.max(times[0]!, times.at(-1)!, 1),
    ticks: () => [0, 0.25, 0.5, 0.75, 1],
    title: text.time,
    reversed: times[0]! > times[1]!,
  };
  const place = { height: 190, widest: 420, left: 52, right: 18, x };
  const slice = layer.times && <Box class="band" x={[layer.times.from, layer.times.to]} />;
  const positive = error.map((value) => (value > 0 ? value : NaN));
  const sizes = positive.filter(Number.isFinite);
  const [low, high] = [Math.min(...sizes) / 2, Math.max(...sizes) * 2];
  const top = roundUp(Math.max(...loss));
  const crossing = loss.map((value, i) => value - (error[i]! || 0));
  return (
    <>
      <Verdict mark={own === undefined ? 'unknown' : 'ok'}>{sentence}</Verdict>
      <div class="panels">
        <div>
          <Heading title={text.loss} note={text.unit} />
          <Chart {...place} label={sentence} y={{ low: 0, high: top, ticks: () => [0, top / 2, top] }}>
            <Area class="fill" xs={times} low={times.map(() => 0)} high={crossing} />
            {slice}
            <Line xs={times} ys={loss} />
          </Chart>
        </div>
        {sizes.length > 0 ? (
          <div>
            <Heading title={text.own} />
            <Chart {...place} y={{ low, high, scale: logarithmic, ticks: () => logTicks(low, high) }}>
              {slice}
              <Line xs={times} ys={positive} />
              <Dots xs={times} ys={positive} r={2.5} />
            </Chart>
          </div>
        ) : null}
      </div>
      <p class="tick">
        {[
          text.note(count(view.count)),
          rows === 0 ? text.context : text.best(count(rows)),
          ...(isPartial && from ? [text.few(from)] : []),
        ].join(' ')}
      </p>
    </>
  );
}

export const lossOverTime = questionTab({
  id: 'loss',
  title: () => text.tab,
  applies: hasLines,
  ofData: true,
  method: 'lossOverTime',
  query: () => ({}),
  Tab: LossTab,
  numbers: ({ times, loss, error }) => ({
    columns: columnsOf({ t: times, loss, distance_from_best: error }),
  }),
});
