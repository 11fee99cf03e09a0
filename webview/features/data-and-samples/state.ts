import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';
import { stripState } from '../../base/store/strip-state';

export const dataAndSamplesState = stateOf((store) => {
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
});
