import { pass } from './pass';

/** Drops nodes and constants that no output needs. Inputs stay, since callers feed them by name. */
export const removeDeadCode = pass('dead code', (graph) => {
  const live = new Set(graph.outputs.map(({ value }) => value));
  const nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      const needed = node.outputs.some((id) => live.has(id));
      if (needed) for (const id of node.inputs) live.add(id);
      return needed;
    })
    .reverse();
  for (const { value } of graph.inputs) live.add(value);
  for (const { outputs } of nodes) for (const id of outputs) live.add(id);
  if ([...graph.values.keys()].every((id) => live.has(id))) return graph;
  return {
    ...graph,
    nodes,
    values: new Map([...graph.values].filter(([id]) => live.has(id))),
    constants: new Map([...graph.constants].filter(([id]) => live.has(id))),
  };
});
