/** What B can be: checkpoints of this run, of other runs, and files that were looked at lately. */
import type { Comparables } from '../../../src/protocol/compare';
import type { CheckpointInfo, ModelSummary } from '../../../src/protocol/model';
import { count } from '../../base/format/numbers';
import { validationText } from '../../base/curves/validation-text';
import { words } from '../../base/words';

/** "step 325, best, 2.013 bits/dim": validation as far as it was measured. */
function checkpointName(checkpoint: CheckpointInfo): string {
  const { step, best } = checkpoint;
  const parts = [`${words.step} ${count(step)}`, best ? words.best : '', validationText(checkpoint)];
  return parts.filter((part) => part !== '').join(', ');
}

const lastPart = (path: string, parts = 1): string => path.split(/[\\/]/).slice(-parts).join('/');

export function choicesOf(
  a: ModelSummary,
  checkpoints: readonly CheckpointInfo[],
  { runs, recent }: Comparables,
) {
  const all = [
    ...checkpoints
      .filter(({ path }) => path !== a.path)
      .map((checkpoint) => ({ value: checkpoint.path, text: checkpointName(checkpoint) })),
    ...runs.flatMap(({ folder, checkpoints }) =>
      [...checkpoints]
        .reverse()
        .map((checkpoint) => ({
          value: checkpoint.path,
          text: `${lastPart(folder)}: ${checkpointName(checkpoint)}`,
        })),
    ),
    // The folder of a checkpoint in a run does not say which run it is.
    ...recent.map((path) => ({
      value: path,
      text: lastPart(path, /[\\/]checkpoints[\\/]/.test(path) ? 3 : 2),
    })),
  ];
  // What is named as a checkpoint of a run keeps that name.
  return all.filter(({ value }, i) => all.findIndex((choice) => choice.value === value) === i);
}
