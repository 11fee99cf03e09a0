import { UserError } from '../../base/user-error';

/** @param says names the query, before the numbers that can be @throws UserError unless it is one of these whole numbers */
export function checkWhole(value: number, least: number, most: number, says: string): void {
  if (!(Number.isInteger(value) && value >= least && value <= most))
    throw new UserError(`${says} ${least} to ${most}.`);
}

/** @param says names the query and its owner, before how many there are @throws UserError unless it is one of them */
export function checkIndex(value: number, length: number, says: string): void {
  if (!(Number.isInteger(value) && value >= 0 && value < length))
    throw new UserError(`${says} ${length}, numbered from 0.`);
}
