import type { ModelSummary } from '../../src/protocol/model';
import { isPlane } from '../../src/protocol/questions';
import { TabPanel, Tabs } from '../controls/tabs';
import type { GalleryTab } from '../state/gallery-state';
import { useStore } from '../state/use-store';
import { text } from '../strings';
import { TakeAway } from '../takeaway/take-away';
import { Examples } from './examples';
import { Interpolate } from './interpolate';
import { Latents } from './latents';
import { Nearest } from './nearest';
import { Reconstruct } from './reconstruct';
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
          { id: 'nearest', text: text.nearest },
          { id: 'interpolate', text: text.interpolate },
          // Vectors have one scale, always.
          ...(model.kind === 'image' ? [{ id: 'reconstruct' as const, text: text.reconstruct }] : []),
          { id: 'latents', text: text.latents },
        ]}
        selected={tab}
        onSelect={(id) => (store.galleryTab.value = id)}
        end={
          <TakeAway
            model={model}
            view="gallery"
            title={text[tab]}
            fileName={tab}
            frame=".gallery"
            content=".panel"
          />
        }
      />
      <TabPanel id="gallery" selected={tab}>
        <Mode tab={tab} model={model} />
      </TabPanel>
    </section>
  );
}

function Mode({ tab, model }: { tab: GalleryTab; model: ModelSummary }) {
  switch (tab) {
    case 'examples':
      return <Examples model={model} />;
    case 'interpolate':
      return <Interpolate model={model} />;
    case 'nearest':
      return <Nearest model={model} />;
    case 'latents':
      return <Latents model={model} />;
    case 'reconstruct':
      return <Reconstruct model={model} />;
    default:
      return isPlane(model) ? <PlaneSamples model={model} /> : <Samples model={model} />;
  }
}
