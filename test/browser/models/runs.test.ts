/** Runs that ended: the step slider, what is gone back to, and what a reload keeps. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { patience, until } from '../../inspector/until';
import { costsOf } from '../../inspector/command-line';
import { others, scored } from '../../inspector/comparison';
import { isImage, openModel, pickSample, showTab, triedOn } from '../../inspector/models';
import {
  couplingLogDets,
  drawn,
  eventually,
  giveValues,
  near,
  parseNumber,
  result,
  rounding,
  sum,
  untilResult,
} from '../../inspector/frame';
import { exampleOf } from '../../inspector/reference';
import { coolSamples } from '../../inspector/take';
import { inWindow } from '../support/in-window';
import type { InspectorWindow } from '../../inspector/window';

/** Places that are looked at for less are none to come back to. */
const settled = 600;

describe('runs', () => {
  let editor: InspectorWindow;

  inWindow(
    async (window) => {
      editor = window;
    },
    { files: others },
  );

  for (const model of triedOn.filter(({ steps }) => steps.length > 0)) {
    it(`of ${model.name} are slid through: each step with its own numbers, maps and samples`, async () => {
      const image = isImage(model);
      const frame = await openModel(editor, model);
      await giveValues(frame, 'given.npy', exampleOf(model));
      const scores = new Map(
        await Promise.all(
          model.steps.map(async (step) => [step, await scored(model, model.file(step))] as const),
        ),
      );
      const slider = frame.locator('input[aria-label=Step]');
      const map = image ? '.layer canvas[data-name="s[0]"]' : '.layer [role=tabpanel] canvas';
      const gallery = `.gallery canvas[data-name=${image ? 'sample' : 'density'}]`;
      const down = [...model.steps].reverse();
      const seen = new Map<number, { map: string; gallery: string; strip: string }>();
      let shown = down[0]!;
      for (const step of [...down, ...model.steps.slice(1)]) {
        if (step !== shown) {
          await slider.focus();
          await slider.press(shown > step ? 'ArrowLeft' : 'ArrowRight');
          shown = step;
        }
        await frame.locator(`[data-step="${step}"]`).waitFor();
        const { mean, ...costs } = scores.get(step)!;
        await untilResult(frame, costsOf(costs)[0]!);
        await frame.locator('.flow[aria-busy=false]').waitFor();
        const texts = await frame
          .locator('.flow [data-layer]')
          .evaluateAll((rows) => rows.flatMap((row) => row.querySelector('.num')?.textContent ?? []));
        near(
          sum(texts.map(parseNumber)),
          mean.couplings + mean.norm + mean.preprocessing,
          rounding(texts),
          `log-dets of the strip at step ${step}`,
        );
        // Each step has pictures of its own, and the same again when it is gone back to. Colors follow their range, which
        // may come later than the numbers.
        const picture = async (selector: string, of: 'map' | 'gallery') => {
          let before = '';
          return until(`${of} of step ${step}`, async () => {
            const now = await drawn(frame, selector).catch(() => '');
            const still = now === before;
            before = now;
            // What is still being computed, such as the parts of a plane's cells, changes the picture.
            if ((await frame.locator('[aria-busy=true]').count()) > 0) return false;
            if (!still) await new Promise((resolve) => setTimeout(resolve, patience(settled)));
            return (
              still &&
              now !== '' &&
              [...seen].every(([other, then]) => (other === step) === (now === then[of])) &&
              now
            );
          });
        };
        const now = {
          map: await picture(map, 'map'),
          gallery: await picture(gallery, 'gallery'),
          strip: (await couplingLogDets(frame)).join(),
        };
        if (seen.has(step)) assert.deepEqual(now, seen.get(step), `step ${step} again`);
        seen.set(step, now);
      }
      assert.equal(new Set([...seen.values()].map(({ strip }) => strip)).size, model.steps.length);
    });
  }

  for (const model of triedOn) {
    it(`with ${model.name}: one selection in all regions, gone back and forward through`, async () => {
      const image = isImage(model);
      const frame = await openModel(editor, model);
      await giveValues(frame, 'given.npy', exampleOf(model));
      const rest = () => editor.page.waitForTimeout(settled);
      /** What every region says of the selection; they have to agree. */
      const place = async () => {
        const found = {
          title: await frame.locator('.head h2').innerText(),
          layer: Number(await frame.locator('.flow [aria-selected=true]').getAttribute('data-layer')),
          logDet: await frame.locator('.flow [aria-selected=true] .num').first().innerText(),
          tab: await frame.locator('.layer [role=tab][aria-selected=true]').innerText(),
          cost: await result(frame),
        };
        const spoken = await frame.locator('.flow [aria-selected=true] .sr').textContent();
        assert.ok(spoken?.startsWith(`${found.title},`), `${spoken} in the strip, ${found.title} above`);
        const total = await frame.locator('.diag [data-part=total] .num').first().innerText();
        near(-parseNumber(total), found.cost, 0.011, 'the total in the diagnostics');
        // The band in the chart of the inverse stands at the layer.
        const band = await frame.locator('.diag .chart:not(.by-layer) rect.band').evaluate((rect) => {
          const svg = rect.closest('svg')!;
          return (Number(rect.getAttribute('x')) - 36) / (Number(svg.getAttribute('width')) - 40);
        });
        const layers = await frame.locator('.flow [data-layer]').count();
        near(band * layers, found.layer, 0.02, 'the band');
        if (found.tab === 'Activations') {
          const facts = await frame.locator('.layer .facts').innerText();
          const [, nats] = /log-det, this example\s+([−+]?[\d.,]+) nats/.exec(facts) ?? [];
          near(parseNumber(nats ?? ''), parseNumber(found.logDet), 0.06, 'log-det of the layer');
        }
        return found;
      };
      const settledPlace = async () => {
        let found: Awaited<ReturnType<typeof place>>;
        await eventually(async () => {
          assert.equal(await frame.locator('[aria-busy=true]').count(), 0);
          found = await place();
        });
        await rest();
        return found!;
      };
      if (image) await coolSamples(frame);
      const places = [await settledPlace()];
      const { cost } = places[0]!;

      const couplings = await frame
        .locator('.flow [data-layer]:has(.idx:not(:empty))')
        .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-layer'))));
      const last = couplings.at(-1)!;
      await frame.locator(`.flow [data-layer="${last}"]`).click();
      places.push(await settledPlace());
      assert.equal(places[1]!.layer, last);

      if (image) {
        await frame.getByRole('button', { name: 'Sample 3', exact: true }).click();
        await frame.locator('.gallery').getByRole('button', { name: 'Use as example' }).click();
      } else {
        await pickSample(frame);
        await frame.locator('.plane-probe').getByRole('button', { name: 'Use as example' }).click();
      }
      await until('what the sample costs', async () => {
        const now = await result(frame).catch(() => NaN);
        return Number.isFinite(now) && now !== cost;
      });
      places.push(await settledPlace());
      await showTab(frame, '.layer', 'Mask');
      places.push(await settledPlace());
      assert.deepEqual(
        places.map(({ tab }) => tab),
        [...Array<string>(3).fill(image ? 'Activations' : 'Plane'), 'Mask'],
      );

      const [back, forward] = [/^Back to the earlier/, /^Forward again/].map((name) =>
        frame.getByRole('button', { name }),
      );
      const goes = async (button: typeof back, to: number) => {
        await button!.click();
        await eventually(async () => assert.deepEqual(await place(), places[to]));
      };
      for (const to of [2, 1, 0]) await goes(back, to);
      for (const to of [1, 2, 3]) await goes(forward, to);

      // What a finding leads to is selected everywhere.
      const finding = frame.locator('.findings .finding', {
        has: frame.locator('.finding-more vscode-button'),
      });
      await frame.locator('.findings[aria-busy=false]').waitFor();
      if ((await finding.count()) === 0) return;
      await finding.first().locator('summary').click();
      const button = finding.first().locator('.finding-more vscode-button');
      const phrase = (await button.innerText()).replace('Look at ', '');
      await button.click();
      await eventually(async () => {
        const { title } = await place();
        assert.equal(title.toLowerCase(), phrase.toLowerCase());
      });
    });
  }
});
