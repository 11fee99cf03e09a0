/** Settings of a training on a target that do not go together. */
import { isSolved } from './field-layer';
import type { Problem } from './problem';
import type { StoredConfig } from './schema';
import { targets } from './targets';

/** Whether a flow is trained by draws of its own. */
export const isReverse = ({ objective }: StoredConfig['training']): boolean =>
  objective === 'reverseKl' || objective === 'mixed';

export function checkTarget({ data, model, training }: StoredConfig): Problem[] {
  const { objective = 'likelihood', target, targetShare, precision } = training;
  const problems: Problem[] = [];
  const add = (path: string, message: string): void => void problems.push({ path, message });
  if (targetShare !== undefined && objective !== 'mixed')
    add('training.targetShare', 'expected none, or objective "mixed"');
  if (!isReverse(training)) {
    if (target !== undefined)
      add('training.target', `expected none, or objective "reverseKl" or "mixed", got "${target}"`);
    return problems;
  }
  if (target === undefined)
    add('training.target', `missing; expected one of ${Object.keys(targets).join(', ')}`);
  if (objective === 'reverseKl' && data)
    add('data', 'expected none, since "reverseKl" draws from the flow alone; "mixed" trains on data as well');
  if (precision) add('training.precision', `expected none on a target, got "${precision}"`);
  if (model.kind === 'image') {
    add('model.kind', 'expected "vector": the targets are densities of rows of numbers');
    return problems;
  }
  const { dim = model.dim } = target ? targets[target] : {};
  if (model.dim !== dim) add('model.dim', `expected ${dim}, as in ${target}, got ${model.dim}`);
  if (model.context) add('model.context', 'expected 0: a target has no condition');
  if (isSolved(model))
    add('model.layers', 'expected no vector field: a target needs a flow whose inverse is one graph');
  if (Object.values(data?.transforms ?? {}).includes('dequantize'))
    add('data.transforms', 'expected no "dequantize": a target is a density of numbers, not of integers');
  return problems;
}
