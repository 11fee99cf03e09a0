/** Files of other libraries that became flows of ours and go back: the same tensors, bit by bit and type by type. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { exportStateDict, saveStateDict } from '../../../src/checkpoint/export-state-dict';
import { entries, type Library } from '../../../src/checkpoint/libraries';
import { openTensorFile } from '../../../src/checkpoint/tensor-file';
import { parseStoredConfig } from '../../../src/config/parse';
import { chainOf } from '../../../src/engine/model/convert';
import type { ImportAnswers } from '../../../src/protocol/import';
import { temporaryFolder } from '../../unit/support/temporary';
import { maxAbsDifference } from '../../contract/eager';
import { peerFile, peers } from './peers';
import { answersOf, importFile, peersFolder } from './support';
import { importCheckpoint } from '../../unit/checkpoint/opened';

/** As the converted file has it: without the prefix of DataParallel, and without dropout, which only training needs. */
function nameHere(name: string): string {
  return name.replace(/^module\./, '').replace(/(param_map\.net)\.3\./, '$1.2.');
}

/**
 * How many batches norms have seen says nothing of the flow. A weight-normalized single number is its length times the
 * sign of the other tensor, of which only the sign is kept.
 */
const mayDiffer = /num_batches_tracked$|rescale\.weight_[gv]$/;

async function assertSameTensors(ours: string, theirs: string, rounded = mayDiffer): Promise<number> {
  const [a, b] = [await openTensorFile(ours), await openTensorFile(theirs)];
  try {
    const names = [...b.tensors.keys()];
    assert.deepEqual([...a.tensors.keys()].sort(), names.map(nameHere).sort());
    for (const name of names) {
      const [mine, reference] = [a.tensors.get(nameHere(name))!, b.tensors.get(name)!];
      assert.equal(mine.dtype, reference.dtype, name);
      assert.deepEqual(mine.shape, reference.shape, name);
      if (rounded.test(name)) continue;
      const [x, y] = [(await a.read(nameHere(name))).data, (await b.read(name)).data];
      assert.ok(Buffer.from(x.buffer).equals(Buffer.from(y.buffer)), name);
    }
    return names.length;
  } finally {
    await a.close();
    await b.close();
  }
}

const cases: [library: Library, name: string][] = [
  ['nflows', 'nflows-2d'],
  ['nflows', 'nflows-6d'],
  ['nflows', 'nflows-norms'],
  ['nflows', 'nflows-permuted'],
  ['nflows', 'nflows-additive'],
  ['normflows', 'normflows-2d'],
  ['normflows', 'normflows-blocks'],
  ['normflows', 'normflows-shuffled'],
  ['normflows', 'normflows-checkerboard'],
  ['normflows', 'normflows-masked'],
  ['normflows', 'normflows-additive'],
  ['zuko', 'zuko-2d'],
  ['zuko', 'zuko-random'],
  ['chrischute', 'chrischute-rgb'],
  ['chrischute', 'chrischute-gray3'],
];

/** With the number of their tensors, and those that are computed: logarithms, and products with a scale. */
const glows: [name: string, library: Library, count: number, rounded: RegExp][] = [
  ['rosinality-glow-8', 'rosinality', 78, /actnorm\.scale$/],
  ['nflows-glow-3x8x8', 'nflows', 82, /unconstrained_upper_diag$|\.shift$|num_batches_tracked$/],
  ['normflows-glow-3x8x8', 'normflows', 68, /^q0\./],
  ['normflows-glow-classes', 'normflows', 21, /^q0\./],
];

