/** Matrices, reflections and fixed scales of files: what they become, and what is refused. Numbers are compared in float32, 1e-5. */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { UserError } from '../../../../src/base/user-error';
import { matrixLayer, reflectionsLayer, rotationLayer } from '../../../../src/checkpoint/import/matrices';
import { exportStateDict } from '../../../../src/checkpoint/export-state-dict';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import { chainOf } from '../../../../src/engine/model/convert';
import { loadAnyCheckpoint } from '../../../../src/checkpoint/recognize/load';
import type { Values } from '../../../../src/checkpoint/import/chain-importer';
import type { VectorModelConfig } from '../../../../src/config/schema';
import { stream } from '../../../../src/data/random';
import { buildFlow } from '../../../../src/flow/flow';
import type { NdArray } from '../../../../src/protocol/tensors';
import { contextOf, maxAbsDifference, onCpu, toTensors } from '../../../contract/eager';
import { flowOf } from '../../../contract/flow-of';
import { temporaryFolder } from '../../support/temporary';
import { wild, writeChanged } from './files';

const folder = temporaryFolder();
before(onCpu);

const matrixOf = (rows: number[][]): Values => ({
  shape: [rows.length, rows.length],
  data: Float32Array.from(rows.flat()),
});
const random = (size: number, seed: number): number[][] => {
  const values = stream(seed, 'matrix').normal(size * size);
  return Array.from({ length: size }, (_, i) => Array.from(values.subarray(i * size, (i + 1) * size)));
};
const product = (rows: readonly (readonly number[])[], x: readonly number[]): number[] =>
  rows.map((row) => row.reduce((sum, value, i) => sum + value * x[i]!, 0));

/** What a layer of ours makes of x, and what of that again; and its log-det. */
function through(
  { layer, tensors: parts = {} }: ReturnType<typeof matrixLayer>,
  x: readonly number[],
): { y: number[]; back: number[]; logDet: number } {
  const flow = flowOf({
    kind: 'vector',
    dim: x.length,
    layers: [layer, { kind: 'coupling', mask: x.map((_, i) => (i === 0 ? 1 : 0)) }],
  });
  const one = flow.layers[0]!;
  const tensors = Object.fromEntries(
    Object.entries(parts).map(([part, values]) => [`${one.name}.${part}`, values]),
  );
  const ctx = contextOf(toTensors(tensors), false);
  const { value, logDet } = one.bijection!.forward(ctx, tf.tensor2d([[...x]]));
  const back = one.bijection!.inverse(ctx, value).value;
  return { y: [...value.dataSync()], back: [...back.dataSync()], logDet: logDet.dataSync()[0]! };
}

const x = [0.3, -1.2, 0.7, 2];

describe('a matrix of a file', () => {
  it('is what its factors multiply with, whatever rows it needs exchanged', () => {
    const cases = [random(4, 1), random(4, 2), [[0, 2, 0, 0], [0, 0, -3, 0], [1, 0, 0, 0], [0, 0, 0, 0.5]]]; // prettier-ignore
    for (const rows of cases) {
      const bias = { shape: [4], data: Float32Array.of(1, 2, -1, 0.5) };
      const { y, back } = through(matrixLayer('W', matrixOf(rows), bias), x);
      const expected = product(rows, x).map((value, i) => value + bias.data[i]!);
      assert.ok(maxAbsDifference(y, expected) < 1e-5, `${y.join()}, not ${expected.join()}`);
      assert.ok(maxAbsDifference(back, x) < 1e-4);
    }
  });

  it('has the log-det of its determinant', () => {
    const rows = [[2, 0, 0, 0], [1, -3, 0, 0], [0, 5, 0.5, 0], [1, 1, 1, 4]]; // prettier-ignore
    const zero = { shape: [4], data: new Float32Array(4) };
    const { logDet } = through(matrixLayer('W', matrixOf(rows), zero), x);
    assert.ok(Math.abs(logDet - Math.log(12)) < 1e-6);
  });

  it('is refused without an inverse, or where it is not square', () => {
    const zero = { shape: [2], data: new Float32Array(2) };
    for (const bad of [
      matrixOf([[1, 2], [2, 4]]), // prettier-ignore
      matrixOf([[NaN, 2], [2, 4]]), // prettier-ignore
      { shape: [2, 3], data: new Float32Array(6) },
      { shape: [1_000_000, 1_000_000], data: new Float32Array(0) },
    ])
      assert.throws(() => matrixLayer('file: W', bad, zero), UserError);
  });
});

