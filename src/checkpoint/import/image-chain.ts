/**
 * Importers of image flows that are chains of layers. A library says what a file's modules are and which of our layers they
 * become; sizes of images and pixels, which no such file says, are asked for all of them alike.
 */
import type { ImageLayerInput } from '../../config/image-layers';
import { parseStoredConfig } from '../../config/parse';
import type { ImageInput, ImageModelConfig, ModelInput } from '../../config/schema';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import { readLayers, type OurLayer } from './chain-importer';
import { levelsQuestion, sizeQuestions, answeredNumber } from './questions';
import { convolutionNames, under, type Renaming } from './names';
import type { Closeness, Recognizer, TensorFile } from './types';

export type ImageLayer = OurLayer<ImageLayerInput>;

export type ImageFields = Partial<Omit<ImageInput, 'kind' | 'height' | 'width' | 'channels' | 'layers'>>;

export interface ImagePlan {
  /** Channels of the images. */
  channels: number;
  /** How often height and width are halved. */
  halvings: number;
  /** Height and width, where the file tells them. */
  size?: readonly [number, number];
  /** Number of classes, where the context is a class; else 0 or absent. */
  classes?: number;
}

export interface ImageChainLibrary<Plan extends ImagePlan> extends Pick<Recognizer, 'name'> {
  /** The plan of a file, and the share of its names that it explains; what is missing, in words, where there is none. */
  read(file: TensorFile): { plan?: Plan } & Closeness;
  /** What comes after "NAME, " in the title. */
  title(plan: Plan): string;
  /** Questions besides the ones about sizes and levels. */
  questions(plan: Plan): ImportQuestion[];
  /** Default height and width. */
  side: number;
  levels?: number;
  /** What the config says of all layers. @param size height and width of the images */
  model(plan: Plan, answers: ImportAnswers, size: readonly [number, number]): ImageFields;
  /** From data to latent. */
  layers(plan: Plan, file: TensorFile, answers: ImportAnswers): Promise<ImageLayer[]>;
}

export function imageChainImporter<Plan extends ImagePlan>(library: ImageChainLibrary<Plan>): Recognizer {
  const sizes = ({ halvings }: Plan) =>
    sizeQuestions({ unit: 2 ** halvings, why: `the flow halves it ${halvings} times`, size: library.side });
  const levels = levelsQuestion(library.levels);

  return {
    name: library.name,
    read(file) {
      const { plan, share, missing } = library.read(file);
      if (!plan || missing.length > 0) return { share, missing };
      const size = sizes(plan);
      return {
        title: `${library.name}, ${library.title(plan)}`,
        questions: [...(plan.size ? [] : size.questions), levels, ...library.questions(plan)],
        async convert(answers) {
          const layers = await library.layers(plan, file, answers);
          const read = await readLayers(file, layers);
          const sizeFields = size.fields(answers);
          const [height, width] = plan.size ?? [sizeFields.height, sizeFields.width];
          const model: ModelInput = {
            kind: 'image',
            ...{ height, width, channels: plan.channels },
            levels: answeredNumber(answers, levels),
            ...library.model(plan, answers, [height, width]),
            layers: layers.map(({ layer }) => layer),
          };
          return {
            model: parseStoredConfig({ model }, file.file).model as ImageModelConfig,
            ...read,
            contextIsClass: (plan.classes ?? 0) > 0,
          };
        },
      };
    },
  };
}

/** What Glow's couplings do: (x + t)·sigmoid(s + 2), or x + t. @param outputs where a network has both */
export const glowMap = (
  affine: boolean,
  outputs: Pick<ImageFields, 'outputOrder' | 'outputLayout'>,
): ImageFields =>
  affine
    ? { affine: 'shift-then-scale', ...outputs, scaleMap: 'sigmoid', scaleEpsilon: 0 }
    : { transform: 'additive' };

/** Names of Glow's convolutions that begin at zero. @param logs name of the logarithms of their scales */
export const zeroConvolutionTable = (logs: string): Renaming[] => [
  ...under('conv.', '', convolutionNames),
  { library: logs, flowscope: 'logs', transform: 'flat' },
];

/** A bit for each channel: the first half conditions. */
export function firstHalf(channels: number): (0 | 1)[] {
  return Array.from({ length: channels }, (_, i) => (i < channels / 2 ? 1 : 0));
}

/** Prefix of a flow's names, by the first name that ends like this. */
export function prefixOf({ tensors }: TensorFile, anchor: string): string | undefined {
  return [...tensors.keys()].find((name) => name.endsWith(anchor))?.slice(0, -anchor.length);
}

/** Names and shapes below a prefix, which ends in a dot. */
export type ExpectedTensors = readonly [prefix: string, shapes: Readonly<Record<string, readonly number[]>>];

/** How far a file fits the names that a plan wants: what is lacking, in another shape, or left over. */
export function fitOf(file: TensorFile, parts: readonly ExpectedTensors[]): Closeness {
  const all = parts.flatMap(([prefix, shapes]) =>
    Object.entries(shapes).map(([name, shape]) => [prefix + name, shape] as const),
  );
  return fitOfNames(file, new Map(all));
}

/** The same of names whose shapes may be any. @param alsoKnown names of the file that may be there */
export function fitOfNames(
  file: TensorFile,
  expected: ReadonlyMap<string, readonly number[] | undefined>,
  alsoKnown: (name: string) => boolean = () => false,
): Closeness {
  const missing: string[] = [];
  for (const [name, shape] of expected) {
    const actual = file.tensors.get(name)?.shape;
    if (!actual) missing.push(name);
    else if (shape && actual.join() !== shape.join()) {
      missing.push(`${name} in the shape [${shape.join(', ')}] (it has [${actual.join(', ')}])`);
    }
  }
  const unknown = [...file.tensors.keys()].filter((name) => !expected.has(name) && !alsoKnown(name));
  const { size } = file.tensors;
  return {
    share: size === 0 ? 0 : (size - unknown.length) / size,
    missing: [...missing, ...unknown.map((name) => `a meaning for ${name}`)],
  };
}
