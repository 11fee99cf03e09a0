/**
 * Containers of Keras, Equinox and pickles: what is told by content, damaged at random, made with ill will, and what of
 * ill will disguises itself as one of them. Everything ends in a UserError that says what is wrong, in time.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { UserError } from '../../../src/base/user-error';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { recognize, whyUnknown } from '../../../src/checkpoint/recognize/recognize';
import { openTensorFile } from '../../../src/checkpoint/tensor-file';
import { encodeNpy } from '../../../src/data/npy';
import * as op from '../support/pickle';
import { put, temporaryFolder } from '../support/temporary';
import { processorTime } from '../support/processor-time';
import { containerAt, importCheckpoint } from './opened';

const folder = temporaryFolder();
const wild = (...parts: string[]): string => path.resolve('test', 'fixtures', 'wild', ...parts);
const h5 = readFileSync(wild('keras-realnvp-moons', 'realnvp.weights.h5'));
const keras = readFileSync(wild('keras-realnvp-saved', 'realnvp.keras'));
const eqx = readFileSync(wild('flowjax-maf-rqs-context-2d', 'flow.eqx'));
const pzflow = readFileSync(wild('pzflow-example-galaxies', 'example-flow.pzflow.pkl'));
const sbi = readFileSync(wild('sbi-maf-posterior-3d', 'posterior.pkl'));

/** Opens it and asks what it is. */
async function attempt(bytes: Uint8Array, name = 'file'): Promise<'read' | 'refused'> {
  const file = put(folder, name, bytes);
  const begin = processorTime();
  try {
    const opened = await openTensorFile(file);
    try {
      for (const tensor of opened.tensors.keys()) await opened.read(tensor);
      recognize(opened);
      return 'read';
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    assert.match(error.message, new RegExp(name));
    return 'refused';
  } finally {
    assert.ok(processorTime() - begin < 15_000, 'took longer than fifteen seconds');
  }
}

const refused = (name: string, bytes: Uint8Array, message: RegExp) =>
  assert.rejects(openTensorFile(put(folder, name, bytes)), { name: 'UserError', message });

describe('containers', () => {
  it('are told by content, whatever the name', async () => {
    for (const [bytes, container, tensors] of [
      [h5, 'hdf5', 120],
      [keras, 'keras', 120],
      [eqx, 'eqx', 21],
      [pzflow, 'pickle', 44],
      [sbi, 'pickle', 61],
      [zipSync({ 'w.npy': encodeNpy({ shape: [1], data: Float32Array.of(1) }) }), 'npz', 1],
    ] as const) {
      const file = put(folder, 'anything.bin', bytes);
      assert.equal(await containerAt(file), container);
      const opened = await openTensorFile(file);
      assert.equal(opened.container, container);
      assert.equal(opened.tensors.size, tensors);
      await opened.close();
    }
  });

  it('read or refuse what is damaged', async () => {
    const outcomes = { read: 0, refused: 0 };
    for (const bytes of [h5, keras, eqx, pzflow, sbi]) {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { minLength: 1, maxLength: 5 }),
          fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
          async (changes, share) => {
            const changed = new Uint8Array(share === null ? bytes : bytes.subarray(0, share * bytes.length));
            // Where tables and headers are.
            for (const [at, value] of changes) if (at < changed.length) changed[at] = value;
            outcomes[await attempt(changed)]++;
          },
        ),
        { numRuns: 25 },
      );
    }
    assert.ok(outcomes.read > 0 && outcomes.refused > 0, JSON.stringify(outcomes));
  });
});

