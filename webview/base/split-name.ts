import type { ModelSummary } from '../../src/protocol/model';
import { words } from './words';

/** What a part of the data is called; a recording has one, which no training knew. */
export function splitName({ recording }: Pick<ModelSummary, 'recording'>, split: string): string {
  return recording ? words.recordedBatch : split;
}
