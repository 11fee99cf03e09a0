/** The data preview's page: what it shows of tables and images, its states, and that everybody can use it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import type { DataPreview, OverviewColumn, TableOverview } from '../../src/protocol/data';
import { until } from '../inspector/until';
import { screenshot, type ThemeName } from './support/browser-page';
import { PreviewWindow } from './support/preview-window';

/** Two features over eleven rows, numbers that can be checked by hand. */
const table: DataPreview = {
  name: 'measured.csv',
  kind: 'vector',
  note: 'CSV, 11 rows of 2 columns; a fifth is held out by seed 0.',
  train: 9,
  validation: 2,
  shape: [2],
  range: [-3, 20],
  looked: 11,
  features: [
    {
      name: 'height',
      min: 10,
      max: 20,
      mean: 15,
      std: 3.1623,
      histogram: { edges: [10, 12.5, 15, 17.5, 20], counts: [3, 2, 3, 3] },
    },
    { name: 'constant', min: -3, max: -3, mean: -3, std: 0 },
  ],
  rows: Array.from({ length: 11 }, (_, index) => [10 + index, -3]),
  warnings: ['Column "constant" has one value only: it would be left out.'],
};

const names = ['tern', 'owl', ''];
const labeled: DataPreview = {
  ...table,
  classes: names.map((name, i) => ({ name, examples: 5 - 2 * i })),
  rowClasses: table.rows!.map((_, i) => names[i % 3]!),
};

const histogram = { edges: [0, 1, 2], counts: [3, 1] };
const numbers = { min: 0, max: 2, mean: 0.75, std: 0.5, histogram };
const column = (given: Partial<OverviewColumn> & { name: string }): OverviewColumn => ({
  ...{ key: given.name, classes: false, type: 'number', gaps: 0, distinct: 300 },
  ...(given.type === 'text' || given.type === 'date' ? { classes: true } : { numbers }),
  ...given,
});

/** As people have them: a date, a class in words, numbers, gaps. */
const mixed: TableOverview = {
  name: 'birds.csv',
  bytes: 14_600,
  rows: 344,
  looked: 344,
  more: false,
  columns: [
    column({ name: 'day', type: 'date', distinct: 50 }),
    column({
      name: 'species',
      type: 'text',
      distinct: 3,
      seen: ['Adelie', 'Chinstrap', 'Gentoo'],
      counts: [152, 68, 124],
    }),
    column({ name: 'length', gaps: 2 }),
    column({ name: 'depth', gaps: 2 }),
    column({
      ...{ name: 'mass', gaps: 2 },
      numbers: { ...numbers, findings: [{ kind: 'heavy tail', side: 'above' }] },
    }),
    column({
      ...{ name: 'nitrogen', gaps: 14 },
      numbers: {
        ...numbers,
        findings: [{ kind: 'limits', low: { value: 0, share: 0.2 }, high: { value: 2 } }],
      },
    }),
  ],
  columnCount: 6,
  cells: Array.from({ length: 60 }, (_, i) => [
    '2007-11-11',
    'Adelie',
    String(30 + i),
    '18.7',
    '3750',
    i % 5 === 0 ? '' : '8.9',
  ]),
  gaps: [
    { columns: [5], rows: 12 },
    { columns: [2, 3, 4, 5], rows: 2 },
  ],
};
const birds: DataPreview = { ...table, name: 'birds.csv', train: 264, validation: 66, warnings: [] };
const presets = [
  { label: 'General', presets: [{ name: 'tabular', title: 'Table of numbers', about: 'Rows of numbers.' }] },
  { label: 'Kinds of flow', presets: [{ name: 'maf', title: 'MAF', about: 'Autoregressive.' }] },
];
const estimate = { steps: 400, secondsPerStep: 0.05, secondsBetween: 0.01, parameters: 1000 };
const ofBirds = { overview: mixed, preview: birds, presets, estimate };

