/**
 * The RealNVP of keras.io's examples (Real NVP, density estimation): each coupling is a Keras model of two stacks of Dense
 * layers for t and s, which see the masked features. From data to latent it runs its couplings from the last to the
 * first, each (x − t)·e⁻ˢ with s = tanh u. A file has the layers by their place in the graph, from first to last, and the
 * names that they were given when they were made, t's before s's.
 */
import { entryOf } from '../../../base/kept';
import { chainImporter, maskOf } from '../../import/chain-importer';
import { hiddenWords, otherSize, type FileModule } from '../../import/modules';
import { activationChoice, activationOf, choice, chosen } from '../../import/questions';
import { underNames, type Recognizer, type TensorFile } from '../../import/types';
import { refuse } from '../../import/unread';

const activationQuestion = activationChoice('relu');

/** Question about the masks, for more than two features; the example has two. */
const maskQuestion = choice(
  'masks',
  'Masks of the couplings',
  'The `masks` attribute, which a file does not hold: which features pass through the first coupling; the next ones alternate.',
  {
    odd: 'features 2, 4, …: [0, 1, 0, 1, …]',
    even: 'features 1, 3, …: [1, 0, 1, 0, …]',
    'second-half': 'the second half: [0, …, 0, 1, …, 1]',
    'first-half': 'the first half: [1, …, 1, 0, …, 0]',
  },
);

const list = 'layers_list';

/** A Dense layer's kernel or bias, by the model it is in. Keras 3 has `vars`, Keras 2 names with a `:0`. */
const denseName =
  /^(?:[^/]+\/)*?((?:functional|model)(?:_(\d+))?)\/(?:layers\/)?(dense(?:_(\d+))?)\/(?:(vars)\/([01])|(?:[^/]+\/)*(kernel|bias)(?::0)?)$/;

interface Dense {
  /** Place in the model. */
  place: number;
  /** Number of its name, by when it was made; undefined where the file does not have it. */
  made: number | undefined;
  parts: Map<'kernel' | 'bias', string>;
}

/** The number at the end of a name that Keras gives: "dense" is the first, "dense_1" the second. */
const numberOf = (digits: string | undefined): number => Number(digits ?? 0);

/** The file with new names for its networks: "layers_list.0.t.2.kernel"; the names of other layers stay as they are. */
function withNetworks(file: TensorFile): TensorFile {
  const models = new Map<number, Map<string, Dense>>();
  const others: string[] = [];
  for (const name of file.tensors.keys()) {
    const match = denseName.exec(name);
    if (!match) {
      others.push(name);
      continue;
    }
    const [, , model, dense, place, vars, index, part] = match;
    const layers = entryOf(models, numberOf(model), () => new Map<string, Dense>());
    const extra = file.extras[name.slice(0, name.lastIndexOf('/'))];
    const layerName = vars === undefined ? dense : typeof extra === 'string' ? extra : undefined;
    const made = layerName === undefined ? undefined : /^.*?(?:_(\d+))?$/.exec(layerName)?.[1];
    const layer = entryOf(layers, dense!, () => ({
      place: numberOf(place),
      made: layerName === undefined ? undefined : numberOf(made),
      parts: new Map(),
    }));
    layer.parts.set(
      part === undefined ? (index === '0' ? 'kernel' : 'bias') : (part as 'kernel' | 'bias'),
      name,
    );
  }
  const originals = new Map<string, string>(others.map((name) => [name, name]));
  const sorted = [...models].sort(([a], [b]) => a - b);
  for (const [coupling, [, layers]] of sorted.entries()) {
    for (const [name, { parts }] of namedLayers([...layers.values()])) {
      for (const [part, original] of parts) originals.set(`${list}.${coupling}.${name}.${part}`, original);
    }
  }
  return { ...file, ...underNames(file, originals) };
}

/** By when they were made, t's network and then s's; by place they take turns, with s's first. */
function namedLayers(layers: readonly Dense[]): [name: string, layer: Dense][] {
  const depth = layers.length / 2;
  if (layers.every(({ made }) => made !== undefined)) {
    return layers
      .toSorted((a, b) => a.made! - b.made!)
      .map((layer, i) => [i < depth ? `t.${i}` : `s.${i - Math.ceil(depth)}`, layer]);
  }
  return layers
    .toSorted((a, b) => a.place - b.place)
    .map((layer, i) => [`${i % 2 === 0 ? 's' : 't'}.${Math.floor(i / 2)}`, layer]);
}

