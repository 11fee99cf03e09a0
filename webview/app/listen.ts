/** Messages from the host to the page, and from the page to the host. */
import { runState } from '../base/store/run-state';
import type { Store } from '../base/store/store';
import { act } from './actions';
import { goneState } from './gone-note';
import { panelsState } from './panels-state';
import { steppingState } from './stepping';
import { effect } from '@preact/signals';
import type { Strip } from '../../src/protocol/inspect';
import type { ModelSummary } from '../../src/protocol/model';
import type { OutlineLayer } from '../../src/protocol/page-actions';
import { isPlane } from '../../src/protocol/questions';
import { shapeText, signed } from '../base/format/numbers';
import { layerTitle } from '../base/layers/layer-names';
import { words } from '../base/words';
import { stripState } from '../base/store/strip-state';
import { compareState } from '../features/compare/state';
import { historyState } from './history-state';

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
  let told = '';
  let toldLayer: string | undefined;
  const quietly = (call: Promise<void>): void => void call.catch(() => {});
  effect(() => {
    const opened = model.value;
    // What is known of an earlier selection stays until the next is: a list must not flicker.
    const found = strip.found.value;
    if (!opened?.runnable) return;
    if (!found && told !== '') return;
    const outline = outlineOf(opened, found);
    const text = JSON.stringify(outline);
    if (text === told) return;
    told = text;
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
    if (text === toldLayer) return;
    toldLayer = text;
    quietly(host.selected(selected));
  });
}
