/** From x to z by hand or by itself. */
import type { ModelSummary } from '../../../src/protocol/model';
import { Dropdown } from '../../base/controls/toolkit';
import { PlayButton } from '../../base/controls/play-button';
import { Slider } from '../../base/controls/slider';
import { useFeature } from '../../base/store/use-store';
import { text } from './text';
import { planeState } from './state';

const speeds = [0.5, 1, 2];

/** Places that can have a number each without one touching the next. */
const mostNumbers = 13;

/** x, the numbers of couplings, z; of layers between them a dot. */
function marksOf({ layers }: ModelSummary, last: number): string[] {
  const every = Math.ceil(last / mostNumbers);
  return Array.from({ length: last + 1 }, (_, stage) => {
    if (stage === 0) return 'x';
    if (stage === last) return 'z';
    const coupling = layers[stage - 1]?.coupling;
    return coupling === undefined || coupling % every !== 0 ? '·' : String(coupling + 1);
  });
}

export function Walk({ model, last, stageName }: { model: ModelSummary; last: number; stageName: string }) {
  const planes = useFeature(planeState);
  const playing = planes.playing.value;
  return (
    <div class="walk">
      <PlayButton playing={playing} label={text.play} onClick={() => (planes.playing.value = !playing)} />
      <div class="walk-track">
        <Slider
          label={text.walk}
          min={0}
          max={last}
          step={1}
          value={planes.stage.value}
          valueText={stageName}
          onInput={(value) => {
            planes.playing.value = false;
            planes.setStage(value);
          }}
        />
        <div class="walk-marks tick" aria-hidden="true">
          {marksOf(model, last).map((mark, stage) => (
            <span key={stage} class={stage === planes.stage.value ? 'on' : ''}>
              {mark}
            </span>
          ))}
        </div>
      </div>
      <Dropdown
        label={text.pace}
        value={String(planes.speed.value)}
        options={speeds.map((speed) => ({ value: String(speed), text: text.times(speed) }))}
        onChange={(value) => (planes.speed.value = Number(value))}
      />
    </div>
  );
}
