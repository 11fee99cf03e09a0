/** The conditioner of a layer: one network of its kind, or several. */
import type { Degrees } from '../../base/degrees';
import type { Conditioner } from '../core/bijection';
import { noContext, withContextChannels, type SeenContext } from './context';
import type { Mask } from '../core/masks';
import type { ConditionerSpec, NetSpec } from '../core/spec';
import type { UnivariateTransform } from '../transforms/types';
import { activation } from './activation';
import { jointConditioner, separateConditioner, valuesTaken, type Net } from './conditioner';
import { convolutions, residualConvolutions } from './convolutions';
import { denseBlocks } from './dense-blocks';
import { mlp } from './mlp';
import { residualNet } from './residual';
import { residualMlp } from './residual-mlp';

export interface ConditionerPlace {
  /** Name of the layer. */
  name: string;
  /** Features or channels that it sees besides the context. */
  inputs: number;
  /** Features or channels that the transform changes. */
  transformed: number;
  transform: Pick<UnivariateTransform, 'takes'>;
  /** Numbers or channels of the context that it sees. */
  context: number;
  /** Elements that pass unchanged, where both parts are in full shape. */
  mask?: Mask | undefined;
  /** Degrees for this many outputs, where the values for a feature depend only on the features before it. */
  degrees?: ((outputs: number) => Degrees) | undefined;
}

interface NetPlace extends ConditionerPlace {
  outputs: number;
  normDecay: number;
}

function netOf(spec: NetSpec, place: NetPlace): Net {
  switch (spec.kind) {
    case 'weightNormalized':
      return weightNormalized(spec, place);
    case 'channels':
      return overChannels(spec, place);
    default:
      return overVectors(spec, place);
  }
}

function overVectors(
  spec: Exclude<NetSpec, { kind: 'weightNormalized' | 'channels' }>,
  place: NetPlace,
): Net {
  const { name, inputs, outputs, normDecay, context: size } = place;
  const common = {
    ...{ name, inputs, outputs, normDecay },
    activation: activation(spec),
    degrees: place.degrees?.(outputs),
  };
  if (spec.kind === 'dense') return denseBlocks({ ...spec, ...common, context: size });
  const context: SeenContext = size > 0 ? { size, entry: spec.contextEntry } : noContext;
  return spec.kind === 'mlp'
    ? mlp({ ...common, hidden: spec.hidden, context })
    : residualMlp({ ...spec, ...common, context });
}

function weightNormalized(
  { maskChannel, ...options }: Extract<NetSpec, { kind: 'weightNormalized' }>,
  { name, inputs, outputs, normDecay, mask }: NetPlace,
): Net {
  return residualNet({
    ...options,
    ...{ name, channels: inputs, outputs, normDecay },
    ...(maskChannel && mask ? { maskChannel: mask } : {}),
  });
}

function overChannels(
  { net }: Extract<NetSpec, { kind: 'channels' }>,
  { name, inputs, context, outputs, normDecay }: NetPlace,
): Net {
  const common = { name, inputs: inputs + context, outputs, activation: activation(net) };
  return net.kind === 'convolutions'
    ? convolutions({ ...net, ...common })
    : residualConvolutions({ ...net, ...common, normDecay });
}

export function conditionerOf(spec: ConditionerSpec, place: ConditionerPlace): Conditioner {
  const { takes } = place.transform;
  const { net, normDecay, outputs, shiftNet = net } = spec;
  const named = (part: string, each: number, of = net): Net =>
    netOf(of, {
      ...place,
      ...{ name: `${place.name}.${part}`, outputs: each * place.transformed, normDecay },
    });
  const conditioner =
    spec.nets === 'joint'
      ? jointConditioner(named('net', valuesTaken(takes)), takes, outputs)
      : separateConditioner(
          takes.map(({ name, size }) => named(`${name}Net`, size, name === 'shift' ? shiftNet : net)),
          takes,
          outputs,
        );
  if (net.kind !== 'channels' || place.context === 0) return conditioner;
  return { ...conditioner, apply: (ctx, h) => conditioner.apply(ctx, withContextChannels(ctx, h)) };
}
