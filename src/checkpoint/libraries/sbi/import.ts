/**
 * sbi's FMPE: a vector field with the network VectorFieldMLP. Flows of nflows and zuko in posteriors of sbi are read as theirs.
 * NPSE leaves the same names; only the class in a pickle tells them apart.
 */
import { range } from '../../../base/order';
import { rowsAt } from '../../../base/rows';
import { several, UserError } from '../../../base/user-error';
import type { FieldLayer } from '../../../config/field-layer';
import type { ImportQuestion } from '../../../protocol/import';
import { chainFlow, fixedNormal, type OurLayer } from '../../import/chain-importer';
import { contextFacts, contextPart, contextQuestions, readContextNet } from '../../import/context-net';
import { fieldOf, fieldQuestions, tooManyForField } from '../../import/fields';
import { activationFact } from '../../import/module-facts';
import { lengthOf } from '../../import/modules';
import { linearNames, normNames, libraryNames, under, type Renaming } from '../../import/names';
import { activationChoice, activationOf, choice, chosen } from '../../import/questions';
import { recordSbiField } from '../../import/signatures';
import type { ModuleFact, Recognizer, TensorFile } from '../../import/types';
import { lastName, type PythonModule } from '../../pickle/python-object';
import { readOrWhy } from '../../import/unread';

const activationQuestion = activationChoice('gelu');

const estimatorQuestion: ImportQuestion = {
  ...choice(
    'estimator',
    'Kind of estimator',
    'FMPE and NPSE leave the same tensors, and one taken for the other gives wrong numbers. A posterior that was saved as a whole says it.',
    { FMPE: 'FMPE', NPSE: 'NPSE, which is not read' },
  ),
  required: true,
};

const skipsQuestion = choice(
  'skipConnections',
  'Skip connections',
  'Whether each layer of the network adds what it takes; it has no tensors.',
  { true: 'yes', false: 'no' },
);

const baselineQuestion = choice(
  'gaussianBaseline',
  'Gaussian baseline',
  'Whether the network gives what comes on top of the velocity of normal data (gaussian_baseline); it has no tensors.',
  { false: 'no', true: 'yes' },
);

/** Its smooth networks are solved to some 2e-5 by these, and graphs of many steps of five layers take long to compile. */
const usualSteps = 4;

const statistics = ['mean_0', 'std_0', '_mean_base', '_std_base'];
/** Before the field where the last one is true; sbi before 0.27 has none of them. */
const affine = ['_theta_shift', '_theta_scale', '_compose_standardization'];
const [sinusoidal, fourier] = ['net.time_emb.div_term', 'net.time_emb.W'];

const flowscopeNames = {
  ...{ input_layer: 'input', condition_layer: 'context', input_merge_layer: 'merge' },
  ...{ time_linear_layer: 'time', output_layer: 'output' },
};

function read(file: TensorFile) {
  const names = [...file.tensors.keys()];
  const sizesOf = (layer: string) => file.tensors.get(`net.${layer}.weight`)?.shape ?? [];
  const [features = 0, ...others] = statistics.map((name) => lengthOf(file, name));
  const [[width, inputs], [, seen]] = [sizesOf('input_layer'), sizesOf('condition_layer')];
  const times = [sinusoidal, fourier].find((name) => file.tensors.has(name));
  const context = readOrWhy(() => readContextNet(file));
  if (inputs !== features || others.some((length) => length !== features) || tooManyForField(features))
    return undefined;
  const layers = names.filter((name) => /^net\.layers\.\d+\.weight$/.test(name)).length;
  if (!width || !seen || !layers || !times || typeof context === 'string') return undefined;
  const norm = names.includes('net.layers_norm.0.weight');
  const linears = [
    ...Object.entries(flowscopeNames),
    ...range(layers).map((i) => [`layers.${i}`, `layers.${i}`]),
  ];
  const table: Renaming[] = [
    ...linears.flatMap(([library, flowscope]) => under(`net.${library}.`, `net.${flowscope}.`, linearNames)),
    ...range(norm ? layers : 0).flatMap((i) =>
      under(`net.layers_norm.${i}.`, `net.layers.${i}.norm.`, normNames),
    ),
  ];
  const known = new Set([...table.flatMap(libraryNames), ...statistics, ...affine, times]);
  if (names.filter((name) => !known.has(name)).length !== context.count) return undefined;
  return { features, width, seen, times, layers, norm, table, contextNet: context.net };
}

