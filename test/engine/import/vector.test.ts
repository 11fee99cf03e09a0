/** Vector flows of other libraries: what they recorded for their own files, computed by the flows that we make of them. */
import path from 'node:path';
import { describe, it } from 'node:test';
import { entries, type Library } from '../../../src/checkpoint/libraries';
import { peers } from './peers';
import { answersOf, assertWithin, compareWithLibrary, importFile, peersFolder } from './support';

/** Those with a hyphen and two digits come from elsewhere; test/peers/make_fixtures.py says what is in the others. */
const ofImages = ['chrischute', 'fmu2'];
const cases = peers.filter(({ library }) => !ofImages.includes(library));

describe('vector flows of other libraries', () => {
  for (const { name, library, file: theirs } of cases) {
    it(`${name} gives the recorded latents and log-dets`, async (test) => {
      const folder = path.join(peersFolder, name);
      const recognizer = entries[library as Library].importer;
      const file = path.join(folder, theirs);
      const flow = await importFile(recognizer, file, await answersOf(folder));
      const errors = await compareWithLibrary(flow, path.join(folder, 'io.npz'));
      test.diagnostic(`${flow.title}: ${JSON.stringify(errors)}`);
      assertWithin(errors);
    });
  }
});
