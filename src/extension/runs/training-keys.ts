/** Context keys for the palette: whether a training can be paused, and whether one can be given a learning rate. */
import { commands } from 'vscode';
import { isTrained, type RunState } from './run-files';

type Keys = Record<'flowscope.canPause' | 'flowscope.canSteer', boolean>;

export function keysOf(states: readonly RunState[]): Keys {
  return {
    'flowscope.canPause': states.includes('running'),
    'flowscope.canSteer': states.some((state) => isTrained({ state })),
  };
}

export class TrainingKeys {
  private readonly states: Record<'window' | 'elsewhere', readonly RunState[]> = {
    window: [],
    elsewhere: [],
  };
  private known = keysOf([]);

  /** The states of the runs that this window trains, or of those that it does not, as the Runs view read them last. */
  tell(where: 'window' | 'elsewhere', states: readonly RunState[]): void {
    this.states[where] = states;
    const now = keysOf([...this.states.window, ...this.states.elsewhere]);
    for (const key of Object.keys(now) as (keyof Keys)[]) {
      if (now[key] !== this.known[key]) void commands.executeCommand('setContext', key, now[key]);
    }
    this.known = now;
  }
}
