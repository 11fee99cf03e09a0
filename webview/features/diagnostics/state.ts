import { ask, stateOf } from '../../base/store/store';
import { runState } from '../../base/store/run-state';

export const diagnosticsState = stateOf((store) => {
  const { context, batch, mode } = store;
  const { data } = store.state(runState).run;
  const diagnostics = ask(context, 'diagnostics', () =>
    // The headline takes them whatever is open, but not the time of a training for each of its checkpoints.
    store.shows('diagnostics') || (store.runnable.value && data.value?.status !== 'running')
      ? { batch: batch.value, mode: mode.value }
      : null,
  );
  return {
    diagnostics,
    // Not before the diagnostics of the same batch: findings take longer, and share their passes.
    findings: ask(context, 'findings', () => {
      const { status } = diagnostics.answer.value;
      return status === 'ready' || status === 'failed' ? { batch: batch.value } : null;
    }),
  };
});
