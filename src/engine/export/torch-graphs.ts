/** The functions of a flow that is written as a PyTorch module, traced, and the text around them in the file. */
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../base/shape';
import type { ModelConfig } from '../../config/schema';
import { integersOf } from '../../config/standardization';
import { quantizationNats } from '../../flow/flow';
import { removeDeadCode } from '../../graph/passes/pass';
import { anyBatch, type InputSpec, type TensorMap } from '../../graph/trace/trace';
import { printTorch, type PrintedTorch, type TorchFlow } from '../../graph/torch/file';
import { numberText } from '../../graph/torch/expressions';
import type { TracedFunction } from '../../graph/torch/modules';
import type { FlowParts, graphContext } from '../model/flow-graphs';
import type { ContextInfo } from '../../protocol/model';
import { contextOrder, plainContextInfo } from '../model/context';
import { moduleTensors, perExample, tracedFunction } from '../model/torch-functions';

export interface TorchSubject extends FlowParts {
  config: ModelConfig;
  /** Context of a conditional flow, where more than its size is known. */
  context?: ContextInfo | undefined;
  /** What the flow is, in a few words. */
  title: string;
}

/** Names of classes or numbers that are listed at the top of flow.py, and in a message. */
const mostNames = { file: 100, message: 12 };

/** "context [N, 3]: one-hot of city: Bonn, Oslo, Rome"; undefined for flows without a context. */
export function contextLine(
  { flow, context }: Pick<TorchSubject, 'flow' | 'context'>,
  most = mostNames.message,
): string | undefined {
  if (!flow.context) return undefined;
  const { size, shape } = flow.context;
  return `context [N, ${size}]: ${contextOrder(context ?? plainContextInfo(size, shape), most)}`;
}

/** The flow as a PyTorch module. @throws UserError for kernels without a PyTorch form */
export function printFlow(subject: TorchSubject): PrintedTorch {
  return printTorch(torchFlow(subject));
}

function torchFlow(subject: TorchSubject): TorchFlow {
  const functions = tracedFunctions(subject);
  const prior = functions.find(({ name }) => name === 'prior_log_prob')!;
  const priorArgument = prior.graph.inputs.some(({ name }) => name === 'context') ? ', context' : '';
  return {
    functions,
    tensors: moduleTensors(subject.flow),
    about: aboutOf(subject),
    methods: [logProb(subject, priorArgument), sample(subject, priorArgument)],
    ...(subject.flow.context ? { context: { ...subject.flow.context, line: contextLine(subject)! } } : {}),
  };
}

function tracedFunctions(subject: TorchSubject): TracedFunction[] {
  const { flow, preprocess, config } = subject;
  const isVector = config.kind === 'vector';
  const inside = isVector ? preprocess : undefined;
  const z: InputSpec = { name: 'z', shape: [anyBatch, ...flow.outputShape] };
  const x: InputSpec = { name: 'x', shape: [anyBatch, ...flow.inputShape] };
  const traced = (
    name: string,
    direction: TracedFunction['direction'],
    inputs: InputSpec[],
    run: (ctx: ReturnType<typeof graphContext>, inputs: TensorMap) => TensorMap,
  ): TracedFunction => tracedFunction(subject, { name, direction }, inputs, run);
  return [
    traced('forward', 'forward', [x], (ctx, inputs) => {
      const before = inside?.forward(ctx, inputs.x!);
      const { value, logDet } = flow.forward(ctx, before?.value ?? inputs.x!);
      const whole = before ? tf.add(logDet, before.logDet) : logDet;
      return { z: value, log_det: perExample(whole, inputs.x!) };
    }),
    traced('inverse', 'inverse', [z], (ctx, inputs) => {
      const inner = flow.inverse(ctx, inputs.z!);
      const after = inside?.inverse(ctx, inner.value);
      const whole = after ? tf.add(inner.logDet, after.logDet) : inner.logDet;
      return { x: after?.value ?? inner.value, log_det: perExample(whole, inputs.z!) };
    }),
    ...(preprocess && !inside
      ? [
          traced('from_pixels', 'forward', [{ ...x, name: 'pixels' }], (ctx, inputs) => {
            const { value, logDet } = preprocess.forward(ctx, inputs.pixels!);
            return { x: value, log_det: perExample(logDet, inputs.pixels!) };
          }),
          traced('to_pixels', 'inverse', [x], (ctx, inputs) => ({
            pixels: preprocess.inverse(ctx, inputs.x!).value,
          })),
        ]
      : []),
    traced('prior_log_prob', 'forward', [z], (ctx, inputs) => ({
      log_prob: perExample(flow.base.logProb(ctx, inputs.z!), inputs.z!),
    })),
    traced(
      'latents',
      'inverse',
      [
        { name: 'noise', shape: [anyBatch, ...flow.base.noiseShape] },
        { name: 'temperature', shape: [] },
      ],
      (ctx, inputs) => ({ z: flow.base.draw(ctx, inputs.noise!, inputs.temperature!) }),
    ),
  ].map(withoutUnusedContext);
}

