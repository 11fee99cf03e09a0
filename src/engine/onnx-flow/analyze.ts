/** The layers of the flow that an ONNX file holds. */
import { range } from '../../base/order';
import { stream } from '../../data/random';
import { UserError } from '../../base/user-error';
import type { ContextInfo } from '../../protocol/model';
import { defined } from '../../base/defined';
import { repeated } from '../../base/rows';
import { sizeOf } from '../../base/shape';
import { findCuts } from './cuts';
import { groupSteps } from './group';
import { sizedProbe } from './layer-part';
import { layerBuilder, pageOrder, type FoundLayer } from './layers';
import { shareLogDet } from './log-det';
import { endsOf, mostMeasured, openWhole, probe, feedsFor, type Probed, type ProbeInputs } from './probe';
import { testStep, type FlowStep } from './step';
import { largestKept, numberVariables } from './variables';

export type AnalyzedFlow = Awaited<ReturnType<typeof analyze>>;

/** Runs that values are compared over. */
const runs = 3;
/** States of a part that are looked at together. */
const usualRows = 32;

/** Another one for each run, so that what depends on it shows. */
export function probeContexts(
  usual: Pick<ContextInfo, 'mean' | 'std'> | undefined,
): Float32Array[] | undefined {
  if (!usual) return undefined;
  const random = stream(1, 'onnx-context');
  return Array.from({ length: runs }, () =>
    random.normal(usual.mean.length).map((value, i) => usual.mean[i]! + usual.std[i]! * value),
  );
}

/**
 * @param likely inputs of the file in its own layout that are like those it was made for, where they are known
 * @param usual mean and deviation of each number of its context, where it takes one
 * @throws UserError when the model cannot be run
 */
export async function analyze(
  source: Probed,
  likely?: ProbeInputs,
  usual?: Pick<ContextInfo, 'mean' | 'std'>,
) {
  const { graph, ports } = source;
  const size = sizeOf(ports.shape);
  const inputs = likely ?? (await usableInputs(source, probeContexts(usual)));
  const few = size <= mostMeasured;
  const run = await probe(source, inputs, {
    largest: largestKept(size),
    ...(few ? { together: usualRows } : {}),
  });
  const variables = numberVariables(run);
  const probed = { ...run, variables };
  const start = variables.tensors[0]!.ids;
  /** Variables of the input, in the page's order; by place. */
  const inputIds = pageOrder(ports.shape, ports.layout).map((from) => start[from]!);
  const shape = probed.shapes.get(ports.output)?.slice(1) ?? [size];
  /** Shape of the output in the file's layout, without the batch axis. */
  const outputShape = sizeOf(shape) === size ? [...shape] : [size];
  const { cuts, complete } = findCuts(graph, variables, ports.output);
  if (!complete || probed.tooMany !== undefined) {
    const outputPositions = Int32Array.from(range(size));
    return { probe: probed, layers: [], inputIds, outputPositions, outputShape };
  }
  const steps: FlowStep[] = [];
  const sized =
    !few || (ports.fixedBatch === undefined && !probed.several)
      ? probed
      : await sizedProbe(probed, ports.fixedBatch ?? usualRows);
  for (let i = 1; i < cuts.length; i++) steps.push(await testStep(probed, sized, cuts[i - 1]!, cuts[i]!));
  const builder = layerBuilder(probed);
  /** In the direction that the file runs in. */
  const layers: FoundLayer[] = [];
  let at = 0;
  for (const group of groupSteps(steps, size, ports.direction === 'inverse')) {
    const end = at + group.steps.length;
    layers.push(builder.build(group, cuts[at]!, cuts[end]!));
    at = end;
  }
  /** Largest |log-det of the file − sum over the layers| over the probes, nats; absent where the file computes none. */
  const unexplained = shareLogDet(probed, sized, layers);
  const { ids } = variables.byName.get(ports.output)!;
  const order = pageOrder(outputShape, ports.layout);
  return {
    probe: probed,
    layers,
    ...defined({ unexplained }),
    inputIds,
    /** Place in the file's input of each element of its output; both channels last. */
    outputPositions: order.map((from) => builder.positionOf(ids[from]!)),
    outputShape,
  };
}

/** Nothing is known of the data: what gives finite outputs is taken. */
async function usableInputs(
  source: Probed,
  contexts: readonly Float32Array[] | undefined,
): Promise<ProbeInputs> {
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
  const session = await openWhole(source, endsOf(ports), [], true);
  try {
    for (const kind of kinds) {
      const examples = Array.from({ length: runs }, kind);
      let usable = true;
      for (const [run, input] of examples.entries()) {
        const context = contexts && repeated(contexts[run]!, batch);
        const results = await session
          .run(feedsFor(ports, repeated(input, batch), batch, context))
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
      if (usable) return { examples, ...(contexts ? { contexts } : {}) };
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
