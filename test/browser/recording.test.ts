/** A recording of a flow that nobody imports: every view that has its data is there, and it says what it is. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { showTab } from '../inspector/models';
import type { Page } from 'playwright-core';
import { parseNumber, value } from '../inspector/frame';
import { until } from '../inspector/until';
import { readSafetensors, writeSafetensors } from '../../src/checkpoint/tensors/safetensors';
import type { EnginePage } from './support/engine-page';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';

const file = (name: string): string =>
  path.resolve('test', 'fixtures', 'recordings', `${name}.flowrec.safetensors`);

describe('a recording', () => {
  let editor: EngineWindow;
  inWindow(async (started) => void (editor = started), { untrained: true });
  const ready = async (name: string, language = 'en'): Promise<Page> => {
    const { page } = await editor.openPage(file(name), { language, width: 1280, height: 900 });
    await page.locator('.flow[aria-busy=false]').waitFor();
    return page;
  };
  const layer = (page: Page, index: number) => page.locator(`.flow [data-layer="${index}"]`).first();

  it('says what it is, when it was made and what cannot be asked', async () => {
    const page = await ready('nflows');
    const note = await page.getByRole('region', { name: 'What was recorded' }).innerText();
    assert.match(
      note,
      /^Recording of SimpleRealNVP, 4 features \(nflows\), 2026-11-27 12:00, by flowscope 0\.1\.0/,
    );
    assert.match(note, /24 examples, 12 samples\. The flow is not run again/);
    const result = parseNumber(await page.locator('[data-result]').innerText());
    assert.ok(Number.isFinite(result));
  });

  it('has the tabs that it has data for, and no others', async () => {
    const page = await ready('mixed');
    const tabs = (list: string) => page.getByRole('tablist', { name: list }).getByRole('tab').allInnerTexts();
    assert.deepEqual(await tabs('Layer'), [
      'Activations',
      'Order',
      'Mask',
      'Log-det',
      'Conditioner',
      'Jacobian',
    ]);
    await page.locator('.gallery').getByRole('tab').first().waitFor();
    assert.deepEqual(await page.locator('.gallery').getByRole('tab').allInnerTexts(), [
      'Samples',
      'Examples',
    ]);
    const own = await ready('own');
    await own.locator('.gallery').getByRole('tab').first().waitFor();
    assert.deepEqual(await own.locator('.gallery').getByRole('tab').allInnerTexts(), ['Examples']);
  });

  it('pages through the recorded examples', async () => {
    const page = await ready('mixed');
    const result = (): Promise<number> => page.locator('[data-result]').innerText().then(parseNumber);
    const first = await result();
    await page.getByRole('button', { name: 'Next example (→)' }).click();
    await until('the result of the second example', async () => (await result()) !== first, 10_000);
    // No others can be typed or opened.
    assert.equal(await page.locator('[data-name=example-file]').count(), 0);
  });

  it('shows the mask, the order and the Jacobian that were measured', async () => {
    const page = await ready('mixed');
    await layer(page, 0).click();
    await page.getByRole('tab', { name: 'Mask' }).click();
    await page.getByText('2 of 4 are read, 2 move').first().waitFor();
    await layer(page, 2).click();
    await page.getByRole('tab', { name: 'Order' }).click();
    await page.locator('.layer .matrix-board, .layer canvas').first().waitFor();
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.getByText('ln|det| by LU').waitFor();
  });

  it('shows parameters and the activations that were asked for', async () => {
    const page = await ready('mixed');
    await layer(page, 0).click();
    await page.getByRole('tab', { name: 'Conditioner' }).click();
    await page.getByRole('group', { name: 'Feature maps' }).waitFor();
    // Their statistics are there, their values are not.
    assert.equal(await page.locator('.layer table .linklike').count(), 0);
    assert.ok((await page.locator('.layer table tbody tr').count()) > 4);
  });

  it('shows a vector field as slices of its time, with what its solver errs', async () => {
    const page = await ready('field');
    const first = layer(page, 0);
    assert.match((await first.innerText()).replaceAll(/\s+/g, ' '), /t 1 → 0\.9 ?2 runs/);
    assert.match(await first.locator('.rt').innerText(), /^\d\.\d·10⁻³$/);
    assert.match(await page.locator('.strip .cols').innerText(), /error, nats/);
    const sums = await page.locator('.strip .sum').innerText();
    assert.match(sums, /error of log p\(x\)\s+0?\.?\d.* nats/);
    assert.match(sums, /t: 1 data, 0 noise/);
    // An error of more than a hundredth is marked.
    assert.equal(await page.locator('.strip .sum .bad').count(), 1);
    const note = await page.getByRole('region', { name: 'What was recorded' }).innerText();
    assert.match(
      note,
      /A vector field solved by euler, 20 steps: 20 runs, log p\(x\) off by .* nats\. t = 1 at the data/,
    );
    await first.click();
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.getByText('ln|det| by LU').waitFor();
  });

  it('shows the condition of the example', async () => {
    const page = await ready('conditional');
    const condition = page.getByRole('group', { name: /^Condition/ });
    const angle = condition.locator('[data-context=angle]');
    const values = async (): Promise<number[]> =>
      (await condition.locator('.num').allInnerTexts()).map(parseNumber);
    // As python/tests/make_fixtures.py gives them: a number, and its square.
    const angleOf = (index: number): number => -1 + (2 * index) / 23;
    await until('the first condition', async () => (await values())[0] === -1, 10_000);
    assert.match(await angle.innerText(), /angle/);
    await page.getByRole('button', { name: 'Next example (→)' }).click();
    const second = [angleOf(1), angleOf(1) ** 2].map((value) => Number(value.toFixed(3)));
    await until('the next condition', async () => (await values()).join() === second.join(), 10_000);
    // It was recorded, and is not chosen.
    assert.equal(await condition.locator('input, vscode-text-field, vscode-dropdown').count(), 0);
  });

  it('draws the log-det of a layer, the samples and the examples as they were recorded', async () => {
    const page = await ready('mixed');
    const { tensors } = await readSafetensors(file('mixed'));
    const stored = (name: string, from: number, to: number): number[] =>
      [...(tensors[name]!.data as Float32Array).subarray(from, to)].map((value) => Number(value.toFixed(2)));
    const shownRow = async (): Promise<number[]> => {
      const cells = page.locator('.gallery [role=tabpanel] tbody tr').first().locator('td');
      return (await cells.allInnerTexts()).map(parseNumber).filter(Number.isFinite);
    };
    await showTab(page, '.gallery', 'Samples');
    await until(
      'the first sample',
      async () => (await shownRow()).slice(-4).join() === stored('samples.inputs.0', 0, 4).join(),
    );
    await showTab(page, '.gallery', 'Examples');
    await page.locator('.gallery tbody tr').first().waitFor();
    await layer(page, 0).click();
    await page.getByRole('tab', { name: 'Log-det' }).click();
    const logDet = (tensors['layers.0.log_det']!.data as Float32Array)[0]!;
    const said = logDet.toFixed(2).replace('-', '−');
    await page.locator('#layer-panel').getByText(said).first().waitFor();
    // A finding is about the batch that was recorded.
    await page
      .locator('.diag')
      .getByText(/without a finding, 24 examples/)
      .waitFor();
  });

  it('becomes a saved page that pages through its examples', async () => {
    const page = await editor.openSaved(file('mixed'));
    await page.locator('.flow[aria-busy=false]').waitFor();
    const result = (): Promise<number> => page.locator('[data-result]').innerText().then(parseNumber);
    const first = await result();
    await page.getByRole('button', { name: 'Next example (→)' }).click();
    await until('the result of the second example', async () => (await result()) !== first, 10_000);
  });

  for (const name of ['mixed', 'own', 'pixels', 'conditional'])
    for (const language of ['en', 'de'])
      it(`has something to say in every tab (${name}, ${language})`, async () => {
        const page = await ready(name, language);
        for (const tablist of await page.getByRole('tablist').all()) {
          for (const tab of await tablist.getByRole('tab').all()) {
            await tab.click();
            await page.locator('.pulse').first().waitFor({ state: 'detached' });
            const said = await page.locator('body').innerText();
            const wrong = /.*(\bNaN\b(?!,? (or|oder|Inf)\b)|\bundefined\b|no answer to this question).*/.exec(
              said,
            );
            assert.equal(wrong, null, `${await tab.innerText()}: ${wrong?.[0]}`);
          }
        }
      });
});

