import type { DataAndSamples } from '../../../src/protocol/data-and-samples';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';
import { stripState } from '../../base/store/strip-state';

export interface DataAndSamplesState {
  compared: Question<DataAndSamples | null>;
}

export const dataAndSamplesState: StateDefinition<DataAndSamplesState> = {
  create(store) {
    const { strip } = store.state(stripState);
    // Not before the strip, which is what a page opens with.
    let isOpened = false;
    return {
      compared: ask(store.context, 'dataAndSamples', () => {
        const { status } = strip.answer.value;
        isOpened ||= status === 'ready' || status === 'failed';
        return isOpened && store.shows('data-and-samples') ? undefined : null;
      }),
    };
  },
};
