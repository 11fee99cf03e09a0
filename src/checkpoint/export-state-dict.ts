/** Exports our flows as state dicts of other libraries. */
import { UserError } from '../base/user-error';
import type { Checkpoint } from './checkpoint';
import type { ChainLayer } from './import/vector-chain';
import { entries, writable, type Library } from './libraries';
import { writeSafetensors } from './tensors/safetensors';
import type { StateDict } from './export-to/state-dict';
import { checkFits, withBase, withPlainContext } from './export-to/written-chain';

/**
 * What the library loads, computing what the flow computes: sliced, reordered and negated where that is exact.
 * @param chain the layers of a vector flow, from data to latent; not read for images
 * @throws UserError naming every setting that the library has no counterpart of
 */
export function exportStateDict(
  { config, tensors, standardize }: Pick<Checkpoint, 'config' | 'tensors' | 'standardize'>,
  library: Library,
  chain: readonly ChainLayer[],
): StateDict {
  const { model } = config;
  const { importer, image, vector } = entries[library];
  if (!image && !vector)
    throw new UserError(`Files of ${library} are read, and not written. ${writtenFor()}.`);
  if (model.kind === 'image') {
    if (image) return image(model, tensors);
    throw new UserError(
      `This flow is of images, and the flows that are written for ${library} are of rows of numbers. ${writtenFor('image')}.`,
    );
  }
  if (!vector) {
    throw new UserError(
      `This flow is of rows of numbers, and ${importer.name} is for images. ${writtenFor('vector')}.`,
    );
  }
  checkFits(importer.name, model, chain, vector);
  const seen = vector.contextModule ? { model, tensors } : withPlainContext(model, tensors);
  const written = withBase(seen.model, chain, seen.tensors);
  const dict = vector.write(seen.model, written.chain, written.tensors);
  if (!standardize) return dict;
  return {
    ...dict,
    notes: [
      ...dict.notes,
      (standardize.transforms
        ? 'The flow sees features that are mapped by the "transforms" in the metadata "standardize" (log is ln(x − LOW), logit is ' +
          'ln((x − LOW) / (HIGH − x)); dequantize adds noise in (0, 1) to integers) before the rest. Map them, and add the logarithms of the slopes to the log-density. '
        : '') +
        'The flow sees standardized features, which is not part of the file that is written: give the library ' +
        '(x − mean) / std of each feature, with the mean and std in the metadata "standardize", and subtract Σ ln std ' +
        `from its log-density.${model.context > 0 ? ' Those of the context stand behind the features there.' : ''}`,
    ],
  };
}

/** "It can be written for nflows, normflows or zuko". */
function writtenFor(kind?: 'image' | 'vector'): string {
  return `It can be written for ${writable(kind)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1')}`;
}

/** Replaces the file atomically. The metadata say how to build the module that loads the tensors. */
export async function saveStateDict(
  file: string,
  library: Library,
  dict: StateDict,
  standardize: Checkpoint['standardize'],
): Promise<void> {
  await writeSafetensors(file, dict.tensors, {
    format: 'pt',
    library,
    build: `${dict.build}\n`,
    load: 'from safetensors.torch import load_file; flow.load_state_dict(load_file(FILE), strict=True)',
    ...(dict.notes.length > 0 ? { notes: dict.notes.join('\n') } : {}),
    ...(standardize ? { standardize: JSON.stringify(standardize) } : {}),
  });
}
