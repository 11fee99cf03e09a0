import * as v from 'valibot';
import { modelSchema } from '../../src/config/schema';
import type { Flow } from '../../src/flow/built-flow';
import { buildFlow } from '../../src/flow/flow';

/** @param config of the model section, defaults left out */
export function flowOf(config: unknown): Flow {
  return buildFlow(v.parse(modelSchema, config));
}
