/**
 * For normflows: MultiscaleFlow of GlowBlocks. The library counts levels and blocks from latent to data, so our first level is its
 * last; each ends, as it counts, with a squeeze.
 */
import { logsFactor } from '../../../config/image-layers';
import type { ImageModelConfig } from '../../../config/schema';
import type { NdArray } from '../../../protocol/tensors';
import { python } from '../../export-to/activations';
import { columnsOf, headsOf, together, type Output } from '../../export-to/conditioned';
import {
  glowLevels,
  glowLevelsWords,
  type GlowLevel,
  type GlowStep,
  type NamedLayer,
} from '../../export-to/glow-levels';
import { imageInputNote } from '../../export-to/image-input';
import {
  Misfits,
  floats,
  renamed,
  zerosAndOnes,
  type StateDict,
  type Tensors,
} from '../../export-to/state-dict';
import { readMlp, sequentialTensors, valuesOf, withOutputs, type Dense } from '../../export-to/nets';
import { firstHalf } from '../../import/image-chain';
import { convolutionNames, permuteAxes, under } from '../../import/names';
import { actNormTable } from './glow';

type Net = Extract<GlowStep['coupling']['net'], { kind: 'convolutions' }>;

/** The library's couplings compute (x − shift)·scale towards latents, or additive ones x − shift. */
interface Form {
  scaleMap: 'exp' | 'sigmoid' | 'sigmoid_inv';
  /** Signs of what the network gives. */
  shift: 1 | -1;
  scale: 1 | -1;
}

/** Undefined where the library has no such coupling. */
function formOf({ transform, affine, scaleMap, scaleEpsilon }: ImageModelConfig): Form | undefined {
  if (transform === 'additive') return { scaleMap: 'exp', shift: -1, scale: 1 };
  const divides = affine === 'inverse-scale-then-shift';
  if (transform !== 'affine' || (!divides && affine !== 'shift-then-scale')) return undefined;
  const shift = divides ? 1 : -1;
  if (scaleMap === 'exp') return { scaleMap, shift, scale: shift };
  if (scaleMap !== 'sigmoid' || scaleEpsilon !== 0) return undefined;
  return { scaleMap: divides ? 'sigmoid_inv' : 'sigmoid', shift, scale: 1 };
}

/** @throws UserError naming the settings that normflows has no counterpart of */
export function normflowsGlowStateDict(model: ImageModelConfig, tensors: Tensors): StateDict {
  const { levels, form } = checked(model);
  const dict: StateDict['tensors'] = {};
  const bases: string[] = [];
  const flows: string[] = [];
  for (const [number, { steps, prior }] of levels.toReversed().entries()) {
    const lines: string[] = [];
    for (const [k, step] of steps.toReversed().entries()) {
      const at = `flows.${number}.${k}.`;
      Object.assign(dict, stepTensors(at, step, form, model, tensors));
      lines.push(blockLine(step));
    }
    flows.push(`[${lines.join(', ')}, nf.flows.Squeeze()]`);
    // All of the last level leaves, half of the others.
    const channels = steps[0]!.mixing.order.length / (number === 0 ? 1 : 2);
    const halvings = levels.length - number;
    const shape = [channels, model.height / 2 ** halvings, model.width / 2 ** halvings];
    const base = baseOf(`q0.${number}.`, prior, channels, tensors);
    Object.assign(dict, base.tensors);
    const classes = base.classes > 0 ? `, ${base.classes}` : '';
    bases.push(`nf.distributions.${base.kind}((${shape.join(', ')})${classes})`);
  }
  return {
    tensors: dict,
    build: buildText(model, form, bases, flows),
    notes: [imageInputNote(model), ...(model.context ? [classesNote] : [])],
  };
}

const classesNote = 'y of the library is the context as numbers of classes, or as it is: one-hot.';

