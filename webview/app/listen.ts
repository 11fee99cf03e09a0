/** Messages from the host to the page, and from the page to the host. */
import { runState } from '../base/store/run-state';
import type { Store } from '../base/store/store';
import { goneState } from './gone-note';
import { panelsState } from './panels-state';
import { steppingState } from './stepping';
import { effect } from '@preact/signals';
import type { Strip } from '../../src/protocol/inspect';
import type { ModelSummary } from '../../src/protocol/model';
import type { OutlineLayer, PageAction } from '../../src/protocol/page-actions';
import { isPlane } from '../../src/protocol/questions';
import { shapeText, signed, fixed, scientific } from '../base/format/numbers';
import { layerTitle, layerPhrase } from '../base/layers/layer-names';
import { words } from '../base/words';
import { stripState } from '../base/store/strip-state';
import { compareState } from '../features/compare/state';
import { historyState } from './history-state';
import { placeOf } from './headline';
import { helpState } from './help-state';
import { subtitleOf, titleOf } from '../base/model-title';

export function listen(store: Store): void {
  const { run } = store.state(runState);
  store.connection.listen({
    changed(what) {
      if (what === 'run') {
        run.changed();
        return;
      }
      store.state(goneState).value = what === 'gone';
      if (what === 'model') store.renew();
    },
    select({ layer, tab }) {
      if (layer !== undefined) store.selectLayer(layer);
      const opened = store.model.peek();
      if (opened && store.featuresIn('layer', opened).some(({ id }) => id === tab))
        store.tabs.layer.value = tab!;
    },
    act: (action) => act(store, action),
  });
  // There from the start, not from the first step or picture on.
  store.state(steppingState);
  store.state(panelsState);
  tellSelection(store);
}

/** A lone number would read like a measurement. */
const outputText = (shape: readonly number[]): string =>
  shape.length === 1 ? words.featureCount(shape[0]!) : shapeText(shape);

function outlineOf(model: ModelSummary, strip: Strip | undefined): OutlineLayer[] {
  const rows = new Map(strip?.rows.map((row) => [row.layer, row]));
  return model.layers.map((layer) => {
    const row = rows.get(layer.index);
    const { index, kind, scale } = layer;
    return {
      index,
      title: layerTitle(layer, model),
      kind,
      scale,
      shape: outputText(layer.outputShape),
      description: words.layerDescription(layer),
      ...(row ? { logDet: signed(row.mean.coupling + row.mean.norm) } : {}),
      nonFinite: row?.nonFinite ?? 0,
      first: strip?.firstNonFinite?.layer === index,
    };
  });
}

/** Tells the host which layers there are and which is selected, for its list of layers and its commands. */
function tellSelection(store: Store): void {
  const { model, layer, connection } = store;
  const { host } = connection;
  const { strip } = store.state(stripState);
  const { checkpoints } = store.state(runState);
  const { canGoBack, canGoForward } = store.state(historyState);
  const comparedWith = store.state(compareState).path;
  let lastOutline = '';
  let lastSelection: string | undefined;
  const quietly = (call: Promise<void>): void => void call.catch(() => {});
  effect(() => {
    const opened = model.value;
    // What is known of an earlier selection stays until the next is: a list must not flicker.
    const found = strip.found.value;
    if (!opened?.runnable) return;
    if (!found && lastOutline !== '') return;
    const outline = outlineOf(opened, found);
    const text = JSON.stringify(outline);
    if (text === lastOutline) return;
    lastOutline = text;
    quietly(host.outline(outline));
  });
  effect(() => {
    if (!model.value?.runnable) return;
    const selected = {
      layer: layer.value,
      canGoBack: canGoBack.value,
      canGoForward: canGoForward.value,
      hasPlane: isPlane(model.value),
      hasCheckpoints: checkpoints.value.length > 1,
      ...(comparedWith.value === undefined ? {} : { comparedWith: comparedWith.value }),
    };
    const text = JSON.stringify(selected);
    if (text === lastSelection) return;
    lastSelection = text;
    quietly(host.selected(selected));
  });
}

/** What keys, buttons and commands of the host do alike. */
function stepCheckpoint(store: Store, by: number): void {
  if (!store.model.peek() || store.isSaved) return;
  const ordered = store.state(runState).checkpoints.peek();
  const next =
    ordered[placeOf(ordered, store.checkpoint.target.peek() ?? store.checkpoint.editorFile.peek()) + by];
  if (next) store.checkpoint.look(next.path);
}

/** To the layer `by` places away, or to an end for ±Infinity. */
function stepLayer(store: Store, by: number): void {
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
