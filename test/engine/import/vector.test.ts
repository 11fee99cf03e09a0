/** Vector flows of other libraries: what they recorded for their own files, computed by the flows that we make of them. */
import path from 'node:path';
import { describe, it } from 'node:test';
import { nflows } from '../../../src/checkpoint/import/nflows';
import { normflows } from '../../../src/checkpoint/import/normflows';
import type { Recognizer } from '../../../src/checkpoint/import/types';
import { zuko } from '../../../src/checkpoint/import/zuko';
import type { ImportAnswers } from '../../../src/protocol/import';
import { assertWithin, compareWithLibrary, importFile, peersFolder } from './support';

const cases: [name: string, recognizer: Recognizer, answers?: ImportAnswers][] = [
  ['nflows-2d', nflows],
  ['nflows-6d', nflows],
  ['normflows-2d', normflows],
  ['zuko-2d', zuko],
];

describe('vector flows of other libraries', () => {
  for (const [name, recognizer, answers] of cases) {
    it(`${name} gives the recorded latents and log-dets`, async (test) => {
      const folder = path.join(peersFolder, name);
      const flow = await importFile(recognizer, path.join(folder, 'state_dict.safetensors'), answers);
      const errors = await compareWithLibrary(flow, path.join(folder, 'io.npz'));
      test.diagnostic(`${flow.title}: ${JSON.stringify(errors)}`);
      assertWithin(errors);
    });
  }
});
