/** What keys, buttons and commands of the host do alike. */
import type { PageAction } from '../../src/protocol/page-actions';
import type { Store } from '../base/store/store';
import { placeOf } from './step-picker';
import { runState } from '../base/store/run-state';
import { historyState } from './history-state';
import { helpState } from './help-state';
import { steppingState } from './stepping';
import { compareState } from '../features/compare/state';
import { fixed, scientific, shapeText, signed } from '../base/format/numbers';
import { layerPhrase, layerTitle } from '../base/layers/layer-names';
import { words } from '../base/words';
import { stripState } from '../base/store/strip-state';
import { subtitleOf, titleOf } from '../base/model-title';

export function stepCheckpoint(store: Store, by: number): void {
  if (!store.model.peek() || store.isSaved) return;
  const ordered = store.state(runState).checkpoints.peek();
  const next = ordered[placeOf(ordered, store.checkpoint.wanted.peek() ?? store.checkpoint.own.peek()) + by];
  if (next) store.checkpoint.look(next.path);
}

/** To the layer `by` places away, or to an end for ±Infinity. */
export function stepLayer(store: Store, by: number): void {
  const layers = store.model.peek()?.layers ?? [];
  const at = layers.findIndex((layer) => layer.index === store.layer.peek());
  const layer = layers[Math.min(layers.length - 1, Math.max(0, at + by))];
  if (layer) store.selectLayer(layer.index);
}

function drawSamples(store: Store): void {
  if (store.fixed.peek()) return;
  const query = store.samplesQuery.peek();
  store.tabs.gallery.value = 'samples';
  store.samplesQuery.value = { ...query, seed: query.seed + 1 };
}

const actions: Record<PageAction, (store: Store) => void> = {
  previousLayer: (store) => stepLayer(store, -1),
  nextLayer: (store) => stepLayer(store, 1),
  firstLayer: (store) => stepLayer(store, -Infinity),
  lastLayer: (store) => stepLayer(store, Infinity),
  previousExample: (store) => store.state(steppingState).stepExample(-1),
  nextExample: (store) => store.state(steppingState).stepExample(1),
  previousCheckpoint: (store) => stepCheckpoint(store, -1),
  nextCheckpoint: (store) => stepCheckpoint(store, 1),
  goBack: (store) => store.state(historyState).back(),
  goForward: (store) => store.state(historyState).forward(),
  drawSamples,
  compareWith: (store) => void store.state(compareState).choose(),
  copyReport: (store) => {
    const report = reportOf(store);
    if (report) void store.connection.host.copyText(report);
  },
  showKeys: (store) => (store.state(helpState).value = true),
};

/** Does nothing in a page whose model cannot be run, except to show the keys. */
export function act(store: Store, action: PageAction): void {
  if (!Object.hasOwn(actions, action)) return;
  if (store.model.peek()?.runnable || action === 'showKeys') actions[action](store);
}

/** What the page knows of the model and its selection, as text for a message; undefined while that is nothing. */
function reportOf(store: Store): string | undefined {
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
