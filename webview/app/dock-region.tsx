import type { ComponentChildren, RefObject } from 'preact';
import type { ModelSummary } from '../../src/protocol/model';
import { TabPanel, Tabs } from '../base/controls/tabs';
import type { RegionFeature, TabRegion } from '../base/store/store';
import { useStore, Message, useFeature } from '../base/store/use-store';
import { TakeAway } from '../base/takeaway/take-away';
import { text } from './text';
import { count } from '../base/format/numbers';
import { words } from '../base/words';
import { CompareToggle } from '../features/compare';
import { layerTitle, modelAt } from '../base/layers/layer-names';
import { useRef } from 'preact/hooks';
import { useResized } from '../base/size/resized';
import { Segmented } from '../base/controls/segmented';
import { panelsState, takingTurns, type Turns } from './panels-state';

const labels: Record<TabRegion, string> = {
  layer: words.layer,
  gallery: text.gallery,
  diagnostics: words.diagnostics,
};
const classes: Record<TabRegion, string> = { layer: 'layer', gallery: 'gallery', diagnostics: 'diag' };

export interface DockRegionProps {
  region: Extract<TabRegion, RegionFeature['region']>;
  model: ModelSummary;
  end(open: RegionFeature): ComponentChildren;
}

/** A region of the page with one view for each of its tabs. @param end content to the right of them */
export function DockRegion({ region, model, end }: DockRegionProps) {
  const store = useStore();
  const features = store.featuresIn(region, model);
  const open = features.find(({ id }) => id === store.tabs[region].value);
  if (!open) return <Panel region={region} />;
  return (
    <Panel region={region}>
      <div class="panel-head">
        <PanelSwitch region={region} />
        <Tabs
          id={region}
          label={labels[region]}
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

/** What the model makes: samples, and what it makes of examples. */
export function GalleryRegion({ model }: { model: ModelSummary }) {
  const store = useStore();
  return (
    <DockRegion
      region="gallery"
      model={model}
      end={(open) => (
        <TakeAway
          model={model}
          numbers={() => open.numbers?.(store, model) ?? {}}
          about="samples"
          title={open.title(model)}
          fileName={open.id}
          frame=".gallery"
          content=".panel"
        />
      )}
    />
  );
}

/** How well the model does, and how it was trained. */
export function DiagnosticsRegion({ model }: { model: ModelSummary }) {
  const { recording, splits, backend } = model;
  return (
    <DockRegion
      region="diagnostics"
      model={model}
      end={() => (
        <>
          <span class="tick">
            {recording
              ? text.batchOf(recording.examples, words.recordedBatch)
              : [...splits.map((s) => `${count(s.count)} ${s.name}`), backend.library].join(', ')}
          </span>
          <CompareToggle model={model} />
          <FillToggle />
        </>
      )}
    />
  );
}

/** Gives the region the room of the layer and the gallery, or takes it back. */
function FillToggle() {
  const { turns, filled, fill } = useFeature(panelsState);
  if (turns.value === 'one') return null;
  const name = filled.value ? text.unfill : text.fill;
  return (
    <button type="button" class="bare icon-button" aria-label={name} title={name} onClick={fill}>
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <path d={filled.value ? 'M3 6l5 5 5-5' : 'M3 10l5-5 5 5'} />
      </svg>
    </button>
  );
}

/** The selected layer, seen in as many ways as there are tabs. */
export function LayerRegion({ model }: { model: ModelSummary }) {
  const store = useStore();
  const layer = store.layerInfo();
  const features = store.featuresIn('layer', model);
  const open = features.find(({ id }) => id === store.tabs.layer.value);
  if (!layer || !open) return <Panel region="layer" />;
  const seen = open.ofData ? model : modelAt(model, layer);
  const missing = open.missing?.(layer, seen);
  return (
    <Panel region="layer">
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

/** Reads from the style sheet who takes turns: it alone knows the sizes at which that changes. */
export function useTurns(): RefObject<HTMLElement | null> {
  const page = useRef<HTMLElement>(null);
  const { turns } = useFeature(panelsState);
  useResized(
    () => page.current,
    (element) => {
      turns.value = (getComputedStyle(element).getPropertyValue('--turns').trim() || 'all') as Turns;
    },
  );
  return page;
}

/** A panel that stays as it is while another one has its turn. */
function Panel({ region, children }: { region: TabRegion; children?: ComponentChildren }) {
  const isShown = useFeature(panelsState).shows(region);
  return (
    <section class={isShown ? classes[region] : `${classes[region]} away`} aria-label={labels[region]}>
      {children}
    </section>
  );
}

/** At the same place in each panel that takes turns. */
function PanelSwitch({ region }: { region: TabRegion }) {
  const panels = useFeature(panelsState);
  const choices = takingTurns(panels.turns.value);
  if (!choices.includes(region)) return null;
  return (
    <div class="panel-switch flex-center" id={`${region}-switch`}>
      <Segmented
        label={text.panel}
        value={region}
        options={choices.map((value) => ({ value, text: labels[value] }))}
        onChange={(value) => {
          panels.choose(value);
          // The choice is drawn in each panel, and what had the focus goes with its own.
          setTimeout(() =>
            document.querySelector<HTMLElement>(`#${value}-switch [aria-checked=true]`)?.focus(),
          );
        }}
      />
    </div>
  );
}
