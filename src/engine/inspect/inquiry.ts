/** What a question is answered with, and the ranges of its numbers. */
import { UserError } from '../../base/user-error';
import type { InspectedFlow } from '../model/inspected-flow';
import type { SharedWork } from './shared-work';

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

/** Whether a window is of whole numbers, has values, and lies in a tensor of this shape. */
export function liesIn(
  shape: readonly number[],
  { from, size }: { from: readonly number[]; size: readonly number[] },
): boolean {
  const isWhole = (value: number, least: number): boolean => Number.isInteger(value) && value >= least;
  const fits = (length: number, axis: number): boolean =>
    isWhole(from[axis]!, 0) && isWhole(size[axis]!, 1) && from[axis]! + size[axis]! <= length;
  return from.length === shape.length && size.length === shape.length && shape.every(fits);
}

/** An answer, or why there is none for this flow or its file. */
export function answerOrReason<T>(answer: Promise<T>): Promise<T | { reason: string }> {
  return answer.catch((error: unknown) => {
    if (error instanceof UserError) return { reason: error.message };
    throw error;
  });
}

export interface Inquiry {
  model: InspectedFlow;
  /** Aborts when nobody waits for the answer any more. */
  signal: AbortSignal;
}

/** It may share its work with others about the same flow. */
export interface SharedInquiry extends Inquiry {
  work: SharedWork;
}
