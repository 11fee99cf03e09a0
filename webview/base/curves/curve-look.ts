/** How curves are drawn; the same for all of them, and kept with the selection. */
import { signal } from '@preact/signals';
import { stateOf } from '../store/store';

export interface CurveLook {
  axis: 'step' | 'time';
  log: boolean;
  /** Weight of what was before in the running mean, [0, 1). */
  smoothing: number;
}

const usual: CurveLook = { axis: 'step', log: false, smoothing: 0 };

export const curveLookState = stateOf(() => {
  const curveLook = signal(usual);
  return {
    curveLook,
    kept: curveLook,
    reset: (_, kept) => void (curveLook.value = (kept as CurveLook | undefined) ?? usual),
  };
}, 'curveLook');
