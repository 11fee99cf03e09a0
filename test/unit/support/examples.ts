import { indexRange, type Examples } from '../../../src/data/dataset';

/** All values of examples, in their order. */
export async function valuesOf(examples: Examples): Promise<number[]> {
  return [...(await examples.read(indexRange(0, examples.count)))];
}

/** All classes, in their order. */
export function labelsOf(examples: Examples): (number | undefined)[] {
  return indexRange(0, examples.count).map((index) => examples.labels?.at(index));
}
