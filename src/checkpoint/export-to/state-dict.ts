/** What another library loads: its tensors, and how to build the module that they belong to. */
import { UserError } from '../../base/user-error';
import type { NdArray } from '../../protocol/tensors';
import { libraryTensors, type Renaming } from '../import/names';
import type { StoredTensor } from '../tensors/safetensors';

export class Misfits {
  readonly #lines: string[] = [];

  constructor(
    readonly library: string,
    /** What to do instead. */
    readonly advice: string,
  ) {}

  /** @param fits whether the setting has a counterpart */
  check(fits: boolean, field: string, got: unknown, expected: string): void {
    if (!fits) this.#lines.push(`${field}: expected ${expected}, got ${JSON.stringify(got)}`);
  }

  /** As `check`, where these values alone have a counterpart. */
  only(field: string, got: unknown, ...expected: readonly unknown[]): void {
    const words = expected.map((value) => JSON.stringify(value)).join(' or ');
    this.check(expected.includes(got), field, got, words);
  }

  /** The same of several settings, each of which has one value. */
  all(got: object, expected: object): void {
    for (const [field, value] of Object.entries(expected))
      this.only(field, (got as Readonly<Record<string, unknown>>)[field], value);
  }

  /** @throws UserError when anything does not fit */
  finish(): void {
    if (this.#lines.length === 0) return;
    throw new UserError(
      `This flow cannot be written for ${this.library}: ${this.#lines.join('; ')}. ${this.advice}`,
    );
  }
}

export type Tensors = Readonly<Record<string, NdArray>>;

export interface StateDict {
  /** Under the library's names, in its layouts and types. */
  tensors: Record<string, StoredTensor>;
  /** Python that defines `flow`, whose `load_state_dict` takes the tensors with strict=True. */
  build: string;
  /** For people: what they have to know to use it. */
  notes: string[];
}

/** One layer of a library. */
export interface Written {
  /** Below the layer. */
  tensors: StateDict['tensors'];
  /** How it is made, in Python. */
  line: string;
}

/** Tensors under a prefix, which ends in a dot. */
export function below(prefix: string, tensors: StateDict['tensors']): StateDict['tensors'] {
  return Object.fromEntries(Object.entries(tensors).map(([name, values]) => [prefix + name, values]));
}

/** Layers in a list of modules: their tensors, and the lines that make them. @param list prefix of the numbers */
export function listed(list: string, layers: readonly Written[]) {
  const tensors: StateDict['tensors'] = {};
  for (const [i, layer] of layers.entries()) Object.assign(tensors, below(`${list}${i}.`, layer.tensors));
  return { tensors, lines: layers.map(({ line }) => `    ${line},`) };
}

/** Lines that some flows need. */
export const linesIf = (needed: boolean, lines: readonly string[]): readonly string[] =>
  needed ? lines : [];

export function floats(shape: readonly number[], data: Float32Array): StoredTensor {
  return { dtype: 'F32', shape: [...shape], data };
}

/** A tensor of one axis. */
export function vector(data: Float32Array): StoredTensor {
  return floats([data.length], data);
}

export function integers(
  values: readonly number[],
  shape: readonly number[] = [values.length],
): StoredTensor {
  return { dtype: 'I64', shape: [...shape], data: BigInt64Array.from(values, BigInt) };
}

export function bools(values: readonly boolean[], shape: readonly number[] = [values.length]): StoredTensor {
  return { dtype: 'BOOL', shape: [...shape], data: Uint8Array.from(values, Number) };
}

/** A square matrix. */
export function zerosAndOnes(size: number, entry: (row: number, column: number) => boolean): StoredTensor {
  return floats(
    [size, size],
    Float32Array.from({ length: size ** 2 }, (_, i) => Number(entry(Math.floor(i / size), i % size))),
  );
}

/** Our tensors under the names of a table, in the library's layouts. */
export function renamed(
  tensors: Readonly<Record<string, NdArray>>,
  table: readonly Renaming[],
): StateDict['tensors'] {
  return Object.fromEntries(
    Object.entries(libraryTensors(tensors, table)).map(([name, { shape, data }]) => [
      name,
      floats(shape, data),
    ]),
  );
}

/** How often each of PyTorch's norms has been trained, which only counts where it averages over all batches. */
export function batchCounts(names: Iterable<string>): StateDict['tensors'] {
  const norms = [...names].filter((name) => name.endsWith('.running_mean'));
  return Object.fromEntries(
    norms.map((name) => [name.replace(/running_mean$/, 'num_batches_tracked'), integers([0], [])]),
  );
}
