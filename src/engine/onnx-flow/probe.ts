/** Runs a model on a few inputs and keeps the values of its intermediate tensors. */
import { onnx } from 'onnx-proto';
import { defined } from '../../base/defined';
import { entryOf } from '../../base/kept';
import { repeated, rowsAt } from '../../base/rows';
import { ignoreUserError } from '../../base/user-error';
import { sizeOf } from '../../base/shape';
import { needed, partOf, type OnnxGraph, type PartInput } from './graph';
import type { FlowPorts } from './ports';
import { openPart, type Floats, type PartSession } from './runtime';

/** What is probed. */
export interface Probed {
  graph: OnnxGraph;
  ports: FlowPorts;
  threads: number;
}

export type Probe = Awaited<ReturnType<typeof probe>>;

/** What a flow is looked at with. */
export interface ProbeInputs {
  /** In the file's own layout, one a run. */
  examples: readonly Float32Array[];
  /** One a run, of flows that take them. */
  contexts?: readonly Float32Array[];
}

/** By which an example is made larger, to be outside of the usual splines. */
const farOut = [16, -16];

/** Values up to which what depends on what is measured. */
export const mostMeasured = 256;

/** Bytes of tensors that come out of one run. */
const mostBytes = 2 ** 27;

/** Numbers of one example on the way, over all runs: each takes some fifteen bytes until the layers are found. */
export const mostNumbers = 2 ** 27;

const { DataType } = onnx.TensorProto;

/** The outputs that are the flow's. */
export const endsOf = ({ output, logDet }: FlowPorts): string[] => [output, ...(logDet ? [logDet] : [])];

const tensorsOnTheWay = (graph: OnnxGraph, ends: readonly string[]): string[] =>
  needed(graph, ends).nodes.flatMap(({ writes }) => writes);

/** The whole model's inputs, for `partOf`. */
export function modelInputs(graph: OnnxGraph): PartInput[] {
  return graph.inputs.map(({ name, type }) => ({
    name: name ?? '',
    type: type?.tensorType?.elemType ?? DataType.FLOAT,
    shape: (type?.tensorType?.shape?.dim ?? []).map(({ dimParam, dimValue }, i) =>
      Number(dimValue ?? 0) > 0 ? Number(dimValue) : dimParam || `dim${i}`,
    ),
  }));
}

/** Inputs of a part that is given these tensors, whatever of the model's own it needs besides. */
export function partInputs(
  { graph, doubles, shapes }: Probe,
  inputTensors: ReadonlySet<string>,
): PartInput[] {
  return [
    ...modelInputs(graph).filter(({ name }) => !inputTensors.has(name)),
    ...[...inputTensors].map((name) => ({
      name,
      type: doubles.has(name) ? DataType.DOUBLE : DataType.FLOAT,
      shape: shapes.get(name)!,
    })),
  ];
}

/** What all inputs are fed for `count` examples. @param contexts their contexts, where the flow takes them */
export function feedsFor(
  { input, shape, constants, context }: FlowPorts,
  values: Float32Array,
  count: number,
  contexts?: Float32Array,
): Record<string, Floats> {
  return {
    [input]: { shape: [count, ...shape], data: values },
    ...Object.fromEntries(
      Object.entries(constants).map(([name, value]) => [name, { shape: [], data: Float32Array.of(value) }]),
    ),
    ...(context && {
      [context.name]: {
        shape: [count, ...context.shape],
        data: contexts ?? new Float32Array(count * context.size),
      },
    }),
  };
}

/** The rows of `all`, of `count` examples, from `start` on; the last of all fills up. */
export function filled(all: Float32Array, start: number, rows: number, count: number): Float32Array {
  const size = all.length / count;
  if (start + rows <= count) return all.subarray(start * size, (start + rows) * size);
  const places = Array.from({ length: rows }, (_, i) => Math.min(start + i, count - 1));
  return rowsAt(all, size, places);
}

export async function openWhole(
  { graph, ports, threads }: Probed,
  outputs: readonly string[],
  shapesOf: readonly string[] = [],
  asWritten = false,
): Promise<PartSession> {
  return openPart(partOf(graph, modelInputs(graph), outputs, { shapesOf }), {
    file: graph.file,
    threads,
    doubles: ports.doubles,
    asWritten,
  });
}

/**
 * @param examples inputs in the file's own layout, one a run
 * @param contexts one a run, of a flow that takes them
 * @param limits `largest`: values of an example above which a tensor is not kept; `together`: a number of examples of
 * which the shapes are wanted as well, and with them values far out
 * @throws UserError when the model cannot be run
 */
