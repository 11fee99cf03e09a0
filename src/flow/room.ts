/** How much a flow may be: its parts say how many numbers they store before any of them is made. */
import { sizeOf } from '../base/shape';
import { UserError } from '../base/user-error';
import type { Bijection } from './core/bijection';

export interface Room {
  /** Numbers that parameters and running statistics may have together. */
  most: number;
  /** @param count how many numbers all parts have together, up to the one that had no room */
  refusal(count: number): Error;
}

/** Parameters of a flow that no file holds yet: 4 GiB as float32, of which training has several copies. */
const mostAlone = 2 ** 30;

export const alone: Room = {
  most: mostAlone,
  refusal: (count) =>
    new UserError(
      `The model asks for at least ${count.toLocaleString('en')} parameters, and at most ${mostAlone.toLocaleString('en')} are ` +
        'possible. Make it smaller: fewer layers, or narrower networks.',
    ),
};

type Stored = Pick<Bijection, 'parameters' | 'state'>;

/** Values that parameters and running statistics have together. */
export const storedCount = ({ parameters, state }: Stored): number =>
  [...parameters, ...state].reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** @returns counts what a part stores, and hands the part on. @throws the refusal */
export function counting({ most, refusal }: Room): <T extends Stored>(part: T) => T {
  let count = 0;
  return (part) => {
    count += storedCount(part);
    if (count > most) throw refusal(count);
    return part;
  };
}
