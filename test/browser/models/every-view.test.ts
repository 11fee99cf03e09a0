/**
 * Every tab of every region, in a real window, of our flows on digits and two moons and of two that other libraries
 * trained. What the views say has to agree with one another, and what they draw has to be there.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../../inspector/until';
import { isImage, openModel, showTab, triedOn, untilWords } from '../../inspector/models';
import { drawn, near, parseNumber, result, untilInk, value } from '../../inspector/frame';
import { inWindow } from '../support/in-window';
import type { InspectorWindow } from '../../inspector/window';

describe('every view', () => {
  let editor: InspectorWindow;

  inWindow(async (window) => {
    editor = window;
  });

  for (const model of triedOn) {
    it(`of ${model.name} agrees with the others`, async () => {
      const image = isImage(model);
      const data = model.steps.length > 0;
      const frame = await openModel(editor, model);
      const costs = await result(frame);
      const tab = (region: string, title: string) => showTab(frame, region, title);
      const words = (selector: string, says: RegExp) => untilWords(frame, selector, says);
      const sum = await frame.locator('.flow [aria-selected=true] .num').first().innerText();

      // The layer. Its log-det is that of the strip, and of its parts.
      await tab('.layer', 'Activations');
      const facts = await words(
        '.layer .facts',
        /log-det, this example\s+[−+]?[\d.]+ nats[\s\S]*round trip\s+\d/,
      );
      const [all, ...parts] = facts
        .split('\n')
        .filter((line) => line.endsWith(' nats'))
        .map(value);
      near(all!, parseNumber(sum), 0.06, 'log-det in the strip');
      near(
        all!,
        parts.reduce((a, b) => a + b, 0),
        0.011,
        'parts of the log-det',
      );
      assert.ok(value(facts.split('round trip')[1]!) < 1e-3, facts);
      if (image) await untilInk(frame, '.layer [role=tabpanel] canvas');
      await tab('.layer', 'Mask');
      const [read = NaN, of = NaN, move = NaN] = (
        await words('.layer [role=tabpanel]', /\d+ of \d+ (is|are) read/)
      )
        .match(/\d+ of \d+ (?:is|are) read, \d+ move/)![0]
        .match(/\d+/g)!
        .map(Number);
      assert.equal(read + move, of);
      if (image) await untilInk(frame, '.layer [role=tabpanel] canvas');
      await tab('.layer', 'Log-det');
      await words('.layer [role=tabpanel]', /Over depth/);
      assert.ok((await frame.locator('.layer [role=tabpanel] svg path').count()) > 0, 'curves');
      await tab('.layer', 'Conditioner');
      await words('.layer [role=tabpanel]', /Parameters/);
      await tab('.layer', 'Jacobian');
      const jacobian = await words('.layer [role=tabpanel]', /largest difference, relative\s+[\d.]/);
      assert.ok(value(jacobian.split('largest difference, relative')[1]!) < 1e-3, jacobian.slice(0, 400));
      if (!image) {
        await tab('.layer', 'Plane');
        await untilInk(frame, '.layer [role=tabpanel] canvas');
      }

      // The gallery.
      await tab('.gallery', 'Samples');
      await untilInk(frame, '.gallery canvas');
      await tab('.gallery', 'Latents');
      await frame.locator('.gallery [data-changed="0"]').waitFor();
      const slider = frame.locator('.gallery .latent-slider input[type=range]').first();
      const now = '.gallery canvas[data-name=edited]';
      const before = image && (await drawn(frame, now));
      await slider.focus();
      for (let i = 0; i < 20; i++) await slider.press('ArrowRight');
      await frame.locator('.gallery [data-changed="1"]').waitFor();
      await words('.gallery', /log p\(x\)\s+[−+]?[\d,.]+/);
      if (image) await until('another picture', async () => (await drawn(frame, now)) !== before);
      if (data) {
        await tab('.gallery', 'Nearest');
        await words('.gallery [data-verdict]', /\d/);
        await tab('.gallery', 'Examples');
        await words('.gallery', /validation/);
        if (image) await untilInk(frame, '.gallery canvas');
        else await words('.gallery', /\d\.\d/);
      }
      await tab('.gallery', 'Interpolate');
      await untilInk(frame, '.gallery canvas');

      // Diagnostics: the parts of the result and its places add up to it.
      await tab('.diag', 'Diagnostics');
      const total = await words('.diag [data-part=total]', /\d/);
      near(-value(total.replace('log p(x)', '')), costs, 0.011, 'sum of the parts');
      await tab('.diag', image ? 'By pixel' : 'By feature');
      const cost = await words('.diag [data-cost-sum]', /\d/);
      near(
        -value(image ? cost.split(', ')[1]! : cost.replace('log p(x)', '')),
        costs,
        0.011,
        'sum over the places',
      );
      assert.equal(await frame.locator('[role=alert]').count(), 0);
    });
  }
});
