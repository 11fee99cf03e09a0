/** A sequence of quick picks and input boxes with step numbers and a way back. */
import { QuickInputButtons, type QuickInputButton, type QuickPickItem, window } from 'vscode';
import type { Disposable } from './disposable';

/** What a step answers: a value, the wish to go back, or undefined when the user left. */
export type StepAnswer<T> = { value: T } | 'back' | undefined;

export interface StepPlace {
  title: string;
  /** Absent where there is only one. */
  step?: number;
  totalSteps?: number;
}

/** An extra button next to the steps' own: pressing it ends the step, with undefined, and then runs. */
export interface SideButton {
  button: QuickInputButton;
  run(): void;
}

export async function pickStep<T extends QuickPickItem>(
  place: StepPlace,
  options: {
    placeholder: string;
    items: T[];
    aside?: SideButton;
    active?: T;
    /** Found later; they come first. */
    busy?: Promise<T[]>;
    /** For buttons of items, which the items name themselves. */
    onItemButton?(item: T): void;
    /** Takes the question back. */
    signal?: AbortSignal;
  },
): Promise<StepAnswer<T>> {
  const { aside } = options;
  const picker = window.createQuickPick<T>();
  Object.assign(picker, place);
  picker.placeholder = options.placeholder;
  picker.matchOnDescription = true;
  picker.matchOnDetail = true;
  picker.ignoreFocusOut = true;
  picker.buttons = [...backButton(place), ...(aside ? [aside.button] : [])];
  picker.items = options.items;
  if (options.active) picker.activeItems = [options.active];
  let open = true;
  if (options.busy) {
    picker.busy = true;
    void options.busy.then(
      (more) => {
        if (!open) return;
        const { activeItems } = picker;
        picker.items = [...more, ...options.items];
        picker.activeItems = activeItems;
        picker.busy = false;
      },
      () => {
        if (open) picker.busy = false;
      },
    );
  }
  const answer = await ask<T>(
    picker,
    (done) => [
      picker.onDidAccept(() => {
        const [item] = picker.selectedItems;
        if (item) done({ value: item });
      }),
      picker.onDidTriggerButton((button) => {
        if (!aside || button !== aside.button) return;
        done(undefined);
        aside.run();
      }),
      picker.onDidTriggerItemButton(({ item }) => {
        done(undefined);
        options.onItemButton?.(item);
      }),
    ],
    options,
  );
  open = false;
  return answer;
}

export async function inputStep(
  place: StepPlace,
  options: {
    prompt: string;
    value: string;
    /** Index range of the value that is selected at first. */
    selection?: [number, number];
    /** Extra button next to the input; pressing it calls `pick`, whose text replaces the value. */
    button?: { button: QuickInputButton; pick(): Promise<string | undefined> };
    /** Why the value cannot be taken, or undefined. */
    validate(value: string): Promise<string | undefined>;
    /** Takes the question back. */
    signal?: AbortSignal;
  },
): Promise<StepAnswer<string>> {
  const input = window.createInputBox();
  Object.assign(input, place);
  input.prompt = options.prompt;
  input.value = options.value;
  input.valueSelection = options.selection;
  input.ignoreFocusOut = true;
  input.buttons = [...backButton(place), ...(options.button ? [options.button.button] : [])];
  let lastQuestion = 0;
  const validate = async (value: string) => {
    const question = ++lastQuestion;
    const problem = await options.validate(value);
    if (question === lastQuestion) input.validationMessage = problem;
    return problem;
  };
  let picking = false;
  return ask<string>(
    input,
    (done) => [
      input.onDidChangeValue((value) => void validate(value)),
      input.onDidAccept(async () => {
        const { value } = input;
        if (!(await validate(value))) done({ value });
      }),
      input.onDidTriggerButton(async (button) => {
        if (!options.button || button !== options.button.button) return;
        // A file dialog may take the place of the input box, which comes back afterwards.
        picking = true;
        const value = await options.button.pick();
        picking = false;
        input.show();
        if (value === undefined) return;
        input.value = value;
        await validate(value);
      }),
    ],
    { signal: options.signal, paused: () => picking },
  );
}

interface QuickInputLike extends Disposable {
  show(): void;
  onDidHide(listener: () => void): Disposable;
  onDidTriggerButton(listener: (button: QuickInputButton) => void): Disposable;
}

async function ask<T>(
  input: QuickInputLike,
  listen: (done: (answer: StepAnswer<T>) => void) => Disposable[],
  { signal, paused }: { signal?: AbortSignal | undefined; paused?(): boolean },
): Promise<StepAnswer<T>> {
  if (signal?.aborted) return undefined;
  const disposables: Disposable[] = [input];
  try {
    return await new Promise<StepAnswer<T>>((resolve) => {
      disposables.push(
        ...listen(resolve),
        input.onDidTriggerButton((button) => {
          if (button === QuickInputButtons.Back) resolve('back');
        }),
        input.onDidHide(() => {
          if (!paused?.()) resolve(undefined);
        }),
      );
      signal?.addEventListener('abort', () => resolve(undefined), { once: true });
      input.show();
    });
  } finally {
    for (const disposable of disposables) disposable.dispose();
  }
}

function backButton({ step = 1 }: StepPlace): QuickInputButton[] {
  return step > 1 ? [QuickInputButtons.Back] : [];
}
