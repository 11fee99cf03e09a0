/** What the first two steps of Train RealNVP… offer. */
import { type Preset, presets } from '../../config/presets';

export type DataKind = 'plane' | 'image' | 'table' | 'idx';

export interface DataChoice {
  /** What the engine is given: a built-in name or a path. */
  source: string;
  kind: DataKind;
  title: string;
  about: string;
}

/** Built-in data sets are those that a preset of the same name belongs to. */
export const builtinData: readonly DataChoice[] = presets
  .filter(({ name, data }) => data.source === name)
  .map(({ name, title, model, about }) => ({
    source: name,
    kind: model.kind === 'image' ? 'image' : 'plane',
    title,
    about,
  }));

/** Undefined for files of which no preset knows what to do. */
export function kindOfFile(path: string): DataKind | undefined {
  const name = path.toLowerCase();
  if (/\.(csv|tsv)(\.gz)?$/.test(name)) return 'table';
  return /(\.idx|[-.]idx[1-4]-ubyte)(\.gz)?$/.test(name) ? 'idx' : undefined;
}

/** The glob of files that `kindOfFile` knows. */
export const dataFileGlob =
  '**/*{.csv,.tsv,.csv.gz,.tsv.gz,.idx,.idx.gz,idx3-ubyte,idx3-ubyte.gz,idx4-ubyte,idx4-ubyte.gz}';

/** Presets that fit the data, the recommended one first. */
export function presetsFor(data: DataChoice): Preset[] {
  const named = presets.filter(({ name }) => name === data.source);
  const general = presets.filter(({ name, data: own }) => {
    if (own.source !== undefined || name === data.source) return false;
    if (data.kind === 'idx') return name === 'mnist' || name === 'image';
    if (data.kind === 'image') return name === 'image';
    return name === 'tabular';
  });
  return [...named, ...general];
}
