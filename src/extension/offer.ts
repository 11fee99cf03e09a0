/** Messages whose buttons do something, and questions that take one answer. */
import { window } from 'vscode';
import { defined } from '../base/defined';

/** @param actions what each button does, by its label */
export async function offer(
  kind: 'information' | 'warning' | 'error',
  text: string,
  actions: Record<string, () => unknown>,
): Promise<void> {
  const labels = Object.keys(actions);
  const choice = await (kind === 'information'
    ? window.showInformationMessage(text, ...labels)
    : kind === 'warning'
      ? window.showWarningMessage(text, ...labels)
      : window.showErrorMessage(text, ...labels));
  if (choice !== undefined) await actions[choice]!();
}

export async function confirm(question: string, yes: string, detail?: string): Promise<boolean> {
  return (await window.showWarningMessage(question, defined({ modal: true, detail }), yes)) === yes;
}

interface CountQuestion {
  title: string;
  prompt: string;
  value: number;
  most: number;
  expected: string;
}

/** A whole number from 1 to `most`. Undefined where the user leaves. */
export async function askCount(question: CountQuestion): Promise<number | undefined> {
  const { most, expected, value, ...box } = question;
  const isCount = (text: string): boolean => /^\s*[1-9]\d*\s*$/.test(text) && Number(text) <= most;
  const text = await window.showInputBox({
    ...box,
    value: String(value),
    validateInput: (text) => (isCount(text) ? undefined : expected),
  });
  return text !== undefined && isCount(text) ? Number(text) : undefined;
}
