/** Two models beside one another: steps of a run, and checkpoints of the libraries that trained the other models. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { encodeNpy } from '../../../src/data/npy';
import { flowscope } from '../../inspector/command-line';
import {
  chooseListed,
  chooseOther,
  compared,
  couplingsOf,
  differs,
  endComparison,
  openComparison,
  otherOutput,
  others,
  sameInput,
  select,
} from '../../inspector/comparison';
import { edited } from '../../inspector/edited';
import { fixture, folder, isImage, type Model, openModel, triedOn } from '../../inspector/models';
import { eventually, giveValues, near } from '../../inspector/frame';
import { exampleOf } from '../../inspector/reference';
import { inWindow } from '../support/in-window';
import type { InspectorWindow } from '../../inspector/window';

describe('compared', () => {
  let editor: InspectorWindow;

  after(() => {
    for (const name of ['changed.safetensors', 'changed.safetensors.flowscope.json'])
      rmSync(folder(name), { force: true });
  });
  inWindow(
    async (window) => {
      editor = window;
    },
    { files: others },
  );

  for (const model of triedOn.filter(({ steps }) => steps.length > 0)) {
    it(`are two steps of ${model.name}`, async () => {
      const frame = await openModel(editor, model);
      await giveValues(frame, 'given.npy', exampleOf(model));
      await openComparison(frame);
      const step = model.steps.at(-2)!;
      await frame.locator('.compare-head h1', { hasText: `step ${step.toLocaleString('en-US')}` }).waitFor();
      const rows = await compared(frame, model, model.file(step));
      await sameInput(frame, rows);
      await endComparison(frame, await otherOutput(frame, rows));
    });
  }

  for (const model of triedOn.filter(({ steps }) => steps.length === 0)) {
    const image = isImage(model);

    it(`are ${model.name} and a copy with another coupling, and what it becomes by training`, async () => {
      const change = image ? 'scales.0.channelwise.1.scale' : 'couplings.2.net.out.bias';
      const copy = await edited(model, 'changed', (tensor, values) => {
        if (tensor === change) values.forEach((v, i) => (values[i] = image ? 2 * v : v + 0.5));
      });
      const trained = trainedOn(model);
      const frame = await openModel(editor, model);
      await giveValues(frame, 'given.npy', exampleOf(model));
      await openComparison(frame);
      if (image) {
        // The run that was written last is looked at first, and no run takes color pictures.
        await frame.locator('[data-verdict=features]', { hasText: 'B gives' }).waitFor();
        assert.equal(await frame.locator('[data-totals] .num').nth(2).innerText(), '–');
      }
      await chooseOther(editor, frame, copy.file(), path.basename(copy.file()));
      const rows = await compared(frame, model, copy.file());
      await sameInput(frame, rows);
      const couplings = couplingsOf(rows);
      const at = couplings.findIndex(({ name }) => change.startsWith(`${name}.`));
      assert.ok(at > 0);
      couplings.slice(0, at).forEach(({ name, difference }) => assert.equal(difference, 0, name));
      const { name, a, b, difference } = couplings[at]!;
      assert.notEqual(difference, 0);
      // s is the scale times a tanh, and x and the tanh are the same.
      if (image) near(b, 2 * a, 0.16, 'twice the scale, twice the log-det');
      await select(frame, name);
      await eventually(async () => {
        await differs(frame, 's');
      });
      if (image) {
        const { a: first, b: second } = await differs(frame, 's');
        first.values.forEach((value, i) =>
          near(second.values[i]!, 2 * value, 0.03 * first.limit, `s of B at pixel ${i}`),
        );
      }
      await otherOutput(frame, rows);

      // A later checkpoint of the library's own form: every coupling has learned something.
      const later = await trained;
      await chooseOther(editor, frame, later, path.basename(later));
      const learned = await compared(frame, model, later);
      await sameInput(frame, learned);
      const moved = couplingsOf(learned).filter((row) => row.difference !== 0).length;
      assert.ok(moved > couplings.length / 2, `${moved} of ${couplings.length} couplings differ`);
      const title = await otherOutput(frame, learned);

      // What was compared with before is in the list.
      await chooseListed(
        frame,
        `${path.basename(folder())}/${path.basename(copy.file())}`,
        path.basename(copy.file()),
      );
      assert.deepEqual(await compared(frame, model, copy.file()), rows);
      if (!image) {
        // Another library's flow of the same plane.
        const zuko = others('zuko-2d.pt');
        cpSync(fixture('peers', 'zuko-2d', 'state_dict.pt'), zuko);
        const sidecar = { library: 'zuko', answers: { activation: 'relu' } };
        writeFileSync(`${zuko}.flowscope.json`, JSON.stringify(sidecar));
        await chooseOther(editor, frame, zuko, 'zuko-2d.pt');
        await compared(frame, model, zuko);
      }
      await endComparison(frame, title);
    });
  }
});

/**
 * Trains a model of another library for some steps, and writes it as that library would. The run lies outside of the
 * workspace, where nothing offers it to compare with.
 */
async function trainedOn(model: Model): Promise<string> {
  const library = model.name.split(' ').at(-1)!;
  const image = isImage(model);
  const file = others(`${library}-later.safetensors`);
  const place = mkdtempSync(path.join(tmpdir(), 'flowscope-later-'));
  try {
    const [run, pictures] = [path.join(place, 'run'), path.join(place, 'pictures.npy')];
    if (image) {
      const count = 64 * model.shape.reduce((a, b) => a * b);
      const data = Uint8Array.from({ length: count }, (_, i) => (i * i * 31) % 256);
      writeFileSync(pictures, encodeNpy({ shape: [64, ...model.shape], data }));
    }
    await flowscope(
      ...['train', '--from', model.file(), '--data', image ? pictures : 'moons'],
      ...['--max-steps', image ? '10' : '300', '--output', run],
    );
    // The last one, not the best, which may be the one that was begun with.
    const last = path.join(run, 'checkpoints', 'last.flow.safetensors');
    await flowscope('convert', last, '--to', library, '--output', file);
    cpSync(`${model.file()}.flowscope.json`, `${file}.flowscope.json`);
    return file;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
