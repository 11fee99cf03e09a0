/** What was chosen on the preview's page, as a request and as a config. Knows nothing of VS Code. */
import path from 'node:path';
import type { TrainRequest } from '../../protocol/engine';
import type { TrainingChoice } from '../../protocol/preview-page';

/** As the engine takes it. */
export function withSteps({ steps, ...choice }: TrainingChoice): Omit<TrainRequest, 'output' | 'data'> {
  return { ...choice, ...(steps === undefined ? {} : { training: { steps } }) };
}

/** Paths in a config are relative to it. */
export function configOf(
  source: string,
  { preset, steps, context, reading }: TrainingChoice,
  folder: string,
): object {
  const { columns, labels, labelColumn } = context ?? {};
  return {
    ...(preset === undefined ? {} : { preset }),
    data: {
      source: path.isAbsolute(source) ? path.relative(folder, source).replaceAll('\\', '/') : source,
      ...reading,
      ...(columns ? { contextColumns: columns } : {}),
      ...(labels ? { labelContext: true } : {}),
      ...(labelColumn === undefined ? {} : { labelColumn }),
    },
    ...(steps === undefined ? {} : { training: { steps } }),
  };
}
