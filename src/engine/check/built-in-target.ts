/** A built-in target, computed here: no Python, no backend. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { UserError } from '../../base/user-error';
import { targets, type TargetName } from '../../config/targets';
import { logDensities } from '../../flow/targets/targets';
import { evaluateGraph } from '../../graph/evaluate/evaluate';
import { trace } from '../../graph/trace/trace';

export interface Target {
  /** @param x [n, D] in data units @returns log densities [n]; −∞ where there is no mass */
  logDensity(x: Float32Array, n: number): Promise<Float64Array>;
  end(): void;
  /** Log of its integral, where it is known. */
  readonly logZ?: number;
}

/** @throws UserError when asked about rows of another length, or at a condition */
export function builtInTarget(name: TargetName, condition: ArrayLike<number> | undefined): Target {
  const { dim, logZ } = targets[name];
  if (condition) throw new UserError(`The target ${name} has no condition, which this flow needs.`);
  return {
    ...(logZ === undefined ? {} : { logZ }),
    async logDensity(x, n) {
      if (n === 0) return new Float64Array();
      if (x.length !== n * dim)
        throw new UserError(
          `The target ${name} is a density of ${dim} numbers; the flow has ${x.length / n}.`,
        );
      const rows = [{ name: 'x', shape: [n, dim] }];
      const graph = trace((inputs) => ({ logP: logDensities[name](inputs.x as Tensor2D) }), rows);
      const { logP } = evaluateGraph(graph, { x: { shape: [n, dim], data: x } });
      return Float64Array.from(logP!.data);
    },
    end: () => undefined,
  };
}