function checked(model: ImageModelConfig): { levels: GlowLevel[]; form: Form } {
  const misfits = new Misfits(
    'normflows',
    'Flows that come from its files, and were trained on, are written.',
  );
  const form = formOf(model);
  const { transform, affine, scaleMap, scaleEpsilon } = model;
  misfits.check(
    form !== undefined,
    'transform, affine, scaleMap and scaleEpsilon',
    [transform, affine, scaleMap, scaleEpsilon],
    '"additive", or "affine" with "shift-then-scale" or "inverse-scale-then-shift" and "exp" or "sigmoid" with 0',
  );
  misfits.only('pad', model.pad, 0);
  const levels = glowLevels(model.layers);
  misfits.check(levels !== undefined, 'layers', model.layers ? 'another chain' : 'none', glowLevelsWords);
  for (const { steps, prior } of levels ?? []) {
    misfits.check(prior?.kernel === undefined, 'kernel of a prior', prior?.kernel, 'none');
    if (model.context) misfits.check(prior?.seesContext === true, 'seesContext of a prior', false, 'true');
    for (const { coupling } of steps) checkCoupling(misfits, coupling);
  }
  misfits.finish();
  return { levels: levels!, form: form! };
}

function checkCoupling(misfits: Misfits, { name, mask, net, scaleMap }: NamedLayer<'coupling'>): void {
  misfits.check(isFirst(mask) || isFirst(mask.map((bit) => 1 - bit)), `mask of ${name}`, mask, 'a half');
  misfits.check(scaleMap === undefined, `scaleMap of ${name}`, scaleMap, 'undefined');
  const { kernels, widths, activation, padding } = net.kind === 'convolutions' ? net : ({} as Partial<Net>);
  const fits =
    kernels?.join() === '3,1,3' &&
    widths![0] === widths![1] &&
    padding === 'zeros' &&
    (activation === 'relu' || activation === 'leaky-relu');
  misfits.check(
    fits,
    `net of ${name}`,
    net,
    'convolutions with kernels of 3, 1 and 3, of one width, with zeros beyond the edge, and "relu" or "leaky-relu"',
  );
}

const isFirst = (mask: readonly number[]): boolean => mask.join() === firstHalf(mask.length).join();

function blockLine({ coupling: { mask, net } }: GlowStep): string {
  const { widths, activation, slope } = net as Net;
  const leaky = activation === 'leaky-relu' ? slope : 0;
  return `block(${mask.length}, ${widths[0]}, "channel${isFirst(mask) ? '' : '_inv'}", ${leaky})`;
}

function stepTensors(
  at: string,
  { actNorm, mixing, coupling }: GlowStep,
  form: Form,
  model: ImageModelConfig,
  tensors: Tensors,
): StateDict['tensors'] {
  const values = (part: string): Float32Array => valuesOf(tensors, `${mixing.name}.${part}`).data;
  const size = mixing.order.length;
  const square = [size, size];
  const convolutions = networkOf(coupling, form, model, tensors);
  return {
    ...renamed(tensors, under(at, `${actNorm.name}.`, actNormTable)),
    // Else the library would set both from the first batch that it sees.
    [`${at}flows.2.data_dep_init_done`]: floats([], Float32Array.of(1)),
    [`${at}flows.1.P`]: zerosAndOnes(size, (row, column) => mixing.order[row] === column),
    [`${at}flows.1.L`]: floats(square, values('lower')),
    [`${at}flows.1.U`]: floats(square, values('upper')),
    [`${at}flows.1.log_S`]: floats([size], values('logDiagonal')),
    [`${at}flows.1.sign_S`]: floats([size], Float32Array.from(mixing.signs)),
    [`${at}flows.1.eye`]: zerosAndOnes(size, (row, column) => row === column),
    ...sequentialTensors(`${at}flows.0.flows.1.param_map.net`, convolutions, convolutionNames),
  };
}