describe('files of other libraries, to flows of ours and back', () => {
  const written = temporaryFolder();

  for (const [name, library, count, rounded] of glows) {
    it(`${name} is the same file, but for rounding`, async () => {
      const folder = path.resolve('test', 'fixtures', 'wild', name);
      const text = readFileSync(path.join(folder, 'case.json'), 'utf8');
      const { checkpoint, answers } = JSON.parse(text) as WildCase;
      const file = path.join(folder, checkpoint);
      const { importer } = entries[library];
      const flow = await importFile(importer, file, answers);
      const config = parseStoredConfig({ model: flow.model }, file);
      const dict = exportStateDict({ config, tensors: flow.tensors }, library, []);
      const output = path.join(written, `${name}.safetensors`);
      await saveStateDict(output, library, dict, undefined);
      assert.equal(await assertSameTensors(output, file, rounded), count);
      const again = await importFile(importer, output, answers);
      assert.deepEqual(again.model, flow.model);
      for (const [tensor, { data }] of Object.entries(flow.tensors)) {
        assert.ok(maxAbsDifference(again.tensors[tensor]!.data, data) < 1e-6, tensor);
      }
    });
  }

  for (const [library, name] of cases) {
    it(`${name} is the same file`, async (test) => {
      const folder = path.join(peersFolder, name);
      const file = peerFile(name, peers.find((peer) => peer.name === name)!.file);
      const flow = await importFile(entries[library].importer, file, await answersOf(folder));
      const config = parseStoredConfig({ model: flow.model }, file);
      const dict = exportStateDict({ config, tensors: flow.tensors }, library, chainOf(config.model));
      const output = path.join(written, `${name}.safetensors`);
      await saveStateDict(output, library, dict, undefined);
      const count = await assertSameTensors(output, file);
      const again = await importFile(entries[library].importer, output, await answersOf(folder));
      assert.deepEqual(again.model, flow.model);
      assert.deepEqual(Object.keys(again.tensors).sort(), Object.keys(flow.tensors).sort());
      for (const [name, { shape, data }] of Object.entries(flow.tensors)) {
        assert.deepEqual(again.tensors[name]!.shape, shape, name);
        assert.ok(Buffer.from(again.tensors[name]!.data.buffer).equals(Buffer.from(data.buffer)), name);
      }
      test.diagnostic(`${count} tensors`);
    });
  }
});

interface WildCase {
  name: string;
  library: Library;
  checkpoint: string;
  answers: ImportAnswers;
  /** A pattern of what is said where the library cannot hold the flow. */
  notWritten?: string;
  /** Why the file that is written has other tensors, which are the same flow. */
  rewritten?: string;
}

/** Of rows of numbers, for the libraries that can load them. */
const wildFolder = path.resolve('test', 'fixtures', 'wild');
const wild = readdirSync(wildFolder)
  .map((name): WildCase => {
    const text = readFileSync(path.join(wildFolder, name, 'case.json'), 'utf8');
    return { ...(JSON.parse(text) as Omit<WildCase, 'name'>), name };
  })
  .filter(({ name, library }) => !name.includes('glow-') && entries[library].vector !== undefined);

/** Where the names of a library's own flow begin, after the names of wrappers. */
const roots = /(^|\.)((_transform|_distribution|_embedding_net|transform|base|flows|q0|mask|s|t)\..*|mask)$/;
const listed = /^_transform\.((?:_transforms\.\d+\.)+)/;

/** By the names that a flow without wrappers has, whose lists in lists of nflows are one list. */
function plainNames(names: Iterable<string>): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of names) {
    const plain = roots.exec(name)?.[2];
    if (plain !== undefined && !plain.endsWith('._log_z') && !plain.startsWith('_transform._transform.'))
      found.set(plain, name);
  }
  const places = [...new Set([...found.keys()].flatMap((name) => listed.exec(name)?.[1] ?? []))];
  const numbers = (place: string) => place.match(/\d+/g)!.map(Number);
  places.sort((a, b) => {
    const [x, y] = [numbers(a), numbers(b)];
    const at = x.findIndex((number, i) => number !== y[i]);
    return x[at]! - (y[at] ?? -1);
  });
  return new Map(
    [...found].map(([name, original]) => [
      name.replace(listed, (_, place: string) => `_transform._transforms.${places.indexOf(place)}.`),
      original,
    ]),
  );
}

/** Both are added where a MADE of normflows begins, so one of them has it all. */
const joinedBias = /(?<=autoregressive_net)\.(initial_layer|context_layer)\.bias$/;
/** Of zuko the first layers take in the statistics of a context, for which it has no place. */
const takesContext = /\.hyper\.0\.(weight|bias)$|^_embedding_net\./;

type Flow = Parameters<typeof exportStateDict>[0];

async function flowOf(
  file: string,
  { library, answers }: Pick<WildCase, 'library' | 'answers'>,
): Promise<Flow> {
  const imported = await importCheckpoint(file, { library, answers: () => answers });
  assert.ok('checkpoint' in imported, 'reason' in imported ? imported.reason : '');
  return imported.checkpoint;
}

async function writeBack(library: Library, flow: Flow, output: string): Promise<void> {
  const dict = exportStateDict(flow, library, chainOf(flow.config.model));
  await saveStateDict(output, library, dict, undefined);
}

