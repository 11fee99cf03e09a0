/** The libraries whose files are known: one folder and one entry each. */
import type { ImageModelConfig } from '../../config/schema';
import type { StateDict, Tensors } from '../export-to/state-dict';
import { firstOf } from '../import/first-of';
import type { Recognizer } from '../import/types';
import type { VectorWriter } from '../export-to/written-chain';
import { bayesflow } from './bayesflow/import';
import { chrischuteStateDict } from './chrischute/export';
import { chrischute } from './chrischute/import';

import { fmu2 } from './fmu2/import';
import { flowjax } from './flowjax/import';
import { freiaImages } from './freia/images';
import { freia } from './freia/import';
import { ikostrikov } from './ikostrikov/import';
import { keras } from './keras/import';
import { nflowsVectors } from './nflows/export';
import { nflowsGlowStateDict } from './nflows/export-glow';
import { nflowsGlow } from './nflows/glow';
import { nflows } from './nflows/import';
import { normflowsVectors } from './normflows/export';
import { normflowsGlowStateDict } from './normflows/export-glow';
import { normflowsGlow } from './normflows/glow';
import { normflows } from './normflows/import';
import { pzflow } from './pzflow/import';
import { rosinalityStateDict } from './rosinality/export';
import { rosinality } from './rosinality/import';
import { sbi } from './sbi/import';
import { senyaVectors } from './senya/export';
import { senya } from './senya/import';
import { torchcfm } from './torchcfm/import';
import { y0ast } from './y0ast/import';
import { zukoVectors } from './zuko/export';
import { zukoCnf } from './zuko/cnf';
import { zuko } from './zuko/import';

/** What writes a flow gives what the library loads, computing what the flow computes; it throws a UserError where it has no such flow. */
interface Entry {
  importer: Recognizer;
  image?: (model: ImageModelConfig, tensors: Tensors) => StateDict;
  vector?: VectorWriter;
}

/** In the order in which they are asked whether a file is theirs. The key is what people write. */
const list = {
  chrischute: { importer: chrischute, image: chrischuteStateDict },
  fmu2: { importer: fmu2 },
  rosinality: { importer: rosinality, image: rosinalityStateDict },
  y0ast: { importer: y0ast },
  nflows: { importer: firstOf(nflows, nflowsGlow), vector: nflowsVectors, image: nflowsGlowStateDict },
  normflows: {
    importer: firstOf(normflows, normflowsGlow),
    vector: normflowsVectors,
    image: normflowsGlowStateDict,
  },
  zuko: { importer: firstOf(zuko, zukoCnf), vector: zukoVectors },
  freia: { importer: firstOf(freia, freiaImages) },
  senya: { importer: senya, vector: senyaVectors },
  ikostrikov: { importer: ikostrikov },
  keras: { importer: keras },
  flowjax: { importer: flowjax },
  pzflow: { importer: pzflow },
  bayesflow: { importer: bayesflow },
  sbi: { importer: sbi },
  torchcfm: { importer: torchcfm },
} as const satisfies Record<string, Entry>;

export type Library = keyof typeof list;

export const entries: Readonly<Record<Library, Entry>> = list;
export const libraries = Object.keys(list) as Library[];

/** Those whose files are also written, of one kind of flow or of any. */
export function writable(kind?: 'image' | 'vector'): Library[] {
  return libraries.filter((library) => {
    const { image, vector } = entries[library];
    return (kind !== 'vector' && image !== undefined) || (kind !== 'image' && vector !== undefined);
  });
}
