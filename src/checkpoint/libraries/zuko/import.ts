/**
 * zuko's NICE and RealNVP: data to latent, x·eˢ + t with a softly clipped s, a network that sees the features that
 * condition and gives (shift, scale) of each that moves in turn.
 */
import {
  chainImporter,
  readMask,
  readOrder,
  type CouplingStep,
  type StepOf,
} from '../../import/chain-importer';
import {
  hiddenWords,
  lengthOf,
  linearStack,
  sizesOf,
  stackNames,
  type LinearStack,
} from '../../import/modules';
import { activationOf, activationQuestion } from '../../import/questions';

interface Coupling extends CouplingStep {
  kind: 'coupling';
  stack: LinearStack;
}

export const zuko = chainImporter<Coupling, StepOf<'permute'>>({
  name: 'zuko',
  list: 'transform.transforms',
  lacks: 'transform.transforms.0.mask',
  readStep(file, at, rests) {
    const name = at.slice(0, -1);
    // An UnconditionalTransform of a PermutationTransform keeps its order under this name.
    if (rests.join() === '_0' && lengthOf(file, `${at}_0`) !== undefined) {
      return { kind: 'permute', at: name, features: lengthOf(file, `${at}_0`) };
    }
    const mask = file.tensors.get(`${at}mask`)?.shape;
    if (mask?.length !== 1) return `${at}mask of a coupling`;
    const features = mask[0]!;
    const inner = rests.filter((rest) => rest !== 'mask');
    const strange = inner.find((rest) => !rest.startsWith('hyper.'));
    if (strange) return `${at}${strange} is not known`;
    const stack = linearStack(
      file,
      `${at}hyper.`,
      inner.map((rest) => rest.slice('hyper.'.length)),
    );
    if (typeof stack === 'string') return stack;
    const [conditioning, outputs] = [stack.widths[0]!, stack.widths.at(-1)!];
    if (outputs !== 2 * (features - conditioning)) {
      return (
        `${at}hyper is a network from ${conditioning} to ${outputs}; an affine coupling of ` +
        `${features} features without context has 2 outputs for each feature that it does not take`
      );
    }
    return { kind: 'coupling', at: name, features, stack, alike: sizesOf(stack) };
  },
  gap: (at) => `${at} is a transform without tensors`,
  base: {
    prefix: 'base.',
    kind: 'DiagNormal',
    names: [
      { theirs: 'loc', ours: 'shift', transform: 'same' },
      { theirs: 'scale', ours: 'logScale', transform: 'same' },
    ],
    isScale: true,
  },
  title: ({ couplings, first }) =>
    `${couplings.length} couplings, networks ${hiddenWords(first.stack.hidden)}`,
  questions: () => [activationQuestion],
  model: ({ first }, answers) => ({
    hidden: first.stack.hidden,
    nets: 'joint',
    conditioning: 'selected',
    activation: activationOf(answers),
    affine: 'scale-then-shift',
    outputOrder: 'shift-scale',
    outputLayout: 'interleaved',
    scaleMap: 'soft-clip',
    scaleEpsilon: 1e-3,
  }),
  async layers(step, { file }) {
    const { at } = step;
    return step.kind === 'permute'
      ? [{ theirs: at, layer: await readOrder(file, `${at}._0`) }]
      : [{ theirs: at, layer: await readMask(file, `${at}.mask`), table: stackNames(step.stack, 'net.') }];
  },
});