export const sbi: Recognizer = {
  name: 'sbi',
  modules: (modules) => [...modules.flatMap(factsOf), ...contextFacts(modules)],
  read(file) {
    const plan = read(file);
    // Signatures name the fields with other networks.
    if (!plan) return { share: 0, missing: [] };
    const { features, width, seen, times, layers, norm, table, contextNet } = plan;
    return {
      title: `sbi, vector field (FMPE), ${features} features given ${seen} numbers, a network of ${several(layers, 'layer')} of ${width}`,
      questions: [
        ...[estimatorQuestion, activationQuestion, skipsQuestion, baselineQuestion],
        ...contextQuestions(contextNet),
        ...fieldQuestions(usualSteps),
      ],
      async convert(answers) {
        if (chosen(answers, estimatorQuestion) === 'NPSE')
          throw new UserError(
            `${file.file}: is of NPSE, a diffusion, which Flowscope does not read. ${recordSbiField}`,
          );
        const values = async (name: string) => [...(await file.read(name)).data];
        const [mean, std, loc, scale, waves] = await Promise.all([...statistics, times].map(values));
        const [isFourier, half] = [times === fourier, waves!.length];
        // Only a model that was saved as a whole says when x is data and noise.
        const timeOf = (attribute: string, usual: number): number =>
          Number(file.modules?.[0]?.object.get(attribute) ?? usual);
        const layer: FieldLayer = {
          ...fieldOf(answers, { data: timeOf('t_min', 0), noise: timeOf('t_max', 1) }),
          frequencies: isFourier ? waves!.map((turns) => 2 * Math.PI * turns) : waves!,
          net: {
            ...{ kind: 'sbi', width, layers, norm, mean: mean!, std: std!, slope: 0.01 },
            activation: activationOf(answers, activationQuestion),
            skips: chosen(answers, skipsQuestion) === 'true',
            baseline: chosen(answers, baselineQuestion) === 'true',
          },
        };
        const field: OurLayer = {
          ...{ at: 'net', layer, table },
          adapt(tensors, name) {
            const { shape, data } = tensors[`${name}.net.time.weight`]!;
            // Ours sees all cosines, then all sines; sbi sines first, or a sine and a cosine in turn.
            const places = range(2 * half).map((i) => {
              if (isFourier) return (i + half) % (2 * half);
              return i < half ? 2 * i + 1 : 2 * (i - half);
            });
            tensors[`${name}.net.time.weight`] = { shape, data: rowsAt(data, width, places) };
          },
        };
        const before = file.tensors.has(affine[0]!) ? affineLayer(await Promise.all(affine.map(values))) : [];
        const { fields, tensors } = await contextPart(file, seen, contextNet, answers);
        const base = fixedNormal(Float32Array.from(loc!), Float32Array.from(scale!));
        const parts = { features, layers: [...before, field], fields: { context: seen, ...fields }, base };
        return chainFlow(file, parts, tensors);
      },
    };
  },
};

/** What stands before the field, if it is on. */
function affineLayer([shift, scale, isOn]: readonly (readonly number[])[]): OurLayer[] {
  const [ofScale, ofShift] = [scale!.map((std) => 1 / std), shift!.map((mean, i) => -mean / scale![i]!)];
  const layer = { kind: 'rescale' as const, scale: ofScale, shift: ofShift };
  return isOn![0] === 1 ? [{ at: '_theta_scale', layer }] : [];
}

/** What a model that was saved as a whole says of itself. */
function factsOf({ name, object }: PythonModule): ModuleFact[] {
  const kind = lastName(object);
  const flag = (attribute: string, key: string): ModuleFact[] => {
    const value = object.get(attribute);
    return typeof value === 'boolean' ? [{ key, value: String(value) }] : [];
  };
  if (kind === 'FlowMatchingEstimator')
    return [{ key: 'estimator', value: 'FMPE' }, ...flag('gaussian_baseline', 'gaussianBaseline')];
  if (kind?.endsWith('ScoreEstimator')) return [`an estimator by flow matching (the file has a ${kind})`];
  if (kind === 'VectorFieldMLP') return flag('skip_connections', 'skipConnections');
  return name === 'net.activation' ? activationFact(object) : [];
}
