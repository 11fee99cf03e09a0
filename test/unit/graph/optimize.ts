/** What every pipeline cleans a graph up with, for tests of single passes. */
import type { Graph } from '../../../src/graph/ir';
import { runPasses } from '../../../src/graph/passes/pass';
import { cleanup } from '../../../src/graph/pipelines/pipelines';

export function optimize(graph: Graph): Graph {
  return runPasses(graph, cleanup);
}
