/** A saved page answers from what it holds; nothing is fetched and nothing computed. */
import { decodeRecorded } from '../../../src/protocol/recorded';
import { recordKey } from '../../../src/protocol/webview';
import { words } from '../words';
import { NoAnswerError, NotRecordedError, type Connection } from './page-api';
import { standAloneHost } from './stand-alone';

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
