import { tensorAttribute, typeAttribute } from './messages';
import type { GraphDefWriter } from './writer';

/** Something to fetch that exists only after the given nodes have run. */
export function addSignal(target: GraphDefWriter, at: string, after: readonly string[]): string {
  const float = typeAttribute('float32');
  const value = target.add(`${at}/value`, 'Const', [], {
    dtype: float,
    value: tensorAttribute(Float32Array.of(1), [], 'float32'),
  });
  return target.add(at, 'Identity', [value, ...after.map((name) => `^${name}`)], { T: float });
}
