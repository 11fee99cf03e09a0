/**
 * Times presets one after the other, in an engine of its own. A step may hold that engine's thread for as long as it likes: an engine that
 * is not done soon after it was asked to stop is ended. Knows nothing of VS Code.
 */
import { randomUUID } from 'node:crypto';
import type { TrainEstimate, TrainRequest } from '../../protocol/engine';
import type { SharedEngine } from '../engine/shared-engine';

/** Milliseconds to stop in; to start another engine takes longer. */
const patience = 300;

export class PresetTimer {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly engine: SharedEngine) {}

  async time(request: Omit<TrainRequest, 'output'>, signal: AbortSignal): Promise<TrainEstimate> {
    const timed = this.last.then(() => this.timeNow(request, signal));
    this.last = timed.catch(() => undefined);
    return timed;
  }

  private async timeNow(request: Omit<TrainRequest, 'output'>, signal: AbortSignal): Promise<TrainEstimate> {
    signal.throwIfAborted();
    return this.engine.use(async ({ api }) => {
      const token = randomUUID();
      let timer: NodeJS.Timeout | undefined;
      const stop = (): void => {
        void api.cancel(token).catch(() => undefined);
        timer = setTimeout(() => this.engine.kill(), patience);
      };
      signal.addEventListener('abort', stop);
      try {
        return await api.estimateTraining(request, token);
      } finally {
        signal.removeEventListener('abort', stop);
        clearTimeout(timer);
      }
    });
  }
}
