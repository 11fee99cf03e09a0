/** How well the model does, and how it was trained. */
import type { ModelSummary } from '../../src/protocol/model';
import { TabPanel, Tabs } from '../base/controls/tabs';
import { count } from '../base/format/numbers';
import { useStore } from '../base/store/use-store';
import { CompareToggle } from '../features/compare/toggle';
import { Panel, PanelSwitch } from './panels';
import { text } from './text';

export function DiagnosticsRegion({ model }: { model: ModelSummary }) {
  const store = useStore();
  const features = store.featuresIn('diagnostics', model);
  const open = features.find(({ id }) => id === store.tabs.diagnostics.value);
  if (!open) return <section class="diag" aria-label={text.diagnosticsRegion} />;
  return (
    <Panel region="diagnostics" class="diag" label={text.diagnosticsRegion}>
      <div class="panel-head">
        <PanelSwitch region="diagnostics" />
        <Tabs
          id="diagnostics"
          label={text.diagnosticsRegion}
          tabs={features.map(({ id, title }) => ({ id, text: title(model) }))}
          selected={open.id}
          onSelect={(id) => (store.tabs.diagnostics.value = id)}
          end={
            <>
              <span class="tick">
                {model.recording
                  ? text.batchOf(model.recording.examples, text.recordedBatch)
                  : [...model.splits.map((s) => `${count(s.count)} ${s.name}`), model.backend.library].join(
                      ', ',
                    )}
              </span>
              <CompareToggle model={model} />
            </>
          }
        />
      </div>
      <TabPanel id="diagnostics" selected={open.id} class={open.panel}>
        <open.View model={model} />
      </TabPanel>
    </Panel>
  );
}
