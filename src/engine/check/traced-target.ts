/** A target in operations of TensorFlow.js, built in or of a JavaScript file. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { UserError } from '../../base/user-error';
import { isTargetName, targets, type TargetFacts } from '../../config/targets';
import type { Backend } from '../backends/backend';
import { trace } from '../../graph/trace/trace';
import { densityOf, loadDensity } from '../model/densities';

export interface Target {
  /** @param x [n, D] in data units @returns log densities [n]; −∞ where there is no mass */
  logDensity(x: Float32Array, n: number): Promise<Float64Array>;
  end(): void;
  /** Log of its integral, where it is known. */
  readonly logZ?: number;
}

/** @throws UserError when asked about rows of another length, or at a condition, and as `loadDensity` */
export function tracedTarget(
  name: string,
  { backend, condition }: { backend: Pick<Backend, 'compile'>; condition?: ArrayLike<number> | undefined },
): Target {
  const { dim, logZ }: Partial<TargetFacts> = isTargetName(name) ? targets[name] : {};
  const density = isTargetName(name) ? densityOf(name) : loadDensity(name);
  if (condition) throw new UserError(`The target ${name} has no condition, which this flow needs.`);
  return {
    ...(logZ === undefined ? {} : { logZ }),
    async logDensity(x, n) {
      if (n === 0) return new Float64Array();
      if (dim !== undefined && x.length !== n * dim)
        throw new UserError(
          `The target ${name} is a density of ${dim} numbers; the flow has ${x.length / n}.`,
        );
      const shape = [n, x.length / n];
      const graph = trace((inputs) => ({ logP: density(inputs.x as Tensor2D) }), [{ name: 'x', shape }]);
      const program = await backend.compile(graph, { optimize: true });
      const { logP } = await program.run({ x: { shape, data: x } }).finally(() => program.dispose());
      return Float64Array.from(logP!.data);
    },
    end: () => undefined,
  };
}
