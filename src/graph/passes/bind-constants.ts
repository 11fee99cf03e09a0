import { UserError } from '../../base/user-error';
import type { NdArray } from '../../protocol/tensors';
import { type Graph, sameShape, showShape } from '../ir';

/**
 * Turns the named inputs into constants, so that folding reaches what is computed from parameters only. The names are
 * remembered in `graph.constantNames`, which gives initializers readable names.
 *
 * @throws UserError when a shape differs from the input's, or there is no such input.
 */
export function bindConstants(graph: Graph, values: Readonly<Record<string, NdArray>>): Graph {
  const constants = new Map(graph.constants);
  const constantNames = new Map(graph.constantNames);
  for (const [name, { shape, data }] of Object.entries(values)) {
    const port = graph.inputs.find((input) => input.name === name);
    if (!port) throw new UserError(`There is no graph input "${name}" to bind.`);
    const value = graph.values.get(port.value)!;
    if (!sameShape(value.shape, shape)) {
      throw new UserError(
        `"${name}" has shape ${showShape(shape)}, but the model expects ${showShape(value.shape)}.`,
      );
    }
    constants.set(port.value, data);
    constantNames.set(port.value, name);
  }
  return { ...graph, inputs: graph.inputs.filter(({ name }) => !(name in values)), constants, constantNames };
}

/** Those of the tensors that the graph takes become its constants. @throws UserError for one of another shape */
export function bindUsed(graph: Graph, tensors: Readonly<Record<string, NdArray>>): Graph {
  const used = new Set(graph.inputs.map(({ name }) => name));
  return bindConstants(graph, Object.fromEntries(Object.entries(tensors).filter(([name]) => used.has(name))));
}
