/** What is asked of the couplings of a file: once of all that are alike, and one number or one for each. */
import { entryOf } from '../../base/kept';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import { apartMark, numbersIn, sameInAll, withList } from './questions';

interface Coupling {
  at: string;
}

interface Alike<C extends Coupling> {
  couplings: readonly C[];
  first: C;
}

interface Source<C extends Coupling, A extends Alike<C>> {
  questions(chain: A): readonly ImportQuestion[];
  /** What the file answers for a coupling, by keys. */
  known(coupling: C): Readonly<Record<string, string | number>>;
  /** Its place among all layers. */
  place(coupling: C): number;
}

/** Whether it is asked of each coupling. */
const isOfCouplings = ({ answer }: ImportQuestion, count: number): boolean =>
  answer.kind === 'number' &&
  answer.all?.apart === false &&
  answer.all.one === 'layer' &&
  answer.all.count === count;

/** The same question of no couplings in particular. */
function bare({ detail, answer, ...question }: ImportQuestion): ImportQuestion {
  if (answer.kind === 'choice' || !answer.all) return { ...question, detail, answer };
  const { all, ...rest } = answer;
  return { ...question, detail: detail.replace(sameInAll(all), ''), answer: rest };
}

/** @param chains one for each kind of couplings */
export function questionnaireOf<C extends Coupling, A extends Alike<C>>(
  chains: readonly A[],
  { questions: questionsOf, known: knownOf, place }: Source<C, A>,
) {
  const questions = new Map<string, ImportQuestion>();
  const known: Record<string, string | number> = {};
  /** Couplings that a list of numbers is for. */
  const listed = new Map<string, C[]>();
  const keysOf = chains.map((chain) => {
    const answers = knownOf(chain.first);
    const keys = new Map<string, string>();
    for (const question of questionsOf(chain)) {
      const { key, title } = question;
      const same = questions.get(key);
      const lists = isOfCouplings(question, chain.couplings.length);
      const plain = lists ? bare(question) : question;
      const isSame = JSON.stringify(same) === JSON.stringify(plain) && (lists || known[key] === answers[key]);
      const fullKey = same && !isSame ? `${key}${apartMark}${chain.first.at}` : key;
      keys.set(key, fullKey);
      if (!same) questions.set(key, plain);
      else if (fullKey !== key)
        questions.set(fullKey, { ...plain, key: fullKey, title: `${title}, ${chain.first.at}` });
      if (lists) listed.set(fullKey, [...(listed.get(fullKey) ?? []), ...chain.couplings]);
      else if (answers[key] !== undefined) known[fullKey] = answers[key];
    }
    return keys;
  });
  for (const [key, couplings] of listed) {
    couplings.sort((a, b) => place(a) - place(b));
    questions.set(key, withList(questions.get(key)!, couplings.length));
    const values = couplings.map((coupling) => knownOf(coupling)[key.split(apartMark)[0]!]);
    if (values.every((value) => value !== undefined))
      known[key] = new Set(values).size === 1 ? values[0]! : values.join(', ');
  }

  /** The answers to what a coupling of chain number i is asked. */
  const answersFor = (coupling: C, i: number, answers: ImportAnswers): Record<string, string | number> => {
    const couplingAnswers: Record<string, string | number> = { ...answers };
    for (const [key, fullKey] of keysOf[i]!) {
      const answer = answers[fullKey];
      if (answer === undefined) continue;
      const numbers = numbersIn(answer);
      const at = listed.get(fullKey)?.indexOf(coupling);
      couplingAnswers[key] = at !== undefined && numbers.length > 1 ? numbers[at]! : answer;
    }
    return couplingAnswers;
  };

  return {
    questions: [...questions.values()],
    /** What the file answers of them. */
    known,
    /** The couplings that have one description after these answers, and the answers that hold for them. */
    parts: (answers: ImportAnswers) =>
      chains.flatMap((chain, i) => {
        const parts = new Map<string, { couplings: C[]; answers: ImportAnswers }>();
        for (const coupling of chain.couplings) {
          const couplingAnswers = answersFor(coupling, i, answers);
          const part = entryOf(parts, JSON.stringify(couplingAnswers), () => ({
            couplings: [],
            answers: couplingAnswers,
          }));
          part.couplings.push(coupling);
        }
        return [...parts.values()].map(({ couplings, answers: couplingAnswers }) => ({
          chain: { ...chain, couplings, first: couplings[0]! },
          answers: couplingAnswers,
        }));
      }),
  };
}
