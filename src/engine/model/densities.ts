/** Log densities by name: the built-in targets, and functions of JavaScript files that a user named. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { messageOf, UserError } from '../../base/user-error';
import { functionTarget, isTargetName } from '../../config/targets';
import { logDensities, type LogDensity } from '../../flow/targets/targets';

const loaded = new Map<string, LogDensity>();

/**
 * Loads `FILE.js:FUNCTION`, and with it runs that file: call this only where a user has named it. The function takes x [N, D] in data
 * units and `tf`, and returns log densities [N], nats, by operations of TensorFlow.js.
 * @throws UserError where the file does not load or has no such function; the density throws one for another result
 */
export function loadDensity(target: string): LogDensity {
  const [, file = '', name = 'logProb'] = functionTarget.exec(target) ?? [];
  const full = path.resolve(file);
  if (!existsSync(full)) throw new UserError(`${file}: there is no such file.`);
  let found: unknown;
  try {
    found = (createRequire(full)(full) as Record<string, unknown>)[name];
  } catch (error) {
    throw new UserError(`${file}: ${messageOf(error)}`);
  }
  if (typeof found !== 'function') throw new UserError(`${file} exports no function ${name}.`);
  const run = found as (x: tf.Tensor, ops: typeof tf) => unknown;
  const density: LogDensity = (x) => {
    let result: unknown;
    try {
      result = run(x, tf);
    } catch (error) {
      throw error instanceof UserError ? error : new UserError(`${target}: ${messageOf(error)}`);
    }
    const shape = result instanceof tf.Tensor ? (result as tf.Tensor).shape : undefined;
    if (shape?.length === 1 && shape[0] === x.shape[0]) return result as tf.Tensor1D;
    const got = shape ? `a tensor [${shape.join(', ')}]` : `${typeof result}, no tensor of that tf`;
    throw new UserError(
      `${target}: expected (x [N, D], tf) => one log density for each row, [N]; got ${got} for [${x.shape.join(', ')}].`,
    );
  };
  loaded.set(target, density);
  return density;
}

/** @throws UserError for a function that was not loaded: what a file names is not run for it */
export function densityOf(target: string): LogDensity {
  const density = isTargetName(target) ? logDensities[target] : loaded.get(target);
  if (density) return density;
  throw new UserError(`${target} is a function of a file, which only a training or a check of it runs.`);
}
