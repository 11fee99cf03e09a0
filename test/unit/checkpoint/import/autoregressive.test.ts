/** Splines and autoregressive layers of zuko and normflows: what is not as the library writes it is refused in words. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { loadAnyCheckpoint } from '../../../../src/checkpoint/recognize/load';
import type { VectorModelConfig } from '../../../../src/config/schema';
import type { NdArray } from '../../../../src/protocol/tensors';
import { UserError } from '../../../../src/base/user-error';
import { temporaryFolder } from '../../support/temporary';
import { wild, writeChanged } from './files';
import { importCheckpoint } from '../opened';

const folder = temporaryFolder();

const originals = {
  'zuko-nsf-2d': wild('zuko-nsf-2d', 'flow.pt'),
  'zuko-nice-additive-4d': wild('zuko-nice-additive-4d', 'flow.pt'),
  'normflows-nsf-ar-3d': wild('normflows-nsf-ar-3d', 'model.pth'),
  'normflows-nsf-coupling-2d': wild('normflows-nsf-coupling-2d', 'model.pth'),
  'normflows-maf-3d': wild('normflows-maf-3d', 'model.pth'),
};

type Tensors = Map<string, NdArray>;

/** A tensor with other values, of the same shape unless another one is given. */
function change(tensors: Tensors, name: string, values: readonly number[], shape?: readonly number[]): void {
  tensors.set(name, { shape: [...(shape ?? tensors.get(name)!.shape)], data: Float32Array.from(values) });
}

async function changed(name: keyof typeof originals, how: (tensors: Tensors) => void): Promise<string> {
  const file = path.join(folder, `${name}.safetensors`);
  await writeChanged({ path: originals[name] }, file, how);
  return file;
}

/** The values of a mask with the first one the other way round. */
function flipped(tensors: Tensors, name: string): void {
  const [first, ...rest] = [...(tensors.get(name)!.data as Float32Array)];
  change(tensors, name, [1 - first!, ...rest]);
}

/** Masks as those of an adjacency are, which leaves no order. */
function asGraph(tensors: Tensors): void {
  for (const name of [...tensors.keys()]) if (name.endsWith('.order')) tensors.delete(name);
}

/** Last layer of a network with as many outputs. */
function withOutputs(tensors: Tensors, layer: string, outputs: number): void {
  const inputs = tensors.get(`${layer}.weight`)!.shape[1]!;
  for (const part of ['weight', 'mask']) {
    if (!tensors.has(`${layer}.${part}`)) continue;
    change(tensors, `${layer}.${part}`, new Array<number>(outputs * inputs).fill(0), [outputs, inputs]);
  }
  for (const part of ['bias', 'degrees']) {
    if (!tensors.has(`${layer}.${part}`)) continue;
    change(tensors, `${layer}.${part}`, new Array<number>(outputs).fill(0), [outputs]);
  }
}

const thrown: [keyof typeof originals, string, (tensors: Tensors) => void, RegExp][] = [
  [
    'zuko-nsf-2d',
    'a mask of no order',
    (tensors) => flipped(tensors, 'transform.transforms.1.hyper.2.mask'),
    /transform\.transforms\.1\.hyper\.2\.mask is not the mask that follows from the order/,
  ],
  [
    'zuko-nsf-2d',
    'features that all share a place',
    (tensors) => change(tensors, 'transform.transforms.0.order', [0, 0]),
    /transform\.transforms\.0\.order does not number at least two places from 0 on; it is \[0, 0\]/,
  ],
  [
    'zuko-nice-additive-4d',
    'a mask that does not fit the network',
    (tensors) => change(tensors, 'transform.transforms.0.mask', [1, 1, 1, 0]),
    /transform\.transforms\.0\.mask passes 3 of 4 features.*hyper sees 2 values/,
  ],
  [
    'zuko-nsf-2d',
    'masks of a graph that has a circle',
    (tensors) => {
      asGraph(tensors);
      for (const number of [0, 2, 4]) {
        const name = `transform.transforms.1.hyper.${number}.mask`;
        change(tensors, name, new Array<number>(tensors.get(name)!.data.length).fill(1));
      }
    },
    /transforms\.1\.hyper\.4\.mask and the masks before it, features depend on themselves by way of others/,
  ],
  [
    'normflows-nsf-ar-3d',
    'a mask of no order',
    (tensors) => flipped(tensors, 'flows.2.mprqat.autoregressive_net.blocks.0.linear_layers.1.mask'),
    /flows\.2\.mprqat\.autoregressive_net\.blocks\.0\.linear_layers\.1\.mask is not the mask/,
  ],
  [
    'normflows-maf-3d',
    'degrees of no order',
    (tensors) => change(tensors, 'flows.4.autoregressive_net.final_layer.degrees', [1, 1, 1, 1, 9, 9]),
    /flows\.4\.autoregressive_net\.final_layer\.degrees does not give each of 3 features a place/,
  ],
  [
    'normflows-nsf-coupling-2d',
    'two parts that are none',
    (tensors) => change(tensors, 'flows.0.prqct.identity_features', [1e9]),
    /flows\.0\.prqct\.identity_features and transform_features are not two parts of 2 features/,
  ],
];

