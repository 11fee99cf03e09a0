import type { ModelSummary } from '../../src/protocol/model';
import { isPlane } from '../../src/protocol/questions';
import { TabPanel, Tabs } from '../controls/tabs';
import { useStore } from '../state/use-store';
import { text } from '../strings';
import { Examples } from './examples';
import { PlaneSamples, Samples } from './samples';

export function Gallery({ model }: { model: ModelSummary }) {
  const store = useStore();
  const tab = store.galleryTab.value;
  return (
    <section class="gallery" aria-label={text.gallery}>
      <Tabs
        id="gallery"
        label={text.gallery}
        tabs={[
          { id: 'samples', text: text.samples },
          { id: 'examples', text: text.examples },
        ]}
        selected={tab}
        onSelect={(id) => (store.galleryTab.value = id)}
      />
      <TabPanel id="gallery" selected={tab}>
        {tab === 'examples' ? (
          <Examples model={model} />
        ) : isPlane(model) ? (
          <PlaneSamples model={model} />
        ) : (
          <Samples model={model} />
        )}
      </TabPanel>
    </section>
  );
}
