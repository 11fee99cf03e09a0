/** The selected layer, seen in as many ways as there are tabs. */
import type { ModelSummary } from '../../src/protocol/model';
import { useStore, Message } from '../base/store/use-store';
import { TabPanel, Tabs } from '../base/controls/tabs';
import { layerTitle, modelAt } from '../base/layers/layer-names';
import { TakeAway } from '../base/takeaway/take-away';
import { words } from '../base/words';
import { Panel, PanelSwitch } from './panels';

export function LayerRegion({ model }: { model: ModelSummary }) {
  const store = useStore();
  const layer = store.layerInfo();
  const features = store.featuresIn('layer', model);
  const open = features.find(({ id }) => id === store.tabs.layer.value);
  if (!layer || !open) return <section class="layer" aria-label={words.layer} />;
  const seen = open.ofData ? model : modelAt(model, layer);
  const missing = open.missing?.(layer, seen);
  return (
    <Panel region="layer" class="layer" label={words.layer}>
      <PanelSwitch region="layer" />
      <div class="head" title={`${layer.name}, ${words.layerDescription(layer)}`}>
        <h2>{layerTitle(layer, model)}</h2>
        <span class="muted">{words.layerDescription(layer)}</span>
        <span class="muted mono path">{layer.name}</span>
      </div>
      <Tabs
        id="layer"
        label={words.layer}
        tabs={features.map(({ id, title }) => ({ id, text: title(model) }))}
        selected={open.id}
        onSelect={(id) => (store.tabs.layer.value = id)}
        end={
          <TakeAway
            model={model}
            numbers={() => open.numbers?.(store, seen) ?? {}}
            about="layer"
            title={`${layerTitle(layer, model)}, ${open.title(model)}`}
            fileName={`${layer.name}-${open.id}`}
            frame=".layer"
            content=".panel"
          />
        }
      />
      <TabPanel id="layer" selected={open.id} class={open.panel}>
        {missing ? <Message {...missing} /> : <open.View model={seen} layer={layer} />}
      </TabPanel>
    </Panel>
  );
}
