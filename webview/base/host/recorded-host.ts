/** A saved page answers from what it holds; nothing is fetched and nothing computed. */
import { decodeRecorded } from '../../../src/protocol/recorded';
import { recordKey, type PageHost } from '../../../src/protocol/webview';
import { words } from '../words';
import { NoAnswerError, NotRecordedError, type Connection } from './page-api';

export function connectRecorded(element: Element): Connection {
  const page = decodeRecorded(element.textContent);
  const host: PageHost = {
    async ask(method, query, _, of, context) {
      if (context && context.join() !== page.given?.join()) throw new NotRecordedError(words.notRecorded);
      const model = of !== undefined && of === page.compared?.path ? page.compared : page;
      const key = recordKey(method, query);
      const answer = model.answers[key];
      if (answer !== undefined) return answer as never;
      const reason = model.reasons?.[key];
      throw reason === undefined ? new NotRecordedError(words.notRecorded) : new NoAnswerError(reason);
    },
    async cancel() {},
    async showLog() {},
    async command() {},
    async openCheckpoint() {},
    async chooseModel() {
      return undefined;
    },
    async comparables() {
      return { runs: [], recent: [] };
    },
    async control() {
      throw new NotRecordedError(words.notRecorded);
    },
    async copyText(copied) {
      await navigator.clipboard.writeText(copied);
    },
    async outline() {},
    async selected() {},
    chooseData: () => Promise.reject(new NotRecordedError(words.notRecorded)),
    chooseTarget: () => Promise.reject(new NotRecordedError(words.notRecorded)),
    addData: () => Promise.reject(new NotRecordedError(words.notRecorded)),
    async save(name, bytes) {
      const url = URL.createObjectURL(new Blob([bytes.slice()]));
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
      return true;
    },
  };
  return {
    host,
    choices: page.choices,
    ...(page.compared ? { compared: page.compared.path } : {}),
    loadState: () => undefined,
    saveState: () => {},
    listen: () => {},
  };
}
