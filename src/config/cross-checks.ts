import { checkImage } from './check-image';
import { checkTransformOfModel } from './check-transform';
import { checkVector } from './check-vector';
import { columnMap, columnMapForms } from './column-maps';
import { shortened, shownValue } from '../base/user-error';
import type { Problem } from './problem';
import type { StoredConfig } from './schema';

/** What single fields cannot tell: settings that do not go together. */
export function checkTogether({ data, model, training }: StoredConfig): Problem[] {
  const problems = [
    ...(model.kind === 'image' ? checkImage(model) : checkVector(model)),
    ...checkTransformOfModel(model),
  ];
  const add = (path: string, message: string) => problems.push({ path, message });
  if (training.warmupSteps >= training.steps)
    add(
      'training.warmupSteps',
      `expected fewer than the ${training.steps} steps, got ${training.warmupSteps}`,
    );
  if (training.schedule !== 'constant' && training.finalLearningRate > training.learningRate)
    add(
      'training.finalLearningRate',
      `expected at most the learning rate ${training.learningRate}, got ${training.finalLearningRate}`,
    );
  if (training.schedule === 'exponential' && training.finalLearningRate === 0)
    add(
      'training.finalLearningRate',
      'expected a number > 0 for an exponential schedule, which never reaches 0',
    );
  if (training.patience > 0 && data?.validation === 0)
    add(
      'training.patience',
      'early stopping needs held-out examples; set data.validation above 0 or patience to 0',
    );
  if (data?.missing === 'mean' && !data.standardize)
    add(
      'data.missing',
      'expected "error" or "drop" with data.standardize false, since the means that fill gaps are kept with standardization',
    );
  for (const [column, text] of Object.entries(data?.transforms ?? {})) {
    const expected = model.kind === 'vector' ? columnMapForms : 'none, since images have no columns';
    if (model.kind === 'vector' && columnMap(text)) continue;
    add(`data.transforms.${shortened(column, 60)}`, `expected ${expected}, got ${shownValue(text)}`);
  }
  if (training.flips && model.kind === 'vector')
    add('training.flips', 'expected false, since only images can be flipped');
  return problems;
}
