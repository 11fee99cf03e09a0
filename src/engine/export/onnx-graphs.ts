/** The three functions that an export writes, traced. Names of inputs and outputs are those in the files. */
import { logDetTaps } from '../model/flow-runner';
import * as tf from '@tensorflow/tfjs-core';
import { integersOf } from '../../config/standardization';
import { sumPerExample } from '../../flow/core/tensors';
import type { Graph } from '../../graph/ir';
import type { Flow } from '../../flow/built-flow';
import { anyBatch, trace, type InputSpec, type TensorMap } from '../../graph/trace/trace';
import { hasConditioner } from '../../protocol/model';
import { contextInputs, graphContext, storedTensors } from '../model/flow-graphs';
import type { FlowModel } from '../model/flow-model';
import type { OnnxPart } from '../onnx-file/metadata';

/** [N] from [N] or from a scalar that holds for every example of `x` [N, …]. */
function perExample(value: tf.Tensor, x: tf.Tensor): tf.Tensor {
  return value.shape.length > 0 ? value : tf.add(tf.mul(sumPerExample(x), 0), value);
}

/** [N]: of a map from x [N, …], which may have two parts. */
function total(x: tf.Tensor, ...logDets: (tf.Tensor | undefined)[]): tf.Tensor {
  return perExample(
    logDets.flatMap((logDet) => logDet ?? []).reduce((a, b) => tf.add(a, b)),
    x,
  );
}

/** What surrounds the flow in the files: standardization of vectors. Images go in and out as logits. */
function insideOf({ config, preprocess }: FlowModel): FlowModel['preprocess'] {
  return config.kind === 'vector' ? preprocess : undefined;
}

/**
 * x [N, …] → `z` [N, …], `logdet` [N] of the whole map, `logdet_layers` [N, couplings], batch norms included; where z is
 * not standard normal, `log_prob` [N] too.
 */
function forward(model: FlowModel): Graph {
  const { flow, layers } = model;
  const { base } = flow;
  const couplings = layers.filter(({ info }) => hasConditioner(info));
  const run: Run = (ctx, inputs) => {
    const before = insideOf(model)?.forward(ctx, inputs.x!);
    const { value: z, logDet } = flow.forward(ctx, before?.value ?? inputs.x!);
    const parts = couplings.map(({ info }) => {
      const coupling = ctx.taps[`${info.name}/logDet.coupling`]!;
      const norm = ctx.taps[`${info.name}/logDet.norm`];
      return total(inputs.x!, coupling, norm);
    });
    const whole = total(inputs.x!, logDet, before?.logDet);
    return {
      z,
      logdet: whole,
      logdet_layers: tf.stack(parts, 1),
      ...(base.shape === 'standard' ? {} : { log_prob: tf.add(base.logProb(ctx, z), whole) }),
    };
  };
  const x = { name: 'x', shape: [anyBatch, ...flow.inputShape] };
  return traced(model, [x], run, { tapFilter: (tap) => logDetTaps.test(tap) });
}

/** z [N, …] → `x` [N, …] as `forward` takes it, and `logdet` [N] of this map. */
function inverse(model: FlowModel): Graph {
  const { flow } = model;
  const z = { name: 'z', shape: [anyBatch, ...flow.outputShape] };
  return traced(model, [z], (ctx, inputs) => {
    const inner = flow.inverse(ctx, inputs.z!);
    const after = insideOf(model)?.inverse(ctx, inner.value);
    return { x: after?.value ?? inner.value, logdet: total(inputs.z!, inner.logDet, after?.logDet) };
  });
}

/** Standard normal `noise` [N, …] of the base and scalar `temperature` → `x` [N, …] in data units, padding cut off. */
function sample(model: FlowModel): Graph {
  const { flow, preprocess, config } = model;
  const noise = { name: 'noise', shape: [anyBatch, ...flow.base.noiseShape] };
  return traced(model, [noise, { name: 'temperature', shape: [] }], (ctx, inputs) => {
    const z = flow.base.draw(ctx, inputs.noise!, inputs.temperature!);
    const inner = flow.inverse(ctx, z).value;
    const x = preprocess?.inverse(ctx, inner).value ?? inner;
    if (config.kind !== 'image' || config.pad === 0) return { x };
    const { pad, height, width, channels } = config;
    return { x: tf.slice(x, [0, pad, pad, 0], [x.shape[0], height, width, channels]) };
  });
}