const tile = 8;
/** One color a tile, row by row. */
const colors: [number, number, number][] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [10, 20, 30],
  [255, 255, 255],
  [0, 0, 0],
];
const columns = 3;

async function pictures(): Promise<DataPreview> {
  const width = tile * columns;
  const height = tile * (colors.length / columns);
  const pixels = Buffer.alloc(width * height * 3);
  for (let at = 0; at < width * height; at++) {
    const row = Math.floor(Math.floor(at / width) / tile);
    const column = Math.floor((at % width) / tile);
    pixels.set(colors[row * columns + column]!, at * 3);
  }
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return {
    name: 'photos',
    kind: 'image',
    note: 'A folder with 6 PNG files.',
    train: 5,
    validation: 1,
    shape: [tile, tile, 3],
    levels: 256,
    range: [0, 255],
    looked: 6,
    sheet: { png, width, height, columns, examples: 6 },
    warnings: [],
  };
}

describe('data preview', () => {
  let browser: PreviewWindow;
  before(async () => {
    browser = await PreviewWindow.start();
  });
  after(() => browser.stop());

  async function accessible(page: Page, what: string): Promise<void> {
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.filter(({ impact }) => impact !== 'minor');
    assert.deepEqual(
      found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join('; ')}`),
      [],
      what,
    );
  }

  it('shows the contact sheet, pixel by pixel', async () => {
    const { page, close } = await browser.openPreview({ preview: await pictures() });
    const sheet = page.getByRole('img', { name: 'The first 6 examples, 3 in a row' });
    await sheet.waitFor();
    await page.waitForFunction(() => document.querySelector<HTMLImageElement>('.sheet')?.complete);
    const seen = await sheet.evaluate(
      (element, { size, n }) => {
        const image = element as HTMLImageElement;
        const canvas = document.createElement('canvas');
        canvas.width = image.naturalWidth;
        canvas.height = image.naturalHeight;
        const context = canvas.getContext('2d')!;
        context.drawImage(image, 0, 0);
        return Array.from({ length: 6 }, (_, index) => {
          const x = (index % n) * size + size / 2;
          const y = Math.floor(index / n) * size + size / 2;
          return [...context.getImageData(x, y, 1, 1).data.slice(0, 3)];
        });
      },
      { size: tile, n: columns },
    );
    assert.deepEqual(seen, colors);
    const box = await sheet.boundingBox();
    // At most 96 pixels a picture: 8 of them 12 times.
    assert.deepEqual([box?.width, box?.height], [24 * 12, 16 * 12]);
    const shot = await sheet.screenshot();
    const { data, info } = await sharp(shot).raw().toBuffer({ resolveWithObject: true });
    const at = (row: number, column: number): number[] => {
      const y = Math.floor(((row + 0.02) / 2) * info.height);
      const x = Math.floor(((column + 0.98) / 3) * info.width);
      return [
        ...data.subarray((y * info.width + x) * info.channels, (y * info.width + x) * info.channels + 3),
      ];
    };
    // Close to the borders of tiles as well: enlarged without smoothing.
    assert.deepEqual(at(0, 0), colors[0]);
    assert.deepEqual(at(1, 1), colors[4]);
    await page.getByText('5 to train on, 1 to validate with').waitFor();
    await page.getByText('8×8 pixels, color').waitFor();
    await page.getByText('whole numbers below 256').waitFor();
    await close();
  });

  it('shows statistics, distributions and rows of a table', async () => {
    const { page, close } = await browser.openPreview({ preview: table });
    const features = page.getByRole('region', { name: 'Features' });
    await features.waitFor();
    assert.deepEqual(await features.locator('tbody tr').first().locator('td.num').allInnerTexts(), [
      '10.00',
      '15.00',
      '20.00',
      '3.16',
    ]);
    const bars = features.getByRole('img', { name: 'Distribution of height from 10.00 to 20.00' });
    const heights = await bars
      .locator('rect')
      .evaluateAll((all) => all.map((bar) => bar.getAttribute('height')));
    assert.deepEqual(
      heights.map(Number).map((height) => Math.round((height * 3) / 22)),
      [3, 2, 3, 3],
    );
    const rows = page.getByRole('region', { name: 'First rows' });
    assert.equal(await rows.locator('tbody tr').count(), 11);
    assert.deepEqual(await rows.locator('thead th').allInnerTexts(), ['row', 'height', 'constant']);
    await page.getByRole('note').getByText('would be left out').waitFor();
    await close();
  });

  it('shows the classes of labeled data, and the label of each row', async () => {
    const { page, close } = await browser.openPreview({ preview: labeled });
    const classes = page.getByRole('region', { name: 'Classes' });
    await classes.waitFor();
    assert.deepEqual(await classes.getByRole('listitem').allInnerTexts(), ['tern\n5', 'owl\n3', 'gap\n1']);
    await classes.getByText('of all examples, 2 without a class').waitFor();
    const rows = page.getByRole('region', { name: 'First rows' });
    assert.deepEqual(await rows.locator('thead th').allInnerTexts(), ['row', 'height', 'constant', 'label']);
    assert.deepEqual(await rows.locator('tbody tr td:last-child').allInnerTexts(), labeled.rowClasses);
    await close();
  });

  it('scales images to the size that is chosen', async () => {
    const photos = { ...(await pictures()), scaledTo: 32 };
    const groups = [{ label: 'General', presets: [{ name: 'image', title: 'Small images', about: '' }] }];
    const { page, calls, side, close } = await browser.openPreview({
      ...{ preview: photos, presets: groups, estimate },
    });
    const size = page.getByRole('combobox', { name: 'Size of the images' });
    await size.waitFor();
    assert.deepEqual(await size.locator('option').allInnerTexts(), [
      '32×32',
      '8×8',
      '16×16',
      '64×64',
      '128×128',
    ]);
    side.preview = { ...photos, scaledTo: 64 };
    await size.selectOption('64×64');
    await until('the question', () => calls.includes('preview {"reading":{"crop":"center","size":64}}'));
    await page.getByRole('button', { name: 'Train…' }).click();
    await until('the training', () => calls.some((call) => /^train .*"crop":"center","size":64/.test(call)));
    // What is usual stays a choice.
    await size.selectOption('32×32');
    await page.getByRole('button', { name: 'Train…' }).click();
    await until('the training', () => calls.at(-1) === 'train {"preset":"image"}');
    await close();
  });

  it('forgets the times of another size, and those of other columns only once they are measured', async () => {
    const photos = { ...(await pictures()), scaledTo: 32 };
    const { page, side, close } = await browser.openPreview({ preview: photos, presets, estimate });
    const choices = page.getByRole('complementary', { name: 'What to train' });
    const timeOf = (title: string) => choices.locator('label', { hasText: title }).locator('.tick.num');
    await choices.getByText('Kinds of flow').click();
    await timeOf('MAF').getByText('about 25 s').waitFor();
    let measured = (): void => undefined;
    side.measured = new Promise((resolve) => (measured = resolve));
    side.estimate = { ...estimate, secondsPerStep: 0.3, secondsBetween: 0 };
    await page.getByRole('combobox', { name: 'Size of the images' }).selectOption('128×128');
    await timeOf('MAF').getByText('measuring…').waitFor();
    assert.deepEqual(await choices.getByText('about 25 s').count(), 0);
    // Unfolding a group asks again, for the same size.
    await choices.getByText('Kinds of flow').click();
    await choices.getByText('Kinds of flow').click();
    measured();
    for (const title of ['Table of numbers', 'MAF']) await timeOf(title).getByText('about 2 min').waitFor();
    await close();

    const other = await browser.openPreview({ ...ofBirds });
    const times = other.page.locator('.option .tick.num');
    await times.getByText('about 25 s').first().waitFor();
    other.side.measured = new Promise((resolve) => (measured = resolve));
    other.side.estimate = side.estimate;
    await other.page.getByLabel('What the flow does with mass').selectOption('leave out');
    await until('the new question', () => other.calls.at(-1)?.includes('"mass"') === true);
    assert.equal(await times.getByText('about 25 s').count(), 1);
    await other.page.getByText('Kinds of flow').click();
    measured();
    await times.getByText('about 2 min').nth(1).waitFor();
    assert.equal(await times.getByText('about 25 s').count(), 0);
    await other.close();
  });

  it('starts training, keeps its source and follows the file', async () => {
    const { page, calls, side, changed, state, close } = await browser.openPreview({ preview: table });
    await page.getByText('Train…').click();
    await until('the training', () => calls.includes('train {}'));
    assert.deepEqual(calls, ['preview', 'train {}']);
    assert.equal(((await state()) as { source: string }).source, '/data/of/a/test.csv');
    side.preview = { ...table, name: 'longer.csv' };
    changed();
    await page.getByRole('heading', { name: 'longer.csv' }).waitFor();
    await close();
  });

  it('keeps what it shows while the file is read again', async () => {
    const { page, calls, side, changed, close } = await browser.openPreview({ preview: table });
    const rows = page.getByRole('region', { name: 'First rows' }).locator('tbody tr');
    await rows.first().waitFor();
    side.delay = 60_000;
    changed();
    await page.getByText('Reading the data…').waitFor();
    assert.equal(await rows.count(), 11);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Read again' }).waitFor();
    await until('the cancelled call', () => calls.includes('cancel 2'));
    assert.equal(await rows.count(), 11);
    await close();
  });

  it('waits with a way out, and asks again', async () => {
    const { page, calls, side, close } = await browser.openPreview({ preview: table, delay: 60_000 });
    await page.getByText('Reading the data…').waitFor();
    await accessible(page, 'reading');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('The data was not read.').waitFor();
    await until('the cancelled call', () => calls.length > 1);
    assert.deepEqual(calls, ['preview', 'cancel 1']);
    side.delay = 0;
    await page.getByText('Retry').click();
    await page.getByRole('heading', { name: 'measured.csv' }).waitFor();
    await close();
  });

  it('says what is wrong with the data, and recovers', async () => {
    const { page, calls, side, close } = await browser.openPreview({
      error: 'measured.csv: row 7 has 3 values, not 2.',
    });
    await page.getByRole('alert').getByText('row 7 has 3 values').waitFor();
    await accessible(page, 'failed');
    await page.getByText('Show log').click();
    await until('the log', () => calls.includes('showLog'));
    delete side.error;
    side.preview = table;
    await page.getByText('Retry').click();
    await page.getByRole('heading', { name: 'measured.csv' }).waitFor();
    await close();
  });

  for (const theme of ['dark', 'light', 'high-contrast'] satisfies ThemeName[]) {
    it(`can be used by everybody, ${theme}`, async () => {
      for (const preview of [labeled, await pictures()]) {
        const { page, close } = await browser.openPreview({ preview }, { theme });
        await page.getByRole('heading', { name: preview.name }).waitFor();
        await accessible(page, `${preview.name} ${theme}`);
        await screenshot(page, `preview-${preview.kind}-${theme}`);
        await close();
      }
    });
  }

  it('fits a narrow pane', async () => {
    const wide = { ...table, shape: [30], rows: [Array.from({ length: 30 }, (_, index) => index * 1000.5)] };
    for (const preview of [wide, await pictures()]) {
      const { page, close } = await browser.openPreview({ preview }, { width: 320, height: 600 });
      await page.getByRole('heading', { name: preview.name }).waitFor();
      const [content, window_] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        window.innerWidth,
      ]);
      assert.ok(content <= window_, `${preview.name}: ${content} in ${window_}`);
      await close();
    }
  });

  it('enlarges pictures by whole numbers in any pane, and shrinks them smoothly where there is no room', async () => {
    const sheetOf = async (width: number, preview: DataPreview) => {
      const { page, close } = await browser.openPreview({ preview }, { width, height: 600 });
      const sheet = page.locator('img.sheet');
      await sheet.waitFor();
      // Measured once the page stands.
      await page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
      );
      const box = await sheet.boundingBox();
      const rendering = await sheet.evaluate((element) => getComputedStyle(element).imageRendering);
      await close();
      return { width: box!.width, rendering };
    };
    const small = await pictures();
    // 16 pixels of padding a side leave 168 for a sheet of 24.
    assert.deepEqual(await sheetOf(200, small), { width: 7 * 24, rendering: 'pixelated' });
    const large = { ...small, sheet: { ...small.sheet!, width: 480, height: 320 } };
    assert.deepEqual(await sheetOf(320, large), { width: 288, rendering: 'auto' });
  });

  it('is worked by keys alone', async () => {
    const { page, close } = await browser.openPreview({ preview: table });
    await page.getByRole('heading', { name: 'measured.csv' }).waitFor();
    const reached: string[] = [];
    for (let stop = 0; stop < 4; stop++) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate(
          () =>
            document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
        ),
      );
    }
    assert.deepEqual(
      reached.map((name) => name.trim()),
      ['Read again', 'Train…', 'About the data', 'Features'],
    );
    await close();
  });

  it('shows any table, and what a flow would do with it', async () => {
    const { page, calls, close } = await browser.openPreview({ ...ofBirds });
    const choices = page.getByRole('complementary', { name: 'What to train' });
    await choices.getByText('264').waitFor();
    await page.getByText('344 rows, 6 columns, 14.3 KB').waitFor();
    const uses = page.locator('select.use');
    assert.deepEqual(await uses.evaluateAll((all) => all.map((one) => (one as HTMLSelectElement).value)), [
      'leave out',
      'label',
      'use',
      'use',
      'use',
      'use',
    ]);
    // Why text cannot be used stands in the list.
    const options = await uses.nth(1).locator('option').allInnerTexts();
    assert.deepEqual(options, ['Use (numbers only)', 'Condition', 'Label', 'Leave out']);
    const head = page.locator('thead th').nth(2);
    assert.match(await head.innerText(), /3 classes[^]*no gaps/);
    assert.deepEqual(
      (await head.locator('li').allInnerTexts()).map((line) => line.replace(/\s+/g, ' ')),
      ['Adelie 152', 'Gentoo 124', 'Chinstrap 68'],
    );
    assert.match(await page.locator('thead th').nth(6).innerText(), /ends at 0 and 2[^]*14 gaps/);
    assert.deepEqual(await page.locator('.finding').allInnerTexts(), ['heavy tail', 'ends at 0 and 2']);
    await choices.getByText('in 14 of 344 rows').waitFor();
    assert.equal(await page.locator('tbody tr').count(), 60);
    assert.equal(await page.locator('tbody tr.dropped').count(), 12);
    assert.deepEqual(calls, [
      'preview {"context":{"labelColumn":"species"},"reading":{"exclude":["day"],"missing":"drop"}}',
    ]);
    await choices.getByText('No problems found.').waitFor();
    // A map is offered where one fits, and not where many values are the limit.
    await page.getByLabel(/^Use log/).check();
    await until('the new question', () =>
      calls.at(-1)!.endsWith('"missing":"drop","transforms":{"mass":"log:-1"}}}'),
    );
    // What is folded is timed once it is looked at.
    await choices.getByText('about 25 s').first().waitFor();
    await choices.getByText('Kinds of flow').click();
    await choices.locator('label', { hasText: 'MAF' }).getByText('about 25 s').waitFor();
    await close();
  });

  it('takes other choices, with what comes of them, to training and to a config', async () => {
    const { page, calls, close } = await browser.openPreview({ ...ofBirds });
    const choices = page.getByRole('complementary', { name: 'What to train' });
    await choices.getByText('Leave out 14 rows with gaps').waitFor();
    await choices.getByText('330 stay').waitFor();
    await choices.getByRole('button', { name: 'Leave out nitrogen, and 342 rows stay' }).click();
    await choices.getByText('Leave out 2 rows with gaps').waitFor();
    await page.getByLabel('What the flow does with mass').selectOption('condition');
    await page.getByLabel('What the flow does with species').selectOption('condition');
    await choices.getByText('Fill them with the mean of the column').click();
    const choice =
      '{"context":{"columns":["mass"],"labels":true,"labelColumn":"species"},"reading":{"exclude":["day","nitrogen"],"missing":"mean"}}';
    await until('the new question', () => calls.at(-1) === `preview ${choice}`);
    await choices.getByText('about 25 s').first().waitFor();
    await choices.getByRole('textbox', { name: 'Steps' }).fill('1000');
    await choices.getByText('about 1 min').waitFor();
    await choices.getByText('Train…').click();
    const chosen = `${choice.slice(0, -1)},"preset":"tabular","steps":1000}`;
    await until('the training', () => calls.includes(`train ${chosen}`));
    await choices.getByText('Save as config…').click();
    await until('the config', () => calls.includes(`save ${chosen}`));
    // Another tab in front of it ends a page.
    calls.length = 0;
    await page.reload();
    await choices.getByText('about 1 min').waitFor();
    assert.equal(calls[0], `preview ${choice}`);
    await choices.getByText('Train…').click();
    await until('the same training', () => calls.includes(`train ${chosen}`));
    await close();
  });

  it('says next to a choice which other column steps back for it', async () => {
    const island = column({
      ...{ name: 'island', type: 'text', distinct: 2 },
      ...{ seen: ['Biscoe', 'Dream'], counts: [168, 176] },
    });
    const overview = {
      ...mixed,
      columns: [...mixed.columns, island],
      columnCount: 7,
      cells: mixed.cells.map((row) => [...row, 'Biscoe']),
    };
    const { page, close } = await browser.openPreview({ ...ofBirds, overview });
    const head = (name: string) => page.getByRole('columnheader', { name: new RegExp(name) });
    const why = head('island').getByText('species is left out now: a flow has one column of classes.');
    const uses = (name: string) => page.getByLabel(`What the flow does with ${name}`);
    await uses('mass').selectOption('condition');
    assert.equal(await uses('species').inputValue(), 'label');
    assert.equal(await page.locator('.stepped-back').count(), 0);
    await uses('island').selectOption('condition');
    await why.waitFor();
    assert.equal(await uses('species').inputValue(), 'leave out');
    await accessible(page, 'with a column that stepped back');
    await uses('island').selectOption('leave out');
    await why.waitFor({ state: 'detached' });
    await close();
  });

  it('says why a column is left out from the start, and what ranges there are', async () => {
    const numbers = { min: 1e13, max: 1e13 + 175, mean: 1e13 + 87, std: 50, histogram };
    const more = [
      column({ name: 'account', numbers }),
      column({ name: 'still', numbers: { min: 7, max: 7, mean: 7, std: 0, histogram } }),
      column({ name: 'order', numbers: { min: 100_001, max: 100_700, mean: 100_350, std: 202, histogram } }),
      column({ name: 'sex', type: 'text', distinct: 2, seen: ['f', 'm'], counts: [170, 174] }),
      column({ name: 'remark', type: 'text', distinct: 340 }),
    ];
    const overview = {
      ...mixed,
      columns: [...mixed.columns, ...more],
      columnCount: 11,
      cells: mixed.cells.map((row) => [...row, '10000000000007', '7', '100001', 'f', 'none']),
    };
    const { page, close } = await browser.openPreview({ ...ofBirds, overview });
    const whys = page.locator('thead .left-out-why');
    await whys.first().waitFor();
    assert.deepEqual(await whys.allInnerTexts(), [
      'is a date, which flows do not read',
      'varies too little beside its size for float32 to tell its values apart; subtract what all have in common first',
      'does not vary',
      'species is the class',
      'is neither a number nor a class',
    ]);
    const rangeOf = (name: string) => page.getByRole('columnheader', { name }).locator('.range span');
    assert.deepEqual(await rangeOf('account').allInnerTexts(), ['10,000,000,000,000', '10,000,000,000,175']);
    assert.deepEqual(await rangeOf('order').allInnerTexts(), ['100,001', '100,700']);
    await accessible(page, 'with columns that are left out');
    const over = await page
      .locator('.range')
      .evaluateAll((all) => all.map((one) => one.scrollWidth - one.clientWidth));
    assert.deepEqual(
      over.filter((pixels) => pixels > 0),
      [],
    );
    // What is chosen then is the user's own doing.
    await page.getByLabel('What the flow does with species').selectOption('leave out');
    assert.equal(await page.getByText('species is the class').count(), 0);
    await page.getByLabel('What the flow does with account').selectOption('use');
    assert.equal(await page.getByText('varies too little').count(), 0);
    await close();
  });

  it('offers noise for whole numbers, before a map where there is one', async () => {
    const whole = (name: string, wholeNumbers: number, rest: object = {}) =>
      column({ name, numbers: { ...numbers, min: 18, max: 90, wholeNumbers, ...rest } });
    const columns = [
      whole('age', 73),
      whole('visits', 31, { min: 0, findings: [{ kind: 'heavy tail', side: 'above' }] }),
      whole('grade', 25, { findings: [{ kind: 'limits', low: { value: 18 }, high: { value: 90 } }] }),
    ];
    const overview = {
      ...{ ...mixed, columns, columnCount: 3, gaps: [] },
      cells: mixed.cells.map(() => ['40', '3', '60']),
    };
    const { page, calls, close } = await browser.openPreview({ ...ofBirds, overview });
    const offers = page.locator('thead .map');
    assert.deepEqual(await offers.allInnerTexts(), [
      'Add noise',
      'Add noise, use log',
      'Add noise, use logit (18 to 90)',
    ]);
    await page.locator('thead .finding', { hasText: /^73 whole numbers$/ }).waitFor();
    for (let i = 0; i < 3; i++) await offers.nth(i).getByRole('checkbox').check();
    await until('the new question', () =>
      calls
        .at(-1)!
        .endsWith(
          '"transforms":{"age":"dequantize","visits":"dequantize:log","grade":"dequantize:logit:18:90"}}}',
        ),
    );
    await accessible(page, 'with noise');
    await close();
  });

  it('takes whole numbers that are classes as the class, and gives them so unless somebody chooses numbers', async () => {
    const plan = column({
      ...{ name: 'plan', classes: true, distinct: 3, seen: ['0', '1', '2'], counts: [100, 144, 100] },
      numbers: { ...numbers, wholeNumbers: 3, findings: [{ kind: 'few values', distinct: 3 }] },
    });
    const columns = [column({ name: 'length' }), column({ name: 'depth' }), plan];
    const overview = {
      ...{ ...mixed, columns, columnCount: 3, gaps: [] },
      cells: mixed.cells.map(() => ['40', '3', '1']),
    };
    const { page, calls, close } = await browser.openPreview({ ...ofBirds, overview });
    const use = page.getByLabel('What the flow does with plan');
    await use.waitFor();
    assert.equal(await use.inputValue(), 'label');
    assert.deepEqual(await use.locator('option').allInnerTexts(), [
      'Use',
      'Condition',
      'Condition, as a number',
      'Label',
      'Weight',
      'Leave out',
    ]);
    const length = page.getByLabel('What the flow does with length').locator('option');
    assert.deepEqual(await length.allInnerTexts(), [
      'Use',
      'Condition',
      'Label (few values only)',
      'Weight',
      'Leave out',
    ]);
    await use.selectOption('condition');
    await until('classes', () => calls.at(-1)!.endsWith('{"context":{"labels":true,"labelColumn":"plan"}}'));
    await use.selectOption('number');
    await until('numbers', () => calls.at(-1)!.endsWith('{"context":{"columns":["plan"]}}'));
    const learned = page.getByRole('complementary', { name: 'What to train' });
    assert.match(await learned.innerText(), /Condition, as a number\s+plan/);
    await accessible(page, 'with a class of whole numbers');
    await close();
  });

  it('starts no training with a preset that is not possible, and says why', async () => {
    const { page, side, close } = await browser.openPreview({ ...ofBirds, estimate: undefined });
    const choices = page.getByRole('complementary', { name: 'What to train' });
    await choices.getByText('not possible').waitFor();
    await choices.getByText('tabular: cannot be trained').waitFor();
    const train = page.locator('vscode-button', { hasText: 'Train…' });
    const isDisabled = () => train.evaluate((button) => (button as HTMLButtonElement).disabled);
    assert.equal(await isDisabled(), true);
    side.estimate = estimate;
    await choices.getByText('Kinds of flow').click();
    await until('the way on', async () => !(await isDisabled()));
    await close();
  });

  it('recommends as many steps as fit into ten minutes', async () => {
    const slow = { ...estimate, steps: 20_000, secondsPerStep: 2.2, secondsBetween: 0 };
    const { page, calls, close } = await browser.openPreview({ ...ofBirds, estimate: slow });
    const choices = page.getByRole('complementary', { name: 'What to train' });
    // 270 steps of 2.2 s.
    await choices.getByText('about 10 min').first().waitFor();
    assert.equal(await choices.getByRole('textbox', { name: 'Steps' }).inputValue(), '270');
    await choices.getByText('The preset has 20,000').waitFor();
    await choices.getByText('Train…').click();
    await until('the training', () => calls.some((call) => /^train .*"steps":270/.test(call)));
    await close();
  });

  it('says what is wrong with a choice next to the table, which stays', async () => {
    const { page, side, close } = await browser.openPreview({ ...ofBirds });
    await page.getByText('No problems found.').waitFor();
    side.error = 'birds.csv: no columns are left to model.';
    await page.getByLabel('What the flow does with mass').selectOption('leave out');
    await page.getByRole('alert').getByText('no columns are left').waitFor();
    assert.equal(await page.locator('tbody tr').count(), 60);
    const train = page.locator('vscode-button', { hasText: 'Train…' });
    assert.equal(await train.evaluate((button) => (button as HTMLButtonElement).disabled), true);
    side.error = undefined;
    await page.getByLabel('What the flow does with mass').selectOption('use');
    await until('the way on', () => train.evaluate((button) => !(button as HTMLButtonElement).disabled));
    // A word far down in the file, which training would refuse.
    const refused = [{ name: 'depth', column: 3, rows: 1, example: 'n/k', where: 'line 30002' }];
    side.preview = { ...birds, refused, warnings: ['Training refuses 1 column: "depth".'] };
    await page.getByLabel('What the flow does with nitrogen').selectOption('leave out');
    await page.getByText('Training refuses 1 column').waitFor();
    assert.equal(await train.evaluate((button) => (button as HTMLButtonElement).disabled), true);
    await close();
  });

  for (const theme of ['dark', 'light', 'high-contrast'] satisfies ThemeName[]) {
    // How it fits is the same in each theme.
    for (const width of theme === 'dark' ? [400, 720, 1080, 1390] : [1080]) {
      it(`has room for a table and its choices at ${width} pixels, ${theme}`, async () => {
        const { page, close } = await browser.openPreview({ ...ofBirds }, { theme, width, height: 780 });
        await page.getByText('No problems found.').waitFor();
        await page.getByText('about 25 s').first().waitFor();
        if (width !== 720) await accessible(page, `table ${theme}`);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${over} pixels too wide`);
        // The way on is in sight.
        const box = await page.getByText('Train…').boundingBox();
        assert.ok(box && box.y + box.height <= 780, 'Train is in sight');
        await screenshot(page, `preview-mixed-${width}-${theme}`);
        await close();
      });
    }
  }
});
