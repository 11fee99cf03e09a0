/** The model of a run that starts from a checkpoint: the checkpoint's, which data and config have to agree with. */
import { isDeepStrictEqual } from 'node:util';
import type { DataConfig, ModelConfig } from './schema';
import { UserError } from '../base/user-error';

export interface StartModel {
  /** Named in messages. */
  file: string;
  model: ModelConfig;
  /** The data of the checkpoint, where it says which: taken when no others are named. */
  data?: DataConfig;
  /** Whether the checkpoint's flow takes standardized vectors; by its own mean and deviation. */
  standardized: boolean;
  /** As the data of the checkpoint have them. */
  transforms?: DataConfig['transforms'];
  featureNames?: readonly string[];
}

interface Shape {
  kind: 'vector' | 'image';
  name: string;
  shape: readonly number[];
  levels?: number;
  featureNames?: readonly string[];
}

/** @throws UserError when the data are not what the checkpoint models */
export function checkStart({ file, model, featureNames }: StartModel, data: Shape): void {
  const modelWords = wordsOf(model);
  const dataWords = inWords(data);
  if (modelWords !== dataWords) {
    throw new UserError(
      `${file}: models ${modelWords}, but ${data.name} contains ${dataWords}. Choose matching data, or train a new model without --from.`,
    );
  }
  const names = data.featureNames;
  if (!featureNames || !names || isDeepStrictEqual([...featureNames], [...names])) return;
  if (isDeepStrictEqual([...featureNames].sort(), [...names].sort())) {
    throw new UserError(
      `${file}: its features are ${featureNames.join(', ')}, in this order, but those of ${data.name} are ` +
        `${names.join(', ')}. Set data.columns to the order of the checkpoint.`,
    );
  }
}

/** @throws UserError when other maps of columns are asked for than the checkpoint was trained with */
export function checkStartTransforms(
  { file, transforms }: StartModel,
  dataTransforms: DataConfig['transforms'],
): void {
  if (dataTransforms === undefined || isDeepStrictEqual(dataTransforms, transforms ?? {})) return;
  throw new UserError(
    `data.transforms (--transform): expected ${transforms ? JSON.stringify(transforms) : 'none'}, as in ${file}, which the run starts ` +
      `from, got ${JSON.stringify(dataTransforms)}. Leave them out, or train a new model without --from.`,
  );
}

/** @throws UserError when a config wants another model */
export function checkStartModel(
  { file, model }: StartModel,
  settings: Record<string, unknown>,
  fileName: string,
): void {
  for (const [key, value] of Object.entries(settings)) {
    const stored = (model as Record<string, unknown>)[key];
    if (isDeepStrictEqual(value, stored)) continue;
    throw new UserError(
      `${fileName}: model.${key}: expected ${stored === undefined ? 'no such setting' : JSON.stringify(stored)}, as in ` +
        `${file}, which the run starts from, got ${JSON.stringify(value)}. Leave the model out of the config.`,
    );
  }
}

function wordsOf(model: ModelConfig): string {
  if (model.kind === 'vector') return inWords({ kind: 'vector', shape: [model.dim] });
  const { height, width, channels, levels } = model;
  return inWords({ kind: 'image', shape: [height, width, channels], levels });
}

function inWords({ kind, shape, levels = 256 }: Pick<Shape, 'kind' | 'shape' | 'levels'>): string {
  return kind === 'vector'
    ? `rows of ${shape[0]} numbers`
    : `images of ${shape.join('×')} with ${levels} levels`;
}