describe('a rotation of a file', () => {
  it('is the product of the reflections that it becomes', () => {
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const turned = [[c, 0, -s, 0], [0, 1, 0, 0], [s, 0, c, 0], [0, 0, 0, 1]]; // prettier-ignore
    const mirrored = [[0, 1, 0, 0], [-c, 0, 0, s], [0, 0, -1, 0], [s, 0, 0, c]]; // prettier-ignore
    for (const rows of [turned, mirrored]) {
      const { y, back, logDet } = through(rotationLayer('Q', matrixOf(rows)), x);
      assert.ok(maxAbsDifference(y, product(rows, x)) < 1e-5, y.join());
      assert.ok(maxAbsDifference(back, x) < 1e-5);
      assert.equal(logDet, 0);
    }
  });

  it('that turns nothing is no reflection at all', () => {
    const same = [[1, 0], [0, 1]]; // prettier-ignore
    assert.deepEqual(rotationLayer('Q', matrixOf(same)).layer, { kind: 'permute', order: [0, 1] });
    assert.deepEqual(reflectionsLayer([], 2).layer, { kind: 'permute', order: [0, 1] });
  });

  it('is refused where rows are not orthonormal', () => {
    assert.throws(() => rotationLayer('Q', matrixOf([[1, 0.1], [0, 1]])), /no rotation/); // prettier-ignore
  });
});

type Tensors = Map<string, NdArray>;
async function changed(
  name: 'nflows-linears-4d' | 'freia-allinone-householder-4d',
  change: (tensors: Tensors) => void,
  answers: Record<string, string | number> = {},
) {
  const file = path.join(folder, `${name}.safetensors`);
  const checkpoint = name.startsWith('nflows') ? 'model.pt' : 'state_dict.pt';
  await writeChanged({ path: wild(name, checkpoint) }, file, change);
  return loadAnyCheckpoint(file, { answers: () => answers });
}
const layersOf = ({ config }: Awaited<ReturnType<typeof changed>>) =>
  (config.model as VectorModelConfig).layers!;

