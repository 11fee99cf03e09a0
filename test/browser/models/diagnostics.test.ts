/** Diagnostics of the five models: the parts of what an example costs, and what is found in flows that are wrong on purpose. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Frame } from 'playwright-core';
import { flowscope } from '../../inspector/command-line';
import { edited } from '../../inspector/edited';
import { isImage, type Model, openModel, showTab, triedOn, untilWords } from '../../inspector/models';
import { eventually, giveValues, near, untilResult, value } from '../../inspector/frame';
import { exampleOf, reference } from '../../inspector/reference';
import { inWindow } from '../support/in-window';
import type { InspectorWindow } from '../../inspector/window';

interface Diagnosed {
  findings: { check: string; severity: string; sentence: string }[];
}

interface Expected {
  check: string;
  title: string;
  severity: RegExp;
  says: RegExp;
  /** Number of the coupling to look at, and the tab that shows it. */
  coupling: number;
  tab: string;
}

/** Couplings that are spoilt, by their place among all. */
const dead = 1;
const saturated = 2;

/**
 * A copy of the model in which the second coupling has no living unit, the third a saturated scale, the last a scale of e¹⁰,
 * and, where it has a norm, running statistics that are far off. Bounds of the scale are tanh's; nflows' has none to reach.
 */
async function spoilt(model: Model): Promise<{ model: Model; expected: Expected[] }> {
  const { layers, tensors } = await reference(model.file());
  const couplings = layers.filter(({ info }) => info.coupling !== undefined).map(({ info }) => info.name);
  const last = couplings.length - 1;
  const bounded = `${couplings[0]}.scale` in tensors;
  const normed = `${couplings[last]}.norm.mean` in tensors;
  const data = model.steps.length > 0;
  // Values that are divided by e¹⁰ lose what is added to them; samples of a flow that multiplies by it would overflow.
  const u = (data ? -1 : 1) * Math.atanh(0.5);
  const wrong = await edited(model, 'spoilt', (tensor, values) => {
    const own = (coupling: number) => tensor.startsWith(`${couplings[coupling]}.`);
    if (own(dead)) killUnits(tensor, values);
    if (!bounded) return;
    if (own(saturated)) setScale(tensor, values, 50);
    if (!own(last)) return;
    setScale(tensor, values, u);
    if (tensor.endsWith('.scale')) values.fill(20);
    if (tensor.endsWith(`${couplings[last]}.norm.mean`)) {
      const { data: variance } = tensors[`${couplings[last]}.norm.variance`]!;
      values.forEach((mean, c) => (values[c] = mean + 100 * Math.sqrt(variance[c]!)));
    }
  });
  const all: (Expected | false)[] = [
    {
      check: 'deadUnits',
      title: 'Dead units',
      severity: /warning/,
      says: /^(\d+) of \1 hidden units \(100%\) of coupling 2 are never active over 64 examples; from 60% on/,
      coupling: dead + 1,
      tab: 'Conditioner',
    },
    {
      check: 'deadConditioner',
      title: 'Dead networks',
      severity: /warning/,
      says: /^s and t are the same for all 64 examples in coupling 2: they change by 0, and less than 0\.001/,
      coupling: dead + 1,
      tab: 'Activations',
    },
    bounded && {
      check: 'saturation',
      title: 'Saturated scales',
      severity: /warning/,
      says: /^The scale is saturated .* at 100% of the moving values of coupling 3; from 75% on/,
      coupling: saturated + 1,
      tab: 'Activations',
    },
    bounded && {
      check: 'scaleSize',
      title: 'Size of scales',
      severity: /notice/,
      says: new RegExp(
        `^\\|s\\| reaches 10 nats in coupling ${last + 1}: values are scaled by up to 22000\\. From 8 on`,
      ),
      coupling: last + 1,
      tab: 'Activations',
    },
    data && {
      check: 'inverse',
      title: 'Exact inverse',
      severity: /notice|warning|error/,
      says: new RegExp(`^The inverse is not exact: .* from 1\\.0·10⁻⁴ on .* lost in coupling ${last + 1}\\b`),
      coupling: last + 1,
      tab: 'Activations',
    },
    normed && {
      check: 'normStatistics',
      title: 'Batch norm statistics',
      severity: /warning/,
      says: new RegExp(
        `^Running statistics are not .* in coupling ${last + 1} \\(${couplings[last]}\\.norm\\): the mean is (99|100|101)`,
      ),
      coupling: last + 1,
      tab: 'Conditioner',
    },
  ];
  return { model: wrong, expected: all.filter((one) => one !== false) };
}

