/** What a recording knows of single layers besides a pass. */
import { sizeOf } from '../../base/shape';
import type { RecordedLayer, Recording } from '../../checkpoint/recording/read';
import type { RecordedAnswers } from '../model/inspected-flow';
import { notRecorded } from './programs';
import { rowAt, rowFinder } from './rows';

export function recordedAnswers(recording: Recording): RecordedAnswers {
  const { file, layers } = recording;
  /** Number of the example that has this input of the layer. */
  const exampleOf = ({ input }: RecordedLayer, values: Float32Array): number =>
    rowFinder(input, () => notRecorded(file, 'this example'))(values, 1)[0]!;
  return {
    network(index) {
      const { about, activations } = layers[index]!;
      return {
        layer: index,
        parameters: (about.parameters ?? []).map(({ name, shape, stats, edges, counts }) => ({
          name,
          shape,
          stats,
          histogram: { edges, counts },
        })),
        state: [],
        stages: activations.map(({ name, values }) => ({ name, shape: values.shape.slice(1) })),
        norms: [],
      };
    },
    maps(index, stage, input) {
      const { values } = layers[index]!.activations.find(({ name }) => name === stage)!;
      const example = exampleOf(layers[index]!, input);
      return { shape: [1, ...values.shape.slice(1)], data: rowAt(values, example).slice() };
    },
    jacobian(index, input) {
      const layer = layers[index]!;
      const { jacobian, about } = layer;
      if (!jacobian) throw notRecorded(file, `the Jacobian of ${about.name}`);
      const example = exampleOf(layer, input);
      const kept = jacobian.shape[0]!;
      if (example >= kept) {
        throw notRecorded(
          file,
          `the Jacobian of ${about.name} at example ${example} (of the first ${kept} it is)`,
        );
      }
      return rowAt(jacobian, example);
    },
    dependence(index) {
      const { jacobian, about, input } = layers[index]!;
      if (!jacobian) throw notRecorded(file, `the Jacobian of ${about.name}`);
      const count = jacobian.shape[0]!;
      const mean = new Float32Array(sizeOf(input.shape.slice(1)) ** 2);
      for (let example = 0; example < count; example++) {
        rowAt(jacobian, example).forEach((value, i) => (mean[i]! += Math.abs(value) / count));
      }
      return { count, mean };
    },
  };
}
