/** How curves are drawn; the same for all of them, and kept with the selection. */
import { signal, type Signal } from '@preact/signals';
import type { StateDefinition, StateParts } from '../store/store';

export interface CurveLook {
  axis: 'step' | 'time';
  log: boolean;
  /** Weight of what was before in the running mean, [0, 1). */
  smoothing: number;
}

const usual: CurveLook = { axis: 'step', log: false, smoothing: 0 };

export const curveLookState: StateDefinition<{ curveLook: Signal<CurveLook> } & StateParts> = {
  keep: 'curveLook',
  create() {
    const curveLook = signal(usual);
    return {
      curveLook,
      kept: curveLook,
      reset: (_, kept) => void (curveLook.value = (kept as CurveLook | undefined) ?? usual),
    };
  },
};
