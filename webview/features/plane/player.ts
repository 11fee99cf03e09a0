/** Plays the plane through the layers: it rests at each stage, then moves to the next. */
import { useEffect } from 'preact/hooks';
import { lessMotion } from '../../base/controls/motion';
import { useFeature } from '../../base/store/use-store';
import { planeState } from './state';

/** At the usual pace, milliseconds. */
const rest = 500;
const move = 900;

export type Moment = { kind: 'at'; share: number } | { kind: 'next' };

/**
 * What is shown `elapsed` milliseconds (at the usual pace) after arriving at a stage. With less motion nothing moves: the
 * next stage comes after the same time.
 */
export function momentAfter(elapsed: number, still: boolean): Moment {
  if (elapsed >= rest + move) return { kind: 'next' };
  return { kind: 'at', share: still ? 0 : Math.max(0, (elapsed - rest) / move) };
}

/** Runs while `playing` is set; ends in z, or when the stage is changed by someone else. */
export function usePlayer(last: number): void {
  const planes = useFeature(planeState);
  const playing = planes.playing.value;
  useEffect(() => {
    if (!playing) return;
    if (planes.stage.peek() >= last) planes.setStage(0);
    let stage = planes.stage.peek();
    let since: number | undefined;
    let frame = requestAnimationFrame(function step(now) {
      if (planes.stage.peek() !== stage) {
        planes.playing.value = false;
        return;
      }
      since ??= now;
      const moment = momentAfter((now - since) * planes.speed.peek(), lessMotion());
      if (moment.kind === 'at') planes.share.value = moment.share;
      else {
        stage++;
        planes.setStage(stage);
        since = now;
        if (stage >= last) {
          planes.playing.value = false;
          return;
        }
      }
      frame = requestAnimationFrame(step);
    });
    return () => {
      cancelAnimationFrame(frame);
      planes.share.value = 0;
    };
  }, [playing, planes, last]);
  // Another tab of the layer ends it.
  useEffect(() => () => void (planes.playing.value = false), [planes]);
}
