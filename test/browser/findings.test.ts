/** What the head of the diagnostics says, and where its buttons lead. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InspectorBrowser } from './support/inspector-page';

describe('findings', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  it('says that nothing is wrong with the numbers that it looked at', async () => {
    const { page, problems, close } = await browser.openLive({ kind: 'image' });
    const rest = page.locator('.findings-rest');
    await rest.waitFor();
    const said = await rest.locator('li').allInnerTexts();
    const ok = await rest.locator('li[data-severity="ok"]').count();
    assert.ok(ok >= 4, said.join('\n'));
    assert.equal(said.length + (await page.locator('.finding').count()), 10);
    await rest.locator('summary').focus();
    await page.keyboard.press('Enter');
    await page.getByText('The largest |s| is').waitFor();
    assert.deepEqual(problems, []);
    await close();
  });

  it('names what is wrong, what to try, and leads to the layer and the tab', async () => {
    const { page, close } = await browser.openLive({ kind: 'vector', deadAt: 2 });
    const finding = page.locator('.finding[data-check="deadConditioner"]');
    await finding.waitFor();
    assert.equal(await finding.getAttribute('data-severity'), 'warning');
    await finding.locator('summary').focus();
    await page.keyboard.press('Enter');
    assert.match(await finding.innerText(), /s and t are the same for all \d+ examples in coupling 3.*Try:/s);
    await page.keyboard.press('2');
    await finding.getByText('Look at coupling 3').click();
    assert.equal(await page.locator('.head h2').innerText(), 'Coupling 3');
    await page.getByRole('tab', { name: 'Activations', selected: true }).waitFor();
    await close();
  });

  it('can be cancelled and asked again, in a narrow window without a scroll bar', async () => {
    const { page, close } = await browser.openLive(
      { kind: 'image', delays: { findings: 60_000 } },
      { width: 400, height: 900 },
    );
    await page.locator('.findings .linklike', { hasText: 'Cancel' }).click();
    await page.evaluate(() => (window.toyHost.delays = {}));
    await page.locator('.findings .linklike', { hasText: 'Retry' }).click();
    await page.locator('.findings-rest').waitFor();
    // Nothing of the findings reaches beyond the window.
    await page.locator('.findings details').first().locator('summary').click();
    const right = await page
      .locator('.findings')
      .evaluate((list) =>
        Math.max(...[list, ...list.querySelectorAll('*')].map((e) => e.getBoundingClientRect().right)),
      );
    assert.ok(right <= 400, `${right}`);
    await close();
  });
});
