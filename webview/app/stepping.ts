/** Paging through examples. */
import { exampleTotal } from '../base/store/population-state';
import { layerViewState } from '../base/store/layer-view';
import { stateOf } from '../base/store/store';
import { stripState } from '../base/store/strip-state';
import { askAhead } from './ahead';

export const steppingState = stateOf((store) => {
  const { connection, context, example, selection, selectExample } = store;
  const { strip } = store.state(stripState);
  const { asked } = store.state(layerViewState);
  const ahead = askAhead(
    context,
    () => (connection.choices || !strip.found.value ? null : selection.value),
    () => asked.value,
    (of) => exampleTotal(store, of),
  );
  return {
    stepExample(by: number) {
      const now = example.peek();
      const recorded = connection.choices?.examples;
      if (recorded) {
        const at = recorded.findIndex((e) => JSON.stringify(e) === JSON.stringify(now));
        const next = recorded[at + by];
        if (next) selectExample(next);
        return;
      }
      if (!now || !('index' in now)) return;
      ahead.went(by);
      const index = Math.min(exampleTotal(store, now) - 1, Math.max(0, now.index + by));
      if (index !== now.index) selectExample({ ...now, index });
    },
  };
});