/** The last convolution takes in its scale, and gives shift and scale of a channel in turn. */
function networkOf(
  { name, mask, net }: NamedLayer<'coupling'>,
  form: Form,
  model: ImageModelConfig,
  tensors: Tensors,
): Dense[] {
  const path = `${name}.net`;
  const convolutions = readMlp(tensors, path);
  const transformed = mask.map((_, i) => i).filter((i) => mask[i] === 0);
  const outputs = together(transformed, model.transform === 'additive' ? ['shift'] : ['shift', 'scale']).map(
    (output): Output => ({ ...output, times: output.of === 'shift' ? form.shift : form.scale }),
  );
  const last = convolutions.length - 1;
  const logs = (net as Net).scaled ? valuesOf(tensors, `${path}.${last}.logs`).data : undefined;
  const columns = columnsOf({ heads: headsOf({ ...model, nets: 'joint' }, transformed) }, outputs).map(
    (column) => {
      if (column === 'zero' || !logs) return column;
      return { ...column, times: (column.times ?? 1) * Math.exp(logsFactor * logs[column.from]!) };
    },
  );
  return convolutions.map((convolution, i) => (i === last ? withOutputs(convolution, columns) : convolution));
}

/** Base of the latents that leave: a standard normal where nothing is learned. */
function baseOf(
  at: string,
  prior: NamedLayer<'prior'> | undefined,
  channels: number,
  tensors: Tensors,
): { kind: string; classes: number; tensors: StateDict['tensors'] } {
  const part = (name: string) => (prior ? valuesOf(tensors, `${prior.name}.${name}`) : undefined);
  const [mean, deviation] = [part('mean'), part('logDeviation')];
  const seen = prior?.seesContext ? [part('meanOfContext')!, part('logDeviationOfContext')!] : undefined;
  const classes = seen?.[0]!.shape[0] ?? 0;
  if (prior?.of === 'values' && seen) {
    // For one-hot classes, each has the sum of the shared values and its own.
    const whole = (values: NdArray<Float32Array>, common: NdArray<Float32Array>) => {
      const { shape, data } = permuteAxes(
        { ...values, data: values.data.map((x, i) => x + common.data[i % common.data.length]!) },
        [3, 1, 2, 0],
      );
      return floats(shape, data);
    };
    return {
      kind: 'ClassCondDiagGaussian',
      classes,
      tensors: { [`${at}loc`]: whole(seen[0]!, mean!), [`${at}log_scale`]: whole(seen[1]!, deviation!) },
    };
  }
  if (prior?.of === 'values') {
    const whole = (values: NdArray<Float32Array>) => {
      const { shape, data } = permuteAxes(values, [2, 0, 1]);
      return floats([1, ...shape], data);
    };
    return {
      kind: 'DiagGaussian',
      classes,
      tensors: { [`${at}loc`]: whole(mean!), [`${at}log_scale`]: whole(deviation!) },
    };
  }
  const zeros = new Float32Array(channels);
  const each = (values: Float32Array = zeros) => floats([1, channels, 1, 1], values);
  return {
    kind: 'GlowBase',
    classes,
    tensors: {
      ...(seen && {
        [`${at}loc_cc`]: floats([...seen[0]!.shape], seen[0]!.data),
        [`${at}log_scale_cc`]: floats([...seen[1]!.shape], seen[1]!.data),
      }),
      [`${at}loc`]: each(mean?.data),
      [`${at}loc_logs`]: each(),
      [`${at}log_scale`]: each(deviation?.data),
      [`${at}log_scale_logs`]: each(),
    },
  };
}

function buildText(
  { transform, context }: ImageModelConfig,
  { scaleMap }: Form,
  bases: readonly string[],
  flows: readonly string[],
): string {
  return [
    'import normflows as nf',
    '',
    'def block(channels, hidden, split_mode, leaky):',
    '    return nf.flows.GlowBlock(',
    `        channels, hidden, scale=${python(transform !== 'additive')}, scale_map="${scaleMap}",`,
    '        split_mode=split_mode, leaky=leaky,',
    '    )',
    '',
    '# From latent to data',
    'bases = [',
    ...bases.map((base) => `    ${base},`),
    ']',
    'flows = [',
    ...flows.map((level) => `    ${level},`),
    ']',
    'merges = [nf.flows.Merge() for _ in flows[1:]]',
    `flow = nf.MultiscaleFlow(bases, flows, merges, class_cond=${python(context !== undefined)})`,
  ].join('\n');
}
