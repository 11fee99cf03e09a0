import type { Node } from '../ir';
import type { OnnxWriter } from './writer';

/** Adam's step out of elementary operators; the formula is the one in `composedAdam`. */
export function adam(node: Node, writer: OnnxWriter, inputs: string[]): void {
  const [param, m, v, gradient, learningRate, beta1Power, beta2Power] = inputs as [
    string, string, string, string, string, string, string,
  ]; // prettier-ignore
  const { beta1, beta2, epsilon } = node.attrs as { beta1: number; beta2: number; epsilon: number };
  const constant = (value: number): string => writer.constant(value, 'float32');
  const one = constant(1);
  const rate = writer.add('Div', [
    writer.add('Mul', [learningRate, writer.add('Sqrt', [writer.add('Sub', [one, beta2Power])])]),
    writer.add('Sub', [one, beta1Power]),
  ]);
  const result = (i: number, opType: string, operands: string[]): string => {
    const id = node.outputs[i]!;
    writer.emit({ ...node, outputs: [id] }, opType, operands);
    return writer.nameOf(id);
  };
  const towards = (i: number, moment: string, value: string, share: number): string =>
    result(i, 'Add', [moment, writer.add('Mul', [writer.add('Sub', [value, moment]), constant(share)])]);
  const nextM = towards(1, m, gradient, 1 - beta1);
  const nextV = towards(2, v, writer.add('Mul', [gradient, gradient]), 1 - beta2);
  const size = writer.add('Add', [writer.add('Sqrt', [nextV]), constant(epsilon)]);
  const step = writer.add('Div', [writer.add('Mul', [nextM, rate]), size]);
  result(0, 'Sub', [param, step]);
}
