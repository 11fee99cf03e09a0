/** What the inspector says of flows that other libraries trained, against those libraries' own numbers. */
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readNpz } from '../../unit/support/npz';
import { fixture, folder } from '../../inspector/models';
import { until } from '../../inspector/until';
import { couplingLogDets, eventually, giveValues, near, untilInk, untilResult } from '../../inspector/frame';
import { inWindow } from '../support/in-window';
import type { InspectorWindow } from '../../inspector/window';

describe('looking inside', () => {
  let editor: InspectorWindow;
  const at = (...names: string[]) => folder('inside', ...names);

  inWindow(
    (window) => {
      editor = window;
    },
    { files: at },
  );

  for (const { peer, library, answers } of [
    { peer: 'nflows-2d', library: 'nflows', answers: { scaleActivation: 'sigmoid', activation: 'relu' } },
    { peer: 'zuko-2d', library: 'zuko', answers: { activation: 'relu' } },
    { peer: 'chrischute-rgb', library: 'chrischute', answers: { height: 8, width: 8, levels: 256 } },
  ]) {
    it(`shows a checkpoint of ${peer} with the numbers of its own library`, async () => {
      const fixtures = fixture('peers', peer);
      const file = at(`${peer}.pt`);
      copyFileSync(path.join(fixtures, 'state_dict.pt'), file);
      writeFileSync(`${file}.flowscope.json`, JSON.stringify({ library, answers }));
      const frame = await editor.open(file, '[data-result]');
      const { values, costs, logDet } = await recordedExample(path.join(fixtures, 'io.npz'));
      await giveValues(frame, 'example.npy', values);
      // bits/dim or −log p by PyTorch, and its log-dets by layer.
      await untilResult(frame, costs);
      const image = peer === 'chrischute-rgb';
      const digit = image ? 0.1 : 0.01;
      // The bar may be ahead of the strip by a moment.
      await eventually(async () => {
        const shown = await couplingLogDets(frame);
        assert.equal(shown.length, logDet.length);
        shown.forEach((value, i) => near(value, logDet[i]!, 0.52 * digit, `log-det of coupling ${i + 1}`));
      });

      // The four views, drawn: activations, mask, log-det, gallery.
      const panel = frame.getByRole('tabpanel').first();
      for (const [tab, says] of [
        ['Activations', image ? /log scale/i : /min/],
        [
          'Mask',
          peer === 'chrischute-rgb' ? /96 of 192 are read, 96 move/ : /1 of 2 (is|are) read, 1 moves?/,
        ],
        ['Log-det', /nats/],
      ] as const) {
        await frame.getByRole('tab', { name: tab }).first().click();
        await until(`${tab} in words`, async () => says.test(await panel.innerText()));
        if (image) await untilInk(frame, '[role=tabpanel] canvas');
      }
      if (!image) {
        await frame.getByRole('tab', { name: 'Plane' }).first().click();
        await untilInk(frame, '[role=tabpanel] canvas');
      }
      await untilInk(frame, '.gallery canvas');
      await editor.screenshot(`peer-${peer}`);
    });
  }
});

/** The first example that a library was run on, and what it said of it. */
async function recordedExample(
  file: string,
): Promise<{ values: Float32Array; costs: number; logDet: number[] }> {
  const archive = await readNpz(file);
  const read = (name: string): { shape: readonly number[]; data: Float32Array } => {
    const { shape, data } = archive.array(name);
    return { shape, data: Float32Array.from(data as ArrayLike<number>) };
  };
  const layers = read('logdet_layers');
  const logDet = [...layers.data.subarray(0, layers.shape[1])];
  if (!archive.names.includes('noise')) {
    return { values: read('x').data.slice(0, 2), costs: -read('log_prob').data[0]!, logDet };
  }
  // Pixels with the noise that the library was given, channels last.
  const { shape, data } = read('image_u8');
  const noise = read('noise').data;
  const [, channels = 1, height = 1, width = 1] = shape;
  const values = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < height * width; i++) {
      const from = c * height * width + i;
      values[i * channels + c] = data[from]! + noise[from]!;
    }
  return { values, costs: read('bits_per_dim').data[0]!, logDet };
}
