/** Glow's files where something is wrong with them, and matrices as products of triangles. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it, test } from 'node:test';
import { loadAnyCheckpoint } from '../../../../src/checkpoint/recognize/load';
import { mixingOf, pluOfMatrix } from '../../../../src/checkpoint/import/plu';
import type { TensorFile } from '../../../../src/checkpoint/import/types';
import { UserError } from '../../../../src/base/user-error';
import { temporaryFolder } from '../../support/temporary';
import { wild, writeChanged } from './files';
import { importCheckpoint } from '../opened';

const file = { file: '/x.pt' } as TensorFile;
const square = (rows: readonly (readonly number[])[]) => ({
  shape: [rows.length, rows.length],
  data: Float32Array.from(rows.flat()),
});

describe('a matrix as P·L·U', () => {
  it('is the same matrix, whatever its pivots', () => {
    const matrix = square([
      [0, 2, -1, 0.5],
      [1e-3, -4, 0.25, 1],
      [-2, 1, 0, 3],
      [0.5, 0, 0, -1],
    ]);
    const { layer, tensors } = pluOfMatrix(file, 'w', matrix);
    const { lower, upper, logDiagonal } = tensors;
    const at = (values: { data: Float32Array }, row: number, column: number): number =>
      values.data[4 * row + column]!;
    const l = (row: number, column: number): number =>
      row === column ? 1 : row > column ? at(lower!, row, column) : 0;
    const u = (row: number, column: number): number => {
      if (row !== column) return row < column ? at(upper!, row, column) : 0;
      return Math.exp(logDiagonal!.data[row]!) * layer.signs[row]!;
    };
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 4; column++) {
        let product = 0;
        for (let k = 0; k < 4; k++) product += l(layer.order[row]!, k) * u(k, column);
        assert.ok(Math.abs(product - at(matrix, row, column)) < 1e-5, `${row}, ${column}: ${product}`);
      }
    }
  });

  it('is a permutation where it only moves channels', () => {
    const { layer } = mixingOf(
      file,
      'w',
      square([
        [0, 0, 1],
        [1, 0, 0],
        [0, 1, 0],
      ]),
    );
    assert.deepEqual(layer, { kind: 'permute', order: [2, 0, 1] });
  });

  it('is refused where it has no inverse', () => {
    const refused = (matrix: ReturnType<typeof square>, words: RegExp) =>
      assert.throws(
        () => pluOfMatrix(file, 'w', matrix),
        (error) => error instanceof UserError && words.test(error.message),
      );
    refused(
      square([
        [1, 2],
        [2, 4],
      ]),
      /without an inverse/,
    );
    refused(
      square([
        [NaN, 2],
        [2, 4],
      ]),
      /without an inverse/,
    );
    refused({ shape: [2, 3], data: new Float32Array(6) }, /expected a square matrix/);
  });
});

describe('files of Glow', () => {
  const folder = temporaryFolder();
  const changed = async (
    name: string,
    change: Parameters<typeof writeChanged>[2],
  ): Promise<ReturnType<typeof importCheckpoint>> => {
    const output = path.join(folder, `${name}.safetensors`);
    const model = { rosinality: 'model.pt', y0ast: 'glow_checkpoint.pt' }[name.split('-')[0]!]!;
    await writeChanged({ path: wild(name, model) }, output, change);
    return importCheckpoint(output);
  };

  it('say what they lack', async () => {
    const lacking = await changed('rosinality-glow-8', (tensors) => tensors.delete('blocks.1.prior.scale'));
    assert.match((lacking as { reason: string }).reason, /rosinality.*It lacks: blocks\.1\.prior\.scale/);
    const more = await changed('y0ast-glow-8', (tensors) =>
      tensors.set('project_ycond.logs', { shape: [48], data: new Float32Array(48) }),
    );
    assert.match((more as { reason: string }).reason, /y0ast.*a meaning for project_ycond\.logs/);
  });

  it('put the sign of a negative scale into the convolution that follows', async () => {
    const answers = () => ({ height: 8, width: 8 });
    const plain = await loadAnyCheckpoint(wild('rosinality-glow-8', 'model.pt'), { answers });
    const output = path.join(folder, 'negative.safetensors');
    // scale·(x + loc) with a negative scale, undone by the column of U and by its sign: the same flow.
    await writeChanged({ path: wild('rosinality-glow-8', 'model.pt') }, output, (tensors) => {
      const at = 'blocks.0.flows.0';
      const flip = (name: string, place: (i: number) => boolean) => {
        const { shape, data } = tensors.get(name)!;
        tensors.set(name, { shape, data: Float32Array.from(data, (x, i) => (place(i) ? -x : x)) });
      };
      flip(`${at}.actnorm.scale`, (i) => i === 3);
      flip(`${at}.invconv.w_u`, (i) => i % 12 === 3);
      flip(`${at}.invconv.s_sign`, (i) => i === 3);
    });
    const flipped = await loadAnyCheckpoint(output, { answers });
    assert.deepEqual(flipped.config.model, plain.config.model);
    assert.deepEqual(flipped.tensors, plain.tensors);
  });

  it('are refused where their permutation is none', async () => {
    await assert.rejects(
      changed('rosinality-glow-8', (tensors) => {
        const name = 'blocks.0.flows.0.invconv.w_p';
        tensors.set(name, { shape: [12, 12], data: new Float32Array(144) });
      }),
      (error) => error instanceof UserError && /w_p" is no permutation/.test(error.message),
    );
  });
});

test('sides that cannot be halved are refused', async () => {
  await assert.rejects(
    loadAnyCheckpoint(wild('rosinality-glow-8', 'model.pt'), { answers: () => ({ height: 10, width: 8 }) }),
    /height: expected a multiple of 4, since the flow halves it 2 times, got 10/,
  );
});
