import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { loadAnyCheckpoint } from '../../../../src/checkpoint/recognize/load';
import { recognize } from '../../../../src/checkpoint/recognize/recognize';
import { libraries, writable } from '../../../../src/checkpoint/libraries';
import { writeSafetensors } from '../../../../src/checkpoint/tensors/safetensors';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import { UserError } from '../../../../src/base/user-error';
import { convertTargets } from '../../../../src/protocol/engine';
import { fixture, fixtures, writeChanged, type FixtureName } from './files';
import { importCheckpoint } from '../opened';

let folder: string;
before(async () => (folder = await mkdtemp(path.join(tmpdir(), 'flowscope-recognize-'))));
after(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);

async function reasonFor(file: string): Promise<string> {
  const imported = await importCheckpoint(file);
  assert.ok('reason' in imported, 'is not recognized');
  return imported.reason;
}

test('what is read is documented, and what is written can be asked for', async () => {
  const documented = await readFile(path.resolve('docs', 'importing.md'), 'utf8');
  for (const library of libraries) assert.match(documented, new RegExp(`^\\| \`${library}\``, 'm'));
  assert.deepEqual(convertTargets, ['flowscope', ...writable()]);
});

describe('recognizing', () => {
  for (const [name, library] of Object.entries(fixtures)) {
    it(`takes ${name} for a file of ${library} and of no other library`, async () => {
      const file = await openTensorFile(fixture(name as FixtureName));
      const takers = libraries.filter((only) => recognize(file, only));
      await file.close();
      assert.deepEqual(takers, [library]);
    });
  }

  it('reads sizes off the tensors', async () => {
    for (const [name, title] of [
      ['chrischute-rgb', 'chrischute/real-nvp, 2 scales, 3 → 4 channels, 2 blocks'],
      ['chrischute-gray3', 'chrischute/real-nvp, 3 scales, 1 → 2 channels, 1 block'],
      ['fmu2-small', 'fmu2/realNVP, CIFAR-10 layout, 2 scales, 3 → 8 channels, 2 blocks'],
    ] as const) {
      const { origin } = await loadAnyCheckpoint(fixture(name));
      assert.equal(origin?.title, title);
    }
  });

  it('says where weights are stored with fewer bits than they are computed with', async () => {
    const file = at('short.safetensors');
    await writeChanged('nflows-2d', file, (tensors) => {
      for (const [name, { shape, data }] of tensors) {
        if (!name.endsWith('.weight')) continue;
        const short = { dtype: 'F8_E5M2', shape: [...shape], data: new Uint8Array(data.length).fill(0x34) };
        tensors.set(name, short);
      }
    });
    const { tensors, origin } = await loadAnyCheckpoint(file);
    assert.ok(origin?.assumptions.includes('Weights stored as float8_e5m2, computed in float32'));
    assert.ok(Object.values(tensors).some(({ data }) => data.length > 9 && data.every((x) => x === 0.25)));
  });

  it('reads weight normalization under its newer names, with any prefix', async () => {
    const file = at('newer.safetensors');
    await writeChanged('chrischute-rgb', file, (tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name);
        const newer = name
          .replace(/\.weight_g$/, '.parametrizations.weight.original0')
          .replace(/\.weight_v$/, '.parametrizations.weight.original1');
        tensors.set(`model.${newer}`, tensor);
      }
    });
    const [older, newer] = [
      await loadAnyCheckpoint(fixture('chrischute-rgb')),
      await loadAnyCheckpoint(file),
    ];
    assert.deepEqual(newer.tensors, older.tensors);
    assert.deepEqual(newer.config, older.config);
  });

  it('knows the layouts of fmu2 by their widths', async () => {
    // CIFAR-10's layout with channel-wise conditioners of another width is neither of the two.
    const file = at('odd.safetensors');
    await writeChanged('fmu2-small', file, (tensors) => {
      const name = 's1_chan.1.coupling.block.1.in_block.conv.weight_v';
      tensors.set(name, { shape: [16, 12, 3, 3], data: new Float32Array(16 * 12 * 9) });
    });
    assert.match(
      await reasonFor(file),
      /Closest is fmu2\/realNVP, which explains 100% .*s1_chan\.1.*in the shape \[8, 12, 3, 3\] \(it has \[16, 12, 3, 3\]\)/,
    );
  });

  it('names the closest library and what is missing', async () => {
    const file = at('partial.safetensors');
    const lost = 'flows.next_block.in_couplings.1.st_net.skips.0.conv.weight_v';
    await writeChanged('chrischute-rgb', file, (tensors) => {
      tensors.delete(lost);
      tensors.set('optimizer.momentum', { shape: [1], data: new Float32Array(1) });
    });
    const reason = await reasonFor(file);
    assert.match(reason, /Closest is chrischute\/real-nvp, which explains 99% of its tensors/);
    assert.ok(reason.includes(lost), reason);
    assert.ok(reason.includes('a meaning for optimizer.momentum'), reason);
    await assert.rejects(
      loadAnyCheckpoint(file),
      (error) => error instanceof UserError && error.message.includes(lost),
    );
  });

  it('compares files of strangers with nobody', async () => {
    const file = at('stranger.safetensors');
    await writeSafetensors(file, {
      'encoder.weight': { shape: [4, 4], data: new Float32Array(16) },
      'decoder.weight': { shape: [4, 4], data: new Float32Array(16) },
    });
    assert.match(await reasonFor(file), /match no library that Flowscope reads \(chrischute\/real-nvp, /);
  });

  it('reads a file as the library that is asked for, and as no other', async () => {
    const imported = await importCheckpoint(fixture('nflows-2d'), { library: 'chrischute' });
    assert.ok('reason' in imported);
    assert.match(imported.reason, /is not a file of chrischute\/real-nvp/);
  });

  it('asks for the data constraint where the file lacks it', async () => {
    const file = at('fork.safetensors');
    await writeChanged('chrischute-rgb', file, (tensors) => tensors.delete('data_constraint'));
    const { config, origin } = await loadAnyCheckpoint(file, { answers: () => ({ dataRange: 0.95 }) });
    assert.equal(config.model.kind === 'image' && config.model.dataRange, 0.95);
    assert.ok(origin?.assumptions.includes('Share of (0, 1) before the logit: 0.95'));
  });
});