const unknown: [keyof typeof originals, string, (tensors: Tensors) => void, RegExp][] = [
  [
    'zuko-nsf-2d',
    'a context in one of its layers',
    (tensors) => {
      for (const part of ['weight', 'mask'])
        change(tensors, `transform.transforms.0.hyper.0.${part}`, new Array<number>(96).fill(1), [32, 3]);
    },
    /transform\.transforms\.1 sees another context than transform\.transforms\.0/,
  ],
  [
    'zuko-nsf-2d',
    'an impossible number of outputs',
    (tensors) => withOutputs(tensors, 'transform.transforms.0.hyper.4', 300),
    /hyper, which gives 300 values for 2 features; known are 1, 2 and 3·bins − 1 for each; 150 are of Bernstein polynomials of degree 149 \(BPF\)/,
  ],
  [
    'zuko-nsf-2d',
    'a missing mask',
    (tensors) => tensors.delete('transform.transforms.0.hyper.2.mask'),
    /hyper\.2\.mask of the shape of its weight/,
  ],
  [
    'normflows-nsf-coupling-2d',
    'an impossible number of outputs',
    (tensors) => withOutputs(tensors, 'flows.0.prqct.transform_net.final_layer', 24),
    /splines of 2 to 256 bins .*flows\.0\.prqct\.transform_net \(it gives 24\)/,
  ],
  [
    'normflows-nsf-coupling-2d',
    'other bins where nothing conditions',
    (tensors) => {
      const name = 'flows.0.prqct.unconditional_transform.unnormalized_widths';
      change(tensors, name, new Array<number>(9).fill(0), [1, 9]);
    },
    /unconditional_transform is not a spline of 8 bins for each of 1 features/,
  ],
  [
    'normflows-nsf-ar-3d',
    'a mixing of other features',
    (tensors) => change(tensors, 'flows.1.linear.lower_entries', [0, 0], [2]),
    /flows\.1 is a permutation and a mixing that is not an LULinear/,
  ],
  [
    'normflows-maf-3d',
    'blocks far beyond what the file holds',
    (tensors) => {
      const name = 'flows.0.autoregressive_net.blocks.4294967295.linear_layers.0.bias';
      change(tensors, name, [0], [1]);
    },
    /numbered up to 4294967295/,
  ],
];

describe('splines and autoregressive layers', () => {
  for (const [name, what, how, words] of thrown) {
    it(`${name} with ${what} is refused in words`, async () => {
      await assert.rejects(
        loadAnyCheckpoint(await changed(name, how)),
        (error) => error instanceof UserError && words.test(error.message),
      );
    });
  }

  for (const [name, what, how, words] of unknown) {
    it(`${name} with ${what} is no flow that is known, and it is told why`, async () => {
      const imported = await importCheckpoint(await changed(name, how));
      assert.ok('reason' in imported, 'is not recognized');
      assert.match(imported.reason, words);
    });
  }

  it('a flow inside of a Lightning module, whose names have a prefix, is the same', async () => {
    const file = await changed('zuko-nsf-2d', (tensors) => {
      for (const [key, tensor] of [...tensors]) {
        tensors.delete(key);
        tensors.set(`flow.${key}`, tensor);
      }
    });
    const [plain, prefixed] = [
      await loadAnyCheckpoint(originals['zuko-nsf-2d']),
      await loadAnyCheckpoint(file),
    ];
    assert.deepEqual(prefixed.tensors, plain.tensors);
    assert.deepEqual(prefixed.config, plain.config);
  });

  it('follows a graph of the features by its masks', async () => {
    const [plain, graph] = [
      await loadAnyCheckpoint(originals['zuko-nsf-2d']),
      await loadAnyCheckpoint(await changed('zuko-nsf-2d', asGraph)),
    ];
    const model = { ...plain.config.model, madeMasks: 'stored' };
    assert.deepEqual(graph.config, { ...plain.config, model });
    const mask = graph.tensors['autoregressive.0.net.0.mask']!;
    assert.deepEqual(mask.shape, graph.tensors['autoregressive.0.net.0.weight']!.shape);
    assert.ok(mask.data.includes(0) && mask.data.includes(1));
  });

  it('normflows’ networks of s and t may be unlike, with the slope of t asked for', async () => {
    const file = path.join(folder, 'unlike.safetensors');
    await writeChanged('normflows-2d', file, (tensors) => {
      for (const name of [...tensors.keys()].filter((one) => one.endsWith('.t.net.2.weight'))) {
        const at = name.slice(0, -'2.weight'.length);
        for (const part of ['weight', 'bias']) tensors.set(`${at}4.${part}`, tensors.get(`${at}2.${part}`)!);
        const data = Float32Array.from({ length: 256 }, (_, i) => Number(i % 17 === 0));
        tensors.set(name, { shape: [16, 16], data });
        tensors.set(`${at}2.bias`, { shape: [16], data: new Float32Array(16) });
      }
    });
    const undecided = await importCheckpoint(file);
    assert.ok('reason' in undecided);
    assert.match(undecided.reason, /Slope of LeakyReLU in the networks of t \(shiftSlope\).*"shiftSlope": 0/);
    const { config, tensors } = await loadAnyCheckpoint(file, { answers: () => ({ shiftSlope: 0.2 }) });
    const model = config.model as VectorModelConfig;
    assert.deepEqual([model.hidden, model.activation], [[16], 'relu']);
    const nets = model.layers!.flatMap((layer) => (layer.kind === 'coupling' ? [layer.shiftNet] : []));
    assert.equal(nets.length, 8);
    for (const net of nets)
      assert.deepEqual(net, {
        ...{ kind: 'mlp', hidden: [16, 16], activation: 'leaky-relu', slope: 0.2, contextEntry: 'input' },
      });
    assert.deepEqual(tensors['couplings.0.shiftNet.1.weight']!.shape, [16, 16]);
  });

  it('asks for the bound of splines, which the file does not hold', async () => {
    const { config, origin } = await loadAnyCheckpoint(originals['normflows-nsf-coupling-2d'], {
      answers: () => ({ tailBound: 4 }),
    });
    assert.equal(config.model.splineBound, 4);
    assert.ok(origin?.assumptions.includes('Bound of the splines: 4 in all 4 layers'));
  });
});
