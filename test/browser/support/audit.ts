/** What axe-core finds in a page. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright-core';

type Found = Awaited<ReturnType<AxeBuilder['analyze']>>['violations'];

interface AuditOptions {
  /** Selectors of what is looked at; the whole page without any. */
  within?: readonly string[];
  /** By the one rule that depends on the theme. */
  contrastAlone?: boolean;
}

export async function audit(
  page: Page,
  { within = [], contrastAlone = false }: AuditOptions = {},
): Promise<Found> {
  // What passes is not described, and without frames there is nothing to put together on a page of its own.
  const builder = new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode();
  for (const part of within) builder.include(part);
  if (contrastAlone) builder.withRules(['color-contrast']);
  return (await builder.analyze()).violations;
}
