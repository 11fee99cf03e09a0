/** Reads the structure of an ONNX file: ports, operators, metadata, names and shapes of its tensors; no values. */
import { onnx } from 'onnx-proto';
import { decodeOnnx } from './decode';

/** @throws UserError for a file that cannot be read or is not an ONNX model */
export async function readOnnx(file: string) {
  const { bytes, model, graph } = await decodeOnnx(file);
  const initializers = graph.initializer ?? [];
  const stored = new Set(initializers.map(({ name }) => name));
  const opset = model.opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx');
  return {
    bytes,
    summary: {
      opset: Number(opset?.version ?? 0),
      producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
      // Older files list their weights among the inputs.
      inputs: (graph.input ?? []).filter(({ name }) => !stored.has(name)).map(portOf),
      outputs: (graph.output ?? []).map(portOf),
      operators: countOperators(graph.node.map(operatorOf)),
      metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key ?? '', value ?? ''])),
    },
    tensors: initializers.map(({ name, dims, dataType }) => ({
      name: name ?? '',
      shape: (dims ?? []).map(Number),
      dtype: typeName(dataType),
    })),
  };
}

/** The operator's name, behind its domain where that is not ONNX. */
export function operatorOf({ domain, opType }: onnx.INodeProto): string {
  return domain && domain !== 'ai.onnx' ? `${domain}.${opType}` : (opType ?? '');
}

/** How often each operator is there, the most frequent first. */
export function countOperators(operators: Iterable<string>): { op: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const op of operators) counts.set(op, (counts.get(op) ?? 0) + 1);
  return [...counts]
    .map(([op, count]) => ({ op, count }))
    .sort((a, b) => b.count - a.count || (a.op < b.op ? -1 : 1));
}

function portOf({ name, type }: onnx.IValueInfoProto) {
  const tensor = type?.tensorType;
  return {
    name: name ?? '',
    dtype: typeName(tensor?.elemType),
    shape: (tensor?.shape?.dim ?? []).map(
      ({ dimParam, dimValue }) => dimParam || Number(dimValue ?? 0) || '?',
    ),
  };
}

function typeName(code: number | null | undefined): string {
  return (onnx.TensorProto.DataType[code ?? 0] ?? 'unknown').toLowerCase();
}
