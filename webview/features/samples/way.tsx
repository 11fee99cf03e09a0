/** One sample's way from z to x, layer by layer: by a slider, by steps, or by itself. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Morph } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import { Neighbors } from '../../base/controls/pager';
import { PlayButton } from '../../base/controls/play-button';
import { Slider } from '../../base/controls/slider';
import { lessMotion } from '../../base/controls/motion';
import { useStore } from '../../base/store/use-store';
import { OutputThumbnail } from '../../base/layers/thumbnails';
import { text } from './text';
import { Picture } from '../../base/canvas/canvas';
import { samplesState } from './state';
import { pixelRange } from '../../base/canvas/planes';

/** How long each step is looked at while the way plays, milliseconds. */
const rest = 400;

/** Every stop on the way from z to x, small; the chosen one large enough to look at. */
export function MorphWay({ model, morph }: { model: ModelSummary; morph: Morph }) {
  const store = useStore();
  const last = morph.steps.length - 1;
  const at = Math.min(last, store.state(samplesState).morphStep.value ?? last);
  const step = morph.steps[at]!;
  const most = 12;
  const small =
    morph.steps.length <= most
      ? morph.steps.map((_, i) => i)
      : Array.from({ length: most }, (_, i) => Math.round((i * last) / (most - 1)));
  const nearest = small.reduce((best, i) => (Math.abs(i - at) < Math.abs(best - at) ? i : best), 0);
  const draw = (index: number, size: number) =>
    index === last ? (
      <Picture picture={morph.steps[index]!.value} range={pixelRange(model)} size={size} name="morph" />
    ) : (
      <OutputThumbnail output={morph.steps[index]!.value} size={size} />
    );
  return (
    <div class="way">
      <div class="path-row" aria-hidden="true">
        {small.map((i) => (
          <span key={i} class={i === nearest ? 'on' : ''}>
            {draw(i, 20)}
          </span>
        ))}
      </div>
      <WayControls morph={morph} at={at} />
      <div class="ends tick">
        <span>z</span>
        <span data-way={at}>{step.label}</span>
        <span>x</span>
      </div>
      <div class="morph-large">{draw(at, 96)}</div>
    </div>
  );
}

/** Motion that was not asked for is not part of it: with less motion there are the slider and the steps alone. */
function WayControls({ morph, at }: { morph: Morph; at: number }) {
  const store = useStore();
  const last = morph.steps.length - 1;
  const playing = useSignal(false);
  const go = (to: number): void => {
    playing.value = false;
    store.state(samplesState).morphStep.value = to;
  };
  // Another sample starts at rest.
  useEffect(() => void (playing.value = false), [morph]);
  useEffect(() => {
    if (!playing.value) return;
    if (at >= last) {
      playing.value = false;
      return;
    }
    const timer = setTimeout(() => (store.state(samplesState).morphStep.value = at + 1), rest);
    return () => clearTimeout(timer);
  }, [playing.value, at, last]);
  return (
    <div class="way-controls flex-center">
      {lessMotion() ? null : (
        <PlayButton
          playing={playing.value}
          label={text.playWay}
          onClick={() => {
            if (!playing.value && at >= last) store.state(samplesState).morphStep.value = 0;
            playing.value = !playing.value;
          }}
        />
      )}
      <Neighbors
        names={[text.previousStep, text.nextStep]}
        has={[at > 0, at < last]}
        go={(by) => go(at + by)}
      >
        <Slider label={text.way} max={last} value={at} valueText={morph.steps[at]!.label} onInput={go} />
      </Neighbors>
    </div>
  );
}
