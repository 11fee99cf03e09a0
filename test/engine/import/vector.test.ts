/** Vector flows of other libraries: what they recorded for their own files, computed by the flows that we make of them. */
import path from 'node:path';
import { describe, it } from 'node:test';
import { freia } from '../../../src/checkpoint/libraries/freia/import';
import { nflows } from '../../../src/checkpoint/libraries/nflows/import';
import { normflows } from '../../../src/checkpoint/libraries/normflows/import';
import type { Recognizer } from '../../../src/checkpoint/import/types';
import { zuko } from '../../../src/checkpoint/libraries/zuko/import';
import { peers } from './peers';
import { answersOf, assertWithin, compareWithLibrary, importFile, peersFolder } from './support';

const recognizers: Record<string, Recognizer> = { nflows, normflows, zuko, freia };

/** Those with a hyphen and two digits come from elsewhere; test/peers/make_fixtures.py says what is in the others. */
const cases = peers.filter(({ library }) => Object.hasOwn(recognizers, library)).map(({ name }) => name);

describe('vector flows of other libraries', () => {
  for (const name of cases) {
    it(`${name} gives the recorded latents and log-dets`, async (test) => {
      const folder = path.join(peersFolder, name);
      const recognizer = recognizers[name.split('-')[0]!]!;
      const file = path.join(folder, 'state_dict.safetensors');
      const flow = await importFile(recognizer, file, await answersOf(folder));
      const errors = await compareWithLibrary(flow, path.join(folder, 'io.npz'));
      test.diagnostic(`${flow.title}: ${JSON.stringify(errors)}`);
      assertWithin(errors);
    });
  }
});
