/**
 * The RealNVP of senya-ashukha/real-nvp-pytorch's notebook: networks `s.i` and `t.i` of all features, masked by row i of
 * `mask`. From data to latent it runs its couplings from the last to the first, each (x − t)·e⁻ˢ.
 */
import { entryOf } from '../../../base/kept';
import { UserError } from '../../../base/user-error';
import { chainImporter, maskOf, type Chain, type Values } from '../../import/chain-importer';
import { FileModule, hiddenWords, linearStack, sizesOf, stackNames } from '../../import/modules';
import { activationChoice, activationOf, choice, chosen } from '../../import/questions';
import { refuse } from '../../import/unread';

const activationQuestion = activationChoice('leaky-relu');

const outputQuestion = choice(
  'scaleOutput',
  'Last function of the scale networks',
  'The last module of the networks s, which has no tensors. With another one all numbers are wrong.',
  { tanh: 'Tanh (as in the notebook)', none: 'none' },
);

type Coupling = ReturnType<typeof readStep>;

const listName = 's';
const endOf = (at: string): number => at.lastIndexOf(`${listName}.`);

function readStep(module: FileModule) {
  const { file, prefix: at, rests } = module;
  const root = at.slice(0, endOf(at));
  const row = Number(at.slice(endOf(at) + listName.length + 1, -1));
  const tAt = `${root}t.${row}.`;
  const isFactor = (rest: string): boolean => /^\d+\.scale$/.test(rest);
  const s = linearStack(module.filtered((rest) => !isFactor(rest)));
  const t = linearStack(new FileModule(file, tAt, rests).filtered((rest) => file.tensors.has(tAt + rest)));
  const features = s.widths[0]!;
  if (s.widths.at(-1) !== features) refuse(`${at} is not a network from ${features} features to ${features}`);
  if (t.widths.join() !== s.widths.join()) refuse(`${tAt} has other widths than ${at}`);
  const masks = `${root}mask`;
  const shape = file.tensors.get(masks)?.shape;
  if (shape?.length !== 2 || shape[1] !== features || shape[0]! <= row)
    refuse(`${masks} has no row ${row} of ${features} features`);
  const factor = rests.find(isFactor);
  if (factor !== undefined && factor !== `${(s.numbers.at(-1) ?? 0) + 2}.scale`)
    refuse(`${at}${factor} is not the factor of the last function`);
  return {
    at: module.at,
    features,
    s,
    t,
    /** Name of the factor of tanh, where it was trained further: the network of s ends in a module that has it. */
    factor: factor === undefined ? undefined : at + factor,
    /** Name of the masks of all couplings, of which this row is its own. */
    masks,
    row,
    alike: sizesOf(s),
  };
}

const readMasks = new WeakMap<Chain<Coupling, Coupling>, Promise<Values>>();

async function conditions(chain: Chain<Coupling, Coupling>, { masks, row }: Coupling): Promise<Float32Array> {
  const { file, features } = chain;
  const reading = entryOf(readMasks, chain, () => file.read(masks));
  const mask = (await reading).data.subarray(row * features, (row + 1) * features);
  const other = mask.find((value) => value !== 0 && value !== 1);
  if (other !== undefined) {
    throw new UserError(
      `${file.file}: ${masks} has ${other} in row ${row}; expected 1 where a feature passes through, and 0 where it moves.`,
    );
  }
  if (!mask.includes(0) || !mask.includes(1)) {
    throw new UserError(
      `${file.file}: ${masks} has only ${mask[0]} in row ${row}; expected at least one 1 and one 0, since features ` +
        `move given others.`,
    );
  }
  return mask;
}

export const senya = chainImporter<Coupling, Coupling>({
  name: 'senya-ashukha/real-nvp-pytorch',
  list: listName,
  lacks: 's.0.0.weight, t.0.0.weight and mask',
  readStep,
  gap: (at) => refuse(`${at}, which has no tensors`),
  beside(file, { prefix, others }) {
    const root = prefix.slice(0, endOf(prefix));
    const nets = others.filter((name) => name.startsWith(`${root}t.`));
    const alone = nets.find((name) => !file.tensors.has(`${prefix}${name.slice(root.length + 2)}`));
    return {
      names: [...nets, ...others.filter((name) => name === `${root}mask`)],
      missing: alone ? [`${prefix}${alone.slice(root.length + 2)} as a counterpart of ${alone}`] : [],
    };
  },
  title: ({ couplings, first }) =>
    `${couplings.length} couplings, networks s and t ${hiddenWords(first.s.hidden)}`,
  questions: () => [activationQuestion, outputQuestion],
  model: ({ first }, answers) => ({
    hidden: first.s.hidden,
    nets: 'separate',
    conditioning: 'masked',
    activation: activationOf(answers, activationQuestion),
    affine: 'inverse-scale-then-shift',
    scaleMap: chosen(answers, outputQuestion) === 'tanh' ? 'tanh-scalar' : 'exp',
  }),
  order: ({ steps }) => steps.toReversed(),
  async layers(step, chain, answers) {
    const mask = await conditions(chain, step);
    return {
      at: step.at,
      layer: maskOf(chain.features, (i) => mask[i] === 1),
      table: [...stackNames(step.s, 'scaleNet.'), ...stackNames(step.t, 'shiftNet.')],
      async adapt(tensors, name) {
        if (chosen(answers, outputQuestion) !== 'tanh') return;
        // The notebook's tanh has no factor; ours is learned, and starts at 1 if the training goes on.
        const data = step.factor === undefined ? [1] : (await chain.file.read(step.factor)).data;
        tensors[`${name}.scale`] = { shape: [1], data: Float32Array.from(data) };
      },
    };
  },
});