describe('leaves of flowjax', () => {
  it('that are left over, such as those of a fixed Affine around the flow, are refused by name', async () => {
    const leaf = encodeNpy({ shape: [2], data: Float32Array.of(1, 2) });
    const scalar = encodeNpy({ shape: [], data: Float32Array.of(1) });
    const line = eqx.indexOf('\n') + 1;
    for (const bytes of [
      [eqx, leaf, leaf],
      [eqx, scalar],
      [eqx.subarray(0, line), scalar, eqx.subarray(line)],
      // Before the layers it looks like the base, which has fewer sizes before it.
      [eqx.subarray(0, line), encodeNpy({ shape: [], data: Int32Array.of(2) }), eqx.subarray(line)],
    ]) {
      const imported = await importCheckpoint(put(folder, 'around.eqx', Buffer.concat(bytes)));
      assert.ok('reason' in imported);
      assert.match(imported.reason, /without anything around it.*\(leaf\.\d+ \[/);
    }
    assert.ok('checkpoint' in (await importCheckpoint(put(folder, 'whole.eqx', eqx))));
  });
});

describe('archives of NumPy', () => {
  it('hold a state dict; what is no array of numbers is left out', async () => {
    const original = wild('zuko-nsf-2d', 'flow.pt');
    const opened = await openTensorFile(original);
    const text = Buffer.from(encodeNpy({ shape: [1], data: Float32Array.of(1) }));
    text.write("'<U1'", text.indexOf("'<f4'"), 'latin1');
    const entries: Record<string, Uint8Array> = { 'note.npy': text };
    for (const name of opened.tensors.keys()) {
      const { shape, data } = await opened.read(name);
      entries[`${name}.npy`] = encodeNpy({ shape, data });
    }
    await opened.close();
    for (const level of [0, 6] as const) {
      const file = put(folder, 'flow.npz', zipSync(entries, { level }));
      assert.equal(await containerAt(file), 'npz');
      const { tensors, origin } = await loadAnyCheckpoint(file);
      assert.deepEqual(tensors, (await loadAnyCheckpoint(original)).tensors);
      assert.ok(origin?.assumptions.includes('Not read: "note"'), origin?.assumptions.join());
    }
  });

  it('are refused where their sizes cannot be', async () => {
    const array = Buffer.from(encodeNpy({ shape: [2], data: Float32Array.of(1, 2) }));
    const claims = Buffer.from(array);
    claims.write('(9999999999,)', claims.indexOf('(2,)'), 'latin1');
    await refused('claims.npz', zipSync({ 'w.npy': claims }, { level: 0 }), /tensor "w": is cut off/);
    await refused('text.npz', zipSync({ 'w.npy': array.subarray(0, 20) }, { level: 0 }), /tensor "w"/);
    await refused(
      'cut.npz',
      zipSync({ 'w.npy': array }, { level: 0 }).subarray(0, -30),
      /damaged or cut off/,
    );
  });
});

describe('HDF5 of ill will', () => {
  /** Places of a signature in the file. */
  const placesOf = (signature: string): number[] => {
    const places: number[] = [];
    for (let at = h5.indexOf(signature); at >= 0; at = h5.indexOf(signature, at + 1)) places.push(at);
    return places;
  };

  it('tables that refer to each other end', async () => {
    const [tree, ...trees] = placesOf('TREE');
    const [node, ...nodes] = placesOf('SNOD');
    assert.ok(tree !== undefined && node !== undefined && trees.length > 10 && nodes.length > 10);
    // Each tree says that it has as many entries as its field can hold, each the first node again.
    const changed = Buffer.from(h5);
    for (const at of [tree, ...trees]) changed.writeUInt16LE(65535, at + 6);
    for (const at of [node, ...nodes]) changed.writeUInt16LE(65535, at + 6);
    assert.equal(await attempt(changed), 'refused');
    // All groups are the first one.
    const circle = Buffer.from(h5);
    for (const at of nodes) h5.copy(circle, at + 8, node + 8, node + 48);
    assert.equal(await attempt(circle), 'refused');
    // A tree that is its own child, levels deep.
    const deep = Buffer.from(h5);
    deep.writeUInt8(200, tree + 5);
    deep.writeBigUInt64LE(BigInt(tree), tree + 32);
    assert.equal(await attempt(deep), 'refused');
  });

  it('is not what a .keras file has to have', async () => {
    const entries = unzipSync(keras);
    const zipped = (change: Record<string, Uint8Array>): Uint8Array =>
      zipSync({ ...entries, ...change }, { level: 0 });
    assert.equal(await attempt(zipped({})), 'read');
    await refused('bare.keras', zipSync({ 'config.json': entries['config.json']! }), /without weights/);
    const pickle = op.pickle(op.global('os', 'system'), op.text('id'), op.tuple1, op.reduce);
    await refused('pickled.keras', zipped({ 'model.weights.h5': pickle }), /not an HDF5 file/);
    await refused(
      'text.keras',
      zipped({ 'config.json': strToU8('{"class_name": ') }),
      /config\.json: is not JSON/,
    );
  });
});

describe('leaves of Equinox', () => {
  const leaf = encodeNpy({ shape: [2], data: Float32Array.of(1, 2) });
  const claimed = (shape: string): Uint8Array => {
    const bytes = Buffer.from(leaf);
    bytes.write(`(${shape})`.padEnd(30), bytes.indexOf('(2,)'), 'latin1');
    return bytes;
  };

  it('are no longer than the file', async () => {
    await refused('long.eqx', Buffer.concat([leaf, claimed('9999999999,')]), /leaf\.1 is cut off/);
    await refused('cut.eqx', Buffer.concat([leaf, leaf.subarray(0, leaf.length - 3)]), /leaf\.1 is cut off/);
    await refused('rest.eqx', Buffer.concat([leaf, Buffer.from('and more')]), /leaf\.1/);
    await refused('pickled.eqx', Buffer.concat([leaf, op.pickle(op.global('os', 'system'))]), /leaf\.1/);
  });

  it('that are objects are refused', async () => {
    const bytes = Buffer.from(leaf);
    bytes.write("'|O'  ", bytes.indexOf("'<f4'"), 'latin1');
    await refused('objects.eqx', bytes, /holds values of NumPy type \|O/);
  });

  it('of another flow are a table that says what is missing', async () => {
    for (const [change, message] of [
      [
        (text: string) => text.replace('masked_autoregressive_flow', 'planar_flow'),
        /a planar_flow of flowjax, by its arguments/,
      ],
      [(text: string) => text.replace('"dim": 2', '"dim": -2'), /^$/],
    ] as const) {
      const end = eqx.indexOf('\n');
      const text = change(eqx.toString('utf8', 0, end));
      const opened = await openTensorFile(
        put(folder, 'other.eqx', Buffer.concat([Buffer.from(text), eqx.subarray(end)])),
      );
      if (message.source === '^$') assert.ok(recognize(opened), 'the leaves say it themselves');
      else {
        assert.equal(recognize(opened), undefined);
        assert.match(whyUnknown(opened), message);
      }
      await opened.close();
    }
  });

  it('without their arguments ask for them', async () => {
    const opened = await openTensorFile(put(folder, 'alone.eqx', eqx.subarray(eqx.indexOf('\n') + 1)));
    assert.deepEqual(
      recognize(opened)?.questions.map(({ key }) => key),
      ['nnActivation', 'base', 'interval', 'minDerivative', 'softmaxAdjust', 'invert'],
    );
    await opened.close();
  });
});

describe('pzflow', () => {
  /** The galaxies, with texts of the same length in place of others. */
  const changed = (from: string, to: string): Buffer => {
    assert.equal(from.length, to.length);
    const bytes = Buffer.from(pzflow);
    const at = bytes.indexOf(from);
    assert.ok(at > 0);
    bytes.write(to, at, 'latin1');
    return bytes;
  };

  it('may name an error model of its user, which is not called', async () => {
    const opened = await openTensorFile(put(folder, 'own.pkl', changed('pzflow.utils', 'my_errors.v1')));
    assert.match(recognize(opened)?.title ?? '', /^pzflow, 7 features/);
    await opened.close();
    // One that is called is refused, and so is one that stands elsewhere.
    const called = put(folder, 'called.pkl', changed('numpy._core', 'numpy.mine_'));
    await assert.rejects(openTensorFile(called), /asks for numpy\.mine_/);
    const elsewhere = changed('data_error_model', 'data_error_mode_');
    elsewhere.write('condition_error_mode_', elsewhere.indexOf('condition_error_model'), 'latin1');
    elsewhere.write('my_errors.v1', elsewhere.indexOf('pzflow.utils'), 'latin1');
    await assert.rejects(openTensorFile(put(folder, 'elsewhere.pkl', elsewhere)), /asks for my_errors\.v1/);
  });

  it('that has other parts is a table that says what is missing', async () => {
    for (const [from, to, message] of [
      ['Uniform', 'CentBet', /latent distribution Uniform, CentBeta13 or Normal \(this one is CentBet\)/],
      ['ShiftBounds', 'ColorTransf', /bijectors that are known \(0 ColorTransf is not\)/],
    ] as const) {
      const opened = await openTensorFile(put(folder, 'other.pkl', changed(from, to)));
      assert.equal(recognize(opened), undefined);
      assert.match(whyUnknown(opened), message);
      await opened.close();
    }
  });

  it('with conditional columns has a context that is standardized as the file says', async () => {
    const file = path.resolve('test', 'fixtures', 'wild', 'pzflow-conditional-2d', 'flow.pkl');
    const { config, tensors, origin } = await loadAnyCheckpoint(file);
    assert.deepEqual([origin?.featureNames, origin?.contextNames], [['x0', 'x1'], ['c0']]);
    assert.ok(config.model.kind === 'vector');
    assert.deepEqual([config.model.dim, config.model.context, config.model.contextNorm], [2, 1, true]);
    // One feature that passes and one condition.
    assert.deepEqual(tensors['couplings.0.net.0.weight']?.shape, [2, 32]);
    assert.ok(tensors['context.std']!.data[0]! > 0 && tensors['context.std']!.data[0] !== 1);
    assert.deepEqual(tensors['context.mean']!.shape, [1]);
    const { base } = config.model;
    assert.deepEqual(base, { kind: 'beta', concentration: 13, lower: -5, upper: 5 });
  });

  it('bijectors in bijectors end', async () => {
    // Each chain holds the one before it twice: 2^60 bijectors in 60 lists.
    const dict = (...items: [string, ...Uint8Array[]][]): Uint8Array[] => [
      op.emptyDict,
      ...items.flatMap(([key, ...value]) => [op.text(key), ...value, op.setItem]),
    ];
    const pair = (a: Uint8Array[], b: Uint8Array[]): Uint8Array[] => [...a, ...b, op.tuple2];
    let info: Uint8Array[] = pair([op.text('Roll')], [op.number(1), op.tuple1]);
    let params: Uint8Array[] = [op.emptyTuple];
    for (let i = 0; i < 60; i++) {
      info = pair([op.text('Chain')], pair([...info, op.put(i)], [op.get(i)]));
      params = pair([...params, op.put(100 + i)], [op.get(100 + i)]);
    }
    const array = [
      ...[op.global('numpy.core.multiarray', '_reconstruct'), op.mark, op.global('numpy', 'ndarray')],
      ...[op.tuple([op.number(0)]), op.text('b'), op.closeTuple, op.reduce],
      ...[op.mark, op.number(1), op.tuple([op.number(1)]), op.global('numpy', 'dtype')],
      ...[op.tuple([op.text('f4'), op.false, op.false]), op.reduce, op.false, op.bytes(new Uint8Array(4))],
      ...[op.closeTuple, op.build],
    ];
    const pickle = op.pickle(
      ...dict(
        ['data_columns', op.tuple([op.text('a'), op.text('b')])],
        ['latent_info', ...pair([op.text('Uniform')], [op.number(2), op.number(5), op.tuple2])],
        ['bijector_info', ...info],
        ['params', ...pair([op.emptyTuple], params)],
        ['array', ...array],
      ),
    );
    assert.equal(await attempt(pickle), 'refused');
  });
});
