/** Settings of an image model that do not go together. */
import { type ImageLayerConfig, type ImageNetConfig, mostChannels, mostFullChannels } from './image-layers';
import { checkCount, checkMask, checkOrder } from './check-vector';
import { problem, type Problem } from './problem';
import type { ImageModelConfig } from './schema';

/** Values of an image with its padding: 1024×1024 pixels of 16 channels. A flow makes masks of that size before anything else. */
const mostValues = 2 ** 24;
/** The masks of a chain, each once. */
const mostMasked = 2 ** 26;
/** Values of a context, whose usual numbers are part of a model's description. */
const mostContextValues = 2 ** 20;

type Sizes = Pick<ImageModelConfig, 'height' | 'width' | 'pad' | 'scales'> & { architecture?: string };

export function checkImage(model: ImageModelConfig): Problem[] {
  const { height, width, channels, pad, scales } = model;
  const values = (height + 2 * pad) * (width + 2 * pad) * channels;
  if (values > mostValues) {
    return problem(
      'model.pad',
      `expected at most ${mostValues} values in an image with its padding, got ${values}; use smaller images or less padding`,
    );
  }
  if (model.latents !== 'in-place' && !model.layers && model.architecture !== 'glow')
    return problem('model.latents', 'expected "in-place", or a flow that is a chain: `layers` or Glow');
  if (model.layers) {
    const chain = checkChain(model.layers, [height + 2 * pad, width + 2 * pad, channels], model.context);
    return chain.length > 0 ? chain : checkContext(model);
  }
  if (model.context) return problem('model.context', 'expected none, or `layers` that see it');
  const unit = unitOf(model);
  const fits = (size: number, by: number) => (size + 2 * by) % unit === 0;
  if (!fits(height, pad) || !fits(width, pad)) {
    const padded = `${height + 2 * pad}×${width + 2 * pad}`;
    const other = smallestPad(model);
    const halvings = Math.min(twos(height + 2 * pad), twos(width + 2 * pad));
    const most = model.architecture === 'glow' ? halvings : 1 + halvings;
    const advice =
      other === undefined
        ? `no padding makes ${height}×${width} divisible; expected scales ≤ ${most}`
        : `expected pad ${other}, or scales ≤ ${most}`;
    return problem(
      'model.scales',
      `${scales} scales need a height and width divisible by ${unit}, and the padded image is ${padded}; ${advice}`,
    );
  }
  if (model.architecture === 'glow') return checkGlow(model);
  const last = [(height + 2 * pad) / unit, (width + 2 * pad) / unit] as const;
  if (last[0] * last[1] < 2) {
    return problem(
      'model.scales',
      `with ${scales} scales, the last one has 1×1 pixels, too few for a checkerboard; expected fewer scales`,
    );
  }
  return [];
}

/** Divisor of height and width: all scales of Glow begin with a squeeze; all but the last of RealNVP's end with one. */
function unitOf({ scales, architecture = 'realnvp' }: Sizes): number {
  return 2 ** (architecture === 'glow' ? scales : scales - 1);
}

function checkGlow({ channels, scales }: ImageModelConfig): Problem[] {
  const most = 2 * channels * 2 ** scales;
  if (most <= mostChannels) return [];
  return problem(
    'model.scales',
    `expected at most ${mostChannels} channels, got ${most} in the last scale; use fewer scales`,
  );
}

/** The least padding, at least the present one, with which all scales fit; undefined when none does. */
export function smallestPad(model: Sizes): number | undefined {
  const unit = unitOf(model);
  for (let pad = model.pad; pad < model.pad + unit; pad++) {
    const [height, width] = [model.height + 2 * pad, model.width + 2 * pad];
    // A single pixel is too few for a checkerboard.
    const enough = model.architecture === 'glow' || height * width > unit ** 2;
    if (height % unit === 0 && width % unit === 0 && enough) return pad;
  }
  return undefined;
}

/** How often a number can be halved. */
function twos(n: number): number {
  let count = 0;
  for (let rest = n; rest % 2 === 0; rest /= 2) count++;
  return count;
}

/** Follows the shape through the chain; what follows a layer that does not fit is not looked at. */
function checkChain(
  layers: readonly ImageLayerConfig[],
  image: readonly [number, number, number],
  context: ImageModelConfig['context'],
): Problem[] {
  let [height, width, channels] = image;
  const masks = new Set<string>();
  let masked = 0;
  for (const [i, layer] of layers.entries()) {
    const path = `model.layers.${i}`;
    const problems = [
      ...checkLayer(layer, [height, width, channels], path),
      ...checkSeen(layer, [height, width], context, path),
    ];
    if (problems.length > 0) return problems;
    if (layer.kind === 'coupling') {
      const mask = `${height}×${width} ${layer.mask.join('')}`;
      if (!masks.has(mask)) masked += height * width * channels;
      masks.add(mask);
      if (masked > mostMasked) {
        return problem(
          `${path}.mask`,
          `expected at most ${mostMasked} values in masks that differ, got ${masked}`,
        );
      }
    }
    if (layer.kind === 'squeeze') [height, width, channels] = [height / 2, width / 2, 4 * channels];
    if (layer.kind === 'flatten') [height, width, channels] = [1, 1, height * width * channels];
    if (layer.kind === 'factorOut') channels /= 2;
    if (channels > mostChannels)
      return problem(path, `expected at most ${mostChannels} channels after it, got ${channels}`);
  }
  if (!layers.some(({ kind }) => kind === 'coupling'))
    return problem('model.layers', 'expected at least one coupling');
  return [];
}

