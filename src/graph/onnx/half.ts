/** Products and convolutions of networks in float16, for devices that compute these faster. */
import { onnx } from 'onnx-proto';
import { intAttribute } from './messages';

const products: ReadonlySet<string> = new Set(['MatMul', 'Conv', 'ConvTranspose']);
const { FLOAT, FLOAT16 } = onnx.TensorProto.DataType;

/** Scopes name what a node is part of; gradients have none. The matrices of a flow itself have log-dets, and stay as they are. */
const isOfNetwork = (name: string): boolean => !name.includes('/') || /\.net[./]/.test(name);

/** What goes in is rounded to float16, what comes out is float32 again, as is all that lies between. */
export function inHalf(model: onnx.ModelProto): onnx.ModelProto {
  const rounded = new Set<string>();
  const cast = (from: string, to: string, type: number): onnx.INodeProto => ({
    ...{ name: `${to}/Cast`, opType: 'Cast', input: [from], output: [to] },
    attribute: [intAttribute('to', type)],
  });
  const halfOf = (name: string): string => `${name}:half`;
  const node = model.graph!.node!.flatMap((product) => {
    if (!products.has(product.opType!) || !isOfNetwork(product.name!)) return [product];
    const input = product.input!;
    const first = input.filter((name) => !rounded.has(name));
    first.forEach((name) => rounded.add(name));
    const [output] = product.output as [string];
    return [
      ...[...new Set(first)].map((name) => cast(name, halfOf(name), FLOAT16)),
      { ...product, input: input.map(halfOf), output: [`${output}:product`] },
      cast(`${output}:product`, output, FLOAT),
    ];
  });
  return onnx.ModelProto.create({ ...model, graph: { ...model.graph, node } });
}
