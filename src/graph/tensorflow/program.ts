/** A graph without state as a SavedModel. */
import { type Graph, isDynamic } from '../ir';
import { runPasses } from '../passes/pass';
import { tensorFlowProgram } from '../pipelines/pipelines';
import { savedModel, shapeAttribute, typeAttribute } from './messages';
import { emitTensorFlow } from './operators';
import { FunctionWriter, GraphDefWriter } from './writer';

/** Where a session's graph is fed and fetched; keys are the names of the graph's ports. */
export interface FunctionPorts {
  feeds: Map<string, string>;
  fetches: Map<string, string>;
}

export function writeProgram(graph: Graph): { bytes: Uint8Array; ports: FunctionPorts } {
  const optimized = runPasses(graph, tensorFlowProgram);
  const target = new GraphDefWriter();
  const writer = new FunctionWriter(target, optimized, 'program');
  const feeds = new Map(
    optimized.inputs.map(({ name, value }) => [name, addPlaceholder(writer, name, value)]),
  );
  for (const node of optimized.nodes) emitTensorFlow(node, writer);
  writer.enter('output');
  const fetches = new Map(
    optimized.outputs.map(({ name, value }) => [
      name,
      writer.add('Identity', [writer.nameOf(value)], { T: typeAttribute(writer.typeOf(value).dtype) }),
    ]),
  );
  return { bytes: savedModel(target.nodes), ports: { feeds, fetches } };
}

export function addPlaceholder(writer: FunctionWriter, name: string, value: number): string {
  const { shape, dtype } = writer.typeOf(value);
  writer.enter(`input/${name}`);
  const dims = shape.map((dim) => (isDynamic(dim, writer.graph.dynamicBatch) ? -1 : dim));
  const placeholder = writer.add('Placeholder', [], {
    dtype: typeAttribute(dtype),
    shape: shapeAttribute(dims),
  });
  writer.setName(value, placeholder);
  return placeholder;
}