/** Whether a layer that sees a context has one, of its own size or of one pixel. */
function checkSeen(
  layer: ImageLayerConfig,
  [height, width]: readonly [number, number],
  context: ImageModelConfig['context'],
  layerPath: string,
): Problem[] {
  if (!seesContext(layer)) return [];
  const path = `${layerPath}.seesContext`;
  if (!context) return problem(path, 'expected false, or a model with a context');
  const { height: rows, width: columns } = context;
  if (rows === 1 && columns === 1) return [];
  if (layer.kind === 'prior')
    return problem(path, `expected false, or a context of 1×1 pixels; it has ${rows}×${columns}`);
  if (rows === height && columns === width) return [];
  return problem(
    path,
    `expected a context of ${height}×${width} pixels, as the layer has, or of 1×1; it has ${rows}×${columns}`,
  );
}

function checkContext({ context, layers = [] }: ImageModelConfig): Problem[] {
  if (!context) return [];
  const values = context.height * context.width * context.channels;
  if (values > mostContextValues)
    return problem('model.context', `expected at most ${mostContextValues} values, got ${values}`);
  if (layers.some(seesContext)) return [];
  return problem('model.context', 'expected none, or a coupling or prior with `seesContext`');
}

const seesContext = (layer: ImageLayerConfig): boolean =>
  (layer.kind === 'coupling' || layer.kind === 'prior') && layer.seesContext;

function checkLayer(
  layer: ImageLayerConfig,
  [height, width, channels]: readonly [number, number, number],
  path: string,
): Problem[] {
  const shape = `${height}×${width}×${channels}`;
  switch (layer.kind) {
    case 'squeeze':
      return height % 2 === 0 && width % 2 === 0
        ? []
        : problem(path, `expected an even height and width to squeeze, got ${shape}`);
    case 'haar':
      return channels % 4 === 0
        ? []
        : problem(path, `expected a number of channels divisible by 4, got ${shape}`);
    case 'factorOut':
      return channels % 2 === 0
        ? []
        : problem(path, `expected an even number of channels to halve, got ${shape}`);
    case 'permute':
      return checkOrder(layer.order, channels, `${path}.order`, 'channel');
    case 'conv1x1':
      return [
        ...checkOrder(layer.order, channels, `${path}.order`, 'channel'),
        ...checkCount(layer.signs, channels, `${path}.signs`, 'channel'),
      ];
    case 'fullConv1x1':
      return channels <= mostFullChannels
        ? []
        : problem(path, `expected at most ${mostFullChannels} channels, got ${shape}; conv1x1 takes more`);
    case 'coupling':
      return [
        ...checkMask(layer.mask, channels, `${path}.mask`, 'channel'),
        ...checkNet(layer.net, `${path}.net`),
      ];
    case 'prior':
      return checkPrior(layer, channels, shape, path);
    default:
      return [];
  }
}

function checkNet(net: ImageNetConfig, path: string): Problem[] {
  if (net.kind !== 'convolutions' || net.widths.length === net.kernels.length - 1) return [];
  return problem(
    `${path}.widths`,
    `expected ${net.kernels.length - 1}, one for each convolution but the last, got ${net.widths.length}`,
  );
}

function checkPrior(
  { given, kernel, padding, scaled, of, seesContext: sees }: Extract<ImageLayerConfig, { kind: 'prior' }>,
  channels: number,
  shape: string,
  path: string,
): Problem[] {
  if (given !== 'nothing' && channels % 2 !== 0)
    return problem(path, `expected an even number of channels to halve, got ${shape}`);
  if (kernel === undefined && (padding !== 'zeros' || scaled))
    return problem(path, 'expected a kernel, since only a convolution has `padding` and `scaled`');
  if (kernel !== undefined && sees)
    return problem(path, 'expected no kernel, or no `seesContext`: a convolution sees no context');
  if (kernel !== undefined && of !== 'channels')
    return problem(path, 'expected no kernel, or no `of`: a convolution predicts each value');
  if (given === 'nothing' && kernel !== undefined && (padding !== 'ones' || kernel === 1)) {
    return problem(
      path,
      'expected no kernel, or a kernel of at least 3 with `padding` "ones": a convolution of zeros is its bias',
    );
  }
  return [];
}
