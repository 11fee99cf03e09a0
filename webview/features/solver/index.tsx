import type { SolverErrors } from '../../../src/protocol/field';
import { ask } from '../../base/store/question';
import { stateOf, type LayerFeature } from '../../base/store/store';
import { AnswerView, useFeature } from '../../base/store/use-store';
import { columnsOf } from '../../base/view-data/view-data';
import { text } from './text';
import { errorsOf, SolverTab } from './view';

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
