/** Networks of convolutions in a state dict: numbered layers with activations between them. */
import { mostChannels, type ImageNetConfig } from '../../config/image-layers';
import { convolutionNames, under, type Renaming } from './names';
import type { FileModule } from './modules';
import type { TensorFile } from './types';
import { refuse } from './unread';

export interface StackedConvolution {
  /** Up to "weight", from the start of the name. */
  prefix: string;
  kernel: number;
  inputs: number;
  outputs: number;
  /** A dense layer, which is a 1×1 convolution. */
  dense: boolean;
}

/** Sizes of kernels that our convolutions can have. */
const kernels = [1, 3, 5, 7];

/** Refuses names that are not of a convolution or dense layer with a bias. */
export function readConvolution(file: TensorFile, prefix: string): StackedConvolution {
  const name = prefix.slice(0, -1);
  const shape = file.tensors.get(`${prefix}weight`)?.shape ?? refuse(`${name} is not a convolution`);
  const [outputs = 0, inputs = 0, height = 1, width = 1] = shape;
  if (shape.length !== 4 && shape.length !== 2) refuse(`${name} is neither a convolution nor a linear layer`);
  if (height !== width || !kernels.includes(height)) refuse(`${name} has a kernel of ${height}×${width}`);
  if (outputs === 0 || inputs === 0) refuse(`${name} has no channels`);
  if (file.tensors.get(`${prefix}bias`)?.shape.join() !== String(outputs)) refuse(`${name} has no bias`);
  return { prefix, kernel: height, inputs, outputs, dense: shape.length === 2 };
}

/** All of a network's tensors, in a Sequential in which every other module is a convolution; refuses another one. */
export function convolutionStack({ file, prefix, rests }: FileModule): StackedConvolution[] {
  const stack: StackedConvolution[] = [];
  const numbers = new Set<string>();
  for (const rest of rests) {
    const match =
      /^(0|[1-9]\d*)\.(weight|bias)$/.exec(rest) ?? refuse(`${prefix}${rest} is not of a convolution`);
    numbers.add(match[1]!);
  }
  const sorted = [...numbers].map(Number).sort((a, b) => a - b);
  for (const [i, number] of sorted.entries()) {
    if (number !== 2 * i)
      refuse(`${prefix}${number} is not where an activation between each two layers puts it`);
    const layer = readConvolution(file, `${prefix}${number}.`);
    const before = stack.at(-1);
    if (before && before.outputs !== layer.inputs)
      refuse(`${prefix}${number} does not fit the layer before it`);
    stack.push(layer);
  }
  if (stack.length === 0) refuse(`${prefix.slice(0, -1)} has no convolutions`);
  return stack;
}

export function stackTable(stack: readonly StackedConvolution[], flowscopePrefix: string): Renaming[] {
  return stack.flatMap(({ prefix, dense }, i) =>
    under(
      prefix,
      `${flowscopePrefix}${i}.`,
      convolutionNames.map((renaming) =>
        dense && renaming.transform === 'kernel' ? { ...renaming, transform: 'pixel-kernel' } : renaming,
      ),
    ),
  );
}

type Convolutions = Extract<ImageNetConfig, { kind: 'convolutions' }>;

export function stackNet(
  stack: readonly StackedConvolution[],
  rest: Partial<Convolutions> = {},
): Partial<Convolutions> & Pick<Convolutions, 'kind' | 'kernels' | 'widths'> {
  return {
    kind: 'convolutions',
    kernels: stack.map(({ kernel }) => kernel as Convolutions['kernels'][number]),
    widths: stack.slice(0, -1).map(({ outputs }) => outputs),
    ...rest,
  };
}

/** Refuses a layer of more channels than our flows allow. */
export function refuseTooWide(layers: readonly { channels: number }[]): void {
  const wide = layers.find(({ channels }) => channels > mostChannels);
  if (wide) refuse(`a flow of at most ${mostChannels} channels (this one has ${wide.channels})`);
}
