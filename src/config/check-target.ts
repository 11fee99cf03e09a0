/** Settings of a training on a target that do not go together. */
import { isSolved } from './field-layer';
import { problem, type Problem } from './problem';
import type { StoredConfig } from './schema';
import { isTargetName, expectedTarget, targets } from './targets';

/** Whether a flow is trained by draws of its own. */
export const isReverse = ({ objective }: StoredConfig['training']): boolean =>
  objective === 'reverseKl' || objective === 'mixed';

export function checkTarget({ data, model, training }: StoredConfig): Problem[] {
  const { objective, target, precision } = training;
  const not = (wrong: unknown, path: string, message: string): Problem[] =>
    wrong ? problem(path, message) : [];
  if (!isReverse(training))
    return (['target', 'targetScale'] as const).flatMap((key) =>
      not(
        training[key],
        `training.${key}`,
        `expected none, or objective "reverseKl" or "mixed", got "${training[key]}"`,
      ),
    );
  const dim = target && isTargetName(target) ? targets[target].dim : undefined;
  return [
    ...not(!target, 'training.target', `missing; ${expectedTarget}`),
    ...not(
      data && objective === 'reverseKl',
      'data',
      'expected none with "reverseKl"; "mixed" takes data as well',
    ),
    ...not(precision, 'training.precision', `expected none on a target, got "${precision}"`),
    ...(model.kind === 'image'
      ? problem('model.kind', 'expected "vector": the targets are densities of rows of numbers')
      : not(dim && dim !== model.dim, 'model.dim', `expected ${dim}, as in ${target}, got ${model.dim}`)),
    ...not(model.context, 'model.context', 'expected 0: a target has no condition'),
    ...not(isSolved(model), 'model.layers', 'expected no vector field: the inverse has to be one graph'),
  ];
}
