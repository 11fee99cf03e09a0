/** Whether float32, in which flows read data, tells the values of a column apart. */

/** A deviation below this share of the values' magnitude is rounding, not variation. */
const relativeFloor = 1e-6;
/** float32 keeps all whole numbers up to here. */
export const largestWhole = 2 ** 24;

export interface Spread {
  min: number;
  max: number;
  std: number;
}

export const largestOf = ({ min, max }: Pick<Spread, 'min' | 'max'>): number =>
  Math.max(Math.abs(min), Math.abs(max));

export const varies = (spread: Spread): boolean => spread.std > relativeFloor * largestOf(spread);

/** Whether values that do not vary may have differed before they were rounded. */
export const mayBeRounded = (spread: Pick<Spread, 'min' | 'max'>): boolean =>
  spread.max > spread.min || largestOf(spread) > largestWhole;
