import { UserError } from '../../base/user-error';

/** @param says what was asked for, before the numbers that can be @throws UserError unless it is a whole number of these */
export function checkWhole(value: number, least: number, most: number, says: string): void {
  if (!(Number.isInteger(value) && value >= least && value <= most))
    throw new UserError(`${says} ${least} to ${most}.`);
}

/** @param says what was asked for, and whose it is, before how many there are @throws UserError unless it is one of them */
export function checkIndex(value: number, length: number, says: string): void {
  if (!(Number.isInteger(value) && value >= 0 && value < length))
    throw new UserError(`${says} ${length}, numbered from 0.`);
}
