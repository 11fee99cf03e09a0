/** Examples in memory, in data units. */
export interface Split {
  count: number;
  /** Row-major, count × D. Pixels are stored as bytes and become floats a batch at a time. */
  values: Float32Array | Uint8Array;
  /** One class for each example, an index into `labelNames` where these are known. Never modelled. */
  labels?: Int32Array;
}

export interface Dataset {
  kind: 'vector' | 'image';
  /** A built-in name, or a file's name without its folder. */
  name: string;
  /** One example without the batch axis: [D], or [H, W, C] before padding. */
  shape: number[];
  /** Images: pixels are the integers 0 … levels − 1. */
  levels?: number;
  train: Split;
  /** Held out; `count` is 0 when the config asks for no validation. */
  validation: Split;
  featureNames?: string[];
  labelNames?: string[];
  provenance: {
    /** A built-in name or an absolute path. */
    source: string;
    /** Examples in the source, before any limit. */
    rows: number;
    note: string;
  };
}

/** Gathers examples into one array, indices.length × D. Throws RangeError for an index outside the split. */
export function take(split: Split, indices: ArrayLike<number>): Float32Array {
  const size = exampleSize(split);
  const out = new Float32Array(indices.length * size);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!(index >= 0 && index < split.count)) {
      throw new RangeError(`Example ${index} was asked for; the split has ${split.count}.`);
    }
    out.set(split.values.subarray(index * size, (index + 1) * size), i * size);
  }
  return out;
}

/** Values of one example, D. */
export function exampleSize(split: Split): number {
  return split.count === 0 ? 0 : split.values.length / split.count;
}
