import type { CheckpointInfo } from '../../../src/protocol/model';
import { fixed } from '../format/numbers';
import { words } from '../words';

/** Validation score of a checkpoint, without its unit; empty where it was not measured. */
export function validationFigure({ validationNats, validationBitsPerDim }: CheckpointInfo): string {
  const value = validationBitsPerDim ?? validationNats;
  return value === undefined ? '' : fixed(value, 3);
}

/** The same with its unit. */
export function validationText(checkpoint: CheckpointInfo): string {
  const figure = validationFigure(checkpoint);
  const unit = checkpoint.validationBitsPerDim === undefined ? words.nats : words.bitsPerDim;
  return figure && `${figure} ${unit}`;
}
