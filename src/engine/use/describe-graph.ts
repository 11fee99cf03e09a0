/** What a backend's passes make of a graph. */
import { keptOf } from '../../base/kept';
import { type Graph, isDynamic } from '../../graph/ir';
import { aliases, graphMemory } from '../../graph/memory';
import { removeDeadCode, runPasses, type PassRun, type Pipeline } from '../../graph/passes/pass';
import { passes, type PassName } from '../../graph/passes/list';
import { mergeAndCleanUp } from '../../graph/pipelines/pipelines';
import { printGraph } from '../../graph/print';
import type { NamedGraph } from './named-graphs';

/** What became less over all its runs; negative where it became more. */
export interface PassEffect extends GraphSize {
  name: PassName;
  /** In words. */
  saves: string;
  /** How often it ran. */
  runs: number;
}

export type DescribedGraph = ReturnType<typeof describeGraph>;

export interface DescribeOptions {
  /** By default those that suit every backend. */
  passes?: Pipeline | undefined;
  /** Examples that sizes are counted for. */
  batch: number;
}

export function describeGraph(
  { graph }: NamedGraph,
  { passes: pipeline = mergeAndCleanUp, batch }: DescribeOptions,
) {
  const runs: PassRun[] = [];
  const last = runPasses(graph, pipeline, (run) => runs.push(run));
  return {
    traced: graphSize(graph, batch),
    /** After the passes. */
    left: graphSize(last, batch),
    /** In the order in which they first ran. */
    passes: effects(graph, runs, batch),
    /** What is left. */
    graph: last,
    /** Undefined for graphs that take any number of examples. */
    memory: last.dynamicBatch === undefined ? graphMemory(last) : undefined,
    /** What is left, printed. */
    text: () => printGraph(last),
  };
}

/** As it was traced, before any pass. */
export function tracedText({ graph }: NamedGraph): string {
  return printGraph(graph);
}

/** Their sum is what all passes together save. */
function effects(traced: Graph, runs: readonly PassRun[], batch: number): PassEffect[] {
  // Nodes that a pass leaves unused count for it, not for the pass that removes them; dead code was so from the start.
  const live = keptOf((graph: Graph) => graphSize(removeDeadCode(graph), batch));
  const unused = less(graphSize(traced, batch), live(traced));
  const found = new Map<PassName, PassEffect>();
  for (const { name, before, after } of runs) {
    const saved = name === 'dead code' ? (found.has(name) ? none : unused) : less(live(before), live(after));
    const { nodes, elements, constants } = found.get(name) ?? none;
    found.set(name, {
      name,
      saves: passes[name],
      runs: (found.get(name)?.runs ?? 0) + 1,
      nodes: nodes + saved.nodes,
      elements: elements + saved.elements,
      constants: constants + saved.constants,
    });
  }
  return [...found.values()];
}

const none: GraphSize = { nodes: 0, elements: 0, constants: 0 };

function less(before: GraphSize, after: GraphSize): GraphSize {
  return {
    nodes: before.nodes - after.nodes,
    elements: before.elements - after.elements,
    constants: before.constants - after.constants,
  };
}

/** What passes make smaller. */
export interface GraphSize {
  /** Kernel calls. */
  nodes: number;
  /** Numbers that these write. Small networks spend their time starting kernels, large ones writing. */
  elements: number;
  /** Numbers in constants. */
  constants: number;
}

/** @param batch what "any" batch size counts as */
export function graphSize({ nodes, values, constants, dynamicBatch }: Graph, batch: number): GraphSize {
  const sizeOf = (id: number): number =>
    values
      .get(id)!
      .shape.reduce((n, dim) => n * (isDynamic(dim, dynamicBatch) ? (dim / dynamicBatch!) * batch : dim), 1);
  const total = (ids: Iterable<number>): number => [...ids].reduce((sum, id) => sum + sizeOf(id), 0);
  return {
    nodes: nodes.length,
    elements: total(nodes.flatMap(({ op, outputs }) => (aliases.has(op) ? [] : outputs))),
    constants: total(constants.keys()),
  };
}
