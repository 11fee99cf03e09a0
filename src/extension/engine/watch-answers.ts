/** Notices that an engine does not answer any more: native code that may never end holds its thread. */
import type { EngineProcess } from './engine-process';

/** Milliseconds between questions, and of reported silence. Opening a large graph is silent for a second or two. */
const usual = { between: 1000, silent: 5000 };

/** Tells `onSilent` once for each time that nothing has come back for a while, until the process ends. */
export function watchAnswers(engine: EngineProcess, onSilent: () => void, times = usual): void {
  let asked: number | undefined;
  let told = false;
  const ask = (): void => {
    asked = performance.now();
    // The shortest question: about a token that does not exist.
    void engine.api.cancel('').then(
      () => {
        asked = undefined;
        told = false;
      },
      () => undefined,
    );
  };
  const timer = setInterval(() => {
    if (asked === undefined) ask();
    else if (!told && performance.now() - asked >= times.silent) {
      told = true;
      onSilent();
    }
  }, times.between);
  timer.unref();
  void engine.ended.then(() => clearInterval(timer));
}
