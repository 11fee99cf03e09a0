/** The libraries whose files are known: one folder and one entry each. */
import type { ImageModelConfig, VectorModelConfig } from '../../config/schema';
import type { NdArray } from '../../protocol/tensors';
import type { StateDict } from '../export-to/state-dict';
import { firstOf } from '../import/first-of';
import type { Recognizer } from '../import/types';
import type { Holds } from '../export-to/written-chain';
import type { ChainLayer } from '../import/vector-chain';
import { bayesflow } from './bayesflow/import';
import { chrischuteStateDict } from './chrischute/export';
import { chrischute } from './chrischute/import';

import { fmu2 } from './fmu2/import';
import { flowjax } from './flowjax/import';
import { freiaImages } from './freia/images';
import { freia } from './freia/import';
import { ikostrikov } from './ikostrikov/import';
import { keras } from './keras/import';
import { nflowsHolds, nflowsStateDict } from './nflows/export';
import { nflowsGlow } from './nflows/glow';
import { nflows } from './nflows/import';
import { normflowsHolds, normflowsStateDict } from './normflows/export';
import { normflowsGlow } from './normflows/glow';
import { normflows } from './normflows/import';
import { pzflow } from './pzflow/import';
import { rosinalityStateDict } from './rosinality/export';
import { rosinality } from './rosinality/import';
import { senyaHolds, senyaStateDict } from './senya/export';
import { senya } from './senya/import';
import { y0ast } from './y0ast/import';
import { zukoHolds, zukoStateDict } from './zuko/export';
import { zuko } from './zuko/import';

type Tensors = Readonly<Record<string, NdArray>>;

interface VectorWriter {
  write: (model: VectorModelConfig, chain: readonly ChainLayer[], tensors: Tensors) => StateDict;
  /** What a flow may have for it. */
  holds: Holds;
}

/** `write` gives what the library loads, computing what the flow computes; it throws a UserError where it has no such flow. */
type Entry =
  | {
      kind: 'image';
      importer: Recognizer;
      write?: (model: ImageModelConfig, tensors: Tensors) => StateDict;
    }
  | ({
      kind: 'vector';
      importer: Recognizer;
    } & (VectorWriter | { write?: never }));

/** In the order in which they are asked whether a file is theirs. The key is what people write. */
const list = {
  chrischute: { kind: 'image', importer: chrischute, write: chrischuteStateDict },
  fmu2: { kind: 'image', importer: fmu2 },
  rosinality: { kind: 'image', importer: rosinality, write: rosinalityStateDict },
  y0ast: { kind: 'image', importer: y0ast },
  nflows: {
    kind: 'vector',
    importer: firstOf(nflows, nflowsGlow),
    write: nflowsStateDict,
    holds: nflowsHolds,
  },
  normflows: {
    kind: 'vector',
    importer: firstOf(normflows, normflowsGlow),
    write: normflowsStateDict,
    holds: normflowsHolds,
  },
  zuko: { kind: 'vector', importer: zuko, write: zukoStateDict, holds: zukoHolds },
  freia: { kind: 'vector', importer: firstOf(freia, freiaImages) },
  senya: { kind: 'vector', importer: senya, write: senyaStateDict, holds: senyaHolds },
  ikostrikov: { kind: 'vector', importer: ikostrikov },
  keras: { kind: 'vector', importer: keras },
  flowjax: { kind: 'vector', importer: flowjax },
  pzflow: { kind: 'vector', importer: pzflow },
  bayesflow: { kind: 'vector', importer: bayesflow },
} as const satisfies Record<string, Entry>;

export type Library = keyof typeof list;

export const entries: Readonly<Record<Library, Entry>> = list;
export const libraries = Object.keys(list) as Library[];

/** Those whose files are also written, of one kind of flow or of both. */
export function writable(kind?: Entry['kind']): Library[] {
  return libraries.filter((library) => {
    const entry = entries[library];
    return entry.write !== undefined && (kind === undefined || entry.kind === kind);
  });
}
