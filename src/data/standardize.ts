import type { Standardization } from '../config/standardization';
import { UserError } from '../config/user-error';
import { exampleSize, type Split } from './dataset';

/** A deviation below this share of the values' magnitude is rounding, not variation. */
const relativeFloor = 1e-6;

/**
 * Mean and (population) standard deviation of each feature over the training rows, computed in double precision.
 * @throws UserError naming a feature that does not vary
 */
export function fitStandardization(split: Split, names?: readonly string[]): Standardization {
  const size = exampleSize(split);
  const mean = new Array<number>(size).fill(0);
  const std = new Array<number>(size).fill(0);
  for (let d = 0; d < size; d++) {
    let sum = 0;
    let largest = 0;
    for (let i = d; i < split.values.length; i += size) {
      sum += split.values[i]!;
      largest = Math.max(largest, Math.abs(split.values[i]!));
    }
    const center = sum / split.count;
    let squares = 0;
    for (let i = d; i < split.values.length; i += size) squares += (split.values[i]! - center) ** 2;
    const deviation = Math.sqrt(squares / split.count);
    if (!(deviation > relativeFloor * largest)) {
      throw new UserError(
        `Column ${names?.[d] === undefined ? d : `"${names[d]}"`} does not vary: it is ${split.values[d]} in all ` +
          `${split.count} training rows. A density needs columns that vary; leave it out with data.columns.`,
      );
    }
    mean[d] = center;
    std[d] = deviation;
  }
  return { mean, std };
}
