/** What the model makes: samples, and what it makes of examples. */
import type { ModelSummary } from '../../src/protocol/model';
import { TabPanel, Tabs } from '../base/controls/tabs';
import { useStore } from '../base/store/use-store';
import { TakeAway } from '../base/takeaway/take-away';
import { Panel, PanelSwitch } from './panels';
import { text } from './text';

export function GalleryRegion({ model }: { model: ModelSummary }) {
  const store = useStore();
  const features = store.featuresIn('gallery', model);
  const open = features.find(({ id }) => id === store.tabs.gallery.value);
  if (!open) return <section class="gallery" aria-label={text.gallery} />;
  return (
    <Panel region="gallery" class="gallery" label={text.gallery}>
      <div class="panel-head">
        <PanelSwitch region="gallery" />
        <Tabs
          id="gallery"
          label={text.gallery}
          tabs={features.map(({ id, title }) => ({ id, text: title(model) }))}
          selected={open.id}
          onSelect={(id) => (store.tabs.gallery.value = id)}
          end={
            <TakeAway
              model={model}
              numbers={() => open.numbers?.(store, model) ?? {}}
              about="samples"
              title={open.title(model)}
              fileName={open.id}
              frame=".gallery"
              content=".panel"
            />
          }
        />
      </div>
      <TabPanel id="gallery" selected={open.id} class={open.panel}>
        <open.View model={model} />
      </TabPanel>
    </Panel>
  );
}
