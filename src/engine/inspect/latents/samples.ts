import { UserError } from '../../../base/user-error';
import type { SampleGrid } from '../../../protocol/inspect';
import type { SampleQuery } from '../../../protocol/selection';
import { sample } from '../../use/sample';
import { wayRunner } from './sources';
import { checkWhole } from '../within';
import type { Inquiry } from '../inquiry';

const mostSamples = 10_000;

/** @throws UserError for a query that cannot be answered */
export function checkSamples({ count, seed, temperature }: SampleQuery): void {
  checkWhole(count, 1, mostSamples, `${count} samples were asked for; expected`);
  checkDraw({ seed, temperature });
}

/** @throws UserError */
export function checkDraw({ seed, temperature }: { seed: number; temperature: number }): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new UserError(`The seed is ${seed}; expected a whole number from 0.`);
  }
  if (!(temperature >= 0) || !Number.isFinite(temperature)) {
    throw new UserError(`The temperature is ${temperature}; expected a number from 0.`);
  }
}

export async function samples({ model, signal }: Inquiry, query: SampleQuery): Promise<SampleGrid> {
  checkSamples(query);
  return { values: (await sample(await wayRunner(model, query.count), query, { signal })).x };
}
