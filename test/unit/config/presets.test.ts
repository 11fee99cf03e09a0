/** Every preset and every set of conventions, at its full size, is a flow that can be trained and run. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chrischutePlan } from '../../../src/checkpoint/libraries/chrischute/import';
import { libraryNames } from '../../../src/checkpoint/import/names';
import { buildRunConfig, type DataShape } from '../../../src/config/build';
import { conventionsFor, conventionSets } from '../../../src/config/conventions';
import { presets } from '../../../src/config/presets';
import { forwardGraph, inverseGraph } from '../../../src/engine/model/flow-graphs';
import { trainingVectors } from '../../../src/engine/training/step-graph';
import type { Flow } from '../../../src/flow/built-flow';
import { buildFlow, buildPreprocess } from '../../../src/flow/flow';
import { sizeOf } from '../../../src/base/shape';

const images = (height: number, channels: number, levels = 256): DataShape => ({
  kind: 'image',
  name: 'images',
  shape: [height, height, channels],
  levels,
  provenance: { source: 'images' },
});
const rows = (dim: number, source = 'rows.csv'): DataShape => ({
  kind: 'vector',
  name: source,
  shape: [dim],
  provenance: { source },
});

/** Data as they come after the crops and sizes that a preset itself asks for. */
const imageData: Record<string, DataShape> = {
  digits: images(8, 1, 17),
  mnist: images(28, 1),
  image: images(30, 3),
  'paper-cifar10': images(32, 3),
  'paper-imagenet32': images(32, 3),
  'paper-imagenet64': images(64, 3),
  'paper-lsun': images(64, 3),
  'paper-celeba': images(64, 3),
};

const parameters = ({ parameters }: Flow): number =>
  parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

function assertRuns(preset: string, data: DataShape): void {
  const { model, training } = buildRunConfig({ data: data.name, preset }, data);
  const flow = buildFlow(model);
  assert.deepEqual(flow.inputShape, model.kind === 'vector' ? [model.dim] : padded(model));
  const preprocess = buildPreprocess(model, flow);
  const names = (ports: readonly { name: string }[]) => ports.map(({ name }) => name);
  const options = preprocess ? { preprocess } : {};
  assert.ok(names(forwardGraph(flow, options).outputs).includes('logDet'));
  assert.ok(names(inverseGraph(flow).outputs).includes('x'));
  assert.ok(trainingVectors(flow, training).length > 0);
}

function padded({ height, width, channels, pad }: Record<'height' | 'width' | 'channels' | 'pad', number>) {
  return [height + 2 * pad, width + 2 * pad, channels];
}

describe('a preset', () => {
  for (const { name, model } of presets) {
    it(`builds a flow that is traced both ways: ${name}`, () => {
      const data = model.kind === 'image' ? imageData[name] : rows(name === 'tabular' ? 63 : 2);
      assert.ok(data, `no data for the preset ${name} in this test`);
      assertRuns(name, data);
    });
  }
});

describe('a set of conventions', () => {
  for (const kind of ['vector', 'image'] as const) {
    for (const { name } of conventionsFor(kind)) {
      it(`builds flows that are traced both ways: ${name}`, () => {
        const suitable = kind === 'vector' ? [rows(2, 'moons'), rows(7)] : [images(8, 1, 17), images(30, 3)];
        for (const data of suitable) assertRuns(name, data);
      });
    }
  }
});

/** The default of chrischute/real-nvp and the CIFAR-10 size of the paper. */
const cifar = { scales: 2, base: 64, blocks: 8 };

describe('published sizes', () => {
  const flowAs = (name: string): Flow => {
    const conventions = conventionSets.find((set) => set.name === name)!.image!;
    const config = { model: { ...conventions, ...cifar } };
    return buildFlow(buildRunConfig({ data: 'd', config }, images(32, 3)).model);
  };

  it('of fmu2/realNVP on CIFAR-10: 6,380,678 parameters', () => {
    assert.equal(parameters(flowAs('fmu2')), 6_380_678);
  });

  it('of chrischute/real-nvp on CIFAR-10: 19,631,640 parameters, 1,651 tensors', () => {
    const flow = flowAs('chrischute');
    // There each scale of tanh is weight-normalized: two numbers, of which one is redundant.
    const scales = flow.parameters.filter(({ name }) => name.endsWith('.scale'));
    const redundant = scales.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    assert.equal(parameters(flow) + redundant, 19_631_640);

    const plan = chrischutePlan({
      channels: 3,
      scales: cifar.scales,
      base: cifar.base,
      blocks: cifar.blocks,
    });
    const names = plan.flatMap(({ table }) => table.flatMap(libraryNames));
    const counters = names.filter((name) => name.endsWith('.running_mean'));
    assert.equal(1 + names.length + counters.length, 1651);
  });

  it('of the paper on CIFAR-10: our default flow with one scale for all channels', () => {
    const paper = presets.find(({ name }) => name === 'paper-cifar10')!;
    const { model } = buildRunConfig({ data: 'd', preset: paper.name }, images(32, 3));
    assert.deepEqual(
      model.kind === 'image' && [model.scales, model.base, model.blocks, model.dataRange, model.scaleMap],
      [2, 64, 8, 0.95, 'tanh-scalar'],
    );
    const { config } = { config: { model: { ...cifar } } };
    const ours = buildFlow(buildRunConfig({ data: 'd', config }, images(32, 3)).model);
    // 3 checkerboard couplings of 3 channels, 3 channel-wise of 6, 4 checkerboard of 6: 51 scales against 10.
    const channels = ours.layers
      .filter(({ coupling }) => coupling !== undefined)
      .reduce((sum, { kind, inputShape }) => sum + inputShape[2]! / (kind === 'channelwise' ? 2 : 1), 0);
    assert.equal(parameters(ours) - parameters(buildFlow(model)), channels - 10);
  });
});