describe('checkpoints as people save them, to flows of ours and back', () => {
  const written = temporaryFolder();

  for (const { name, rewritten, ...one } of wild.filter((each) => each.rewritten)) {
    it(`${name} is the same flow: ${rewritten}`, async () => {
      const { config, tensors } = await flowOf(path.join(wildFolder, name, one.checkpoint), one);
      const output = path.join(written, `${name}.safetensors`);
      await writeBack(one.library, { config, tensors }, output);
      assert.equal(config.model.kind, 'vector');
      // Of whole models nothing was asked; a state dict of nflows leaves this open.
      const { activation } = config.model;
      const answers = one.library === 'nflows' ? { ...one.answers, activation } : one.answers;
      const again = await flowOf(output, { library: one.library, answers });
      assert.deepEqual(again.config.model, config.model);
      assert.deepEqual(Object.keys(again.tensors).sort(), Object.keys(tensors).sort());
      for (const [tensor, { shape, data }] of Object.entries(tensors)) {
        assert.deepEqual(again.tensors[tensor]!.shape, shape, tensor);
        assert.ok(maxAbsDifference(again.tensors[tensor]!.data, data) <= 1e-6, tensor);
      }
    });
  }

  for (const { name, library, checkpoint, answers, notWritten } of wild.filter((each) => each.notWritten)) {
    it(`${name} is refused, and why`, async () => {
      const flow = await flowOf(path.join(wildFolder, name, checkpoint), { library, answers });
      const output = path.join(written, `${name}.safetensors`);
      await assert.rejects(writeBack(library, flow, output), {
        name: 'UserError',
        message: new RegExp(notWritten!),
      });
    });
  }

  const same = wild.filter(
    ({ notWritten, rewritten }) => notWritten === undefined && rewritten === undefined,
  );
  for (const { name, library, checkpoint, answers } of same) {
    it(`${name} is the same model`, async (test) => {
      const file = path.join(wildFolder, name, checkpoint);
      const { config, tensors } = await flowOf(file, { library, answers });
      const output = path.join(written, `${name}.safetensors`);
      await writeBack(library, { config, tensors }, output);
      const [a, b] = [await openTensorFile(output), await openTensorFile(file)];
      try {
        const theirs = plainNames(b.tensors.keys());
        const { model } = config;
        assert.equal(model.kind, 'vector');
        const folds = library === 'zuko' && model.contextNorm;
        const bias = async (from: typeof a, original: (name: string) => string, at: string) => {
          const both = ['initial_layer', 'context_layer'].map((layer) =>
            original(at.replace(joinedBias, `.${layer}.bias`)),
          );
          const [first, second] = await Promise.all(both.map((one) => from.read(one)));
          return first!.data.map((value, i) => value + second!.data[i]!);
        };
        const isExtra = (one: string) =>
          /num_batches_tracked$/.test(one) || (folds && one.startsWith('_embedding_net.'));
        const expected = [...theirs.keys()].filter((one) => !isExtra(one)).sort();
        assert.deepEqual([...a.tensors.keys()].filter((one) => !isExtra(one)).sort(), expected);
        for (const mine of expected) {
          const original = theirs.get(mine)!;
          const [{ dtype, shape }, reference] = [a.tensors.get(mine)!, b.tensors.get(original)!];
          assert.equal(dtype, reference.dtype.replace('F64', 'F32'), mine);
          if (folds && takesContext.test(mine)) continue;
          const joined = library === 'normflows' && model.context > 0 && joinedBias.test(mine);
          const x = joined ? await bias(a, (one) => one, mine) : (await a.read(mine)).data;
          const y = joined ? await bias(b, (one) => theirs.get(one)!, mine) : (await b.read(original)).data;
          // One number for all features, or all of a context, is written for each.
          const one = y.length === 1 && [model.dim, model.context].includes(x.length);
          if (!one) assert.deepEqual(shape, reference.shape, mine);
          x.forEach((value, i) => {
            const other = y[one ? 0 : i]!;
            assert.ok(
              Math.abs(value - other) <= 1e-6 * Math.max(1, Math.abs(other)),
              `${mine}: ${value} and ${other}`,
            );
          });
        }
        test.diagnostic(`${expected.length} tensors`);
      } finally {
        await a.close();
        await b.close();
      }
      await flowOf(output, { library, answers });
    });
  }
});