/** An image as context is an image in the file, and a row of numbers in our graphs. */
function contextPorts(flow: Flow): InputSpec[] {
  const shape = imageOf(flow);
  return shape ? [{ name: 'context', shape: [anyBatch, ...shape] }] : contextInputs(flow);
}

const imageOf = ({ context }: Flow): readonly number[] | undefined =>
  context?.shape && context.shape[0] * context.shape[1] > 1 ? context.shape : undefined;

type Run = (ctx: ReturnType<typeof graphContext>, inputs: TensorMap) => TensorMap;

function traced(
  model: FlowModel,
  ports: readonly InputSpec[],
  run: Run,
  options?: Parameters<typeof graphContext>[2],
): Graph {
  const { flow } = model;
  return trace(
    (inputs) => {
      const { context } = inputs;
      const flat = imageOf(flow) && context ? tf.reshape(context, [-1, flow.context!.size]) : context;
      const flatInputs = flat ? { ...inputs, context: flat } : inputs;
      return run({ ...graphContext(model, flatInputs, options), wholePasses: true }, inputs);
    },
    [...storedTensors(flow), ...ports, ...contextPorts(flow)],
    { dynamicBatch: anyBatch },
  );
}

export const exportGraphs: Record<OnnxPart, (model: FlowModel) => Graph> = { forward, inverse, sample };

/** What each input and output is, for the file's own documentation. */
export function describePorts(model: FlowModel, part: OnnxPart): Record<string, string> {
  return { ...plainPorts(model, part), ...contextPort(model) };
}

function contextPort({ runner }: FlowModel): Record<string, string> {
  const { context } = runner;
  if (!context) return {};
  if (context.shape) return { context: `[N, ${context.shape.join(', ')}], the image that the flow is given` };
  return {
    context: `[N, ${context.names.length}], what the flow is given: ${context.names.join(', ')}, in data units`,
  };
}

function plainPorts(model: FlowModel, part: OnnxPart): Record<string, string> {
  const { config, flow } = model;
  const integers = integersOf(model.preprocess ?? {});
  const shape = `[N, ${flow.inputShape.join(', ')}]`;
  const standard = flow.base.shape === 'standard';
  const space =
    config.kind === 'image'
      ? 'NHWC, logits of dequantized pixels (see preprocessing)'
      : `raw coordinates${integers ? `, integers (features ${integers.join(', ')}, from 0) with noise in (0, 1)` : ''}; standardization is inside`;
  switch (part) {
    case 'forward':
      return {
        x: `${shape}, ${space}`,
        z:
          `[N, ${flow.outputShape.join(', ')}], latents` +
          (standard ? '; ln p(x) = ln N(z; 0, 1) + logdet' : ', distributed as "base" of the config says'),
        logdet: '[N], nats: ln |det dz/dx|',
        logdet_layers: '[N, couplings], nats: what each coupling adds, its batch normalization included',
        ...(standard ? {} : { log_prob: '[N], nats: ln p(x)' }),
      };
    case 'inverse':
      return {
        z: `[N, ${flow.outputShape.join(', ')}], latents`,
        x: `${shape}, ${space}`,
        logdet: '[N], nats: ln |det dx/dz|',
      };
    default:
      return {
        noise: `[N, ${flow.base.noiseShape.join(', ')}], standard normal`,
        temperature: 'scalar: standard deviation of the latents, 1 for the model itself',
        x:
          config.kind === 'image'
            ? `[N, ${config.height}, ${config.width}, ${config.channels}], NHWC, pixels in [0, ${config.levels}) before rounding down`
            : `${shape}, raw coordinates${integers ? ', integers before rounding down' : ''}`,
      };
  }
}
