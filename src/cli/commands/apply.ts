import path from 'node:path';
import { type ModelConfig, hasLogit } from '../../config/schema';
import { writeNpz } from '../../data/npz';
import { applyForward, applyInverse } from '../../engine/use/apply';
import { readArray } from '../../engine/use/read-array';
import { readContext } from '../../engine/use/read-context';
import { layoutOf, prepareInput, prepareLatent } from '../../engine/use/input';
import { exampleShape } from '../../engine/model/latents';
import type { Layout } from '../../engine/model/runner';
import { type Outcome, choiceOption, defineCommand, integerOption, textOption } from '../command';
import { fixed, pairs, shownPath } from '../format';
import { conditionOption } from '../input-options';
import { modelHelp, openRunner } from '../model';
import { checkOutput } from '../output-file';
import { reportNonFinite } from '../non-finite';
import { inSteps } from '../progress';

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export const applyCommand = defineCommand({
  name: 'apply',
  summary: 'Run a model on arrays: x to z with log-dets, or z to x',
  argument: modelHelp,
  about:
    'Runs the flow on a NumPy array and writes the results as .npz, so that other programs can check the numbers.\n\n' +
    'forward: z, logdet [N] and logdet_layers [N, couplings], the log-det of each coupling (with its batch normalization) in forward order; --json lists their names. ' +
    'inverse: x and logdet [N]. Log-dets are in nats and are those of the whole map from the input array to the output array, so ln p(x) = ln p(z) + logdet, with p(z) a standard normal unless the config has another base. ' +
    "If data units are first converted to the flow's input, logdet_preprocessing is the log-det of that conversion, and logdet = logdet_preprocessing + the sum of logdet_layers.\n\n" +
    'Image flows that other libraries saved with several parts of z are given and taken as there: z [N, D], one part after the other, channels first, before learned priors; logdet is of this z, log_prob [N] is ln p(x), and images are (N, C, H, W) unless they only fit otherwise.\n\n' +
    'The space of x (--space auto): vectors are raw coordinates. Images of an integer type are pixels: uniform noise in [0, 1) from --seed is added, then the logit is taken; the pixels with their noise are written too, as x. ' +
    "Images of a floating-point type are the flow's own input (logits), with its padding. inverse gives raw coordinates for vectors and logits for images. " +
    "Whatever the type, --space data reads and writes pixels and raw coordinates, and --space flow the flow's own input.",
  options: {
    direction: choiceOption(['forward', 'inverse'], 'forward is data to latent, x to z; inverse is z to x.', {
      required: true,
    }),
    input: textOption('FILE', '.npy, or .npz with an array x (forward) or z (inverse).', { required: true }),
    output: textOption('FILE.npz', 'Where to write the arrays.', { required: true }),
    array: textOption('NAME', 'Which array of an .npz to read.'),
    space: choiceOption(['auto', 'flow', 'data'], 'The space of x; see above.', { default: 'auto' }),
    layout: choiceOption(
      ['nhwc', 'nchw'],
      "Order of the axes of images, in input and output; by default the model's own, or the one that the array fits.",
    ),
    ...conditionOption,
    seed: integerOption('S', 'Seed of the noise that is added to integers.', { min: 0, default: 0 }),
  },
  examples: {
    'Points to latents:':
      'flowscope apply runs/moons --direction forward --input points.npy --output latent.npz',
    'And back; back.npz holds x:':
      'flowscope apply runs/moons --direction inverse --input latent.npz --output back.npz',
    'An exported file, and images with the channels first:':
      'flowscope apply digits.forward.onnx --direction forward --input images.npy --layout nchw --output z.npz',
  },
  async run(session, model, options): Promise<Outcome> {
    const { direction, input, output, seed, space, condition } = options;
    await checkOutput(output, ['.npz']);
    const target = path.resolve(output);
    const { runner: flowRunner, layout: flowLayout, file } = await openRunner(session, model, direction);
    const runner = flowRunner.asLibrary ?? flowRunner;
    const usual: Layout = flowRunner.asLibrary ? 'nchw' : flowLayout;
    const { array, where } = await readArray(input, options.array, direction === 'forward' ? 'x' : 'z');
    const events = direction === 'forward' ? [runner.inputShape, exampleShape(runner)] : [runner.outputShape];
    const layout = options.layout ?? layoutOf(array.shape, events, usual);
    const logdets = !runner.lacksLogDet;
    const meanText = ({ data }: { data: Float32Array }): string =>
      logdets ? `mean ${fixed(mean(data))} nats` : 'this file does not compute it';
    const batches = { ...inSteps(session, direction), layout };
    const about = { model: file, direction, input, output: target, layout };
    if (direction === 'forward') {
      const prepared = prepareInput(runner, array, { space, layout, seed, where });
      const context = await readContext(flowRunner, condition, prepared.count, options.layout);
      const result = await applyForward(runner, prepared, { ...batches, context });
      const written = {
        z: result.z,
        ...(logdets ? { logdet: result.logdet } : {}),
        ...(flowRunner.asLibrary ? { log_prob: result.logProb } : {}),
        ...(result.logdetLayers ? { logdet_layers: result.logdetLayers } : {}),
        ...(runner.preprocesses &&
          prepared.space === 'data' && { logdet_preprocessing: result.logdetPreprocessing }),
        ...(result.x ? { x: result.x } : {}),
      };
      await writeNpz(target, written);
      const results = [result.z.data, ...(logdets ? [result.logdet.data] : [])];
      const bad = reportNonFinite(session, file, prepared.count, results);
      return {
        json: {
          ...about,
          space: prepared.space,
          dequantized: prepared.dequantized,
          count: prepared.count,
          shape: result.z.shape,
          layers: result.names,
          ...(logdets ? { mean: { logdet: mean(result.logdet.data) } } : {}),
          arrays: Object.keys(written),
          ...bad,
        },
        text: pairs([
          [
            'Examples',
            `${prepared.count}, ${describeSpace(runner.config, prepared.space, prepared.dequantized)}`,
          ],
          ['z', `(${result.z.shape.join(', ')})`],
          ['logdet', meanText(result.logdet)],
          [
            'Couplings',
            result.logdetLayers
              ? `${result.names.length}, in logdet_layers`
              : 'this file does not compute them separately',
          ],
          ['Written', shownPath(target)],
        ]),
      };
    }
    const resolved = space === 'auto' ? (runner.config.kind === 'vector' ? 'data' : 'flow') : space;
    const latent = prepareLatent(runner, array, { layout, where });
    const context = await readContext(flowRunner, condition, latent.count, options.layout);
    const result = await applyInverse(runner, latent, { ...batches, context, space: resolved });
    await writeNpz(target, { x: result.x, ...(logdets ? { logdet: result.logdet } : {}) });
    const results = [result.x.data, ...(logdets ? [result.logdet.data] : [])];
    const bad = reportNonFinite(session, file, latent.count, results);
    return {
      json: {
        ...about,
        space: resolved,
        count: latent.count,
        shape: result.x.shape,
        ...(logdets ? { mean: { logdet: mean(result.logdet.data) } } : {}),
        arrays: ['x', ...(logdets ? ['logdet'] : [])],
        ...bad,
      },
      text: pairs([
        ['Examples', String(latent.count)],
        ['x', `(${result.x.shape.join(', ')}), ${describeSpace(runner.config, resolved, false)}`],
        ['logdet', meanText(result.logdet)],
        ['Written', shownPath(target)],
      ]),
    };
  },
});

function describeSpace(config: ModelConfig, space: 'flow' | 'data', dequantized: boolean): string {
  if (space === 'flow') {
    if (config.kind === 'vector') return "the flow's own input (standardized)";
    return `the flow's own input${hasLogit(config.dataConstraint) ? ' (logits)' : ''}`;
  }
  if (config.kind === 'vector')
    return dequantized ? 'raw coordinates, integers with noise' : 'raw coordinates';
  return dequantized ? 'integer pixels, dequantized with noise' : 'pixels as they are';
}
