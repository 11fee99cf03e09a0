/** What a running training does about requests in its run folder. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createControlReader, withRate, writeRates } from '../../checkpoint/control';
import type { ControlAnswer, RateChange } from '../../protocol/run';

/** Requests are looked for this often, ms: one look is a stat of one file. */
const lookEvery = 250;

export interface Steering {
  /** Learning rates that were asked for, by ascending step; also some of steps to come, in a run that went back. */
  readonly rates: readonly RateChange[];
  /** What the training is to do now. */
  wish(): 'train' | 'pause' | 'stop';
  /** Answer for run.json, which shows that the request was heard. */
  readonly answer: ControlAnswer | undefined;
  /**
   * Takes in a new request, when it is time to look again.
   * @param step steps done so far: a new learning rate counts from the next one
   * @returns whether there was one
   */
  look(step: number): Promise<boolean>;
  /** Until the next look, or until `signal` aborts. */
  wait(signal: AbortSignal | undefined): Promise<void>;
}

export function createSteering(
  folder: string,
  before: readonly RateChange[],
  log: (line: string) => void,
): Steering {
  const reader = createControlReader(folder);
  let rates = before;
  let paused = false;
  let stopped = false;
  let answer: ControlAnswer | undefined;
  let looked = -Infinity;
  return {
    get rates() {
      return rates;
    },
    wish: () => (stopped ? 'stop' : paused ? 'pause' : 'train'),
    get answer() {
      return answer;
    },
    async look(step) {
      const now = performance.now();
      if (now - looked < lookEvery) return false;
      looked = now;
      const heard = await reader.next();
      if (!heard) return false;
      const { request, problem, id } = heard;
      answer = { id, step, ...(problem === undefined ? {} : { problem }) };
      if (problem !== undefined) log(`A request to this training was not carried out: ${problem}`);
      if (request?.learningRate !== undefined) {
        const { learningRate } = request;
        // Written before the first step that uses it, so that no crash can leave a step that cannot be repeated.
        rates = withRate(rates, { step: step + 1, learningRate });
        await writeRates(folder, rates);
        log(`Learning rate ${learningRate} from step ${step + 1} on, as asked.`);
      }
      if (request?.action === 'pause') paused = true;
      if (request?.action === 'resume') paused = false;
      if (request?.action === 'stop') stopped = true;
      return true;
    },
    async wait(signal) {
      await sleep(lookEvery, undefined, signal ? { signal } : {}).catch(() => undefined);
    },
  };
}
