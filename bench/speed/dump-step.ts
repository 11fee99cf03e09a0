/**
 * Writes a training step of one of the peer's configurations as TensorFlow sees it, for profile_step.py: the SavedModel,
 * the state that it starts from, and what to feed and fetch.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packTensors } from '../../src/engine/training/packed';
import { initialTensors } from '../../src/engine/training/initialize';
import { stepGraph, trainingVectors } from '../../src/engine/training/step-graph';
import { buildFlow, buildPreprocess } from '../../src/flow/flow';
import { sizeOf } from '../../src/base/shape';
import { writeStateful } from '../../src/graph/tensorflow/stateful';
import { ourConfig, type PeerConfig } from './models';

const [config, folder] = process.argv.slice(2) as [string, string];
const { model, training } = ourConfig(JSON.parse(readFileSync(config, 'utf8')) as PeerConfig);
const flow = buildFlow(model);
const vectors = trainingVectors(flow, training);
const graph = stepGraph({ flow, preprocess: buildPreprocess(model, flow) }, training, training.batch);
const state = vectors.map((vector) => ({ name: vector.name, shape: [vector.size] }));
const { bytes, variables, functions } = writeStateful(state, { step: graph });

const tensors = initialTensors(flow, training.seed);
for (const { name, shape } of vectors.flatMap(({ members }) => members))
  tensors[name] ??= { shape: [...shape], data: new Float32Array(sizeOf(shape)) };
const packed = packTensors(vectors, tensors);

mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, 'saved_model.pb'), bytes);
const assignments = [...variables.values()].map(({ name, value, assigned }, i) => {
  const file = `state-${i}.bin`;
  const { buffer } = packed[name]!.data;
  writeFileSync(path.join(folder, file), new Uint8Array(buffer));
  return { value, assigned, file };
});
const { feeds, fetches } = functions.get('step')!;
const inputs = [...feeds].map(([name, node]) => {
  const { value } = graph.inputs.find((port) => port.name === name)!;
  return { name, node, shape: graph.values.get(value)!.shape };
});
const levels = model.kind === 'image' ? model.levels : 0;
writeFileSync(
  path.join(folder, 'step.json'),
  JSON.stringify({ assignments, inputs, fetches: [...fetches.values()], levels }),
);
