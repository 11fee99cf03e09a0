/** Runs a file over batches with the tensors that its layers are read from as additional outputs. */
import { fromChannelsLast, toChannelsLast } from '../model/runner';
import { range } from '../../base/order';
import { concatenated } from '../../base/rows';
import type { AnalyzedFlow } from './analyze';
import { pageShape, type Elements } from './layers';
import { read, type Located } from './locate';
import { feedsFor, filled, openWhole } from './probe';
import type { PartSession } from './runtime';

export interface BatchValues {
  /** What the file was given and what came out, [count, …], channels last. */
  input: Float32Array;
  output: Float32Array;
  /** [count]; absent where the file computes none. */
  logDet?: Float32Array;
  /** Elements of one example. */
  elements(elements: Elements, example: number): Float32Array;
  /** Over all elements of a tensor. */
  sum(tensor: string, example: number): number;
  /** Located values, in their order. */
  located(located: Located, example: number): Float32Array;
}

/** @param tensors that elements are going to be read from */
export function createLayerValues({ probe, outputShape }: AnalyzedFlow, tensors: Iterable<string>) {
  const { ports } = probe;
  const { input, output, logDet, shape, layout, fixedBatch } = ports;
  const names = [...new Set([output, ...(logDet ? [logDet] : []), ...tensors])].filter(
    (name) => name !== input,
  );
  let session: Promise<PartSession> | undefined;
  const inputShape = pageShape(shape, layout);

  return {
    /** @param values [count, …], channels last @param context [count, C], of a flow that takes one */
    async run(values: Float32Array, count: number, context?: Float32Array): Promise<BatchValues> {
      session ??= openWhole(probe, names);
      const opened = await session;
      const laid = fromChannelsLast(values, inputShape, layout);
      const part = fixedBatch ?? count;
      const parts: ReadonlyMap<string, Float32Array>[] = [];
      for (let start = 0; start < count; start += part) {
        const fed = filled(laid, start, part, count);
        const contextRows = context && filled(context, start, part, count);
        const results = await opened.run(feedsFor(ports, fed, part, contextRows));
        parts.push(new Map([[input, fed], ...[...results].map(([name, { data }]) => [name, data] as const)]));
      }
      /** A tensor's values of one example; those without a batch axis are the same for all. */
      const rowOf = (name: string, example: number): Float32Array => {
        const data = parts[Math.floor(example / part)]!.get(name)!;
        const width = data.length / part;
        const row = example % part;
        return Number.isInteger(width) ? data.subarray(row * width, (row + 1) * width) : data;
      };
      const out = concatenated(range(count).map((i) => rowOf(output, i)));
      return {
        input: values,
        output: toChannelsLast(out, pageShape(outputShape, layout), layout),
        ...(logDet ? { logDet: Float32Array.from({ length: count }, (_, i) => rowOf(logDet, i)[0]!) } : {}),
        elements({ tensors, which, places }, example) {
          const rows = tensors.map((name) => rowOf(name, example));
          return Float32Array.from(which, (tensor, k) => rows[tensor]![places[k]!]!);
        },
        sum: (tensor, example) => rowOf(tensor, example).reduce((a, b) => a + b, 0),
        located({ reading, tensors, which, places }, example) {
          const rows = tensors.map((name) => rowOf(name, example));
          return Float32Array.from(which, (tensor, i) => read(reading, rows[tensor]![places[i]!]!));
        },
      };
    },
    async dispose() {
      await (await session?.catch(() => undefined))?.release();
      session = undefined;
    },
  };
}