describe('linear layers of nflows', () => {
  const at = '_transform._transforms.10';
  const asRescale =
    (scale: NdArray<Float32Array>, shift: NdArray<Float32Array>) =>
    (tensors: Tensors): void => {
      for (const name of [...tensors.keys()]) if (name.startsWith(`${at}.`)) tensors.delete(name);
      tensors.set(`${at}._scale`, scale);
      tensors.set(`${at}._shift`, shift);
    };
  const numbers = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });
  const scalar = (value: number) => ({ shape: [], data: Float32Array.of(value) });

  it('are told by their names, a standardization by its scale and shift', async () => {
    const kinds = layersOf(
      await changed('nflows-linears-4d', asRescale(numbers(2, 0.5, -1, 4), scalar(0.25))),
    );
    assert.deepEqual(
      kinds.map(({ kind }) => kind).filter((kind) => kind !== 'coupling'),
      ['lu', 'qr', 'svd', 'householder', 'plu', 'rescale'],
    );
    assert.deepEqual(kinds[10], { kind: 'rescale', scale: [2, 0.5, -1, 4], shift: 0.25 });
  });

  it('are written back as they were', async () => {
    const { config, tensors } = await changed(
      'nflows-linears-4d',
      asRescale(numbers(2, 0.5, -1, 4), numbers(1, 2, 3, 4)),
    );
    const dict = exportStateDict({ config, tensors }, 'nflows', chainOf(config.model));
    const file = path.join(folder, 'nflows-linears-4d.safetensors');
    const original = await openTensorFile(file);
    try {
      assert.deepEqual(Object.keys(dict.tensors).sort(), [...original.tensors.keys()].sort());
      for (const [name, { shape, data }] of Object.entries(dict.tensors)) {
        const theirs = await original.read(name);
        assert.deepEqual([...shape], [...theirs.shape], name);
        const ours = Float32Array.from(data as ArrayLike<number>, Number);
        assert.ok(maxAbsDifference(ours, theirs.data) < 1e-6, name);
      }
    } finally {
      await original.close();
    }
    for (const made of [
      'LULinear(4)',
      'QRLinear(4, num',
      'SVDLinear(4, num',
      'NaiveLinear(4, orth',
      'AffineTransform(',
    ])
      assert.ok(dict.build.includes(`transforms.${made}`), dict.build);
  });

  it('of both kinds with factors undo themselves in an InverseTransform', async () => {
    const turned = (tensors: Tensors): void => {
      const all = [...tensors];
      tensors.clear();
      const ofFactors = all.flatMap(
        ([name]) => /^(.*\.)(log_upper_diag|unconstrained_diagonal)$/.exec(name)?.[1] ?? [],
      );
      assert.equal(ofFactors.length, 2);
      for (const [name, values] of all) {
        const prefix = ofFactors.find((one) => name.startsWith(one)) ?? '';
        tensors.set(prefix === '' ? name : `${prefix}_transform.${name.slice(prefix.length)}`, values);
      }
    };
    const opened = async (change: (tensors: Tensors) => void) => {
      const { config, tensors } = await changed('nflows-linears-4d', change);
      return {
        flow: buildFlow(config.model),
        ctx: contextOf(toTensors(tensors as Parameters<typeof toTensors>[0]), false),
      };
    };
    const [there, back] = [await opened(() => undefined), await opened(turned)];
    const kinds = back.flow.layers.flatMap((layer, i) => {
      const { kind, bijection } = there.flow.layers[i]!;
      if (layer.kind === kind) return [];
      const { value, logDet } = bijection!.forward(there.ctx, tf.tensor2d([x]));
      const undone = layer.bijection!.forward(back.ctx, value);
      assert.ok(maxAbsDifference([...undone.value.dataSync()], x) < 1e-4, kind);
      assert.ok(Math.abs(undone.logDet.dataSync()[0]! + logDet.dataSync()[0]!) < 1e-4, kind);
      return [kind];
    });
    assert.deepEqual(kinds.toSorted(), ['qr', 'svd']);
  });

  it('are refused where shapes or numbers cannot be', async () => {
    const refused: [(tensors: Tensors) => void, RegExp][] = [
      [asRescale(numbers(2, 0, -1, 4), scalar(0)), /scales by 0/],
      [asRescale(numbers(2, 1, -1), scalar(0)), /is not of 4 features/],
      [
        (tensors) => void tensors.set('_transform._transforms.6.q_vectors', numbers(1, 2)),
        /is not of features/,
      ],
      [
        (tensors) =>
          void tensors.set('_transform._transforms.6.q_vectors', {
            shape: [600, 4],
            data: new Float32Array(2400),
          }),
        /1 to 512 reflections/,
      ],
      [
        (tensors) => void (tensors.get('_transform._transforms.8._weight')!.data as Float32Array).fill(1),
        /without an inverse/,
      ],
    ];
    for (const [change, pattern] of refused)
      await assert.rejects(changed('nflows-linears-4d', change), (error: unknown) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, pattern);
        return true;
      });
  });
});

