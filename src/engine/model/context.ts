/** The context of a conditional flow: what it is, and how it is fed to graphs. */
import type { CheckpointHeader } from '../../checkpoint/checkpoint';
import { several } from '../../base/text';
import { UserError } from '../../base/user-error';
import type { Flow } from '../../flow/layers';
import type { ContextInfo } from '../../protocol/model';
import type { NdArray } from '../../protocol/tensors';
import type { Program } from '../backends/backend';

/** Names and the usual range of each number; undefined for flows without a context. */
export function contextInfo(
  { standardize, data, config, origin }: Pick<CheckpointHeader, 'standardize' | 'data' | 'config' | 'origin'>,
  { context }: Flow,
  tensors: Readonly<Record<string, Partial<NdArray>>>,
): ContextInfo | undefined {
  if (!context || config.model.kind !== 'vector') return undefined;
  const { size } = context;
  const { dim } = config.model;
  const stored = (name: string): number[] | undefined => {
    const data = tensors[name]?.data;
    return data && Array.from(data, Number);
  };
  return {
    names: standardize?.contextNames ?? data?.contextNames ?? origin?.contextNames ?? numbered(size),
    mean: standardize?.mean.slice(dim) ?? stored('context.mean') ?? Array<number>(size).fill(0),
    std: standardize?.std.slice(dim) ?? stored('context.std') ?? Array<number>(size).fill(1),
  };
}

function numbered(size: number): string[] {
  return Array.from({ length: size }, (_, i) => `context ${i}`);
}

/** Of a context that nothing is known of. */
export function plainContextInfo(size: number): ContextInfo {
  return {
    names: numbered(size),
    mean: Array<number>(size).fill(0),
    std: Array<number>(size).fill(1),
  };
}

/**
 * `context` [count, C] of a graph.
 * @param given one for each example, or one for all; without, the mean
 * @throws UserError for another number of values
 */
export function contextFeed(
  info: ContextInfo,
  given: ArrayLike<number> | undefined,
  count: number,
): NdArray<Float32Array> {
  const size = info.mean.length;
  const values = given ?? info.mean;
  const shape = [count, size];
  if (values.length === count * size) return { shape, data: Float32Array.from(values) };
  if (values.length !== size) {
    throw new UserError(
      `The context has ${several(values.length, 'value')}; expected ${size} (${info.names.join(', ')}), or ${size} for each of ${count} examples.`,
    );
  }
  const data = new Float32Array(count * size);
  for (let i = 0; i < count; i++) data.set(values, i * size);
  return { shape, data };
}

/** Feeds the context to examples that come without theirs. */
export function withContextFeed(
  program: Program,
  info: ContextInfo | undefined,
  given: ArrayLike<number> | undefined,
): Program {
  if (!info) return program;
  return {
    run(feeds) {
      if (feeds['context']) return program.run(feeds);
      const count = (feeds['x'] ?? feeds['z'] ?? feeds['h'])!.shape[0]!;
      return program.run({ ...feeds, context: contextFeed(info, given, count) });
    },
    dispose: () => program.dispose(),
  };
}