type Coupling = ReturnType<typeof readStep>;

/** Widths of the layers of a network from its inputs on; others are refused. */
function widthsOf(file: TensorFile, at: string, layers: number): number[] {
  const widths: number[] = [];
  for (let i = 0; i < layers; i++) {
    const kernel = file.tensors.get(`${at}.${i}.kernel`)?.shape;
    const bias = file.tensors.get(`${at}.${i}.bias`)?.shape;
    if (kernel?.length !== 2 || bias?.length !== 1 || bias[0] !== kernel[1])
      refuse(`${at}.${i} is not a Dense layer`);
    if (i > 0 && kernel[0] !== widths.at(-1)) refuse(`${at}.${i} does not fit the layer before it`);
    if (i === 0) widths.push(kernel[0]!);
    widths.push(kernel[1]!);
  }
  return widths;
}

function readStep({ file, at, rests }: FileModule) {
  const layers = rests.length / 4;
  if (!Number.isInteger(layers)) refuse(`${at} has not as many layers for s as for t`);
  const s = widthsOf(file, `${at}.s`, layers);
  const t = widthsOf(file, `${at}.t`, layers);
  const features = s[0]!;
  if (s.at(-1) !== features) refuse(`${at} is not a network from ${features} features to ${features}`);
  if (t.join() !== s.join()) refuse(`${at} has other widths for t than for s`);
  const hidden = s.slice(1, -1);
  const number = Number(at.slice(at.lastIndexOf('.') + 1));
  return { at, features, number, hidden, alike: { [otherSize]: hidden.join() } };
}

const chain = chainImporter<Coupling, Coupling>({
  name: 'RealNVP of keras.io',
  list,
  lacks: 'functional/layers/dense of each coupling',
  readStep,
  gap: (at) => refuse(`${at}, which has no Dense layers`),
  title: ({ couplings, first }) =>
    `${couplings.length} couplings, networks s and t ${hiddenWords(first.hidden)}`,
  questions: ({ features }) => [activationQuestion, ...(features > 2 ? [maskQuestion] : [])],
  model: ({ first }, answers) => ({
    hidden: first.hidden,
    nets: 'separate',
    conditioning: 'masked',
    activation: activationOf(answers, activationQuestion),
    affine: 'inverse-scale-then-shift',
    scaleMap: 'tanh-scalar',
  }),
  order: ({ steps }) => steps.toReversed(),
  layers({ at, number, hidden }, { features }, answers) {
    const masks =
      features > 2 ? chosen<'odd' | 'even' | 'second-half' | 'first-half'>(answers, maskQuestion) : 'odd';
    const inFirst = (i: number): boolean => (masks.endsWith('half') ? i < features / 2 : i % 2 === 0);
    const first = masks === 'even' || masks === 'first-half';
    return {
      at,
      layer: maskOf(features, (i) => inFirst(i) === (number % 2 === 0 ? first : !first)),
      table: (['s', 't'] as const).flatMap((net) =>
        [...hidden, features].flatMap((_, i) =>
          (['kernel', 'bias'] as const).map((part) => ({
            library: `${at}.${net}.${i}.${part}`,
            flowscope: `${net === 's' ? 'scaleNet' : 'shiftNet'}.${i}.${part === 'kernel' ? 'weight' : 'bias'}`,
            transform: 'same' as const,
          })),
        ),
      ),
      adapt(tensors, name) {
        // Keras' tanh has no factor; ours is learned, and starts at 1 if the training goes on.
        tensors[`${name}.scale`] = { shape: [1], data: Float32Array.of(1) };
      },
    };
  },
});

const isKeras = ({ container }: TensorFile): boolean => container === 'keras' || container === 'hdf5';

export const keras: Recognizer = {
  name: chain.name,
  read: (file) =>
    isKeras(file) ? chain.read(withNetworks(file)) : { share: 0, missing: ['a file of Keras'] },
};