/** Leaves the context out of a function that does not use it; the two of the flow itself keep it. */
function withoutUnusedContext({ graph: traced, ...rest }: TracedFunction): TracedFunction {
  const graph = removeDeadCode(traced);
  const isFlow = rest.name === 'forward' || rest.name === 'inverse';
  const used = new Set(graph.nodes.flatMap((node) => node.inputs));
  const inputs = graph.inputs.filter(({ name, value }) => name !== 'context' || isFlow || used.has(value));
  return { ...rest, graph: { ...graph, inputs } };
}

/** The images that a flow is printed for go in and out of `forward` as they do in exported ONNX files. */
function logProb({ flow, preprocess, config }: TorchSubject, priorArgument: string): string {
  const context = flow.context ? ', context: Tensor' : '';
  const contextArgument = flow.context ? ', context' : '';
  const prior = `self.prior_log_prob(z${priorArgument})`;
  if (config.kind === 'vector' || !preprocess) {
    return `def log_prob(self, x: Tensor${context}) -> Tensor:
    """x [N, ${flow.inputShape.join(', ')}]${ofContext(flow)} → ln p(x${flow.context ? ' | context' : ''}) [N], nats"""
    z, log_det = self(x${contextArgument})
    return ${prior} + log_det`;
  }
  const nats = quantizationNats(config, sizeOf(flow.inputShape));
  return `def log_prob(self, pixels: Tensor${context}) -> Tensor:
    """pixels [N, ${flow.inputShape.join(', ')}], dequantized, in [0, ${config.levels})${ofContext(flow)} → ln p [N], nats: their density there"""
    x, to_x = self.from_pixels(pixels)
    z, log_det = self(x${contextArgument})
    # From the density of pixels / ${config.levels}: ${sizeOf(flow.inputShape)} ln ${config.levels}.
    return ${prior} + log_det + to_x - ${numberText(nats)}`;
}

const ofContext = ({ context }: TorchSubject['flow']): string =>
  context ? `, context [N, ${context.size}]` : '';

function sample({ flow, preprocess, config }: TorchSubject, priorArgument: string): string {
  const isImage = config.kind === 'image';
  const context = flow.context ? 'context: Tensor, ' : '';
  const contextArgument = flow.context ? ', context' : '';
  const shape = flow.base.noiseShape.join(', ');
  const pad = isImage ? config.pad : 0;
  const cut = pad > 0 ? `[:, ${pad}:-${pad}, ${pad}:-${pad}]` : '';
  const integers = isImage ? undefined : integersOf(preprocess ?? {});
  const result = isImage && preprocess ? `self.to_pixels(x)${cut}` : 'x';
  const count = flow.context ? 'len(context)' : 'count';
  const sampled = isImage
    ? `pixels [N, ${config.height}, ${config.width}, ${config.channels}] in [0, ${config.levels}) before rounding down`
    : `x [N, ${flow.inputShape.join(', ')}]`;
  return `@torch.no_grad()
def sample(self, ${flow.context ? '' : 'count: int, '}${context}temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
    """New ${sampled}${flow.context ? `, one for each row of context [N, ${flow.context.size}]` : ''}"""
${flow.context ? '    check_context(context)\n' : ''}    like = next(self.parameters())
    noise = torch.randn(${count}, ${shape}, generator=generator, device=like.device, dtype=like.dtype)
    x, _ = self.inverse(self.latents(noise, torch.as_tensor(temperature, device=like.device)${priorArgument})${contextArgument})
${integers ? `    x[:, [${integers.join(', ')}]] = x[:, [${integers.join(', ')}]].floor()\n` : ''}    return ${result}`;
}

/** Which features need noise; '' where none does. */
function integersLine({ preprocess }: TorchSubject): string {
  const found = integersOf(preprocess ?? {});
  if (!found) return '';
  return `\nIntegers (features ${found.join(', ')}, from 0) get noise in (0, 1) before forward and log_prob, inverse gives them with it, and sample\nrounds them down.`;
}

function aboutOf(subject: TorchSubject): string[] {
  const { title, flow, config } = subject;
  const shape = `[N, ${flow.inputShape.join(', ')}]`;
  const space =
    config.kind === 'image'
      ? `forward takes images ${shape}, channels last, as logits of dequantized pixels (from_pixels makes them), and inverse gives\nthem; log_prob takes pixels in [0, ${config.levels}) and sample gives them.`
      : `forward and log_prob take raw coordinates ${shape}, inverse and sample give them; standardization is inside.${integersLine(subject)}`;
  return [
    `${title}, written by Flowscope.`,
    space,
    ...(flow.context ? [`A conditional flow: ${contextLine(subject, mostNames.file)}`] : []),
    'Needs PyTorch 2.5 or newer and nothing else. Flow.load() reads the weights beside this file.',
    'Tensors have the names and shapes of the checkpoint: weights are [inputs, outputs], filters [h, w, inputs, outputs].',
  ];
}
