/**
 * A batch in two halves, each on half of the threads: they meet once, at the end, and not after every node. Two cores take
 * 0.70 of the time for couplings of matrices and 0.9 for couplings of convolutions (`npm run bench`).
 */
import type { Graph } from '../../graph/ir';
import { sizeOf } from '../../base/shape';
import type { NdArray } from '../../protocol/tensors';
import type { CompileOptions, Feeds, Program } from './backend';

/** Multiplications in a run, roughly, that make it worthwhile to send a half away: a few tenths of a millisecond. */
const leastWork = 4e7;
/** Multiplications that take as long as writing a value. */
const valueWork = 12;
/** Places, one of a vector and H·W of an image, that make all runs together worth seconds of compiling. */
const leastPlaces = 5e5;
/** Parameters of flows whose graphs are small. */
const fewParameters = 5e5;
/** Values, 2 MB, that the largest result of a node should have at most. */
const pieceValues = 2 ** 19;

function placesOf({ inputs, values }: Graph): number {
  const [, height = 1, width = 1, channels] = values.get(inputs[0]!.value)!.shape;
  return channels === undefined ? 1 : height * width;
}

function parametersOf({ constants }: Graph): number {
  return [...constants.values()].reduce((sum, { length }) => sum + length, 0);
}

/**
 * Multiplications for an example, roughly: each parameter of a convolution is used at each place, less after squeezes. A spline has
 * few parameters and many values.
 */
function workOf(graph: Graph): number {
  const values = valuesPerExample(graph).reduce((sum, size) => sum + size, 0);
  return placesOf(graph) * parametersOf(graph) + valueWork * values;
}

/** Sizes of the values that each example has for itself. */
function valuesPerExample({ values, dynamicBatch }: Graph): number[] {
  return [...values.values()]
    .filter(({ shape }) => shape[0] === dynamicBatch)
    .map(({ shape }) => sizeOf(shape.slice(1)));
}

/**
 * Examples that a run should have at most: what one node gives the next then stays in the cache of a processor, which two cores
 * reach at the same time. Cifar10 at 64 channels takes 3% less in pieces of 8 than in one of 32.
 */
function pieceOf(graph: Graph): number {
  return Math.max(1, Math.floor(pieceValues / Math.max(1, ...valuesPerExample(graph))));
}

/** Whether this many examples, in all, are worth a graph that takes longer to compile, or two of them. */
export function isLongWork(graph: Graph, { examples = 0 }: CompileOptions): boolean {
  return graph.dynamicBatch !== undefined && placesOf(graph) * examples >= leastPlaces;
}

/** Whether a graph is compiled in a moment: its batches are often too small to be halved. */
export function isSmall(graph: Graph): boolean {
  return parametersOf(graph) < fewParameters;
}

/** `whole` runs small batches, and may be `here`. */
interface Halves {
  here: Program;
  there: Program;
  whole: Program;
}

/**
 * Runs `here` and `there` at the same time, each on one half of the examples; small batches are run whole.
 * @param graph whose examples do not depend on each other: an input [N, …] gives [N, …], or what holds for all
 */
export function inHalves(graph: Graph, { here, there, whole }: Halves): Program {
  const work = workOf(graph);
  const piece = pieceOf(graph);
  const ofExamples = new Set(
    graph.outputs
      .filter(({ value }) => graph.values.get(value)!.shape[0] === graph.dynamicBatch)
      .map(({ name }) => name),
  );
  return {
    async run(feeds) {
      const count = Object.values(feeds)[0]?.shape[0] ?? 0;
      if (count < 2 || work * count < leastWork) return whole.run(feeds);
      const half = count >> 1;
      // Those for the other thread are sent first: what runs here holds this one.
      const others = Promise.all(piecesOf(feeds, half, count, piece).map((part) => there.run(part)));
      // Where this half fails, it says why.
      others.catch(() => undefined);
      const results: Feeds[] = [];
      for (const part of piecesOf(feeds, 0, half, piece)) results.push(await here.run(part));
      results.push(...(await others));
      return joined(results, ofExamples);
    },
    async dispose() {
      await Promise.all([...new Set([here, there, whole])].map((program) => program.dispose()));
    },
  };
}

/** Examples of a range, in pieces of about equal size. */
function piecesOf(feeds: Feeds, from: number, to: number, most: number): Feeds[] {
  const pieces = Math.ceil((to - from) / most);
  const edge = (i: number): number => from + Math.floor(((to - from) * i) / pieces);
  return Array.from({ length: pieces }, (_, i) => rowsOf(feeds, edge(i), edge(i + 1)));
}

function rowsOf(feeds: Feeds, from: number, to: number): Feeds {
  const rows = ({ shape: [, ...rest], data }: NdArray): NdArray => {
    const row = sizeOf(rest);
    return { shape: [to - from, ...rest], data: data.subarray(from * row, to * row) };
  };
  return Object.fromEntries(Object.entries(feeds).map(([name, array]) => [name, rows(array)]));
}

function joined(parts: readonly Feeds[], ofExamples: ReadonlySet<string>): Feeds {
  const all = (arrays: NdArray[]): NdArray => {
    const [{ data: like, shape }] = arrays as [NdArray];
    const Typed = like.constructor as new (length: number) => NdArray['data'];
    const data = new Typed(arrays.reduce((sum, { data: values }) => sum + values.length, 0));
    let at = 0;
    for (const { data: values } of arrays) {
      data.set(values, at);
      at += values.length;
    }
    return { shape: [arrays.reduce((sum, { shape: [n] }) => sum + n!, 0), ...shape.slice(1)], data };
  };
  return Object.fromEntries(
    Object.entries(parts[0]!).map(([name, first]) => [
      name,
      ofExamples.has(name) ? all(parts.map((part) => part[name]!)) : first,
    ]),
  );
}
