/** The run as it is known so far: rows are asked for once and added up, so that following it costs what is new. */
import { computed, effect, signal, untracked, type ReadonlySignal } from '@preact/signals';
import { metricNames, type RunCurves } from '../../../src/protocol/run';
import { ask, type QuestionContext, stateOf } from './store';

/** All rows from the first on. */
export type RunData = Omit<RunCurves, 'start'>;

/** @param context whose generation says that the model is another one */
export function createRunState(context: QuestionContext, isNeeded: () => boolean) {
  const writes = signal(0);
  /** Null for a model that lies in no run; undefined while nothing is known. */
  const data = signal<RunData | null | undefined>(undefined);
  let waiting = false;
  let knownOf: string | undefined;
  let knownGeneration = -1;

  const question = ask(
    context,
    'curves',
    () => {
      // Read, so that each write asks again.
      if (writes.value < 0 || !isNeeded()) return null;
      // Rows of another run, or of another engine, mean nothing here.
      const known = context.of?.value === knownOf && context.generation.value === knownGeneration;
      const before = known ? data.peek() : undefined;
      return before ? { after: { source: before.source, rows: before.steps.length } } : {};
    },
    { cached: false },
  );
  effect(() => {
    const answer = question.answer.value;
    untracked(() => {
      if (answer.status === 'loading') return;
      if (answer.status === 'ready') {
        knownOf = context.of?.value;
        knownGeneration = context.generation.value;
        data.value = answer.value && merged(data.peek(), answer.value);
      }
      if (!waiting) return;
      waiting = false;
      writes.value++;
    });
  });

  return {
    question,
    data: data as ReadonlySignal<RunData | null | undefined>,
    /** Something was written in the run folder: asks as soon as the answer before has come. */
    changed() {
      if (question.answer.peek().status === 'loading') waiting = true;
      else writes.value++;
    },
  };
}

/** The rows known before, followed by the rows of the answer. */
export function merged(before: RunData | null | undefined, { start, ...answer }: RunCurves): RunData {
  if (start === 0 || !before || before.source !== answer.source || before.steps.length < start) return answer;
  const rows = start + answer.steps.length;
  if (rows === before.steps.length) return { ...answer, steps: before.steps, columns: before.columns };
  const steps = new Int32Array(rows);
  steps.set(before.steps.subarray(0, start));
  steps.set(answer.steps, start);
  const columns: RunData['columns'] = {};
  for (const name of metricNames) {
    const old = before.columns[name];
    const added = answer.columns[name];
    if (!old && !added) continue;
    const values = new Float32Array(rows).fill(NaN);
    if (old) values.set(old.subarray(0, start));
    if (added) values.set(added, start);
    columns[name] = values;
  }
  return { ...answer, steps, columns };
}

/** The run that the editor's own file lies in. */
export const runState = stateOf(({ editorContext, model, runnable, checkpoint }) => {
  const run = createRunState(editorContext, () => runnable.value);
  /** Those of the run by step, also such as were written since the model was opened. */
  const checkpoints = computed(() => {
    const known = run.data.value?.checkpoints ?? model.value?.checkpoints ?? [];
    return [...known].sort((a, b) => a.step - b.step);
  });
  effect(() => {
    const newest = checkpoints.value.at(-1);
    if (checkpoint.follow.value && newest) checkpoint.move(newest.path);
  });
  return { run, checkpoints };
});
