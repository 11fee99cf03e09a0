/** What a recording knows of single layers besides a pass. */
import { sizeOf } from '../../base/shape';
import type { RecordedLayer, Recording } from '../../checkpoint/recording/read';
import type { RecordedAnswers } from '../model/inspected-flow';
import { notRecorded } from './programs';
import { exampleFinder, rowAt } from './rows';
import type { RunningFlow } from './running-flow';

export function recordedAnswers(recording: Recording, running: RunningFlow | undefined): RecordedAnswers {
  const { file, layers } = recording;
  /** A layer with the number of the example that has this input of it, under its context. */
  const exampleOf = (
    index: number,
    values: Float32Array,
    context: Float32Array | undefined,
  ): { layer: RecordedLayer; example: number } => {
    const given = context && { shape: [1, context.length], data: context };
    for (const { layers: known, context: contexts } of [recording, ...(running?.recent() ?? [])]) {
      const layer = known[index]!;
      const found = exampleFinder(layer.input, contexts)(values, 1, given);
      if (found) return { layer, example: found[0]! };
    }
    throw notRecorded(file, 'this example');
  };
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
    maps(index, stage, input, context) {
      const { layer, example } = exampleOf(index, input, context);
      const { values } = layer.activations.find(({ name }) => name === stage)!;
      return { shape: [1, ...values.shape.slice(1)], data: rowAt(values, example).slice() };
    },
    async jacobian(index, input, context) {
      const { layer, example } = exampleOf(index, input, context);
      const { jacobian, about } = layer;
      if (!jacobian) throw notRecorded(file, `the Jacobian of ${about.name}`);
      const kept = jacobian.shape[0]!;
      if (example < kept) return rowAt(jacobian, example);
      const again = await running?.inside(example);
      if (again) return rowAt(again.layers[index]!.jacobian!, 0);
      throw notRecorded(
        file,
        `the Jacobian of ${about.name} at example ${example} (of the first ${kept} it is)`,
      );
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
