/** What was chosen on the preview's page, as a request and as a config. Knows nothing of VS Code. */
import path from 'node:path';
import { defined } from '../../base/defined';
import { contextData } from '../../config/build';
import type { TrainRequest } from '../../protocol/engine';
import type { TrainingChoice } from '../../protocol/preview-page';

/** As the engine takes it. */
export function withSteps({ steps, ...choice }: TrainingChoice): Omit<TrainRequest, 'output' | 'data'> {
  return { ...choice, ...(steps === undefined ? {} : { training: { steps } }) };
}

/** Paths in a config are relative to it. */
export function configOf(source: string, choice: TrainingChoice, folder: string): object {
  const { context, reading, preset, training } = defined(withSteps(choice));
  const relative = path.isAbsolute(source) ? path.relative(folder, source).replaceAll('\\', '/') : source;
  return {
    ...defined({ preset }),
    data: { source: relative, ...reading, ...contextData(context) },
    ...defined({ training }),
  };
}