/** Largest |y_A − y_B| / (1 + |y_A|) and |log-det_A − log-det_B| of each layer, of what the files hold. */
async function storedDifferences(a: string, b: string): Promise<number[][]> {
  const [ours, theirs] = [(await readSafetensors(a)).tensors, (await readSafetensors(b)).tensors];
  const largest = (name: string, relative: boolean): number => {
    const [left, right] = [ours[name]!.data, theirs[name]!.data].map((data) => Array.from(data, Number));
    return Math.max(
      ...left!.map((value, i) => Math.abs(value - right![i]!) / (relative ? 1 + Math.abs(value) : 1)),
    );
  };
  return [0, 1, 2].map((i) => [largest(`layers.${i}.output`, true), largest(`layers.${i}.log_det`, false)]);
}

/** A recording of the same flow as zuko's, whose first example was another one. */
async function otherBatch(name: string): Promise<string> {
  const { tensors, metadata } = await readSafetensors(file('zuko'));
  (tensors['x']!.data as Float32Array)[0]! += 1;
  const other = `${name}.flowrec.safetensors`;
  await writeSafetensors(other, tensors, metadata);
  return other;
}

describe('two recordings side by side', () => {
  let editor: EngineWindow;
  let folder: string;
  inWindow(
    async (started) => {
      editor = started;
      // The run folder that the Python package writes.
      folder = path.join(editor.folder, 'loop');
      mkdirSync(path.join(folder, 'checkpoints'), { recursive: true });
      writeFileSync(path.join(folder, 'config.json'), '{ "writer": "flowscope.Run" }\n');
      const row = (step: number): string =>
        `${JSON.stringify({ step, seconds: step / 10, trainNats: 300 / step })}\n`;
      writeFileSync(path.join(folder, 'metrics.jsonl'), row(100) + row(200));
      const status = { status: 'finished', step: 200, seconds: 20, updated: new Date().toISOString() };
      writeFileSync(path.join(folder, 'run.json'), JSON.stringify(status));
      cpSync(file('nflows'), step(100));
      cpSync(file('nflows-later'), step(200));
    },
    { untrained: true },
  );
  const step = (number: number): string =>
    path.join(folder, 'checkpoints', `step-00000${number}.flowrec.safetensors`);
  const open = async (name: string, language = 'en'): Promise<EnginePage> => {
    const live = await editor.openPage(name, { language, width: 1280, height: 900 });
    await live.page.locator('.flow[aria-busy=false]').waitFor();
    return live;
  };
  const compare = async (a: string, b: string): Promise<EnginePage> => {
    const live = await open(a);
    live.act('compareWith');
    await editor.chooseFile(b);
    await live.page.locator('.compare-head').waitFor();
    return live;
  };
  const differences = (page: Page) =>
    page
      .locator('[data-layer-difference]')
      .evaluateAll((rows) =>
        rows.map((row) => [...row.querySelectorAll('.num')].map((cell) => cell.textContent)),
      );

  it('name the first layer that differs between two steps of a run', async () => {
    const { page } = await open(step(200));
    assert.equal(await page.locator('.flow [data-layer="1"] .idx').innerText(), '2');
    // The run's other step is offered, as of any run.
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.locator('.compare-head h1', { hasText: 'step 100' }).waitFor();
    const said = page.locator('[data-first-difference]');
    await said.waitFor();
    assert.equal(await said.getAttribute('data-first-difference'), '1');
    assert.equal(
      await said.innerText(),
      // As the strip counts, from 1.
      'Layer 2 (AffineCouplingTransform) is the first that differs by more than 1.0·10⁻⁴, in 24 examples.',
    );
    await page.locator('[data-layer-difference="1"][aria-selected=true]').waitFor();
    const shown = await differences(page);
    const expected = await storedDifferences(step(200), step(100));
    shown.forEach((row, i) =>
      row.forEach((shownText, k) => {
        const [is, wanted] = [value(shownText), expected[i]![k]!];
        // Two digits are shown; what goes into them is float32.
        assert.ok(Math.abs(is - wanted) <= 0.06 * wanted, `layer ${i}: ${is}, ${wanted}`);
      }),
    );
    // Log-dets, maps, samples and curves of both stand beside it.
    await page.locator('[data-totals]').waitFor();
    await page.locator('[data-samples=B]').waitFor();
    await page.getByText('A and B lie in one run.').waitFor();
    await page.locator('[data-layer-difference="2"]').click();
    await page.locator('[data-compared][aria-selected=true]').nth(0).waitFor();
    await page.locator('canvas[data-name="y B − A"]').waitFor();
  });

  it('take another tolerance, which is kept', async () => {
    const { page } = await compare(file('nflows'), file('nflows-later'));
    const said = page.locator('[data-first-difference]');
    await said.filter({ hasText: 'is the first that differs' }).waitFor();
    const field = page.getByRole('textbox', { name: 'Tolerance' });
    const type = async (value: string): Promise<void> => {
      await field.fill(value);
      await field.press('Enter');
    };
    await type('100');
    await said.filter({ hasText: 'No layer differs by more than 1.0·10²' }).waitFor();
    await type('-1');
    await page.getByRole('textbox', { name: 'A number from 0' }).waitFor();
    await said.filter({ hasText: '1.0·10²' }).waitFor();
    await page.reload();
    await said.filter({ hasText: 'No layer differs by more than 1.0·10²' }).waitFor();
  });

  it('are no difference where the second is the same, or the checkpoint that the importer reads', async () => {
    for (const other of [file('nflows'), file('nflows').replace('flowrec', 'state')]) {
      const { page } = await compare(file('nflows'), other);
      await page.locator('[data-first-difference=""]').waitFor();
    }
  });

  it('give the checkpoint the condition of each example', async () => {
    const state = file('conditional').replace('flowrec', 'state');
    const { page } = await compare(file('conditional'), state);
    await page.locator('[data-first-difference=""]').waitFor();
    // Three decimals are shown; with another condition they differ by more.
    const totals = (): Promise<number[]> =>
      page
        .locator('[data-totals] .num')
        .allInnerTexts()
        .then((texts) => texts.map(parseNumber));
    await until('the totals', async () => (await totals())[2] === 0, 10_000);
    const [a, b] = await totals();
    assert.ok(Number.isFinite(a) && a === b, `${a}, ${b}`);
  });

  it('say why there is no answer where the batches are others', async () => {
    const { page } = await compare(file('zuko'), await otherBatch(path.join(editor.folder, 'other')));
    const part = page.getByRole('region', { name: 'First layer that differs' });
    await part.getByText('this is none of them').waitFor();
    // Of flows of other sizes nothing is compared layer by layer.
    const { page: sizes } = await compare(file('zuko'), file('pixels'));
    await sizes.locator('[data-totals]').waitFor();
    assert.equal(await sizes.getByRole('region', { name: 'First layer that differs' }).count(), 0);
  });

  it('are in a saved page, with what they hold', async () => {
    const page = await editor.openSaved(file('nflows'), { comparedWith: file('nflows-later') });
    const said = page.locator('[data-first-difference="1"]');
    await said.waitFor();
    assert.match(await page.locator('.compare').innerText(), /Contributions to log p/);
    await page
      .getByRole('region', { name: 'What was recorded' })
      .getByText('It holds examples of the batch')
      .waitFor();
  });

  it('are told in German', async () => {
    const live = await open(file('nflows'), 'de');
    live.act('compareWith');
    await editor.chooseFile(file('nflows-later'));
    await live.page.getByText('weicht als erste um mehr als').waitFor();
  });
});
