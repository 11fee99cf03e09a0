/** What a page answers that has neither VS Code nor an engine of its own around it. */
import { type PageHost, recordKey } from '../../../src/protocol/webview';
import { words } from '../words';
import { NotRecordedError, NoAnswerError, type Connection } from './page-api';
import { decodeRecorded } from '../../../src/protocol/recorded';

/** @param answers to the questions, and what ends one */
export function standAloneHost(answers: Pick<PageHost, 'ask'> & Partial<Pick<PageHost, 'cancel'>>): PageHost {
  return {
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
    ...answers,
  };
}

/** A saved page answers from what it holds; nothing is fetched and nothing computed. */
export function connectRecorded(element: Element): Connection {
  const page = decodeRecorded(element.textContent);
  const host = standAloneHost({
    async ask(method, query, _, of, context) {
      if (context && context.join() !== page.given?.join()) throw new NotRecordedError(words.notRecorded);
      const model = of !== undefined && of === page.compared?.path ? page.compared : page;
      const key = recordKey(method, query);
      const answer = model.answers[key];
      if (answer !== undefined) return answer as never;
      const reason = model.reasons?.[key];
      throw reason === undefined ? new NotRecordedError(words.notRecorded) : new NoAnswerError(reason);
    },
  });
  return {
    host,
    choices: page.choices,
    ...(page.compared ? { compared: page.compared.path } : {}),
    loadState: () => undefined,
    saveState: () => {},
    listen: () => {},
  };
}
