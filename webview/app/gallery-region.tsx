import type { ModelSummary } from '../../src/protocol/model';
import { isPlane } from '../../src/protocol/questions';
import { TabPanel, Tabs } from '../base/controls/tabs';
import type { GalleryTab } from '../base/examples/corners-state';
import { useStore } from '../base/store/use-store';
import { text } from '../strings';
import { TakeAway } from '../base/takeaway/take-away';
import { Examples } from '../features/examples/view';
import { Interpolate } from '../features/interpolate/view';
import { Latents } from '../features/latents/view';
import { Nearest } from '../features/nearest/view';
import { Reconstruct } from '../features/reconstruct/view';
import { PlaneSamples, Samples } from '../features/samples/view';

const names: Record<GalleryTab, string> = {
  samples: text.gallery.samples,
  examples: text.gallery.examples,
  nearest: text.nearest.nearest,
  interpolate: text.gallery.interpolate,
  reconstruct: text.gallery.reconstruct,
  latents: text.latents.latents,
};
const tab = (id: GalleryTab) => ({ id, text: names[id] });

export function Gallery({ model }: { model: ModelSummary }) {
  const store = useStore();
  const selected = store.galleryTab.value;
  return (
    <section class="gallery" aria-label={text.bar.gallery}>
      <Tabs
        id="gallery"
        label={text.bar.gallery}
        tabs={[
          tab('samples'),
          tab('examples'),
          tab('nearest'),
          tab('interpolate'),
          // Vectors have one scale, always.
          ...(model.kind === 'image' ? [tab('reconstruct')] : []),
          tab('latents'),
        ]}
        selected={selected}
        onSelect={(id) => (store.galleryTab.value = id)}
        end={
          <TakeAway
            model={model}
            view="gallery"
            title={names[selected]}
            fileName={selected}
            frame=".gallery"
            content=".panel"
          />
        }
      />
      <TabPanel id="gallery" selected={selected}>
        <Mode tab={selected} model={model} />
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