describe('the base distribution of nflows', () => {
  const row = (...values: number[]) => ({ shape: [1, values.length], data: Float32Array.from(values) });

  it('is a DiagonalNormal where the file has its mean and deviation', async () => {
    const { config, tensors } = await changed('nflows-linears-4d', (file) => {
      file.set('_distribution.mean_', row(1, 2, 3, 4));
      file.set('_distribution.log_std_', row(0, -1, 0.5, 0));
    });
    assert.deepEqual((config.model as VectorModelConfig).base.kind, 'diagonalNormal');
    assert.deepEqual([...tensors['base.loc']!.data], [1, 2, 3, 4]);
    assert.deepEqual([...tensors['base.logScale']!.data], [0, -1, 0.5, 0]);
    const plain = await changed('nflows-linears-4d', (file) => {
      file.set('_distribution._log_z', { shape: [], data: Float32Array.of(3.67) });
    });
    assert.deepEqual((plain.config.model as VectorModelConfig).base, { kind: 'normal' });
  });

  it('is not passed over where it is another one', async () => {
    const conditional = changed('nflows-linears-4d', (file) => {
      file.set('_distribution._context_encoder.0.weight', { shape: [8, 2], data: new Float32Array(16) });
      file.set('_distribution._context_encoder.0.bias', { shape: [8], data: new Float32Array(8) });
      // A norm, which is no linear layer after an activation.
      file.set('_distribution._context_encoder.1.weight', { shape: [8], data: new Float32Array(8) });
      file.set('_distribution._context_encoder.1.bias', { shape: [8], data: new Float32Array(8) });
    });
    await assert.rejects(conditional, /_distribution is not a DiagonalNormal/);
    const short = changed('nflows-linears-4d', (file) => {
      file.set('_distribution.mean_', row(1, 2, 3));
      file.set('_distribution.log_std_', row(0, -1, 0.5));
    });
    await assert.rejects(
      short,
      /_distribution is not a DiagonalNormal of 4 features \(mean_ has the shape \[1, 3\]\)/,
    );
  });
});

describe('an AllInOneBlock of FrEIA', () => {
  /** z of an example as our flow has it. */
  const latent = ({ config, tensors }: Awaited<ReturnType<typeof changed>>): number[] => {
    const flow = buildFlow(config.model);
    const ctx = contextOf(toTensors(tensors as never), false);
    return [...flow.forward(ctx, tf.tensor2d([x])).value.dataSync()];
  };
  const [c, s] = [Math.cos(0.4), Math.sin(0.4)];
  const soft = [[c, -s, 0, 0], [s, c, 0, 0], [0, 0, c, s], [0, 0, -s, c]]; // prettier-ignore
  const transposed = (rows: number[][]) => rows.map((_, i) => rows.map((row) => row[i]!));
  const withMatrix = (rows: number[][]) => (tensors: Tensors) => {
    for (let block = 0; block < 4; block++) {
      tensors.delete(`module_list.${block}.vk_householder`);
      tensors.delete(`module_list.${block}.w_0`);
      tensors.set(`module_list.${block}.w_perm`, matrixOf(rows));
      tensors.set(`module_list.${block}.w_perm_inv`, matrixOf(transposed(rows)));
    }
  };

  it('rotates as its matrix does (permute_soft)', async () => {
    const unturned = layersOf(await changed('freia-allinone-householder-4d', withMatrix(soft)));
    assert.equal(unturned.filter(({ kind }) => kind === 'householder').length, 4);
    // A rotation that is nearly a permutation gives nearly what the permutation gives.
    const swap = [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]; // prettier-ignore
    const [a, b] = [Math.cos(Math.PI / 2 - 1e-4), Math.sin(Math.PI / 2 - 1e-4)];
    const nearly = [[a, -b, 0, 0], [b, a, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]; // prettier-ignore
    const [one, other] = [
      await changed('freia-allinone-householder-4d', withMatrix(swap)),
      await changed('freia-allinone-householder-4d', withMatrix(nearly)),
    ];
    assert.ok(maxAbsDifference(latent(one), latent(other)) < 1e-2);
  });

  it('undoes its permutation first if asked to (reverse_permutation), and runs backwards as it runs forwards', async () => {
    const none = (): void => undefined;
    const forward = await changed('freia-allinone-householder-4d', none);
    const reversed = await changed('freia-allinone-householder-4d', none, { reversePermutation: 'True' });
    assert.ok(maxAbsDifference(latent(forward), latent(reversed)) > 1e-2);
    for (const reversePermutation of ['False', 'True']) {
      const answers = { reversePermutation };
      const there = await changed('freia-allinone-householder-4d', none, answers);
      const back = await changed('freia-allinone-householder-4d', none, {
        ...answers,
        direction: 'latent-to-data',
      });
      const flow = buildFlow(back.config.model);
      const ctx = contextOf(toTensors(back.tensors as never), false);
      const again = flow.forward(ctx, tf.tensor2d([latent(there)])).value.dataSync();
      assert.ok(maxAbsDifference(again, x) < 1e-4, [...again].join());
    }
  });
});
