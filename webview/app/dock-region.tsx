import type { ComponentChildren } from 'preact';
import type { ModelSummary } from '../../src/protocol/model';
import { TabPanel, Tabs } from '../base/controls/tabs';
import type { RegionFeature, TabRegion } from '../base/store/store';
import { useStore } from '../base/store/use-store';
import { Panel, PanelSwitch } from './panels';

export interface DockRegionProps {
  region: Extract<TabRegion, RegionFeature['region']>;
  class: string;
  label: string;
  model: ModelSummary;
  end(open: RegionFeature): ComponentChildren;
}

/** A region of the page with one view for each of its tabs. @param end content to the right of them */
export function DockRegion({ region, class: name, label, model, end }: DockRegionProps) {
  const store = useStore();
  const features = store.featuresIn(region, model);
  const open = features.find(({ id }) => id === store.tabs[region].value);
  if (!open) return <section class={name} aria-label={label} />;
  return (
    <Panel region={region} class={name} label={label}>
      <div class="panel-head">
        <PanelSwitch region={region} />
        <Tabs
          id={region}
          label={label}
          tabs={features.map(({ id, title }) => ({ id, text: title(model) }))}
          selected={open.id}
          onSelect={(id) => (store.tabs[region].value = id)}
          end={end(open)}
        />
      </div>
      <TabPanel id={region} selected={open.id} class={open.panel}>
        <open.View model={model} />
      </TabPanel>
    </Panel>
  );
}