/** Every hidden unit is below zero for any input, so that none is active and s and t are constant. */
function killUnits(tensor: string, values: Float32Array): void {
  if (
    /\.net\.(in|[01]|blocks\.\d+\.linear\d)\.weight$|\.linear2\.bias$|\.net\..*norm\w*\.gain$/i.test(tensor)
  )
    values.fill(0);
  else if (/\.net\.(in|[01]|blocks\.\d+\.linear1)\.bias$|\.net\..*norm\w*\.bias$/i.test(tensor))
    values.fill(-1);
}

/** What the scale is made of is `u` for any input. The network's first outputs are those of the scale. */
function setScale(tensor: string, values: Float32Array, u: number): void {
  const half = values.length / 2;
  if (tensor.endsWith('.convOut.g')) values.fill(0, 0, half);
  if (/\.(convOut|net\.2)\.bias$/.test(tensor)) values.fill(u, 0, half);
  if (tensor.endsWith('.net.2.weight')) values.forEach((_, i) => i % 4 < 2 && (values[i] = 0));
}

describe('diagnostics', () => {
  let editor: InspectorWindow;

  inWindow(async (window) => {
    editor = window;
  });

  const checksOf = (frame: Frame): Promise<Record<string, string>> =>
    frame
      .locator('.findings [data-check]')
      .evaluateAll((elements) =>
        Object.fromEntries(
          elements.map((element) => [
            (element as HTMLElement).dataset['check']!,
            (element as HTMLElement).dataset['severity']!,
          ]),
        ),
      );

  for (const model of triedOn) {
    it(`of ${model.name} split log p of an example into its parts`, async () => {
      const { layers, pass } = await reference(model.file());
      const { parts, costs } = pass(exampleOf(model));
      const frame = await openModel(editor, model);
      await giveValues(frame, 'known.npy', exampleOf(model));
      await untilResult(frame, costs);
      await showTab(frame, '.diag', 'Diagnostics');
      await eventually(async () => {
        const rows = await frame
          .locator('.diag [data-part]')
          .evaluateAll((elements) =>
            elements.map((row) => ({
              part: (row as HTMLElement).dataset['part']!,
              text: row.querySelector('.num')!.textContent,
              left: parseFloat(row.querySelector('i')!.style.left),
              width: parseFloat(row.querySelector('i')!.style.width),
            })),
          );
        const names = rows.map(({ part }) => part.replace(/^\d+ /, '')) as (keyof typeof parts | 'total')[];
        const shown = names.filter((name) => name !== 'total');
        // A part that is not shown costs nothing.
        for (const [name, nats] of Object.entries(parts))
          if (!shown.includes(name as keyof typeof parts)) near(nats, 0, 1e-6, name);
        rows.forEach(({ text }, i) => {
          const name = names[i]!;
          const expected = name === 'total' ? -costs : parts[name];
          // A part gives way by 0.01 where the rounded ones would not add up.
          near(value(text), expected, (name === 'total' ? 0.0051 : 0.0151) + 1e-4 * Math.abs(expected), name);
        });
        const written = rows.map(({ text }) => Math.round(100 * value(text)));
        assert.equal(
          written.slice(0, -1).reduce((sum, part) => sum + part, 0),
          written.at(-1),
        );
        // Bars stand where the sum was before them, and reach as far as they cost.
        const ends = shown.reduce<number[]>((sums, name) => [...sums, sums.at(-1)! + parts[name]], [0]);
        const [low, high] = [Math.min(...ends), Math.max(...ends)];
        shown.forEach((name, i) => {
          const [from, to] = [ends[i]!, ends[i + 1]!].sort((a, b) => a - b);
          near(rows[i]!.left, ((from! - low) / (high - low)) * 100, 0.1, `start of the bar of ${name}`);
          near(rows[i]!.width, ((to! - from!) / (high - low)) * 100, 0.1, `bar of ${name}`);
        });
      });
      // Nothing is wrong that training or the machine could not have made so.
      await frame.locator('.findings [data-check]').first().waitFor({ state: 'attached' });
      const checks = await checksOf(frame);
      assert.equal(Object.keys(checks).length, 12);
      for (const check of ['nonFinite', 'scaleSize', 'deadConditioner', 'deadUnits', 'inverse'])
        assert.equal(checks[check], 'ok', check);
      for (const check of ['saturation', 'normStatistics']) assert.match(checks[check]!, /ok|skipped/, check);
      // In planes, where it takes no time: the same words as those of the command line.
      if (isImage(model)) return;
      // A point for each layer and example, a line for each mean.
      const byLayer = frame.locator('.by-layer');
      const drawn = await byLayer.locator('path.points').getAttribute('d');
      const [, examples] = /nats, (\d+) examples/.exec((await byLayer.locator('.tick').textContent())!)!;
      const means = (await byLayer.locator('path.mean').getAttribute('d'))!.split('M').length - 1;
      assert.ok(means >= layers.filter(({ info }) => info.coupling !== undefined).length, `${means} layers`);
      assert.equal(drawn!.split('M').length - 1, means * Number(examples));
      const { findings } = await flowscope<Diagnosed>('diagnose', model.file());
      for (const { check, severity, sentence } of findings) {
        assert.equal(checks[check], severity, check);
        const text = await frame.locator(`.findings [data-check=${check}]`).textContent();
        assert.ok(text!.includes(sentence), `${text} for ${sentence}`);
      }
    });

    it(`of ${model.name} with faults find each, and lead to its layer`, async () => {
      const { model: wrong, expected } = await spoilt(model);
      assert.ok(expected.length >= 2);
      const frame = await openModel(editor, wrong);
      await showTab(frame, '.diag', 'Diagnostics');
      await frame.locator('.finding[data-check=deadUnits]').waitFor();
      for (const [at, { check, title, severity, says, coupling, tab }] of expected.entries()) {
        const finding = frame.locator(`.finding[data-check=${check}]`);
        assert.match((await finding.getAttribute('data-severity'))!, severity);
        assert.equal(await finding.locator('b').first().innerText(), title);
        assert.match((await finding.locator('.finding-line').textContent())!, says);
        for (const way of at === 0 ? ['click', 'keyboard'] : [at % 2 === 0 ? 'click' : 'keyboard']) {
          // From another layer and another tab.
          await frame.locator('[data-layer]').first().click();
          await showTab(frame, '.layer', 'Log-det');
          const summary = finding.locator('summary');
          const button = finding.locator('vscode-button, button').filter({ hasText: 'Look at' }).first();
          if (way === 'click') {
            await summary.click();
            assert.match(await finding.innerText(), /Try: \S/);
            await button.click();
            await summary.click();
          } else {
            await summary.press('Enter');
            await button.waitFor();
            await summary.press('Tab');
            await editor.page.keyboard.press('Enter');
          }
          await frame.locator('.layer .head h2', { hasText: new RegExp(`^Coupling ${coupling}$`) }).waitFor();
          await frame.locator('.layer').getByRole('tab', { name: tab, selected: true }).waitFor();
        }
      }
      // Nothing is found that is not there.
      const known = new Set(expected.map(({ check }) => check));
      // Samples of a flow with faults may be unlike the data, by as much as the faults do.
      const others = Object.entries(await checksOf(frame)).filter(
        ([check]) => !known.has(check) && check !== 'samples',
      );
      for (const [check, severity] of others)
        if (check !== 'modes' && check !== 'latents') assert.match(severity, /ok|skipped/, check);
      assert.equal(others.find(([check]) => check === 'nonFinite')?.[1], 'ok');
      if (isImage(model) && model.steps.length > 0) {
        // Running statistics that are far off make the use differ from the training, and the latents wide.
        const wide = await untilWords(
          frame,
          '.finding[data-check=latents] .finding-line',
          /standard deviation/,
        );
        assert.match(wide, /^Latents of scale 2 are spread wider than the prior/);
        await untilWords(frame, '.finding[data-check=modes] .finding-line', /not the flow that was trained/);
      }
    });
  }
});
