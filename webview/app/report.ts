/** What the page knows of the model and its selection, as text for a message to someone else. */
import { fixed, scientific, shapeText, signed } from '../base/format/numbers';
import type { Store } from '../base/store/store';
import { layerPhrase, layerTitle } from '../base/layers/layer-names';
import { words } from '../base/words';
import { stripState } from '../base/store/strip-state';
import { subtitleOf, titleOf } from '../base/model-title';

/** Undefined while there is nothing to report yet. */
export function reportOf(store: Store): string | undefined {
  const model = store.model.peek();
  const strip = store.state(stripState).strip.found.peek();
  if (!model || !strip) return undefined;
  const lines = [`${model.fileName}: ${titleOf(model)}`, subtitleOf(model)];
  const bits = model.levels !== undefined;
  for (const [parts, of] of [
    [strip.example, words.thisExample],
    [strip.mean, words.mean],
  ] as const) {
    if (!parts) continue;
    const value = bits
      ? `${fixed(parts.bitsPerDim, 3)} ${words.bitsPerDim}`
      : `${fixed(parts.nats, 3)} ${words.nats}`;
    lines.push(`−log p ${value}, ${of}`);
  }
  const worst = strip.rows.reduce((most, { roundTrip }) => Math.max(most, roundTrip), 0);
  lines.push(`${words.roundTrip}: ${scientific(worst)}`);
  const first = strip.firstNonFinite;
  const layer = first && model.layers.find(({ index }) => index === first.layer);
  if (first && layer) lines.push(`${words.firstNonFinite(layerPhrase(layer))}. ${first.cause}`);
  lines.push('', `${words.layer}\t${words.shape}\t${words.logDetNats}, ${words.mean}\t${words.roundTrip}`);
  for (const row of strip.rows) {
    const found = model.layers.find(({ index }) => index === row.layer);
    if (!found) continue;
    const cells = [
      layerTitle(found),
      shapeText(found.outputShape),
      signed(row.mean.coupling + row.mean.norm, 2),
      scientific(row.roundTrip),
    ];
    lines.push(cells.join('\t'));
  }
  return lines.filter((line, i) => line !== '' || i > 0).join('\n');
}
