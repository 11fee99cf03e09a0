/** The layers of the flow that an ONNX file holds. */
import { stream } from '../../data/random';
import { UserError } from '../../base/user-error';
import { sizeOf } from '../../base/shape';
import { findCuts } from './cuts';
import type { OnnxGraph } from './graph';
import { groupSteps } from './group';
import { layerBuilder, pageOrder, type FoundLayer } from './layers';
import type { FlowPorts } from './ports';
import { openWhole, probe, repeated, feedsFor, type Probe } from './probe';
import { testStep, type FlowStep } from './step';
import { largestKept, numberVariables, type Variables } from './variables';

export interface AnalyzedFlow {
  probe: Probe;
  variables: Variables;
  /** In the direction that the file runs in. */
  layers: FoundLayer[];
  /** Place in the file's input of each element of its output; both channels last. */
  outputPositions: Int32Array;
  /** Variables of the input, in the page's order; by place. */
  inputIds: Int32Array;
  /** Shape of the output in the file's layout, without the batch axis. */
  outputShape: number[];
}

export interface AnalyzeSource {
  graph: OnnxGraph;
  ports: FlowPorts;
  threads: number;
}

/** Runs that values are compared over. */
const runs = 3;

/**
 * @param examples inputs of the file in its own layout that are like those it was made for, where they are known
 * @throws UserError when the model cannot be run
 */
export async function analyze(
  source: AnalyzeSource,
  examples?: readonly Float32Array[],
): Promise<AnalyzedFlow> {
  const { graph, ports } = source;
  const size = sizeOf(ports.shape);
  const inputs = examples && examples.length >= runs ? examples : await usableInputs(source);
  const probed = await probe(source, inputs.slice(0, runs), largestKept(size));
  const variables = numberVariables(probed);
  const start = variables.tensors[0]!.ids;
  const inputIds = pageOrder(ports.shape, ports.layout).map((from) => start[from]!);
  const shape = probed.shapes.get(ports.output)?.slice(1) ?? [size];
  const outputShape = sizeOf(shape) === size ? [...shape] : [size];
  const { cuts, complete } = findCuts(graph, variables, ports.output);
  if (!complete) {
    return { probe: probed, variables, layers: [], inputIds, outputPositions: identity(size), outputShape };
  }
  const steps: FlowStep[] = [];
  for (let i = 1; i < cuts.length; i++) steps.push(await testStep(probed, variables, cuts[i - 1]!, cuts[i]!));
  const builder = layerBuilder(probed, variables);
  const layers: FoundLayer[] = [];
  let at = 0;
  for (const group of groupSteps(steps, size, ports.direction === 'inverse')) {
    const end = at + group.steps.length;
    layers.push(builder.build(group, cuts[at]!, cuts[end]!));
    at = end;
  }
  const { ids } = variables.byName.get(ports.output)!;
  const order = pageOrder(outputShape, ports.layout);
  return {
    probe: probed,
    variables,
    layers,
    inputIds,
    outputPositions: order.map((from) => builder.positionOf(ids[from]!)),
    outputShape,
  };
}

function identity(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => i);
}

/** Nothing is known of the data: what gives finite outputs is taken. */
async function usableInputs(source: AnalyzeSource): Promise<Float32Array[]> {
  const { ports, graph } = source;
  const size = sizeOf(ports.shape);
  const normal = (scale: number) => (): Float32Array => random.normal(size).map((value) => value * scale);
  const uniform = (low: number, high: number) => (): Float32Array =>
    random.uniform(size).map((value) => low + (high - low) * value);
  const random = stream(1, 'onnx-probe');
  const kinds = [
    normal(1),
    normal(0.1),
    normal(3),
    uniform(0.05, 0.95),
    uniform(1, 254),
    uniform(-0.45, 0.45),
  ];
  const batch = ports.fixedBatch ?? 1;
  let failure: unknown;
  const session = await openWhole(source, [ports.output, ...(ports.logDet ? [ports.logDet] : [])], [], true);
  try {
    for (const kind of kinds) {
      const inputs = Array.from({ length: runs }, kind);
      let usable = true;
      for (const input of inputs) {
        const results = await session
          .run(feedsFor(ports, repeated(input, batch), batch))
          .catch((error: unknown) => {
            failure = error;
            return undefined;
          });
        if (!results) {
          usable = false;
          break;
        }
        usable &&= [...results.values()].every(({ data }) => data.every(Number.isFinite));
        const output = results.get(ports.output);
        if (!output || output.data.length !== size * batch) {
          throw new UserError(
            `${graph.file}: its output "${ports.output}" has the shape (${output?.shape.join(', ') ?? '?'}) for an input of ` +
              `(${[batch, ...ports.shape].join(', ')}); the two ends of a flow have equally many values.`,
          );
        }
      }
      if (usable) return inputs;
    }
  } finally {
    await session.release();
  }
  if (failure instanceof Error) throw failure;
  throw new UserError(
    `${graph.file}: its outputs are not finite for any input that was tried: normal noise, and uniform values in (0, 1) ` +
      'and (0, 255).',
  );
}
