/** Which files the wizard and the preview take for data, by their names; the engine looks into them. */
/** `array` may turn out to be vectors or images. */
export type FileKind = 'table' | 'array' | 'idx' | 'pictures';

const compressed = '(\\.gz)?';
const patterns: readonly [FileKind, RegExp][] = [
  ['table', new RegExp(`\\.(csv|tsv)${compressed}$`)],
  ['table', /\.(parquet|nc)$/],
  ['array', /\.(npy|npz)$/],
  ['idx', new RegExp(`(\\.idx|[-.]idx[1-4]-ubyte)${compressed}$`)],
  // CIFAR-10 and CIFAR-100, in their binary versions.
  ['pictures', /(^|[\\/])(data_batch_\d+|test_batch|train|test)\.bin$/],
  ['pictures', /\.zip$/],
];

/** Undefined for files that are not known as data. */
export function kindOfFile(path: string): FileKind | undefined {
  const name = path.toLowerCase();
  return patterns.find(([, pattern]) => pattern.test(name))?.[0];
}

/** The glob of files that `kindOfFile` knows. Zip archives hold all sorts of things and are not looked for. */
export const dataFileGlob =
  '**/*{.csv,.tsv,.csv.gz,.tsv.gz,.parquet,.nc,.npy,.npz,.idx,.idx.gz,idx3-ubyte,idx3-ubyte.gz,idx4-ubyte,idx4-ubyte.gz,data_batch_1.bin}';
