/** Files of other libraries for tests: those that the libraries wrote, whole or changed. */
import path from 'node:path';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import { writeSafetensors } from '../../../../src/checkpoint/tensors/safetensors';
import type { NdArray } from '../../../../src/protocol/tensors';

export const fixtures = {
  'chrischute-rgb': 'chrischute',
  'chrischute-gray3': 'chrischute',
  'fmu2-small': 'fmu2',
  'nflows-2d': 'nflows',
  'nflows-6d': 'nflows',
  'normflows-2d': 'normflows',
  'zuko-2d': 'zuko',
} as const;

export type FixtureName = keyof typeof fixtures;

export function fixture(name: FixtureName): string {
  return path.resolve('test', 'fixtures', 'peers', name, 'state_dict.pt');
}

/** A file of test/fixtures/wild. */
export function wild(...parts: readonly string[]): string {
  return path.resolve('test', 'fixtures', 'wild', ...parts);
}

/** Writes the tensors of a file as safetensors, after `change` had them. @param from a fixture, or a path */
export async function writeChanged(
  from: FixtureName | { path: string },
  file: string,
  change: (tensors: Map<string, NdArray>) => void,
): Promise<void> {
  const opened = await openTensorFile(typeof from === 'string' ? fixture(from) : from.path);
  const tensors = new Map<string, NdArray>();
  for (const key of opened.tensors.keys()) tensors.set(key, await opened.read(key));
  await opened.close();
  change(tensors);
  await writeSafetensors(file, Object.fromEntries(tensors), { format: 'pt' });
}
