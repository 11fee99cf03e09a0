/** How many steps of a vector field's solver are enough; of a recording, in which slice its solver errs. */
import { solverLimits, type SolverErrors } from '../../../src/protocol/field';
import type { ModelSummary } from '../../../src/protocol/model';
import { Chart, Dots, Line, Rule } from '../../base/charts/chart';
import { logarithmic } from '../../base/charts/scale';
import { logTicks, scientific, tickText } from '../../base/format/numbers';
import { Verdict } from '../../base/layers/verdict';
import { text } from './text';
import { ask, stateOf, type LayerFeature } from '../../base/store/store';
import { AnswerView, useFeature } from '../../base/store/use-store';
import { columnsOf } from '../../base/view-data/view-data';

const solverState = stateOf((store) =>
  ask(store.context, 'solverErrors', () =>
    store.shows('solver') && !store.model.value?.recording ? { batch: store.batch.value } : null,
  ),
);

export const solver: LayerFeature = {
  id: 'solver',
  region: 'layer',
  title: () => text.tab,
  applies: ({ layers }) => layers.some(({ times, slice }) => times ?? slice?.error !== undefined),
  ofData: true,
  state: solverState,
  View({ model }) {
    const question = useFeature(solverState);
    const tab = (found?: SolverErrors) => <SolverTab model={model} found={found} />;
    return model.recording ? tab() : <AnswerView question={question}>{tab}</AnswerView>;
  },
  numbers: (store, model) => ({
    columns: columnsOf({ ...errorsOf(model, store.state(solverState).found.value) }),
  }),
};

/** By steps of a flow that runs. A recording was compared with a finer solver slice by slice. */
function errorsOf({ layers }: ModelSummary, found: SolverErrors | undefined) {
  if (found) return { at: found.steps, mean: found.mean, largest: found.largest };
  const mean = layers.filter(({ times }) => times).map(({ slice }) => slice?.error ?? NaN);
  return { at: mean.map((_, i) => i + 1), mean, largest: [] };
}

function SolverTab({ model, found }: { model: ModelSummary; found: SolverErrors | undefined }) {
  const { at, mean, largest } = errorsOf(model, found);
  const limit = solverLimits[model.kind === 'image' ? 'image' : 'vector'].notice;
  const sizes = [...mean, ...largest, limit].filter((size) => size > 1e-12 && Number.isFinite(size));
  const [low, high] = [Math.min(...sizes) / 2, Math.max(...sizes) * 2];
  const { solver = '', error } = model.recording?.field ?? {};
  const off = found ? mean[at.indexOf(found.usual)] : error;
  const enough = at.find((_, i) => mean[i]! <= limit);
  const sentence = [
    ...(off === undefined ? [] : [text.off(found ? text.steps(found.usual) : solver, scientific(off))]),
    found
      ? text.enough(enough ?? at.at(-1)!, tickText(limit), enough !== undefined)
      : text.limit(tickText(limit)),
  ].join(' ');
  return (
    <>
      <Verdict mark={off === undefined ? 'unknown' : off <= limit ? 'ok' : 'notice'}>{sentence}</Verdict>
      <Chart
        label={sentence}
        {...{ height: 220, widest: 480, left: 52, right: 12 }}
        x={{
          ...(found
            ? { low: at[0]! / 1.3, high: 1.3 * at.at(-1)!, scale: logarithmic }
            : { low: 0.5, high: at.length + 0.5 }),
          ticks: () => at,
          title: found ? text.steps() : text.slice,
        }}
        y={{ low, high, scale: logarithmic, ticks: () => logTicks(low, high), textOf: tickText }}
      >
        <Rule class="dashed" y={limit} />
        <Line xs={at} ys={mean} />
        <Dots xs={at} ys={mean} r={3} />
        <Dots class="ring" xs={at} ys={largest} r={3} />
      </Chart>
      <p class="tick">{found ? text.against(found.reference, found.count) : text.local}</p>
    </>
  );
}
