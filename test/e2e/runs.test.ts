/**
 * Checkpoints of a run and runs beside one another: the step slider, comparisons, what is gone back to and what a reload
 * keeps, and trainings that are steered or followed while they go on.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import * as vscode from 'vscode';
import { signedScale } from '../../webview/draw/colour-maps';
import { api, ours, until } from '../extension/ours';
import { costsOf, scoreRows } from './command-line';
import { edited } from './edited';
import { fixture, folder, isImage, makeModels, models, openModel, showTab, type Model } from './five-models';
import {
  couplingLogDets,
  drawn,
  eventually,
  giveValues,
  isLight,
  near,
  parseNumber,
  pixels,
  result,
  untilInk,
  untilResult,
} from './inspector-frame';
import { exampleOf } from './reference';
import { inWindow } from './in-window';
import type { Workbench } from './workbench';

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** What rounding does to a sum of numbers that are written so. */
const rounding = (texts: readonly string[]) =>
  sum(texts.map((text) => 0.51 * 10 ** -(text.split('.')[1]?.length ?? 0)));

/** Places that are looked at for less are none to come back to. */
const settled = 600;

describe('runs', function () {
  this.timeout(240_000);
  let workbench: Workbench;

  after(() => {
    for (const name of ['changed.safetensors', 'changed.safetensors.flowscope.json'])
      rmSync(folder(name), { force: true });
  });
  inWindow(
    async (window) => {
      workbench = window;
      await makeModels();
    },
    { dialogs: true, files: () => folder('others') },
  );

  const scored = (model: Model, file: string, name: string) =>
    scoreRows(file, model.shape, folder('others', `${name}.npy`), [exampleOf(model)]);

  for (const model of models.filter(({ steps }) => steps.length > 0)) {
    it(`of ${model.name} are slid through: each step with its own numbers, maps and samples`, async () => {
      const image = isImage(model);
      const frame = await openModel(workbench, model);
      await giveValues(frame, 'given.npy', exampleOf(model));
      const scores = new Map(
        await Promise.all(
          model.steps.map(
            async (step) => [step, await scored(model, model.file(step), `step-${step}`)] as const,
          ),
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
          -(mean.couplings + mean.norm + mean.preprocessing),
          rounding(texts),
          `log-dets of the strip at step ${step}`,
        );
        // Each step has pictures of its own, and the same again when it is gone back to.
        const picture = (selector: string, of: 'map' | 'gallery') =>
          until(`${of} of step ${step}`, async () => {
            const now = await drawn(frame, selector).catch(() => '');
            return (
              now !== '' && [...seen].every(([other, then]) => (other === step) === (now === then[of])) && now
            );
          });
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

  /** The comparison's numbers against the command line's, and its pixels against one another. */
  const compared = async (frame: Frame, model: Model, other: string) => {
    const [a, b] = await Promise.all([
      scored(model, model.file(), 'compared-a'),
      scored(model, other, 'compared-b'),
    ]);
    const [here, there] = [costsOf(a)[0]!, costsOf(b)[0]!];
    const totals = frame.locator('[data-totals] .num');
    await eventually(async () => {
      near(parseNumber(await totals.nth(0).innerText()), here, 0.0011, 'the total of A');
      near(parseNumber(await totals.nth(1).innerText()), there, 0.0011, 'the total of B');
      near(parseNumber(await totals.nth(2).innerText()), there - here, 0.0016, 'the difference');
    });
    const rows = await frame.locator('[data-compared]').evaluateAll((elements) =>
      elements.map((row) => ({
        name: row.getAttribute('data-compared')!,
        texts: [...row.querySelectorAll('.num')].map((cell) => cell.textContent),
      })),
    );
    for (const [k, { mean }] of [a, b].entries()) {
      const texts = rows.map((row) => row.texts[k]!);
      const logDet = -(mean.couplings + mean.norm + mean.preprocessing);
      near(sum(texts.map(parseNumber)), logDet, rounding(texts), `log-dets of ${'AB'[k]}`);
    }
    for (const { name, texts } of rows) {
      const [first, second, difference] = texts.map(parseNumber);
      // Each is rounded for itself.
      near(difference!, second! - first!, 0.151, `B − A of ${name}`);
    }
    return rows.map(({ name, texts }) => {
      const [first, second, difference] = texts.map(parseNumber);
      return { name, a: first!, b: second!, difference: difference! };
    });
  };
  const select = async (frame: Frame, name: string) => {
    const row = frame.locator(`[data-compared="${name}"]`);
    await row.click();
    const title = (await row.locator('.name').innerText()).trim();
    await frame.locator('.compare-part h2', { hasText: title }).waitFor();
    assert.equal(await row.getAttribute('aria-selected'), 'true');
    return title;
  };
  /** Values of a map of the comparison, read from its colours; the range is that of its legend. */
  const valuesOf = async (frame: Frame, tensor: string, of: 'A' | 'B' | 'B − A') => {
    const column = frame.locator(`[data-map="${tensor}"]`);
    const legend = await column.locator('.legend').first().innerText();
    const limit = parseNumber(legend.trim().split(/\s+/).at(-1)!);
    const scale = signedScale(limit, await isLight(frame));
    const steps = 800;
    const known = Array.from({ length: steps + 1 }, (_, i) => {
      const value = limit * ((2 * i) / steps - 1);
      return { value, rgb: scale.at(value) };
    });
    const colours = new Map<string, number>();
    const values = (await pixels(frame, `canvas[data-name="${tensor} ${of}"]`)).map((rgb) => {
      const key = rgb.join();
      let value = colours.get(key);
      if (value === undefined) {
        const off = (other: readonly number[]) => sum(other.map((shade, k) => (shade - rgb[k]!) ** 2));
        value = known.reduce((best, next) => (off(next.rgb) < off(best.rgb) ? next : best)).value;
        colours.set(key, value);
      }
      return value;
    });
    return { limit, values, colours: [...colours.keys()] };
  };
  const differs = async (frame: Frame, tensor: string) => {
    await untilInk(frame, `canvas[data-name="${tensor} B − A"]`).catch(() => undefined);
    const [a, b, difference] = [
      await valuesOf(frame, tensor, 'A'),
      await valuesOf(frame, tensor, 'B'),
      await valuesOf(frame, tensor, 'B − A'),
    ];
    assert.equal(difference.values.length, a.values.length);
    difference.values.forEach((value, i) => {
      const wanted = Math.min(a.limit, Math.max(-a.limit, b.values[i]! - a.values[i]!));
      near(value, wanted, 0.035 * a.limit, `B − A of ${tensor} at pixel ${i}`);
    });
    return { a, b, difference };
  };
  const openComparison = async (frame: Frame) => {
    await frame.locator('.diag').getByText('Compare', { exact: true }).click();
    await frame.locator('.compare-head').waitFor();
  };
  const chooseOther = async (frame: Frame, file: string, title: string) => {
    await frame.getByRole('button', { name: 'Another file…' }).click();
    await workbench.chooseFile(file);
    await frame.locator('.compare-head h1', { hasText: title }).waitFor();
  };
  const endComparison = async (frame: Frame, title: string) => {
    await frame.getByText('End comparison').click();
    await frame.locator('.head h2', { hasText: title }).waitFor();
    assert.match(await frame.locator('.flow [aria-selected=true]').innerText(), /\d/);
  };

  for (const model of models) {
    const ofRun = model.steps.length > 0;
    it(`of ${model.name} are compared: ${ofRun ? 'two steps' : 'a copy with another coupling'}`, async () => {
      const change = isImage(model) ? 'scales.0.channelwise.1.scale' : 'couplings.2.net.out.bias';
      const copy = ofRun
        ? undefined
        : await edited(model, 'changed', (tensor, values) => {
            if (tensor === change) values.forEach((v, i) => (values[i] = isImage(model) ? 2 * v : v + 0.5));
          });
      const frame = await openModel(workbench, model);
      await giveValues(frame, 'given.npy', exampleOf(model));
      await openComparison(frame);
      const other = copy?.file() ?? model.file(model.steps.at(-2));
      if (copy && isImage(model)) {
        // The run that was written last is looked at first, and no run takes colour pictures.
        await frame.locator('.compare-part', { hasText: 'B takes other inputs (' }).waitFor();
        assert.equal(await frame.locator('[data-totals] .num').nth(2).innerText(), '–');
      }
      if (copy) await chooseOther(frame, other, path.basename(other));
      else
        await frame
          .locator('.compare-head h1', { hasText: `step ${model.steps.at(-2)!.toLocaleString('en-US')}` })
          .waitFor();
      const rows = await compared(frame, model, other);
      const couplings = rows.filter(({ name }) => /coupling|checkerboard|channelwise/.test(name));

      // The same goes into the first coupling of both.
      await select(frame, couplings[0]!.name);
      await eventually(async () => {
        const { colours, values } = await valuesOf(frame, 'x', 'B − A');
        assert.equal(colours.length, 1, 'one colour');
        assert.equal(values[0], 0);
      });
      if (copy) {
        const at = couplings.findIndex(({ name }) => change.startsWith(`${name}.`));
        assert.ok(at > 0);
        couplings.slice(0, at).forEach(({ name, difference }) => assert.equal(difference, 0, name));
        const { name, a, b, difference } = couplings[at]!;
        assert.notEqual(difference, 0);
        // s is the scale times a tanh, and x and the tanh are the same.
        if (isImage(model)) near(b, 2 * a, 0.16, 'twice the scale, twice the log-det');
        await select(frame, name);
        await eventually(async () => {
          await differs(frame, 's');
        });
        if (isImage(model)) {
          const { a: first, b: second } = await differs(frame, 's');
          first.values.forEach((value, i) =>
            near(second.values[i]!, 2 * value, 0.03 * first.limit, `s of B at pixel ${i}`),
          );
        }
      }
      const last = couplings.at(-1)!;
      const title = await select(frame, last.name);
      await eventually(async () => {
        const { difference } = await differs(frame, 'y');
        assert.ok(difference.colours.length > 1, 'the outputs differ');
      });
      if (!ofRun && !isImage(model)) {
        // Another library's flow of the same plane.
        const zuko = folder('others', 'zuko-2d.pt');
        cpSync(fixture('peers', 'zuko-2d', 'state_dict.pt'), zuko);
        const sidecar = { library: 'zuko', answers: { activation: 'relu' } };
        writeFileSync(`${zuko}.flowscope.json`, JSON.stringify(sidecar));
        await chooseOther(frame, zuko, 'zuko-2d.pt');
        await compared(frame, model, zuko);
      }
      await endComparison(frame, title);
    });
  }

  for (const model of models) {
    it(`with ${model.name}: one selection in all regions, gone back and forward through`, async () => {
      const image = isImage(model);
      const frame = await openModel(workbench, model);
      await giveValues(frame, 'given.npy', exampleOf(model));
      const rest = () => workbench.page.waitForTimeout(settled);
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
        near(parseNumber(total), found.cost, 0.011, 'the total in the diagnostics');
        // The band in the chart of the inverse stands at the layer.
        const band = await frame.locator('.diag rect.band').evaluate((rect) => {
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
        const plane = frame.locator('.gallery canvas[data-name=samples]');
        await plane.scrollIntoViewIfNeeded();
        await plane.click();
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

  it('and models of others come back as they were after the window is reloaded', async function () {
    // Files of their own: a window remembers what was looked at in those of the other tests.
    for (const run of ['grey', 'handwritten', 'crescents'])
      cpSync(folder(run), folder('again', run), { recursive: true });
    for (const peer of ['nflows-2d', 'chrischute-rgb'])
      for (const name of [`${peer}.pt`, `${peer}.pt.flowscope.json`])
        cpSync(folder(name), folder('again', name), { recursive: true });
    const second = await workbench.another();
    // Desktop VS Code has no second window that a test could reload.
    if (!second) return this.skip();
    const { page } = second;
    const active = (file: string) =>
      page.locator('.tabs-container .tab[aria-selected=true]', { hasText: path.basename(file) });
    try {
      // What another window had open comes along.
      await second.palette('View: Close All Editors');
      await page.locator('.tabs-container .tab').first().waitFor({ state: 'hidden' });
      const show = async (model: Model): Promise<Frame> => {
        await page
          .locator('.tabs-container .tab', { hasText: path.basename(model.file()) })
          .last()
          .click();
        return second.webview('[data-result]', 90_000);
      };
      const seen = async (frame: Frame, index: number) => {
        await frame.locator('.flow[aria-busy=false]').waitFor();
        const field = frame.locator('.bar vscode-text-field[title^="Index of the example"] input');
        await until('the example', async () => (await field.inputValue()) === String(index));
        await until('a result', async () => Number.isFinite(await result(frame).catch(() => NaN)));
        return {
          title: await frame.locator('.head h2').innerText(),
          layer: await frame.locator('.flow [aria-selected=true]').getAttribute('data-layer'),
          tabs: await frame.locator('[role=tab][aria-selected=true]').allInnerTexts(),
          step: await frame.locator('[data-step]').allInnerTexts(),
          strip: await couplingLogDets(frame),
          result: await result(frame),
        };
      };
      const states: Awaited<ReturnType<typeof seen>>[] = [];
      for (const [i, model] of models.entries()) {
        const relative = path.relative(folder(), model.file());
        await page.keyboard.press('ControlOrMeta+P');
        await second.input().waitFor();
        await second.input().fill(`again/${relative}`);
        const row = second
          .rows()
          .filter({ hasText: path.basename(relative) })
          .filter({ hasText: 'again' });
        await row.first().click();
        await active(relative).waitFor();
        if (model.steps.length === 0) await second.palette('Flowscope: Open in Inspector');
        const frame = await second.webview('[data-result]', 90_000);
        await active(relative).waitFor();
        await frame.locator('.flow[aria-busy=false]').waitFor();
        const before = await result(frame);
        await frame.locator('[data-layer]').first().focus();
        for (let k = 0; k <= i + 1; k++) await page.keyboard.press('ArrowDown');
        await page.keyboard.press(String(2 + (i % 3)));
        for (let k = 0; k <= i; k++) await page.keyboard.press('ArrowRight');
        if (model.steps.length > 0) {
          await page.keyboard.press('[');
          await frame.locator(`[data-step="${model.steps.at(-2)}"]`).waitFor();
        }
        await showTab(frame, '.gallery', i % 2 ? 'Interpolate' : 'Latents');
        await showTab(frame, '.diag', isImage(model) ? 'By pixel' : 'By feature');
        await until('another result', async () => {
          const now = await result(frame).catch(() => NaN);
          return Number.isFinite(now) && now !== before;
        });
        states.push(await seen(frame, i + 1));
      }
      assert.equal(new Set(states.map(({ result: cost }) => cost)).size, models.length);
      await Promise.all([page.waitForEvent('load'), second.palette('Developer: Reload Window')]);
      for (const [i, model] of [...models.entries()].reverse()) {
        const frame = await show(model);
        assert.deepEqual(await seen(frame, i + 1), states[i], model.name);
      }
    } catch (error) {
      await second.screenshot('failed-second-window');
      throw error;
    } finally {
      await page.close();
      rmSync(folder('again'), { recursive: true, force: true });
    }
  });

  interface Row {
    step: number;
    learningRate?: number;
    trainNats?: number;
    trainBitsPerDim?: number;
    validationNats?: number;
    validationBitsPerDim?: number;
  }
  const metricsOf = (run: string): Row[] =>
    readFileSync(path.join(run, 'metrics.jsonl'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Row);
  const statusOf = (run: string) =>
    JSON.parse(readFileSync(path.join(run, 'run.json'), 'utf8')) as { status: string; step: number };

  for (const { name, rate, config } of [
    {
      name: 'moons',
      rate: 1e-3,
      config: {
        data: { source: 'moons' },
        model: { kind: 'vector', dim: 2 },
        training: { steps: 1_000_000, validateEvery: 50, checkpointEvery: 100_000 },
      },
    },
    {
      name: 'digits',
      rate: 3e-3,
      config: {
        data: { source: 'digits' },
        model: { kind: 'image', height: 8, width: 8, channels: 1, levels: 17, scales: 2, base: 8, blocks: 1 },
        training: {
          ...{ steps: 1_000_000, batch: 32, learningRate: 3e-3 },
          ...{ validateEvery: 10, checkpointEvery: 100_000 },
        },
      },
    },
  ]) {
    it(`of ${name} that train are paused, given another rate, resumed and stopped from the page`, async () => {
      const run = folder('others', name);
      writeFileSync(`${run}.flow.json`, JSON.stringify(config));
      await vscode.commands.executeCommand('flowscope.trainConfig', vscode.Uri.file(`${run}.flow.json`), {
        output: run,
      });
      const best = path.join(run, 'checkpoints', 'best.flow.safetensors');
      await until('a checkpoint', () => existsSync(best) && statusOf(run).step > 0, 90_000);
      void vscode.commands.executeCommand('flowscope.openInInspector', vscode.Uri.file(best));
      const frame = await workbench.webview('[data-result]');
      await showTab(frame, '.diag', 'Run');
      const control = frame.locator('.run-control');
      await control.getByText('Pause', { exact: true }).click();
      await until('the pause', () => statusOf(run).status === 'paused', 60_000);
      await frame.locator('[data-run-status=paused]').waitFor();
      const paused = statusOf(run).step;
      const heard = await until('the answer', async () => {
        return /Heard at step ([\d,]+)/.exec(await control.innerText())?.[1];
      });
      assert.equal(parseNumber(heard), paused);
      const rateField = control.locator('input');
      await rateField.fill('0.00025');
      await rateField.press('Enter');
      assert.equal(statusOf(run).step, paused, 'nothing is trained meanwhile');
      // At once, before the training has heard of the rate: both are meant.
      await control.getByText('Resume', { exact: true }).click();
      await until(
        'steps at the new rate',
        () => metricsOf(run).some(({ step }) => step > paused + 20),
        90_000,
      );
      const rates = readFileSync(path.join(run, 'rates.json'), 'utf8');
      assert.match(rates, /0\.00025/);
      await frame.locator('.rate-mark').first().waitFor({ state: 'attached' });
      await control.getByText('Stop', { exact: true }).click();
      await until('its end', () => statusOf(run).status === 'stopped', 60_000);
      for (const { step, learningRate } of metricsOf(run))
        if (learningRate !== undefined)
          near(learningRate, step > paused ? 0.00025 : rate, 1e-9, `the rate of step ${step}`);
      await frame.locator('[data-run-status=stopped]').waitFor();
      const status = frame.locator('.run-status');
      await status.getByText(`step ${statusOf(run).step.toLocaleString('en-US')} of 1,000,000`).waitFor();
      const flowscope = await api();
      await until('the end of its engine', () => flowscope.enginePids().trainings.length === 0, 60_000);
    });
  }

  it('that another process trains are followed, and compared with a run of this window', async () => {
    const run = folder('others', 'elsewhere');
    const config = {
      data: { source: 'moons' },
      model: { kind: 'vector', dim: 2 },
      training: { steps: 1_000_000, validateEvery: 100, checkpointEvery: 500 },
    };
    writeFileSync(`${run}.flow.json`, JSON.stringify(config));
    const child = spawn(
      process.execPath,
      [
        ...[path.join(ours().extensionPath, 'dist', 'cli.js'), 'train', '--config', `${run}.flow.json`],
        ...['--output', run, '--quiet', '--backend', 'onnxruntime'],
      ],
      { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' }, stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      const file = (step: number) =>
        path.join(run, 'checkpoints', `step-${String(step).padStart(8, '0')}.flow.safetensors`);
      await until('a checkpoint', () => existsSync(file(500)), 90_000);
      void vscode.commands.executeCommand('flowscope.openInInspector', vscode.Uri.file(file(500)));
      const frame = await workbench.webview('[data-result]');
      await showTab(frame, '.diag', 'Run');
      await frame.locator('[data-run-status=running]').waitFor();
      await frame.getByLabel('Follow the newest checkpoint').check();
      const shownStep = async () =>
        Number(await frame.locator('.bar [data-step]').first().getAttribute('data-step', { timeout: 5000 }));
      const steps = new Set<number>();
      await until(
        'three newer checkpoints',
        async () => {
          const step = await shownStep().catch(() => NaN);
          if (step > 500) steps.add(step);
          return steps.size >= 3;
        },
        90_000,
      );
      // What was measured at the step that is looked at.
      const measured = async () => {
        const text = await frame.locator('[data-at-step]').innerText();
        const [, step, validation, train] =
          /step ([\d,]+): validation ([−\d.]+) nats, train ([−\d.]+) nats/.exec(text) ?? [];
        const rows = metricsOf(run).filter((row) => row.step <= parseNumber(step!));
        const last = (metric: keyof Row) => rows.findLast((row) => row[metric] !== undefined)![metric]!;
        near(parseNumber(validation!), last('validationNats'), 0.00051, 'validation');
        near(parseNumber(train!), last('trainNats'), 0.00051, 'train');
      };
      await eventually(measured);
      child.kill('SIGINT');
      await ended;
      assert.equal(statusOf(run).status, 'stopped');
      await frame.locator('[data-run-status=stopped]').waitFor();
      const { step: end } = statusOf(run);
      await until('the last step', async () => (await shownStep().catch(() => NaN)) === end);
      await eventually(measured);
      const readout = async (chart: ReturnType<Frame['locator']>) => {
        const { width, height } = (await chart.locator('svg').boundingBox())!;
        await chart.locator('svg').hover({ position: { x: width - 9, y: height / 2 } });
        return chart.locator('output').innerText();
      };
      const lastOf = (of: string, metric: keyof Row) =>
        metricsOf(of).findLast((row) => row[metric] !== undefined)![metric]!;
      await eventually(async () => {
        const text = await readout(frame.locator('.run-chart').first());
        const [, train, validation] = /train ([−\d.]+) · validation ([−\d.]+)/.exec(text) ?? [];
        near(parseNumber(train!), lastOf(run, 'trainNats'), 0.0051, 'train at the end of the curve');
        near(parseNumber(validation!), lastOf(run, 'validationNats'), 0.0051, 'validation at its end');
      });

      // Two runs side by side.
      const moons = models.find(({ name }) => name === 'two moons')!;
      const here: Model = { ...moons, file: () => path.join(run, 'checkpoints', 'last.flow.safetensors') };
      await giveValues(frame, 'given.npy', exampleOf(moons));
      await openComparison(frame);
      const choice = frame.locator('.compare-choice vscode-dropdown');
      const option = choice.locator('vscode-option', { hasText: /^crescents: Step 1,500/ }).first();
      await option.waitFor({ state: 'attached' });
      await choice.click();
      await option.click();
      await frame.locator('.compare-head h1', { hasText: 'crescents, step 1,500' }).waitFor();
      await compared(frame, here, moons.file());
      const chart = frame.locator('.compare .run-chart');
      await chart.locator('[data-line=B]').waitFor();
      await eventually(async () => {
        const text = await readout(chart);
        const [, a, b] = /A ([−\d.]+) · B ([−\d.]+)/.exec(text) ?? [];
        near(parseNumber(a!), lastOf(run, 'validationNats'), 0.0051, 'A at the end');
        near(parseNumber(b!), lastOf(folder('crescents'), 'validationNats'), 0.0051, 'B at its end');
      });
    } finally {
      child.kill('SIGINT');
      await ended;
    }
  });
});
