import type { DataAndSamples } from '../../../src/protocol/data-and-samples';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export interface DataAndSamplesState {
  compared: Question<DataAndSamples | null>;
}

export const dataAndSamplesState: StateDefinition<DataAndSamplesState> = {
  create: (store) => ({
    compared: ask(store.context, 'dataAndSamples', () =>
      store.shows('data-and-samples') ? undefined : null,
    ),
  }),
};
