/**
 * zuko's NICE and RealNVP: data to latent, x·eˢ + t with a softly clipped s, a network that sees the features that
 * condition and gives (shift, scale) of each that moves in turn.
 */
import {
  beyondWords,
  gaps,
  hiddenWords,
  lengthOf,
  linearStack,
  moduleList,
  stackNames,
  tooMany,
  type LinearStack,
} from '../../import/modules';
import { readOurs } from '../../import/names';
import { activationOf, activationQuestion } from '../../import/questions';
import type { Recognized, Recognizer, TensorFile } from '../../import/types';
import { chainModel, layerNames, type ChainLayer } from '../../import/vector-chain';

interface Coupling {
  kind: 'coupling';
  number: number;
  stack: LinearStack;
}

interface Structure {
  prefix: string;
  steps: (Coupling | { kind: 'permute'; number: number })[];
  features: number;
  hidden: number[];
  base?: string;
}

function read(file: TensorFile): { structure?: Structure; share: number; missing: string[] } {
  const list = moduleList(file, 'transform.transforms');
  if (!list) return { share: 0, missing: ['transform.transforms.0.mask'] };
  const missing: string[] = [];
  const steps: Structure['steps'] = [];
  let fitting = 0;
  let features: number | undefined;
  for (const [number, rests] of list.modules) {
    const at = `${list.prefix}${number}.`;
    // An UnconditionalTransform of a PermutationTransform keeps its order under this name.
    if (rests.join() === '_0' && lengthOf(file, `${at}_0`) !== undefined) {
      steps.push({ kind: 'permute', number });
      fitting++;
      continue;
    }
    const mask = file.tensors.get(`${at}mask`)?.shape;
    if (mask?.length !== 1) {
      missing.push(`${at}mask of a coupling`);
      continue;
    }
    const inner = rests.filter((rest) => rest !== 'mask');
    const strange = inner.find((rest) => !rest.startsWith('hyper.'));
    if (strange) {
      missing.push(`${at}${strange} is not known`);
      continue;
    }
    const stack = linearStack(
      file,
      `${at}hyper.`,
      inner.map((rest) => rest.slice('hyper.'.length)),
    );
    if (typeof stack === 'string') {
      missing.push(stack);
      continue;
    }
    const conditioning = stack.widths[0]!;
    const moving = mask[0]! - conditioning;
    if (stack.widths.at(-1) !== 2 * moving) {
      missing.push(
        `${at}hyper is a network from ${conditioning} to ${stack.widths.at(-1)}; an affine coupling of ` +
          `${mask[0]} features without context has 2 outputs for each feature that it does not take`,
      );
      continue;
    }
    features ??= mask[0]!;
    if (mask[0] !== features) missing.push(`${at} is not of ${features} features`);
    steps.push({ kind: 'coupling', number, stack });
    fitting += rests.length;
  }
  for (const gap of gaps(list)) missing.push(`${list.prefix}${gap} is a transform without tensors`);
  missing.push(...beyondWords(list));
  const root = list.prefix.slice(0, -'transform.transforms.'.length);
  const known = [`${root}base.loc`, `${root}base.scale`];
  const baseTensors = list.others.filter((name) => name.startsWith(`${root}base.`));
  if (baseTensors.every((name) => known.includes(name))) fitting += baseTensors.length;
  else missing.push(`${root}base is not a DiagNormal`);
  const share = fitting / file.tensors.size;

  const couplings = steps.filter((step) => step.kind === 'coupling');
  const first = couplings[0];
  if (!first || features === undefined || missing.length > 0) return { share, missing };
  const wide = tooMany(features);
  if (wide) return { share, missing: [wide] };
  const hidden = first.stack.widths.slice(1, -1);
  for (const step of steps) {
    if (step.kind === 'permute' && lengthOf(file, `${list.prefix}${step.number}._0`) !== features) {
      missing.push(`${list.prefix}${step.number} is not of ${features} features`);
    }
  }
  for (const { number, stack } of couplings) {
    if (stack.widths.slice(1, -1).join() !== hidden.join()) {
      missing.push(
        `${list.prefix}${number} has a network of another size than ${list.prefix}${first.number}`,
      );
    }
  }
  if (missing.length > 0) return { share, missing };
  const base = baseTensors.length === 2 ? `${root}base.` : undefined;
  return { structure: { prefix: list.prefix, steps, features, hidden, base }, share, missing };
}

function recognized(file: TensorFile, { prefix, steps, features, hidden, base }: Structure): Recognized {
  const couplings = steps.filter(({ kind }) => kind === 'coupling').length;
  return {
    library: 'zuko',
    title: `zuko, ${features} features, ${couplings} couplings, networks ${hiddenWords(hidden)}`,
    questions: [activationQuestion],
    async convert(answers) {
      const chain: ChainLayer[] = [];
      for (const { kind, number } of steps) {
        if (kind === 'permute') {
          chain.push({ kind, order: [...(await file.read(`${prefix}${number}._0`)).data] });
        } else {
          const bits = [...(await file.read(`${prefix}${number}.mask`)).data];
          chain.push({ kind, mask: bits as (0 | 1)[] });
        }
      }
      const theirs = steps.map(({ number }) => `${prefix}${number}`);
      const [loc, scale] = base ? [await file.read(`${base}loc`), await file.read(`${base}scale`)] : [];
      const hasBase = loc && scale && (loc.data.some((x) => x !== 0) || scale.data.some((x) => x !== 1));
      if (hasBase) {
        chain.push({ kind: 'actNorm' });
        theirs.push(base!.slice(0, -1));
      }
      const names = layerNames(chain);
      const table = steps.flatMap((step, i) =>
        step.kind === 'coupling' ? stackNames(step.stack, `${names[i]}.net.`) : [],
      );
      const tensors = await readOurs(file, table);
      if (hasBase) {
        tensors['actNorms.0.shift'] = loc;
        tensors['actNorms.0.logScale'] = { shape: scale.shape, data: scale.data.map(Math.log) };
      }
      return {
        model: chainModel(
          features,
          chain,
          {
            hidden,
            nets: 'joint',
            conditioning: 'selected',
            activation: activationOf(answers),
            affine: 'scale-then-shift',
            outputOrder: 'shift-scale',
            outputLayout: 'interleaved',
            scaleMap: 'soft-clip',
            scaleEpsilon: 1e-3,
          },
          file.file,
        ),
        tensors,
        layerNames: Object.fromEntries(names.map((name, i) => [name, theirs[i]!])),
      };
    },
  };
}

export const zuko: Recognizer = {
  library: 'zuko',
  name: 'zuko',
  recognize(file) {
    const { structure } = read(file);
    return structure && recognized(file, structure);
  },
  closeness(file) {
    const { share, missing } = read(file);
    return { share, missing };
  },
};