export async function probe(
  source: Probed,
  { examples, contexts }: ProbeInputs,
  { largest, together }: { largest: number; together?: number },
) {
  const { graph, ports } = source;
  /** Examples that every run is given: one, or as many as the file insists on, all the same. */
  const batch = ports.fixedBatch ?? 1;
  /** What the inputs are fed in each run. */
  const feeds = examples.map((example, run) => sameFeed(source, example, contexts?.[run], batch));
  const ends = endsOf(ports);
  const names = tensorsOnTheWay(graph, ends);

  const counts = [batch, ...(ports.fixedBatch === undefined && together ? [together] : [])];
  const [shapes, severalShapes] = await measureShapes(
    source,
    counts.map((count) => sameFeed(source, examples[0]!, contexts?.[0], count)),
  ).catch(async (error: unknown) => {
    // Some graphs take one example only, whatever they say.
    if (counts.length === 1) throw error;
    return measureShapes(source, [feeds[0]!]);
  });

  /** Those of type float64. */
  const doubles = new Set(ports.doubles);
  /** Values of one example in each run, of the tensors that were asked for. */
  const values = new Map<string, Float32Array[]>();
  const outside = farOut.map((factor) => examples[0]!.map((value) => value * factor));
  /**
   * Values of an example far out on both sides, where clamps and the tails of splines do something: what equals another
   * number there too is that number. Absent where they cannot be computed.
   */
  let far: Map<string, Float32Array[]> | undefined = together ? new Map([[ports.input, outside]]) : undefined;
  if (ports.context && contexts)
    far?.set(
      ports.context.name,
      outside.map(() => contexts[0]!),
    );
  values.set(ports.input, [...examples]);
  if (ports.context && contexts) values.set(ports.context.name, [...contexts]);
  const sizeIn = (name: string): number => sizeOf(shapes!.get(name)!) / batch;
  const small = names.filter((name) => shapes!.has(name) && sizeIn(name) <= largest);
  const numbers =
    small.reduce((sum, name) => sum + sizeIn(name), 0) * (examples.length + (far ? farOut.length : 0));
  const tooMany = numbers > mostNumbers;
  for (const group of groups(
    tooMany ? small.filter((name) => ends.includes(name)) : small,
    (name) => 4 * sizeOf(shapes!.get(name)!),
    mostBytes,
  )) {
    const session = await openWhole(source, group, [], true);
    try {
      for (const feed of feeds) {
        const results = await session.run(feed);
        for (const [name, { data, double }] of results) {
          if (double) doubles.add(name);
          entryOf(values, name, () => []).push(data.slice(0, Math.ceil(data.length / batch)));
        }
      }
      if (!far) continue;
      for (const example of outside) {
        // Graphs whose shapes depend on values may not take all of them.
        const results = await session
          .run(sameFeed(source, example, contexts?.[0], batch))
          .catch(ignoreUserError);
        if (!results || results.get(ports.output)?.data.every(Number.isFinite) === false) {
          far = undefined;
          break;
        }
        for (const [name, { data }] of results)
          far.set(name, [...(far.get(name) ?? []), data.slice(0, Math.ceil(data.length / batch))]);
      }
    } finally {
      await session.release();
    }
  }
  /** The file's log-det of the example in each run. */
  const logDets = ports.logDet ? values.get(ports.logDet)?.map((data) => data[0]!) : undefined;
  return {
    ...source,
    batch,
    feeds,
    /** Shape of each tensor on the way, with the batch axis. */
    shapes: shapes!,
    values,
    doubles,
    logDets,
    /** Another context in each run, of flows that take one: a row of numbers. */
    ...defined({ contexts, far }),
    /** How many numbers are on the way, where they are too many: then only the numbers of the ends are here. */
    ...(tooMany ? { tooMany: numbers } : {}),
    /** What is known of more examples at once, where the file takes any number. */
    ...(severalShapes && together ? { several: { count: together, shapes: severalShapes } } : {}),
  };
}

/** The same example this many times. */
export function sameFeed(
  { ports }: Pick<Probed, 'ports'>,
  example: Float32Array,
  context: Float32Array | undefined,
  count: number,
): Record<string, Floats> {
  return feedsFor(ports, repeated(example, count), count, context && repeated(context, count));
}

/** Shapes of all tensors on the way, for each of these inputs. */
export async function measureShapes(
  source: Probed,
  feeds: readonly Readonly<Record<string, Floats>>[],
): Promise<Map<string, readonly number[]>[]> {
  const { graph, ports } = source;
  const ends = endsOf(ports);
  const names = tensorsOnTheWay(graph, ends);
  const all: Map<string, readonly number[]>[] = [];
  const measuring = await openWhole(source, ends, names, true);
  try {
    for (const feed of feeds) {
      const results = await measuring.run(feed);
      const shapes = new Map<string, readonly number[]>();
      for (const name of names) {
        const shape = results.get(`shape:${name}`);
        if (shape) shapes.set(name, [...shape.data]);
      }
      shapes.set(ports.input, feed[ports.input]!.shape);
      all.push(shapes);
    }
  } finally {
    await measuring.release();
  }
  return all;
}

function groups<T>(items: readonly T[], cost: (item: T) => number, most: number): T[][] {
  const out: T[][] = [];
  let left = 0;
  for (const item of items) {
    if (out.length === 0 || cost(item) > left) {
      out.push([]);
      left = most;
    }
    out[out.length - 1]!.push(item);
    left -= cost(item);
  }
  return out;
}
