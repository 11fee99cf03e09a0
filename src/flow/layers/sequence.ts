/** Bijections one after the other; log-dets add up. Taps every piece's input, output and log-det, and `PIECE/inverse.x` on the way back. */
import * as tf from '@tensorflow/tfjs-core';
import type { Bijection, FlowContext, Step } from '../core/bijection';
import { withScope } from '../core/scope';

/** A value on its way and what the pieces so far have added to the log-det. */
function chain(
  x: tf.Tensor,
  pieces: readonly Bijection[],
  through: (piece: Bijection, value: tf.Tensor) => Step,
): Step {
  let value = x;
  let logDet: tf.Tensor | undefined;
  for (const piece of pieces) {
    const step = through(piece, value);
    value = step.value;
    logDet = logDet ? tf.add(logDet, step.logDet) : step.logDet;
  }
  return { value, logDet: logDet ?? tf.scalar(0) };
}

function tapped(ctx: FlowContext, piece: Bijection, x: tf.Tensor): Step {
  ctx.tap?.(`${piece.name}/x`, x);
  const step = withScope(piece.name, () => piece.forward(ctx, x));
  ctx.tap?.(`${piece.name}/y`, step.value);
  ctx.tap?.(`${piece.name}/logDet`, step.logDet);
  return step;
}

function inverted(ctx: FlowContext, piece: Bijection, y: tf.Tensor): Step {
  const step = withScope(piece.name, () => piece.inverse(ctx, y));
  ctx.tap?.(`${piece.name}/inverse.x`, step.value);
  return step;
}

/** @throws Error when a piece does not take the shape that the one before it gives. */
export function sequence(name: string, pieces: readonly Bijection[]): Bijection {
  const first = pieces[0];
  const last = pieces[pieces.length - 1];
  if (!first || !last) throw new Error(`${name}: a sequence needs at least one bijection`);
  pieces.slice(1).forEach((piece, i) => {
    const previous = pieces[i]!;
    if (piece.inputShape.join() !== previous.outputShape.join()) {
      throw new Error(
        `${name}: ${piece.name} takes [${piece.inputShape.join(', ')}] but ${previous.name} gives [${previous.outputShape.join(', ')}]`,
      );
    }
  });
  return {
    name,
    inputShape: first.inputShape,
    outputShape: last.outputShape,
    parameters: pieces.flatMap((p) => p.parameters),
    state: pieces.flatMap((p) => p.state),
    forward: (ctx, x) => chain(x, pieces, (piece, value) => tapped(ctx, piece, value)),
    inverse: (ctx, y) => chain(y, pieces.toReversed(), (piece, value) => inverted(ctx, piece, value)),
  };
}
